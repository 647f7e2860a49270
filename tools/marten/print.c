/* SPDX-License-Identifier: MIT */
/* print - the tables of verbs for people (--help) and for bash(1) (--completion). */
#include <stdio.h>
#include <string.h>

#include "verb.h"

enum { VERB_COLUMN = 34, OPTION_COLUMN = 30 };

/* "ps, list"; returns its length. */
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

static void pad(FILE *out, int len, int column)
{
	if (len + 2 > column)
		(void)fprintf(out, "\n%*s", column + 4, "");
	else
		(void)fprintf(out, "%*s", column - len, "");
}

void print_usage(FILE *out)
{
	const struct verb *const *table, *verb;

	(void)fputs("marten - look after containers that live in the background\n"
		    "Usage: marten verb [options] [argument...]\n"
		    " verbs:\n",
		    out);
	for (table = verb_tables; *table; table++)
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

void print_help(void)
{
	print_usage(stdout);
	(void)puts(
		" options:\n"
		"    -h or --help                  Show this help; after a verb, the "
		"verb's\n"
		"    --version                     Show the version\n"
		"    --completion bash             Print the completion script for a "
		"shell\n"
		"A container is named by its name, its id, or the beginning of its id. "
		"See marten(1).");
}

void print_verb_help(const struct verb *verb)
{
	const struct option *row;

	(void)fputs("marten ", stdout);
	(void)print_names(stdout, verb->names, "|");
	(void)printf(" - %s\nUsage: marten %.*s%s%s%s\n", verb->help,
		     (int)strcspn(verb->names, " "), verb->names,
		     verb->options->names ? " [options]" : "", *verb->operands ? " " : "",
		     verb->operands);
	if (!verb->options->names)
		return;
	(void)puts(" options:");
	for (row = verb->options; row->names; row++) {
		int len;

		(void)fputs("    ", stdout);
		len = print_names(stdout, row->names, " or ");
		if (row->argument)
			len += printf(" %s", row->argument);
		pad(stdout, len, OPTION_COLUMN);
		(void)puts(row->help);
	}
}

/* Options that take the next word. */
static void complete_values(const struct verb *verb)
{
	const struct option *row;

	(void)fputs(" values='", stdout);
	for (row = verb->options; row->names; row++)
		if (row->argument)
			(void)printf(" %s", row->names);
	(void)fputs(" '", stdout);
}

/* How many operands are containers; -1: all. */
static int containers(const struct verb *verb)
{
	if (verb->most < 0 && !verb->command)
		return -1;
	return strncmp(verb->operands, "CONTAINER", strlen("CONTAINER")) == 0;
}

static void complete_verb(const struct verb *verb)
{
	const struct option *row;

	(void)fputs("\t", stdout);
	(void)print_names(stdout, verb->names, "|");
	(void)fputs(") options='--help", stdout);
	for (row = verb->options; row->names; row++)
		(void)printf(" %s", row->names);
	(void)putchar('\'');
	complete_values(verb);
	(void)printf(" most=%d ;;\n", containers(verb));
}

void print_completion(void)
{
	const struct verb *const *table, *verb;

	(void)puts(
		"# Completion of marten(1) for bash; made by marten --completion bash\n"
		"_marten()\n{\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} i=2 n=0 options values most\n"
		"\tif [ \"$COMP_CWORD\" -eq 1 ]; then");
	(void)fputs("\t\tCOMPREPLY=($(compgen -W '--help --version --completion", stdout);
	for (table = verb_tables; *table; table++)
		for (verb = *table; verb->names; verb++)
			(void)printf(" %s", verb->names);
	(void)puts("' -- \"$cur\"))\n"
		   "\t\treturn\n"
		   "\tfi\n"
		   "\tcase ${COMP_WORDS[1]} in");
	for (table = verb_tables; *table; table++)
		for (verb = *table; verb->names; verb++)
			complete_verb(verb);
	(void)puts(
		"\t*) return ;;\n"
		"\tesac\n"
		"\twhile [ \"$i\" -lt \"$COMP_CWORD\" ]; do\n"
		"\t\tcase ${COMP_WORDS[i]} in\n"
		"\t\t-*) case $values in *\" ${COMP_WORDS[i]} \"*) i=$((i + 1)) ;; esac "
		";;\n"
		"\t\t*) n=$((n + 1)) ;;\n"
		"\t\tesac\n"
		"\t\ti=$((i + 1))\n"
		"\tdone\n"
		"\tif [ \"$i\" -gt \"$COMP_CWORD\" ]; then\n"
		"\t\treturn\n"
		"\telif [[ $cur == -* ]]; then\n"
		"\t\tCOMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
		"\telif [ \"$most\" -lt 0 ] || [ \"$n\" -lt \"$most\" ]; then\n"
		"\t\tCOMPREPLY=($(compgen -W \"$(marten lc 2>/dev/null | tail -n +2 |\n"
		"\t\t\tcut -f 1,3)\" -- \"$cur\"))\n"
		"\tfi\n"
		"}\n"
		"complete -F _marten marten");
}
