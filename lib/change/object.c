/* SPDX-License-Identifier: MIT */
/* object - see object.h. */
#include "change/object.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/sys.h"
#include "change/xattr.h"

enum { BLOCK_BYTES = 128 * 1024 };

int object_open(int dir, const char *name, struct object *ret)
{
	struct object o = OBJECT_NONE;

	if (dir >= 0)
		o.fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (dir >= 0 && o.fd < 0 && errno != ENOENT && errno != ENOTDIR)
		return -errno;
	if (o.fd < 0)
		o.fd = -EBADF;
	else if (fstat(o.fd, &o.st) < 0) {
		int r = -errno;

		object_close(&o);
		return r;
	}
	*ret = o;
	return 0;
}

int object_open_path(int dir, const char *path, struct object *ret)
{
	cleanup_close int at = fcntl(dir, F_DUPFD_CLOEXEC, 0);

	path += strspn(path, "/");
	if (!*path)
		return object_open(at, ".", ret);
	for (;;) {
		const size_t len = strcspn(path, "/");
		char name[NAME_MAX + 1];
		int fd;

		if (len > NAME_MAX)
			return -ENAMETOOLONG;
		memcpy(name, path, len);
		name[len] = '\0';
		path += len;
		path += strspn(path, "/");
		if (!*path)
			return object_open(at, name, ret);
		fd = openat(at, name, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		fd_closep(&at);
		at = fd;
	}
}

void object_close(struct object *o)
{
	fd_closep(&o->fd);
	memset(&o->st, 0, sizeof(o->st));
}

struct object_path object_path(int fd)
{
	struct object_path p;

	snprintf(p.text, sizeof(p.text), "/proc/self/fd/%d", fd);
	return p;
}

int object_read(const struct object *o)
{
	struct object_path p = object_path(o->fd);
	int fd;

	if (!S_ISREG(o->st.st_mode))
		return -EINVAL; /* opening another kind may block or act */
	fd = open(p.text, O_RDONLY | O_NOATIME | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == EPERM) /* not the owner */
		fd = open(p.text, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int object_target(const struct object *o, char **ret)
{
	char buf[PATH_MAX + 1];
	ssize_t n = readlinkat(o->fd, "", buf, sizeof(buf));

	if (n < 0)
		return -errno;
	if ((size_t)n == sizeof(buf))
		return -ENAMETOOLONG;
	buf[n] = '\0';
	*ret = strdup(buf);
	return *ret ? 0 : -ENOMEM;
}

unsigned long long object_mount(const struct object *o)
{
	struct sys_statx st;

	if (syscall(SYS_statx, o->fd, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW,
		    SYS_STATX_MNT_ID, &st) < 0)
		return 0;
	return st.mask & SYS_STATX_MNT_ID ? st.mnt_id : 0;
}

/* Where data goes on at or after @at; @size if it does not. */
static off_t next_data(int fd, off_t at, off_t size)
{
	off_t data = lseek(fd, at, SEEK_DATA);

	if (data < 0)
		return errno == ENXIO ? size
				      : at; /* EINVAL: no holes on this file system */
	if (data < at)
		return at; /* a file system of somebody's own may say anything */
	return data < size ? data : size;
}

static int same_bytes(int a, int b, off_t size, char *buf)
{
	off_t at = 0;

	for (;;) {
		off_t da = next_data(a, at, size), db = next_data(b, at, size);
		ssize_t na, nb;

		at = da < db ? da : db;
		if (at >= size)
			return 1;
		na = io_read_at(a, buf, BLOCK_BYTES, at);
		nb = io_read_at(b, buf + BLOCK_BYTES, BLOCK_BYTES, at);
		if (na < 0 || nb < 0)
			return (int)(na < 0 ? na : nb);
		if (na != nb || memcmp(buf, buf + BLOCK_BYTES, (size_t)na) != 0)
			return 0;
		if (na == 0)
			return 1; /* both were cut meanwhile */
		at += na;
	}
}

int object_same_content(const struct object *a, const struct object *b)
{
	cleanup_close int fa = -EBADF, fb = -EBADF;
	char *buf;
	int r;

	if (a->st.st_size != b->st.st_size)
		return 0;
	if (a->st.st_size == 0)
		return 1;
	fa = object_read(a);
	fb = fa < 0 ? fa : object_read(b);
	if (fb < 0)
		return fb;
	buf = malloc((size_t)2 * BLOCK_BYTES);
	r = buf ? same_bytes(fa, fb, a->st.st_size, buf) : -ENOMEM;
	free(buf);
	return r;
}

/* The slow way: between file systems that cannot copy for each other. */
static int copy_range(int from, int to, off_t at, off_t end, char *buf)
{
	while (at < end) {
		size_t want = end - at < BLOCK_BYTES ? (size_t)(end - at) : BLOCK_BYTES;
		ssize_t n = io_read_at(from, buf, want, at);
		int r;

		if (n <= 0)
			return n < 0 ? (int)n : 0;
		r = io_write_all_at(to, buf, (size_t)n, at);
		if (r < 0)
			return r;
		at += n;
	}
	return 0;
}

static int copy_data(int from, int to, off_t at, off_t end)
{
	off_t in = at, out = at;
	char *buf;
	int r;

	while (in < end) {
		ssize_t n = copy_file_range(from, &in, to, &out, (size_t)(end - in), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO))
			return -errno;
		if (n <= 0)
			break;
	}
	if (in >= end)
		return 0;
	buf = malloc(BLOCK_BYTES);
	r = buf ? copy_range(from, to, in, end, buf) : -ENOMEM;
	free(buf);
	return r;
}

/* Without holes, and at once: most files are small. */
static int copy_small(int from, int to, off_t size)
{
	char *buf = malloc(BLOCK_BYTES);
	int r = buf ? copy_range(from, to, 0, size, buf) : -ENOMEM;

	free(buf);
	return r;
}

int object_copy_content(const struct object *from, int to)
{
	cleanup_close int fd = object_read(from);
	off_t size = from->st.st_size, at = 0;
	int r = 0;

	if (fd < 0)
		return fd;
	if (size <= BLOCK_BYTES && (off_t)from->st.st_blocks * 512 >= size)
		return copy_small(fd, to, size);
	if (ftruncate(to, size) < 0)
		return -errno;
	while (r == 0 && (at = next_data(fd, at, size)) < size) {
		off_t hole = lseek(fd, at, SEEK_HOLE);

		if (hole <= at || hole > size)
			hole = size;
		r = copy_data(fd, to, at, hole);
		at = hole;
	}
	return r;
}

int object_set_times(int fd, const struct stat *st)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };
	struct object_path p = object_path(fd);

	return utimensat(AT_FDCWD, p.text, times, 0) < 0 ? -errno : 0;
}

int object_dress(int fd, const struct object *from, unsigned mode)
{
	struct object_path p = object_path(fd);
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if ((st.st_uid != from->st.st_uid || st.st_gid != from->st.st_gid) &&
	    fchownat(fd, "", from->st.st_uid, from->st.st_gid, AT_EMPTY_PATH) < 0)
		return -errno;
	if (!S_ISLNK(from->st.st_mode) && chmod(p.text, mode & 07777) < 0)
		return -errno;
	/* After the owner, whose change takes security.capability away. */
	r = xattr_copy(from->fd, fd);
	return r < 0 ? r : object_set_times(fd, &from->st);
}
