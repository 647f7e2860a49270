# SPDX-License-Identifier: MIT
# Completion of TOOL(1) for zsh; printed by TOOL --completion zsh
# The tool knows its words; see tools/common/complete.h for what it answers.
_TOOL()
{
	local line last=:none begin
	local -a lines plain open
	lines=("${(@f)$(${(Q)words[1]/#\~/$HOME} --complete "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
	for line in $lines; do
		case $line in
		(:*) last=$line ;;
		(*[:=]|*[:=]$'\t'*) open+=("${${line//:/\\:}/$'\t'/:}") ;;
		(*) plain+=("${${line//:/\\:}/$'\t'/:}") ;;
		esac
	done
	begin=${last#:* }
	(( ! $#plain )) || _describe TOOL plain
	(( ! $#open )) || _describe TOOL open -S ''
	case $last in
	(:files*) compset -P "${(b)begin}"; _files ;;
	(:dirs*) compset -P "${(b)begin}"; _files -/ ;;
	(:command*) shift $(( begin + 1 )) words; (( CURRENT -= begin + 1 )); _normal ;;
	esac
}
compdef _TOOL TOOL
