/* SPDX-License-Identifier: MIT */
/* help - see help.h. */
#include "common/help.h"

#include <string.h>

enum { VERB_COLUMN = 34 };

/* "ps|list" with @between "|"; returns its length. */
static int print_names(FILE *out, const char *names, const char *between)
{
	int len = 0;

	while (*names) {
		size_t n = strcspn(names, " ");

		len += fprintf(out, "%s%.*s", len ? between : "", (int)n, names);
		names += n + strspn(names + n, " ");
	}
	return len;
}

/* From @len on to @column, on the next line if there is no room. */
static void pad(FILE *out, int len, int column)
{
	if (len + 2 > column)
		(void)fprintf(out, "\n%*s", column + 4, "");
	else
		(void)fprintf(out, "%*s", column - len, "");
}

void help_usage(const struct tool *tool, FILE *out)
{
	const struct verb *const *table, *verb;

	(void)fprintf(out, "%s - %s\nUsage: %s %s\n", tool->name, tool->about, tool->name,
		      tool->usage);
	if (tool->verbs)
		(void)fputs(" verbs:\n", out);
	for (table = tool->verbs; table && *table; table++)
		for (verb = *table; verb->names; verb++) {
			int len;

			(void)fputs("    ", out);
			len = print_names(out, verb->names, "|");
			if (*verb->operands)
				len += fprintf(out, " %s", verb->operands);
			pad(out, len, VERB_COLUMN);
			(void)fprintf(out, "%s\n", verb->help);
		}
}

static void print_options(const struct option *row, int column)
{
	for (; row->names; row++) {
		const char *argument = row->argument;
		int len;

		if (!row->help)
			continue;
		(void)fputs("    ", stdout);
		len = print_names(stdout, row->names, " or ");
		if (argument)
			len += printf("%s%s", strncmp(argument, "[=", 2) == 0 ? "" : " ",
				      argument);
		pad(stdout, len, column);
		(void)puts(row->help);
	}
}

void help_tool(const struct tool *tool)
{
	help_usage(tool, stdout);
	(void)puts(" options:");
	print_options(tool->options, tool->column);
	(void)puts(tool->end);
}

void help_verb(const struct tool *tool, const struct verb *verb)
{
	(void)printf("%s ", tool->name);
	(void)print_names(stdout, verb->names, "|");
	(void)printf(" - %s\nUsage: %s %.*s%s%s%s\n", verb->help, tool->name,
		     (int)strcspn(verb->names, " "), verb->names,
		     verb->options->names ? " [options]" : "", *verb->operands ? " " : "",
		     verb->operands);
	if (!verb->options->names)
		return;
	(void)puts(" options:");
	print_options(verb->options, tool->column);
}
