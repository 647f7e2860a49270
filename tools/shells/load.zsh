#compdef @TOOL@
# SPDX-License-Identifier: MIT
# Completion of @TOOL@(1), loaded by compinit at its first use: the tool prints it.
local script
script=$(@TOOL@ --completion zsh 2>/dev/null) && [[ -n $script ]] && eval $script && _@TOOL@ "$@"
