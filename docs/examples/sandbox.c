/* SPDX-License-Identifier: MIT */
/*
 * sandbox - run a command on a read-only view of the host: no network, a small scratch
 * directory, no capabilities. Usage: sandbox CMD [ARG...]
 */
#include <minc/minc.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	minc_ctx *c = minc_ctx_new();
	int status;

	if (argc < 2) {
		fprintf(stderr, "usage: sandbox CMD [ARG...]\n");
		minc_ctx_free(c);
		return 125;
	}
	minc_set_root(c, "/", MINC_ROOT_RDONLY);
	minc_add_tmpfs(c, "/tmp", 64 << 20, 01777);
	minc_set_network(c, "none");
	minc_set_hostname(c, "sandbox");
	minc_drop_cap(c, "all");
	minc_set_cwd(c, "/tmp");
	minc_set_flag(c, MINC_INIT, 1);

	/* Failures of the calls above stick: this one returns the first of them. */
	if (minc_run(c, (const char *const *)argv + 1, &status) < 0) {
		fprintf(stderr, "sandbox: %s\n", minc_error_message(c));
		if (*minc_error_hint(c))
			fprintf(stderr, "sandbox: hint: %s\n", minc_error_hint(c));
		status = minc_error_exit_status(c);
	}
	minc_ctx_free(c);
	return status;
}
