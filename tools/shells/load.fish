# SPDX-License-Identifier: MIT
# Completion of @TOOL@(1), loaded by fish at its first use: the tool prints it.
@TOOL@ --completion fish 2>/dev/null | source
