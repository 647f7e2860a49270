/* SPDX-License-Identifier: MIT */
/* tty-say - the terminal as shell; see plan/explain.c for the script. */
#include "tty/tty-rows.h"

void say_terminal(FILE *out, const struct step *s)
{
	(void)s;
	fputs("# no shell equivalent: script(1) comes near\n", out);
}

void say_pipe(FILE *out, const struct step *s)
{
	const struct step_pipe *d = s->data;

	fprintf(out,
		"# no shell equivalent: a pipe in place of %d, which minc copies there\n",
		d->fd);
}

void say_streams(FILE *out, const struct step *s)
{
	(void)s;
	fputs("for n in 0 1 2; do\n"
	      "\tcase $(eval \"readlink /proc/self/fd/9 9>&$n\") in\n"
	      "\tpipe:*) chmod \"$([ $n = 0 ] && echo go+r || echo go+w)\" /proc/self/fd/$n || : ;;\n"
	      "\tesac\n"
	      "done\n",
	      out);
}
