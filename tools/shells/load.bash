# SPDX-License-Identifier: MIT
# Completion of @TOOL@(1), loaded by bash-completion at its first use: the tool prints it.
eval "$(@TOOL@ --completion bash 2>/dev/null)"
