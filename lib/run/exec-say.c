/* SPDX-License-Identifier: MIT */
/* exec-say - the last steps as shell; see plan/explain.c for the script. */
#include "base/quote.h"
#include "run/run-rows.h"
#include "run/run.h"

void say_fds(FILE *out, const struct step *s)
{
	const struct step_fds *d = s->data;

	fputs("exec 9<&- # a shell hands on 0, 1 and 2", out);
	for (size_t i = 0; i < d->len; i++)
		fprintf(out, "; descriptor %d of the caller would be %d", d->map[i][0],
			d->map[i][1]);
	fputc('\n', out);
}

void say_cwd(FILE *out, const struct step *s)
{
	const struct step_cwd *d = s->data;

	fputs("for dir in", out);
	for (const char *const *i = d->candidates; i && *i; i++) {
		fputc(' ', out);
		quote_shell(out, *i);
	}
	fputs("; do if [ -d \"$dir\" ]; then break; fi; done\n", out);
}

void say_exec(FILE *out, const struct step *s)
{
	const struct step_exec *d = s->data;

	if (d->init)
		fputs("# no shell equivalent: a small init stays process 1 and starts this\n",
		      out);
	if (d->umask != 022) /* as the script has it */
		fprintf(out, "umask %03o\n", d->umask);
	fputs("exec ${nest:+\"./$ld\" --library-path \"$libs\" \"./$unshare\" $nest --} \\\n"
	      "\t\"./$ld\" --library-path \"$libs\" \"./$setpriv\" $priv -- \\\n"
	      "\t\"./$ld\" --library-path \"$libs\" \"./$env\" -i -C \"$dir\"",
	      out);
	for (const char *const *i = d->envp; i && *i; i++) {
		fputs(" \\\n\t", out);
		if (i == d->envp && d->env_needs) {
			fprintf(out, "$([ ! -e %s ] || echo ", d->env_needs);
			quote_shell(out, *i);
			fputc(')', out);
		} else {
			quote_shell(out, *i);
		}
	}
	fputs(" \\\n\t", out);
	for (const char *const *i = d->argv; i && *i; i++) {
		if (i != d->argv)
			fputc(' ', out);
		quote_shell(out, *i);
	}
	fputc('\n', out);
}
