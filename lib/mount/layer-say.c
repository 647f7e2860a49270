/* SPDX-License-Identifier: MIT */
/*
 * layer-say - what layers are mounted from, as shell; see plan/explain.c for the script.
 */
#include "base/quote.h"
#include "mount/mount.h"

void say_loop(FILE *out, const struct step *s)
{
	const struct step_loop *d = s->data;

	fprintf(out, "s%d=$(losetup --find --show --read-only -- ", d->ret);
	quote_shell(out, d->path);
	fputs(")\n", out);
}

/*
 * The same with a program that everybody has: one process and one mount for each layer.
 */
void say_serve(FILE *out, const struct step *s)
{
	const struct step_serve *d = s->data;

	fprintf(out, "s%d=$t/%d; mkdir \"$s%d\"\n", d->ret, d->ret, d->ret);
	for (size_t i = 2; d->argv && d->argv[i]; i++) {
		fprintf(out, "mkdir \"$s%d/%zu\"; squashfuse_ll ", d->ret, i - 2);
		quote_shell(out, d->argv[i]);
		fprintf(out, " \"$s%d/%zu\"\n", d->ret, i - 2);
	}
}

void say_fuse(FILE *out, const struct step *s)
{
	const struct step_fuse *d = s->data;

	fprintf(out, "s%d=$s%d\n", d->ret, d->socket);
}
