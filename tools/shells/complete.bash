# SPDX-License-Identifier: MIT
# Completion of TOOL(1) for bash; printed by TOOL --completion bash
# The tool knows its words; see tools/common/complete.h for what it answers. bash takes words apart
# at = and :, which are words of their own in COMP_WORDS then: they are put together where no blank
# is between them, and of a candidate only what comes after the last of them is given back.
_TOOL()
{
	local IFS=$'\n' line=${COMP_LINE-} last=:none word breaks cur head lines i
	local -a words=() at=()
	breaks=[${COMP_WORDBREAKS//[^=:]/}]
	for ((i = 0; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		# shellcheck disable=SC2053 # $breaks is a pattern
		if [[ $i -gt 1 && -n $line && $line != [[:blank:]]* &&
			($word == $breaks* || ${words[-1]} == *$breaks) ]]; then
			words[-1]+=$word
		else
			words+=("$word") at+=("$i")
		fi
		line=${line#*"$word"}
	done
	cur=${words[-1]}
	head=${cur%"${cur##*$breaks}"}
	mapfile -t lines < <("${words[0]/#\~/$HOME}" --complete "${words[@]:1}" 2>/dev/null)
	COMPREPLY=()
	for line in "${lines[@]}"; do
		case $line in
		:*) last=$line ;;
		*) line=${line%%$'\t'*} COMPREPLY+=("${line#"$head"}") ;;
		esac
	done
	case ${COMPREPLY[*]} in *[=:]) compopt -o nospace 2>/dev/null ;; esac
	case $last in
	:files* | :dirs*)
		i=-f word=${last#:* }
		[[ $last != :dirs* ]] || i=-d
		mapfile -t lines < <(compgen -P "${word#"$head"}" "$i" -- "${cur#"${word:-$head}"}")
		# beside names of ours readline would quote the colons of these, too
		if [[ ${#COMPREPLY[@]} -eq 0 ]]; then
			compopt -o filenames 2>/dev/null
			COMPREPLY=("${lines[@]}")
		else
			for line in "${lines[@]}"; do
				printf -v line %q "$line"
				COMPREPLY+=("$line")
			done
		fi
		;;
	:command*)
		IFS=$' \t\n'
		if declare -F _command_offset >/dev/null; then
			_command_offset "${at[${last#:* } + 1]}"
		else
			compopt -o filenames 2>/dev/null
			mapfile -t COMPREPLY < <(compgen -c -f -- "$cur")
		fi
		;;
	esac
}
complete -F _TOOL TOOL
