/* SPDX-License-Identifier: MIT */
/*
 * dir-tar - a directory as a tar, made in a thread and read through a pipe. Names are sorted, nothing
 * in it says when or by whom it was made; links are not followed, mounts below are left out.
 */
#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"
#include "image/transfer.h"

enum { COPY_BYTES = 1 << 20, LINKS_BUCKETS = 4096, XATTRS_BYTES = 64 << 10, DEPTH_MAX = 1000 };

struct seen_link {
	dev_t dev;
	ino_t ino;
	char *path;
	struct seen_link *next;
};

struct dir_tar {
	struct squash_source source;
	struct err e;
	const char *what;
	int dir, read_end, write_end;
	bool upper;
	const char *opaque_mark, *overlay_prefix;
	const struct dir_tar_ids *uids, *gids;
	size_t ids_len;
	dev_t dev;
	struct archive *a;
	char *buf;
	struct seen_link *links[LINKS_BUCKETS];
	pthread_t thread;
	bool started;
	int result;
};

static ssize_t read_pipe(struct squash_source *s, void *buf, size_t len)
{
	struct dir_tar *d = (struct dir_tar *)s;
	ssize_t n;

	do
		n = read(d->read_end, buf, len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static la_ssize_t write_pipe(struct archive *a, void *data, const void *buf, size_t len)
{
	struct dir_tar *d = data;
	int r = io_write_all(d->write_end, buf, len);

	if (r == 0)
		return (la_ssize_t)len;
	archive_set_error(a, -r, "%s", strerror(-r));
	return -1;
}

static int failed(struct dir_tar *d, int r, const char *path)
{
	return err_set(&d->e, r, "%s: %s", d->what, path);
}

static int put(struct dir_tar *d, struct archive_entry *entry, const char *path)
{
	if (archive_write_header(d->a, entry) >= ARCHIVE_WARN)
		return 0;
	return failed(d, archive_errno(d->a) == EPIPE ? -ECANCELED : -EIO, path);
}

static int map_id(const struct dir_tar_ids *ids, size_t len, uint32_t id, uint32_t *ret)
{
	for (size_t i = 0; i < len; i++)
		if (id - ids[i].outside < ids[i].count) {
			*ret = id - ids[i].outside + ids[i].inside;
			return 0;
		}
	*ret = id;
	return len ? -EOVERFLOW : 0;
}

/* Where a hard link was first; NULL: it is new, and noted. */
static const char *seen_before(struct dir_tar *d, const struct stat *st, const char *path, int *r)
{
	struct seen_link **bucket = &d->links[st->st_ino % LINKS_BUCKETS], *l;

	for (l = *bucket; l; l = l->next)
		if (l->ino == st->st_ino && l->dev == st->st_dev)
			return l->path;
	l = malloc(sizeof(*l));
	if (!l) {
		*r = failed(d, -ENOMEM, path);
		return NULL;
	}
	*l = (struct seen_link){ st->st_dev, st->st_ino, strdup(path), *bucket };
	*bucket = l;
	if (!l->path)
		*r = failed(d, -ENOMEM, path);
	return NULL;
}

static bool kept(const struct dir_tar *d, const char *name)
{
	if (d->upper && str_starts_with(name, d->overlay_prefix))
		return false;
	return str_starts_with(name, "user.") || str_starts_with(name, "trusted.") ||
	       (str_starts_with(name, "security.") && !str_equal(name, "security.selinux") &&
		!str_equal(name, "security.ima") && !str_equal(name, "security.evm"));
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* @fd is an O_PATH descriptor: its attributes are reached through /proc. */
static int add_xattrs(struct dir_tar *d, struct archive_entry *entry, int fd, const char *path)
{
	char proc[64], *names = NULL, *list[1024];
	cleanup_free char *all = malloc(XATTRS_BYTES), *value = malloc(XATTRS_BYTES);
	size_t len = 0;
	ssize_t n;

	if (!all || !value)
		return failed(d, -ENOMEM, path);
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	n = listxattr(proc, all, XATTRS_BYTES);
	if (n < 0)
		return errno == ENOTSUP || errno == EACCES || errno == ELOOP ?
			       0 :
			       failed(d, -errno, path);
	for (names = all; names < all + n && len < 1024; names += strlen(names) + 1)
		if (kept(d, names))
			list[len++] = names;
	qsort(list, len, sizeof(*list), by_text);
	for (size_t i = 0; i < len; i++) {
		n = getxattr(proc, list[i], value, XATTRS_BYTES);
		if (n < 0)
			return failed(d, -errno, path);
		archive_entry_xattr_add_entry(entry, list[i], value, (size_t)n);
	}
	return 0;
}

static bool has_mark(const struct dir_tar *d, int fd, const char *name)
{
	char proc[64], value[2];

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	return getxattr(proc, name, value, sizeof(value)) >= 0 || errno == ERANGE;
}

/* An empty file named @path, whose name says it all. */
static int put_mark(struct dir_tar *d, const char *path, const struct stat *st)
{
	struct archive_entry *entry = archive_entry_new();
	int r;

	if (!entry)
		return failed(d, -ENOMEM, path);
	archive_entry_set_pathname(entry, path);
	archive_entry_set_mode(entry, S_IFREG | 0644);
	archive_entry_set_mtime(entry, st->st_mtime, 0);
	archive_entry_set_size(entry, 0);
	r = put(d, entry, path);
	archive_entry_free(entry);
	return r;
}

static int put_whiteout(struct dir_tar *d, const char *path, const struct stat *st)
{
	const char *slash = strrchr(path, '/');
	const int dir = slash ? (int)(slash + 1 - path) : 0;
	char text[PATH_MAX];

	if (snprintf(text, sizeof(text), "%.*s.wh.%s", dir, path, path + dir) >= (int)sizeof(text))
		return failed(d, -ENAMETOOLONG, path);
	return put_mark(d, text, st);
}

static int put_content(struct dir_tar *d, int path_fd, const char *path, uint64_t size)
{
	char proc[64];
	cleanup_close int fd = -EBADF;

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", path_fd);
	fd = open(proc, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return failed(d, -errno, path);
	while (size > 0) {
		ssize_t n = read(fd, d->buf, size < COPY_BYTES ? (size_t)size : COPY_BYTES);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return failed(d, n < 0 ? -errno : -EBUSY, path); /* it shrinks while we read */
		if (archive_write_data(d->a, d->buf, (size_t)n) != n)
			return failed(d, -ECANCELED, path);
		size -= (uint64_t)n;
	}
	return 0;
}

static int fill(struct dir_tar *d, struct archive_entry *entry, int fd, const char *path,
		const struct stat *st)
{
	char target[PATH_MAX];
	uint32_t uid, gid;
	const char *link;
	ssize_t n;
	int r = 0;

	if (map_id(d->uids, d->ids_len, st->st_uid, &uid) < 0 ||
	    map_id(d->gids, d->ids_len, st->st_gid, &gid) < 0)
		return failed(d, -EOVERFLOW, path);
	archive_entry_set_pathname(entry, path);
	archive_entry_set_mode(entry, st->st_mode);
	archive_entry_set_uid(entry, uid);
	archive_entry_set_gid(entry, gid);
	archive_entry_set_mtime(entry, st->st_mtime, 0);
	if (!S_ISDIR(st->st_mode) && st->st_nlink > 1) {
		link = seen_before(d, st, path, &r);
		if (r < 0)
			return r;
		if (link) {
			archive_entry_set_hardlink(entry, link);
			archive_entry_set_size(entry, 0);
			return 0;
		}
	}
	if (S_ISREG(st->st_mode)) {
		archive_entry_set_size(entry, st->st_size);
	} else if (S_ISLNK(st->st_mode)) {
		n = readlinkat(fd, "", target, sizeof(target) - 1);
		if (n < 0)
			return failed(d, -errno, path);
		target[n] = '\0';
		archive_entry_set_symlink(entry, target);
	} else if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
		archive_entry_set_rdevmajor(entry, major(st->st_rdev));
		archive_entry_set_rdevminor(entry, minor(st->st_rdev));
	}
	return S_ISLNK(st->st_mode) ? 0 : add_xattrs(d, entry, fd, path);
}

static int put_object(struct dir_tar *d, int fd, const char *path, const struct stat *st)
{
	struct archive_entry *entry;
	int r;

	if (S_ISSOCK(st->st_mode))
		return 0; /* a tar has none */
	entry = archive_entry_new();
	if (!entry)
		return failed(d, -ENOMEM, path);
	r = fill(d, entry, fd, path, st);
	if (r == 0)
		r = put(d, entry, path);
	if (r == 0 && S_ISREG(st->st_mode) && !archive_entry_hardlink(entry))
		r = put_content(d, fd, path, (uint64_t)st->st_size);
	archive_entry_free(entry);
	return r;
}

static int list_names(struct dir_tar *d, int fd, const char *path, char ***ret, size_t *ret_len)
{
	cleanup_close int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	size_t len = 0, room = 0;
	char **list = NULL;
	struct dirent *e;
	int r = 0;

	if (!dir)
		return failed(d, -errno, *path ? path : ".");
	(void)take_fd(&copy); /* closedir() closes it */
	while (r == 0 && (e = readdir(dir))) {
		if (str_equal(e->d_name, ".") || str_equal(e->d_name, ".."))
			continue;
		if (len == room) {
			char **more = realloc(list, (room = room ? room * 2 : 32) * sizeof(*list));

			if (!more) {
				r = failed(d, -ENOMEM, path);
				break;
			}
			list = more;
		}
		list[len] = strdup(e->d_name);
		r = list[len] ? 0 : failed(d, -ENOMEM, path);
		len += r == 0;
	}
	closedir(dir);
	if (len > 1)
		qsort(list, len, sizeof(*list), by_text);
	*ret = list;
	*ret_len = len;
	return r;
}

static int walk(struct dir_tar *d, int fd, const char *path, int depth);

static int visit(struct dir_tar *d, int dir, const char *name, const char *parent, int depth)
{
	cleanup_close int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char path[PATH_MAX], mark[PATH_MAX];
	struct stat st;
	int r;

	if (snprintf(path, sizeof(path), "%s%s%s", parent, *parent ? "/" : "", name) >=
	    (int)sizeof(path))
		return failed(d, -ENAMETOOLONG, parent);
	if (fd < 0 || fstat(fd, &st) < 0)
		return errno == ENOENT ? 0 : failed(d, -errno, path);
	if (st.st_dev != d->dev)
		return 0; /* something is mounted there */
	if (d->upper && S_ISCHR(st.st_mode) && st.st_rdev == 0)
		return put_whiteout(d, path, &st);
	r = put_object(d, fd, path, &st);
	if (r < 0 || !S_ISDIR(st.st_mode))
		return r;
	if (d->upper && has_mark(d, fd, d->opaque_mark)) {
		snprintf(mark, sizeof(mark), "%.4000s/.wh..wh..opq", path);
		r = put_mark(d, mark, &st);
	}
	return r == 0 ? walk(d, fd, path, depth + 1) : r;
}

static int walk(struct dir_tar *d, int fd, const char *path, int depth)
{
	char **names = NULL;
	size_t len = 0;
	int r = depth > DEPTH_MAX ? failed(d, -ELOOP, path) : list_names(d, fd, path, &names, &len);

	for (size_t i = 0; i < len; i++) {
		if (r == 0)
			r = visit(d, fd, names[i], path, depth);
		free(names[i]);
	}
	free(names);
	return r;
}

static void *run(void *data)
{
	struct dir_tar *d = data;
	struct stat st;
	int r = fstat(d->dir, &st) < 0 ? failed(d, -errno, ".") : 0;

	d->dev = st.st_dev;
	if (r == 0)
		r = put_object(d, d->dir, "./", &st);
	if (r == 0)
		r = walk(d, d->dir, "", 0);
	if (archive_write_close(d->a) != ARCHIVE_OK && r == 0)
		r = failed(d, -ECANCELED, "end");
	d->result = r;
	fd_closep(&d->write_end);
	return NULL;
}

static int start(struct dir_tar *d)
{
	sigset_t all, old;
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	d->read_end = ends[0];
	d->write_end = ends[1];
	(void)fcntl(ends[1], F_SETPIPE_SZ, COPY_BYTES); /* or what there is */
	(void)archive_write_set_format_pax_restricted(d->a);
	(void)archive_write_set_bytes_per_block(d->a, 64 << 10);
	(void)archive_write_set_bytes_in_last_block(d->a, 512);
	if (archive_write_open(d->a, d, NULL, write_pipe, NULL) != ARCHIVE_OK)
		return -ENOMEM;
	(void)sigfillset(&all); /* SIGPIPE among them: a reader that is gone is an error */
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	r = -pthread_create(&d->thread, NULL, run, d);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	d->started = r == 0;
	return r;
}

int dir_tar_open(struct err *e, const char *what, int dir, bool upper, bool userxattr,
		 const struct dir_tar_ids *uids, const struct dir_tar_ids *gids, size_t ids_len,
		 struct dir_tar **ret)
{
	struct dir_tar *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return err_set(e, -ENOMEM, "%s", what);
	d->source.read = read_pipe;
	d->what = what;
	d->dir = dir;
	d->read_end = d->write_end = -EBADF;
	d->upper = upper;
	d->opaque_mark = userxattr ? "user.overlay.opaque" : "trusted.overlay.opaque";
	d->overlay_prefix = userxattr ? "user.overlay." : "trusted.overlay.";
	d->uids = uids;
	d->gids = gids;
	d->ids_len = ids_len;
	d->a = archive_write_new();
	d->buf = malloc(COPY_BYTES);
	r = d->a && d->buf ? start(d) : -ENOMEM;
	if (r < 0) {
		(void)dir_tar_close(d, e);
		return err_set(e, r, "%s", what);
	}
	*ret = d;
	return 0;
}

struct squash_source *dir_tar_source(struct dir_tar *d)
{
	return &d->source;
}

int dir_tar_close(struct dir_tar *d, struct err *e)
{
	int r;

	fd_closep(&d->read_end); /* the thread's next write fails */
	if (d->started)
		(void)pthread_join(d->thread, NULL);
	fd_closep(&d->write_end);
	r = d->result == -ECANCELED ? 0 : d->result; /* it is the reader who gave up */
	if (r < 0) {
		err_clear(e); /* a stream that ends too soon is only the consequence */
		(void)err_say(e, r, "%s", d->e.message);
	}
	if (d->a)
		archive_write_free(d->a);
	for (size_t i = 0; i < LINKS_BUCKETS; i++)
		for (struct seen_link *l = d->links[i], *next; l; l = next) {
			next = l->next;
			free(l->path);
			free(l);
		}
	free(d->buf);
	free(d);
	return r;
}
