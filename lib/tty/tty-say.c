/* SPDX-License-Identifier: MIT */
/* tty-say - the terminal as shell; see plan/explain.c for the script. */
#include "tty/tty.h"

void say_terminal(FILE *out, const struct step *s)
{
	(void)s;
	fputs("# no shell equivalent: script(1) comes near\n", out);
}
