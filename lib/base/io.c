/* SPDX-License-Identifier: MIT */
/* io - see io.h. */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 0x00000008 /* Linux 4.14; musl lacks it */
#endif

enum { LOOK_MS = 100 };
/* How often a lock is tried, and when the caller is told that it waits. */
enum {
	LOCK_FIRST_NS = 50 * 1000,
	LOCK_LAST_NS = 20 * 1000 * 1000,
	LOCK_SAY_NS = 1500 * 1000 * 1000
};

int io_read_all(int fd, size_t max, char **ret, size_t *ret_len)
{
	size_t size = 4096, used = 0;
	cleanup_free char *buf = malloc(size);

	if (!buf)
		return -ENOMEM;
	for (;;) {
		ssize_t n = read(fd, buf + used, size - used - 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t)n;
		if (used > max)
			return -EFBIG;
		if (size - used < 2) {
			char *more = realloc(buf, size * 2);

			if (!more)
				return -ENOMEM;
			buf = more;
			size *= 2;
		}
	}
	buf[used] = '\0';
	if (ret_len)
		*ret_len = used;
	*ret = take_ptr(&buf);
	return 0;
}

int io_read_file(int dir, const char *path, size_t max, char **ret, size_t *ret_len)
{
	cleanup_close int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : io_read_all(fd, max, ret, ret_len);
}

/*
 * Open a file that cannot be opened without waiting, because another process has a lease
 * on it (see fcntl(2)): the open waits until that process gives the lease up or its time
 * is over. The file was looked at before, and is opened by that descriptor, so it is no
 * FIFO by now.
 */
