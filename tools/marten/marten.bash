# SPDX-License-Identifier: MIT
# Completion of marten(1), loaded by bash-completion at the first use. The tool prints it
# from its own tables.
eval "$(marten --completion bash 2>/dev/null)"
