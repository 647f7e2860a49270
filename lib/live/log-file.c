/* SPDX-License-Identifier: MIT */
/* log-file - see log-file.h. */
#include "live/log-file.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

enum { OPEN_TRIES = 10000 };

/* The four names, in the order of the descriptors below. */
enum { TEXT, INDEX, OLD_TEXT, OLD_INDEX, NAMES };

static const char *const names[NAMES] = { LOG_NAME, LOG_INDEX_NAME,
					  LOG_NAME LOG_OLD_SUFFIX,
					  LOG_INDEX_NAME LOG_OLD_SUFFIX };

void log_file_close(struct log_file *f)
{
	fd_closep(&f->text);
	fd_closep(&f->index);
}

void log_pair_close(struct log_pair *p)
{
	log_file_close(&p->old);
	log_file_close(&p->now);
}

bool log_file_is_open(const struct log_file *f)
{
	return f->text >= 0;
}

bool log_file_same(const struct log_file *a, const struct log_file *b)
{
	return log_file_is_open(a) && log_file_is_open(b) && a->device == b->device &&
	       a->inode == b->inode;
}

struct opened {
	int fd;     /* -EBADF: there is no such file */
	off_t size; /* when it was opened */
};

/* Not blocking and no link: it may be a FIFO, or lead elsewhere. */
static int open_name(int dir, const char *name, struct opened *ret)
{
	cleanup_close int fd =
		openat(dir, name,
		       O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat st = { .st_size = 0 };

	if (fd < 0 && errno != ENOENT)
		return errno == ELOOP || errno == ENXIO ? -EBADMSG : -errno;
	if (fd >= 0 && fstat(fd, &st) < 0)
		return -errno;
	if (fd >= 0 && !S_ISREG(st.st_mode))
		return -EBADMSG;
	ret->size = st.st_size;
	ret->fd = fd < 0 ? -EBADF : take_fd(&fd);
	return 0;
}

/* Whether @name still is what was opened. */
static bool is_still(int dir, const char *name, int fd)
{
	struct stat now, then;

	if (fstatat(dir, name, &now, AT_SYMLINK_NOFOLLOW) < 0)
		return fd < 0;
	return fd >= 0 && fstat(fd, &then) == 0 && is_same_file(&now, &then);
}

static bool is_empty(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_size == 0;
}

/*
 * All four, of one moment. A name never gets back a file that it had, so names that are
 * the same at the end have been so all the time. Only that there is no index may be true
 * twice, before and after the text was written. 1: they were not of one moment.
 */
static int open_names(int dir, struct opened *files)
{
	int i, r;

	for (i = 0; i < NAMES; i++) {
		r = open_name(dir, names[i], &files[i]);
		if (r < 0)
			return r;
	}
	for (i = 0; i < NAMES; i++)
		if (!is_still(dir, names[i], files[i].fd))
			return 1;
	return files[TEXT].fd >= 0 && files[INDEX].fd < 0 && files[TEXT].size == 0 &&
	       !is_empty(files[TEXT].fd);
}

/* Nothing without both. */
static int pair_up(struct log_file *f, struct opened *text, struct opened *index)
{
	struct stat st;

	if (text->fd < 0 || index->fd < 0)
		return 0;
	if (fstat(text->fd, &st) < 0)
		return -errno;
	f->device = st.st_dev;
	f->inode = st.st_ino;
	f->text = take_fd(&text->fd);
	f->index = take_fd(&index->fd);
	return 0;
}

/*
 * What belongs together; see log.h for the order in which the monitor changes names. A
 * text without its index is the new one, empty as yet, or one whose index was renamed
 * already.
 */
static int sort_names(struct opened *f, struct log_pair *ret)
{
	int r;

	if (f[TEXT].size > 0 && f[INDEX].fd < 0)
		return pair_up(&ret->now, &f[TEXT], &f[OLD_INDEX]);
	if (f[TEXT].fd < 0 || f[INDEX].fd < 0)
		return pair_up(&ret->now, &f[OLD_TEXT], &f[OLD_INDEX]);
	r = pair_up(&ret->old, &f[OLD_TEXT], &f[OLD_INDEX]);
	return r < 0 ? r : pair_up(&ret->now, &f[TEXT], &f[INDEX]);
}

static void close_all(struct opened *files)
{
	int i;

	for (i = 0; i < NAMES; i++)
		fd_closep(&files[i].fd);
}

int log_pair_open(int dir, struct log_pair *ret)
{
	struct opened files[NAMES];
	int tries, r, i;

	for (i = 0; i < NAMES; i++)
		files[i] = (struct opened){ .fd = -EBADF };
	*ret = (struct log_pair){ .old = { .text = -EBADF, .index = -EBADF },
				  .now = { .text = -EBADF, .index = -EBADF } };
	for (tries = 0; tries < OPEN_TRIES; tries++) {
		r = open_names(dir, files);
		if (r == 0)
			r = sort_names(files, ret);
		close_all(files);
		if (r <= 0)
			break;
		(void)sched_yield(); /* a small log and much output */
	}
	if (r != 0)
		log_pair_close(ret);
	return r > 0 ? -EAGAIN : r;
}

int log_file_measure(struct log_file *f)
{
	struct stat st;

	if (fstat(f->text, &st) < 0)
		return -errno;
	if ((uint64_t)st.st_size < f->position)
		return -EBADMSG;
	f->size = (uint64_t)st.st_size;
	return 0;
}

int log_file_count(const struct log_file *f, uint64_t *ret)
{
	struct stat st;

	if (fstat(f->index, &st) < 0)
		return -errno;
	*ret = (uint64_t)st.st_size / sizeof(struct log_entry);
	return 0;
}

static int load(struct log_file *f, uint64_t first)
{
	ssize_t n;

	f->cache_len = 0;
	do
		n = pread(f->index, f->cache, sizeof(f->cache),
			  (off_t)(first * sizeof(struct log_entry)));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	f->cache_first = first;
	f->cache_len =
		(size_t)n / sizeof(struct log_entry); /* half an entry is none yet */
	return 0;
}

/* 1: cached. */
static int cached(const struct log_file *f, uint64_t number, struct log_entry *ret)
{
	if (number < f->cache_first || number - f->cache_first >= f->cache_len)
		return 0;
	*ret = f->cache[number - f->cache_first];
	if (ret->stream != LOG_STDOUT && ret->stream != LOG_STDERR)
		return -EBADMSG;
	return 1;
}

int log_file_entry(struct log_file *f, uint64_t number, struct log_entry *ret)
{
	int r = cached(f, number, ret);

	if (r == 0) /* wanted from the last to the first */
		r = load(f, number < LOG_CACHED ? 0 : number - LOG_CACHED + 1);
	if (r == 0)
		r = cached(f, number, ret);
	return r == 1 ? 0 : r < 0 ? r : -EBADMSG;
}

int log_file_peek(struct log_file *f, struct log_entry *ret)
{
	int r = cached(f, f->entries, ret);

	if (r == 0)
		r = load(f, f->entries);
	if (r == 0)
		r = cached(f, f->entries, ret);
	if (r != 1)
		return r;
	if (f->entries == 0 ? ret->offset != 0 : ret->offset < f->entry.offset)
		return -EBADMSG;
	return 1;
}

void log_file_take(struct log_file *f, const struct log_entry *e)
{
	f->entry = *e;
	f->entries++;
}
