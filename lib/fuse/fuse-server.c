/* SPDX-License-Identifier: MIT */
/*
 * minc-fuse - serve an image's layers to a container of an ordinary user; see fuse.h.
 *
 *   minc-fuse single:UID:GID|limit:N LAYER..   (lowest first; descriptor 0: the socket)
 *
 * What is wrong with a layer is written to standard error. Else it forks: the process
 * that was started exits with 0, and its child serves. So what kills the starter does not
 * end the server, and it leaves no zombie. From descriptor 0 it gets the connection that
 * the container's first process has mounted; it ends with the mount, which goes with the
 * container's last process, or with the socket if the start fails. It keeps its end of
 * the socket: whoever holds the other end notices when the server is gone, and ends the
 * container.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/sys.h"
#include "fuse/fuse.h"
#include "plan/hand-over.h"

enum {
	MEMORY_MAX_BYTES = 1 << 30,
	THREADS_MAX = 8,
	BLOCKS_MAX_BYTES = 16 << 20,
	IN_BYTES = 64 << 10,
	FAILED = 1
};

static bool parse_ids(const char *text, struct fuse_server *s)
{
	if (sscanf(text, "single:%10u:%10u", &s->uid, &s->gid) == 2) {
		s->single = true;
		return true;
	}
	return sscanf(text, "limit:%10u", &s->ids) == 1 && s->ids > 0;
}

static int open_layers(struct fuse_server *s, char **paths, struct err *e)
{
	size_t largest = 1;

	s->layers = calloc(s->layers_len, sizeof(*s->layers));
	if (!s->layers)
		return err_set(e, -ENOMEM, "layers");
	for (uint64_t i = 0; i < s->layers_len; i++) {
		int fd = open(paths[i], O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		int r = fd < 0 ? err_set(e, -errno, "%s", paths[i])
			       : squash_open(&s->layers[i], fd, paths[i], e);

		if (r < 0)
			return r;
		s->xattrs |= s->layers[i].xattrs != NULL;
		if (s->layers[i].super.block_size > largest)
			largest = s->layers[i].super.block_size;
	}
	squash_blocks_init(&s->blocks, largest, BLOCKS_MAX_BYTES);
	return 0;
}

/* Limits: layers may need more descriptors than the soft limit of a shell. */
static void prepare(void)
{
	struct rlimit files;
	const struct rlimit memory = { MEMORY_MAX_BYTES, MEMORY_MAX_BYTES };

	/* a hostile layer's lists unpack to many times its size */
	(void)setrlimit(RLIMIT_DATA, &memory); /* it only is lowered */
	(void)sys_close_range(3, ~0u,
			      0); /* what the starter has open keeps nothing alive */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files); /* else opening a layer says so */
	}
}

/*
 * Not the starter's child, session or directory any more; nothing that it could wait for.
 */
static int detach(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid = null < 0 ? -1 : fork();

	if (pid < 0)
		return -errno;
	if (pid > 0)
		_exit(0);
	(void)setsid(); /* a new process leads no group */
	if (dup2(null, 1) < 0 || dup2(null, 2) < 0 || chdir("/") < 0)
		_exit(FAILED);
	(void)prctl(PR_SET_NAME, "minc-fuse"); /* for ps(1) */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)close(null); /* it has other numbers now */
	return 0;
}

/* The connection; -EBADF: the start failed. */
static int receive(int socket)
{
	char byte;
	int fd;

	(void)receive_fd(socket, &byte, sizeof(byte), 0, &fd);
	return fd;
}

/* Answer until the connection ends, and with it the process. */
static void *serve(void *data)
{
	struct fuse_thread *t = data;

	for (;;) {
		ssize_t n = read(t->server->fd, t->in, IN_BYTES);

		if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOENT))
			continue; /* ENOENT: a request was taken back */
		if (n < 0 || !fuse_answer(t, (size_t)n))
			_exit(0);
	}
	return NULL;
}

static struct fuse_thread *new_thread(struct fuse_server *s)
{
	struct fuse_thread *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->server = s;
	t->in = malloc(IN_BYTES);
	t->out = malloc(FUSE_REPLY_MAX);
	return t->in && t->out ? t : NULL;
}

/* As many as can be had: the first thread is enough. */
static void start_threads(struct fuse_server *s)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	n = n < 2 ? 2 : n > THREADS_MAX ? THREADS_MAX : n;
	for (long i = 1; i < n; i++) {
		struct fuse_thread *t = new_thread(s);
		pthread_t id;

		if (!t || pthread_create(&id, NULL, serve, t) != 0)
			return;
		(void)pthread_detach(id); /* it ends with the process */
	}
}

int main(int argc, char **argv)
{
	struct fuse_server s = { .fd = -EBADF };
	struct fuse_thread *first;
	struct err e = { 0 };

	if (argc < 3 || !parse_ids(argv[1], &s)) {
		fputs("minc-fuse: started by libminc only\n", stderr);
		return FAILED;
	}
	prepare();
	s.layers_len = (uint64_t)argc - 2;
	if (open_layers(&s, argv + 2, &e) < 0) {
		fprintf(stderr, "%s\n", e.message);
		return FAILED;
	}
	(void)pthread_mutex_init(&s.dirs.lock, NULL); /* cannot fail on Linux */
	if (detach() < 0) {
		fprintf(stderr, "minc-fuse: %s\n", strerror(errno));
		return FAILED;
	}
	s.fd = receive(0);
	first = s.fd < 0 ? NULL : new_thread(&s);
	if (!first)
		return FAILED;
	fuse_drop_ids();
	start_threads(&s);
	fuse_jail();
	(void)serve(first); /* does not return */
	return 0;
}
