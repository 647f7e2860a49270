/* SPDX-License-Identifier: MIT */
/* help - the tables of verbs for people (--help) and for bash(1) (--completion). */
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

	(void)fputs("marten - images, and containers that run from them or live in the "
		    "background\n"
		    "Usage: marten [--store DIR] verb [options] [argument...]\n"
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

static void print_options(const struct option *row)
{
	for (; row->names; row++) {
		int len;

		(void)fputs("    ", stdout);
		len = print_names(stdout, row->names, " or ");
		if (row->argument)
			len += printf(" %s", row->argument);
		pad(stdout, len, OPTION_COLUMN);
		(void)puts(row->help);
	}
}

void print_help(void)
{
	print_usage(stdout);
	(void)puts(" options:");
	print_options(global_options);
	(void)puts("    -h or --help                  Show this help; after a verb, the "
		   "verb's\n"
		   "    --version                     Show the version\n"
		   "    --completion bash             Print the completion script for a "
		   "shell\n"
		   "A container is named by its name, its id, or the beginning of its "
		   "id; an\n"
		   "image by its name as docker(1) has it, or by its id. See marten(1).");
}

void print_verb_help(const struct verb *verb)
{
	(void)fputs("marten ", stdout);
	(void)print_names(stdout, verb->names, "|");
	(void)printf(" - %s\nUsage: marten %.*s%s%s%s\n", verb->help,
		     (int)strcspn(verb->names, " "), verb->names,
		     verb->options->names ? " [options]" : "", *verb->operands ? " " : "",
		     verb->operands);
	if (!verb->options->names)
		return;
	(void)puts(" options:");
	print_options(verb->options);
}

/* Options that take the next word. */
static void complete_values(const struct verb *verb)
{
	const struct option *row;

	(void)printf(" values=' %s", global_options->names);
	for (row = verb->options; row->names; row++)
		if (row->argument)
			(void)printf(" %s", row->names);
	(void)fputs(" '", stdout);
}

/* How many operands are to be completed; -1: all. */
static int operands(const struct verb *verb)
{
	return verb->most < 0 && !verb->command ? -1 : 1;
}

/* With what: containers, images, both, or nothing that we know. */
static const char *kinds(const struct verb *verb)
{
	bool container = strstr(verb->operands, "CONTAINER");
	bool image =
		strstr(verb->operands, "IMAGE") || strcmp(verb->names, "images") == 0;

	return container && image ? "lc li" : container ? "lc" : image ? "li" : "";
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
	(void)printf(" most=%d kinds='%s' ;;\n", operands(verb), kinds(verb));
}

void print_completion(void)
{
	const struct verb *const *table, *verb;

	(void)puts(
		"# Completion of marten(1) for bash; made by marten --completion bash\n"
		"_marten()\n{\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} i=2 n=0 options values most kinds "
		"kind\n"
		"\tif [ \"$COMP_CWORD\" -eq 1 ]; then");
	(void)fputs("\t\tCOMPREPLY=($(compgen -W '--help --version --completion --store",
		    stdout);
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
		"\t\tCOMPREPLY=($(compgen -W \"$(for kind in $kinds; do\n"
		"\t\t\tmarten \"$kind\" 2>/dev/null | tail -n +2 | cut -f 1,3; done)\" "
		"-- \"$cur\"))\n"
		"\tfi\n"
		"}\n"
		"complete -F _marten marten");
}
