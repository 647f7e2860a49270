/* SPDX-License-Identifier: MIT */
/* print - the option table for people (--help) and for bash(1) (--completion). */
#include <stdio.h>
#include <string.h>

#include "options.h"

enum { HELP_COLUMN = 34 };

/* "-h --help" as "-h or --help", with the argument; returns its length. */
static int print_names(const struct option *row)
{
	const char *name = row->names, *argument = row->argument;
	int len = 0;

	while (*name) {
		size_t n = strcspn(name, " ");

		len += printf("%s%.*s", len ? " or " : "", (int)n, name);
		name += n;
		name += strspn(name, " ");
	}
	if (argument)
		len += printf("%s%s", strncmp(argument, "[=", 2) == 0 ? "" : " ",
			      argument);
	return len;
}

void options_help(void)
{
	const struct option *row;

	(void)puts("minc - run a command in a container that leaves nothing behind\n"
		   "Usage: minc [options] [--] [command [argument...]]\n"
		   " options:");
	for (row = option_table; row->names; row++) {
		int len;

		(void)fputs("    ", stdout);
		len = print_names(row);
		if (len + 2 > HELP_COLUMN) {
			(void)fputs("\n    ", stdout);
			len = 0;
		}
		(void)printf("%*s%s\n", HELP_COLUMN - len, "", row->help);
	}
	(void)puts("Without a command the shell is run. See minc(1).");
}

/* What a value is completed from, by the way the table writes it. */
static void print_value(const char *argument)
{
	if (strcmp(argument, "DIR") == 0)
		(void)printf("-d");
	else if (strncmp(argument, "FILE", 4) == 0 || strncmp(argument, "HOST", 4) == 0 ||
		 strstr(argument, "|FILE"))
		(void)printf("-f");
	if (*argument < 'a' || *argument > 'z')
		return;
	/* Lower-case words are meant literally. */
	(void)printf(" -W '");
	for (; *argument; argument++)
		(void)putchar(*argument == '|' ? ' ' : *argument);
	(void)putchar('\'');
}

void options_completion(void)
{
	const struct option *row;
	const char *p;

	(void)puts("# Completion of minc(1) for bash; made by minc --completion bash\n"
		   "_minc()\n{\n"
		   "\tlocal i=1 cur=${COMP_WORDS[COMP_CWORD]} value=\n"
		   "\twhile [ \"$i\" -lt \"$COMP_CWORD\" ]; do\n"
		   "\t\tvalue=\n"
		   "\t\tcase ${COMP_WORDS[i]} in");
	for (row = option_table; row->names; row++) {
		if (!row->argument || *row->argument == '[')
			continue;
		(void)fputs("\t\t", stdout);
		for (p = row->names; *p; p++)
			(void)fputs(*p == ' ' ? "|" : (char[]){ *p, '\0' }, stdout);
		(void)fputs(") value=\"", stdout);
		print_value(row->argument);
		(void)puts(" \" i=$((i + 1)) ;;");
	}
	(void)fputs("\t\t--) i=$((i + 1)); break ;;\n"
		    "\t\t-n|--net) case ${COMP_WORDS[i + 1]} in raw*) i=$((i + 1)) ;; "
		    "esac ;;\n"
		    "\t\t-*) ;;\n"
		    "\t\t*) break ;;\n"
		    "\t\tesac\n"
		    "\t\ti=$((i + 1))\n"
		    "\tdone\n"
		    "\tif [ \"$i\" -gt \"$COMP_CWORD\" ]; then\n"
		    "\t\teval \"COMPREPLY=(\\$(compgen $value -- \\\"\\$cur\\\"))\"\n"
		    "\telif [ \"$i\" -lt \"$COMP_CWORD\" ] || [[ $cur != -* ]]; then\n"
		    "\t\tif declare -F _command_offset >/dev/null; then\n"
		    "\t\t\t_command_offset \"$i\"\n"
		    "\t\telse\n"
		    "\t\t\tCOMPREPLY=($(compgen -c -f -- \"$cur\"))\n"
		    "\t\tfi\n"
		    "\telse\n"
		    "\t\tCOMPREPLY=($(compgen -W '",
		    stdout);
	for (row = option_table; row->names; row++)
		(void)printf("%s ", row->names);
	(void)puts("' -- \"$cur\"))\n"
		   "\tfi\n"
		   "}\n"
		   "complete -o filenames -F _minc minc");
}
