/* SPDX-License-Identifier: MIT */
/*
 * serve - start the program that serves an image's layers to a container of an ordinary user
 * (image/fuse-server.c). Done by the caller, before the clone: what is wrong with a layer is
 * known, and said, before there is a container.
 */
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "run/run.h"

extern char **environ;

/* @out: where it says why it cannot; it keeps neither that nor anything else of ours. */
static int spawn_server(const struct step *s, int socket, int out, pid_t *ret)
{
	posix_spawn_file_actions_t actions;
	int r;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return -ENOMEM;
	r = posix_spawn_file_actions_adddup2(&actions, socket, 0);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, out, 1);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, out, 2);
	if (r == 0)
		r = posix_spawn(ret, s->serve.program, &actions, NULL,
				(char *const *)s->serve.argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

/* What it says until it has nothing more to say, then how it ended: 0, or -EBADMSG. */
static int hear(int in, pid_t pid, char *text, size_t size)
{
	size_t len = 0;
	int status, r;

	while (len < size - 1) {
		ssize_t n = read(in, text + len, size - 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break; /* only its words are lost */
		len += (size_t)n;
	}
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	do
		r = waitpid(pid, &status, 0);
	while (r < 0 && errno == EINTR);
	if (r < 0) /* the caller ignores SIGCHLD, or another thread waits for any child */
		return len ? -EBADMSG : 0;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EBADMSG;
}

int run_serve(struct runner *r, const struct step *s)
{
	cleanup_close int in = -EBADF, out = -EBADF, ours = -EBADF, its = -EBADF;
	int fds[2], ret;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	ours = fd_move_up(fds[0], 3);
	its = fd_move_up(fds[1], 3);
	if (ours < 0 || its < 0 || pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	in = fd_move_up(fds[0], 3);
	out = fd_move_up(fds[1], 3);
	if (in < 0 || out < 0)
		return -EMFILE;
	ret = spawn_server(s, its, out, &pid);
	fd_closep(&out); /* or it would never end */
	fd_closep(&its);
	if (ret == 0)
		ret = hear(in, pid, r->note, sizeof(r->note));
	return ret < 0 ? ret : runner_put(r, s->serve.ret, take_fd(&ours));
}
