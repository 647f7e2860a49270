/* SPDX-License-Identifier: MIT */
/*
 * files - put a file into a container that is not running, and start its command, which
 * finds it; at last take one out that the command wrote. What it writes is kept in DIR.
 * Usage: files DIR FILE INSIDE RESULT CMD [ARG...]
 */
#include <minc/minc.h>
#include <stdio.h>

static void warn(const char *line, void *userdata)
{
	(void)userdata;
	fprintf(stderr, "files: %s\n", line);
}

/* The container without its command: all that a start would show, for copies. */
static int copy(minc_ctx *c, const char *in, const char *inside, const char *out)
{
	minc_container *ct;
	int r = minc_start_idle(c, &ct);

	if (r < 0)
		return r;
	r = in ? minc_copy_in(c, ct, in, inside) : minc_copy_out(c, ct, inside, out);
	minc_container_free(ct); /* ends it: the directory is free again */
	return r;
}

int main(int argc, char **argv)
{
	minc_ctx *c = minc_ctx_new();
	int status = 125, r;

	if (!c || argc < 6)
		return fprintf(stderr,
			       "usage: files DIR FILE INSIDE RESULT CMD [ARG...]\n"),
		       125;
	/* of sockets, devices, and attributes that are left out */
	minc_set_log(c, warn, NULL);
	minc_set_storage(c, argv[1]);
	r = copy(c, argv[2], argv[3], NULL);
	if (r == 0)
		r = minc_run(c, (const char *const *)argv + 5, &status);
	if (r == 0)
		r = copy(c, NULL, argv[4], ".");
	if (r < 0)
		fprintf(stderr, "files: %s\n", minc_error_message(c));
	minc_ctx_free(c);
	return r < 0 ? 125 : status;
}
