/* SPDX-License-Identifier: MIT */
/*
 * careless - a caller that loses its children: what the library does by other programs
 * must work for it, too. Public headers only.
 *
 * usage: careless ignore|reap import FILE NAME
 *	  careless ignore|reap run IMAGE COMMAND..
 *
 * It ignores SIGCHLD, or has a handler that waits for all children. Status 1 and one line
 * "ERRNO: MESSAGE" on stderr if the call failed. A command's status is printed, or that
 * nobody knows it.
 */
#include <errno.h>
#include <minc/minc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "errno-name.h"

static minc_ctx *ctx;

static void reap_all(int sig)
{
	const int saved = errno;

	(void)sig;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	errno = saved;
}

static int import(minc_store *s, const char *file, const char *name)
{
	minc_transfer *t = minc_transfer_new(s);
	int r = -ENOMEM;

	if (t)
		r = minc_transfer_set(t, MINC_TRANSFER_NAME, name);
	if (r == 0)
		r = minc_import(t, file, NULL, NULL);
	(void)minc_transfer_free(t);
	return r;
}

static int run(minc_store *s, const char *name, char **command)
{
	minc_image *image = NULL;
	minc_container *ct = NULL;
	int r = minc_image_find(s, name, &image), status;

	if (r == 0)
		r = minc_set_image(ctx, image);
	if (r == 0)
		r = minc_start(ctx, (const char *const *)command, &ct);
	if (r == 0)
		r = minc_wait(ct, -1, &status);
	while (r == -EINTR) /* the handler ran */
		r = minc_wait(ct, -1, &status);
	if (r == 0)
		(void)printf("status %d\n", status);
	else if (r == -ECHILD)
		(void)puts("status unknown");
	(void)minc_container_free(ct);
	(void)minc_image_free(image);
	return r == -ECHILD ? 0 : r;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = SIG_IGN };
	minc_store *s = NULL;
	int r;

	if (argc < 5)
		return 2;
	if (strcmp(argv[1], "reap") == 0)
		action.sa_handler = reap_all;
	(void)sigaction(SIGCHLD, &action, NULL);
	ctx = minc_ctx_new();
	if (!ctx)
		return 2;
	r = minc_store_open(ctx, NULL, &s);
	if (r == 0)
		r = strcmp(argv[2], "import") == 0 ? import(s, argv[3], argv[4])
						   : run(s, argv[3], argv + 4);
	if (r < 0)
		(void)fprintf(stderr, "%s: %s\n", errno_name(-r),
			      minc_error_message(ctx));
	(void)minc_store_free(s);
	(void)minc_ctx_free(ctx);
	return r < 0;
}
