/* SPDX-License-Identifier: MIT */
/*
 * layer-say - what layers are mounted from, as shell; see plan/explain.c for the script.
 */
#include "base/quote.h"
#include "mount/mount.h"

void say_loop(FILE *out, const struct step *s)
{
	fprintf(out, "s%d=$(losetup --find --show --read-only -- ", s->loop.ret);
	quote_shell(out, s->loop.path);
	fputs(")\n", out);
}

/*
 * The same with a program that everybody has: one process and one mount for each layer.
 */
void say_serve(FILE *out, const struct step *s)
{
	fprintf(out, "s%d=$t/%d; mkdir \"$s%d\"\n", s->serve.ret, s->serve.ret,
		s->serve.ret);
	for (size_t i = 2; s->serve.argv && s->serve.argv[i]; i++) {
		fprintf(out, "mkdir \"$s%d/%zu\"; squashfuse_ll ", s->serve.ret, i - 2);
		quote_shell(out, s->serve.argv[i]);
		fprintf(out, " \"$s%d/%zu\"\n", s->serve.ret, i - 2);
	}
}

void say_fuse(FILE *out, const struct step *s)
{
	fprintf(out, "s%d=$s%d\n", s->fuse.ret, s->fuse.socket);
}
