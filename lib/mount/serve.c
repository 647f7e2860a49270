/* SPDX-License-Identifier: MIT */
/*
 * serve - start the program that serves an image's layers to a container of an ordinary
 * user (fuse/fuse-server.c). Done by the caller, before the clone: what is wrong with a
 * layer is known, and said, before there is a container.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "mount/mount.h"
#include "plan/held.h"
#include "process/program.h"

/* The reason of a failure goes to @text; the server keeps no descriptor of ours. */
static int start_server(const struct step *s, int socket, char *text, size_t size)
{
	const struct step_serve *d = s->data;
	const struct program server = { .argv = d->argv,
					.path = d->program,
					.in = socket,
					.timeout_ms = PROGRAM_WAIT_MS };
	struct program_end end;
	int r = program_run(&server, &end);

	if (r == -ETIMEDOUT)
		snprintf(text, size, "%s was not ready after %d seconds", d->program,
			 PROGRAM_WAIT_MS / 1000);
	if (r < 0)
		return r;
	snprintf(text, size, "%.*s", (int)size - 1, end.said);
	return end.status == 0 ? 0 : -EBADMSG;
}

int run_serve(struct runner *r, const struct step *s)
{
	const struct step_serve *d = s->data;
	cleanup_close int ours = -EBADF, its = -EBADF;
	int fds[2], ret;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	ours = fd_move_up(fds[0], 3);
	its = fd_move_up(fds[1], 3);
	if (ours < 0 || its < 0)
		return -EMFILE;
	ret = start_server(s, its, r->note, sizeof(r->note));
	return ret < 0 ? ret : runner_put(r, d->ret, take_fd(&ours));
}

/* The server ends when its socket is closed everywhere; the container ends with it. */
struct held *hold_serve(struct held_list *l, const struct step *s)
{
	const struct step_serve *d = s->data;
	static const struct held_ops server = { .end = held_close,
						.release = held_close,
						.watched = true };

	return held_add(l, &server, d->ret);
}

/* The server's own words. */
void hint_serve(struct err *e, const struct plan *p, const struct step *s, int err,
		const char *note)
{
	(void)p;
	(void)s;
	(void)err;
	if (*note)
		err_hint(e, "%s", note);
}
