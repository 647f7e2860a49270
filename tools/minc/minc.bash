# SPDX-License-Identifier: MIT
# Completion of minc(1), loaded by bash-completion at the first use. The tool prints it
# from its own option table.
eval "$(minc --completion bash 2>/dev/null)"
