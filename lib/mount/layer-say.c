/* SPDX-License-Identifier: MIT */
/* layer-say - what layers are mounted from, as shell; see plan/explain.c for the script. */
#include "base/quote.h"
#include "mount/mount.h"

void say_loop(FILE *out, const struct step *s)
{
	fprintf(out, "s%d=$(losetup --find --show --read-only -- ", s->loop.ret);
	quote_shell(out, s->loop.path);
	fputs(")\n", out);
}
