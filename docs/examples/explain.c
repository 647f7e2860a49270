/* SPDX-License-Identifier: MIT */
/*
 * explain - print the shell script that would start a command in a root directory, and
 * start nothing. Usage: explain DIR CMD [ARG...]
 */
#include <minc/minc.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	minc_ctx *c = minc_ctx_new();
	char *script = NULL;
	int r;

	if (argc < 3) {
		fprintf(stderr, "usage: explain DIR CMD [ARG...]\n");
		minc_ctx_free(c);
		return 125;
	}
	minc_set_origin(c, "DIR"); /* messages name the user's own words */
	minc_set_root(c, argv[1], 0);
	r = minc_explain(c, (const char *const *)argv + 2, MINC_FORMAT_SHELL, &script);
	if (r < 0)
		fprintf(stderr, "explain: %s\n", minc_error_message(c));
	else
		fputs(script, stdout);
	free(script);
	minc_ctx_free(c);
	return r < 0 ? 125 : 0;
}
