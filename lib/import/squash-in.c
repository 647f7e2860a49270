/* SPDX-License-Identifier: MIT */
/*
 * squash-in - a squashfs image that somebody else made: read as a tar, and packed again
 * as ours. The tar is made in any case, because the layer's digest is the tar's. It is
 * read again, and no tree is handed over, so that names, marks, limits and budgets are
 * checked in one place (squash-tar.c): 178 MB take 1.5 s of processor time, and 1.2 s
 * where they come as a tar.
 */
#include "import/squash-in.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "base/fd.h"
#include "import/import.h"
#include "squash/squash-to-tar.h"
#include "tar/budget.h"
#include "tar/fd-source.h"
#include "transfer/layer.h"

struct reading {
	struct err e;
	const char *what;
	int image, out, result;
};

static void *run(void *data)
{
	struct reading *r = data;

	r->result =
		squash_to_tar(&r->e, r->what, &r->image, 1, false, r->out, NULL, NULL);
	fd_closep(&r->out); /* the end of the stream */
	return NULL;
}

static int start(struct reading *reading, pthread_t *ret)
{
	sigset_t all, old;
	int r;

	/* SIGPIPE among them: a reader that is gone is an error */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	r = -pthread_create(ret, NULL, run, reading);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return r;
}

/* A file system is one, whatever lists it holds. */
static int keep(void *data)
{
	(void)data;
	return 0;
}

int import_squashfs(struct minc_transfer *t, const char *source, int fd, time_t created)
{
	struct reading reading = { .what = source, .image = fd, .out = -EBADF };
	struct fd_source stream;
	struct layer_made layer;
	pthread_t thread;
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(t->err, -errno, "%s", source);
	reading.out = ends[1];
	r = start(&reading, &thread);
	if (r < 0) {
		fd_closep(&ends[0]);
		fd_closep(&reading.out);
		return err_set(t->err, r, "%s", source);
	}
	fd_source_init(&stream, ends[0]);
	stream.source.packed = t->budget ? t->budget->source : 0;
	r = layer_from_stream(t, source, &stream.source, keep, NULL, &layer);
	fd_closep(&ends[0]);
	(void)pthread_join(thread, NULL);
	if (reading.result < 0 && reading.result != -EPIPE) {
		/* a short stream is the consequence */
		*t->err = reading.e;
		r = reading.result;
	}
	return r < 0 ? r : import_root_layer(t, &layer, created);
}
