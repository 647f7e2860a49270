/* SPDX-License-Identifier: MIT */
/* help - the rows of a tool for people. */
#ifndef HELP_H
#define HELP_H

#include <stdio.h>

#include "common/tool.h"

/* What it does, and its verbs. */
void help_usage(const struct tool *tool, FILE *out);
/* The same and its options, to standard output. */
void help_tool(const struct tool *tool);
void help_verb(const struct tool *tool, const struct verb *verb);

#endif