static int open_leased(int dir, const char *path, int flags)
{
	cleanup_close int fd = openat(dir, path, O_PATH | O_CLOEXEC | flags);
	char name[sizeof("/proc/self/fd/") + 12];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = ENXIO;
		return -1;
	}
	(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

/* -EBADMSG if it is no regular file; FIFOs and devices are not waited for. */
static int read_regular(int dir, const char *path, int flags, size_t max, char **ret,
			size_t *ret_len)
{
	cleanup_close int fd =
		openat(dir, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | flags);
	struct stat st;

	if (fd < 0 && errno == EWOULDBLOCK)
		fd = open_leased(dir, path, flags);
	if (fd < 0) /* ENXIO: a socket, or a device file without a device */
		return errno == ENXIO ? -EBADMSG : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? io_read_all(fd, max, ret, ret_len) : -EBADMSG;
}

int io_read_own_file(int dir, const char *name, size_t max, char **ret, size_t *ret_len)
{
	int r = read_regular(dir, name, O_NOFOLLOW, max, ret, ret_len);

	return r == -ELOOP ? -EBADMSG : r;
}

int io_read_config(struct err *e, const char *path, size_t max, char **ret,
		   size_t *ret_len)
{
	int r = read_regular(AT_FDCWD, path, 0, max, ret, ret_len);

	if (r == -ENOENT || r == -ENOTDIR)
		return -ENOENT;
	if (r == -EBADMSG)
		return err_say(e, r, "%s: not a regular file", path);
	return r < 0 ? err_set(e, r, "%s", path) : 0;
}

ssize_t io_read_short(int dir, const char *path, char *buf, size_t size)
{
	cleanup_close int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do
		n = read(fd, buf, size - 1);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return n;
}

int io_open_dir_of(const char *path, char ret_name[NAME_MAX + 1])
{
	cleanup_free char *parent = strdup(path);
	size_t len = parent ? strlen(parent) : 0;
	char *slash;
	int fd;

	while (len > 1 && parent[len - 1] == '/')
		parent[--len] = '\0';
	slash = parent ? strrchr(parent, '/') : NULL;
	if (!parent)
		return -ENOMEM;
	if (strlen(slash ? slash + 1 : parent) > NAME_MAX)
		return -ENAMETOOLONG;
	strcpy(ret_name, slash ? slash + 1 : parent);
	if (!*ret_name || strcmp(ret_name, ".") == 0 || strcmp(ret_name, "..") == 0)
		return *path ? -EINVAL : -ENOENT;
	if (slash)
		slash[slash == parent] = '\0'; /* "/name" is in "/" */
	fd = open(slash ? parent : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

ssize_t io_read_at(int fd, void *buf, size_t len, off_t at)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, (char *)buf + done, len - done, at + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

DIR *io_open_list(int at, const char *name)
{
	return io_list(openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

DIR *io_list(int fd)
{
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	const int why = errno;

	if (!list && fd >= 0) {
		(void)close(fd); /* only looked at */
		errno = why;
	}
	return list;
}

int io_write_all(int fd, const void *buf, size_t len)
{
	const char *p = buf;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int io_write_all_at(int fd, const void *buf, size_t len, off_t at)
{
	const char *p = buf;

	while (len > 0) {
		ssize_t n = pwrite(fd, p, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		p += n;
		len -= (size_t)n;
		at += n;
	}
	return 0;
}

void io_block_sigpipe(struct io_sigpipe *ret)
{
	sigset_t pipe, pending;

	(void)sigemptyset(&pipe);
	(void)sigaddset(&pipe, SIGPIPE);
	(void)sigpending(&pending);
	ret->pending = sigismember(&pending, SIGPIPE) == 1;
	(void)pthread_sigmask(SIG_BLOCK, &pipe, &ret->before); /* cannot fail */
}

void io_unblock_sigpipe(const struct io_sigpipe *s)
{
	const struct timespec now = { 0 };
	sigset_t pipe;

	(void)sigemptyset(&pipe);
	(void)sigaddset(&pipe, SIGPIPE);
	if (!s->pending)
		while (sigtimedwait(&pipe, NULL, &now) < 0 && errno == EINTR)
			;
	(void)pthread_sigmask(SIG_SETMASK, &s->before, NULL);
}

/* Whether a reader must take the data first, and may never do so. */
static bool is_waited_for(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

/*
 * Write a part without waiting. Pipes can do that since Linux 6.4; before that, a pipe
 * with room takes PIPE_BUF bytes at once.
 */
static ssize_t write_now(int fd, const void *buf, size_t len)
{
	const struct iovec part = { .iov_base = (void *)(uintptr_t)buf, .iov_len = len };
	ssize_t n = syscall(SYS_pwritev2, fd, &part, 1, -1L, -1L, RWF_NOWAIT);

	if (n >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS))
		return n;
	n = send(fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	return n >= 0 || errno != ENOTSOCK
		       ? n
		       : write(fd, buf, len < PIPE_BUF ? len : PIPE_BUF);
}

/* Also works if another process has set O_NONBLOCK on the shared descriptor. */
static int write_looking(int fd, const char *p, size_t len, int (*look)(void *data),
			 void *data)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };
	const bool waited_for = look && is_waited_for(fd);

	while (len > 0) {
		ssize_t n = poll(&room, 1, look ? LOOK_MS : -1);
		const int r = n == 0 && look ? look(data) : 0;

		if (r < 0)
			return r;
		if (n > 0)
			n = waited_for ? write_now(fd, p, len) : write(fd, p, len);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		p += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int io_write_out(int fd, const void *buf, size_t len, int (*look)(void *data), void *data)
{
	struct io_sigpipe s;
	int r;

	io_block_sigpipe(&s);
	r = write_looking(fd, buf, len, look, data);
	io_unblock_sigpipe(&s);
	return r;
}

int io_lock(int fd, int how, void (*waits)(void *data), void *data)
{
	struct timespec moment = { .tv_nsec = LOCK_FIRST_NS };

	for (long waited = 0; waits && waited < LOCK_SAY_NS; waited += moment.tv_nsec) {
		if (flock(fd, how | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		(void)nanosleep(&moment, NULL); /* a shorter sleep does no harm */
		/* most are held for less than a millisecond */
		if (moment.tv_nsec < LOCK_LAST_NS)
			moment.tv_nsec *= 2;
	}
	if (waits)
		waits(data);
	while (flock(fd, how) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

int io_replace_file(int dir, const char *name, const void *buf, size_t len)
{
	cleanup_close int fd = -EBADF;
	char temporary[256];
	int r;

	if (snprintf(temporary, sizeof(temporary), ".%s.new", name) >=
	    (int)sizeof(temporary))
		return -ENAMETOOLONG;
	if (unlinkat(dir, temporary, 0) < 0 && errno != ENOENT)
		return -errno; /* a killed process has left it */
	fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    0644);
	if (fd < 0)
		return -errno;
	r = io_write_all(fd, buf, len);
	if (r == 0 && (fsync(fd) < 0 || renameat(dir, temporary, dir, name) < 0))
		r = -errno;
	if (r < 0)
		(void)unlinkat(dir, temporary, 0); /* @r says what failed */
	return r;
}
