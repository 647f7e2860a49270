/* SPDX-License-Identifier: MIT */
/*
 * copy-tar-in - a tar becomes files of a container; see copy-tar.h. Each name is looked
 * up from the container's root, as a program in it would: links on the way lead anywhere
 * in there, and never out. Directories get their attributes last, if they are still those
 * that were made.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"
#include "tar/copy-tar.h"
#include "tar/fd-source.h"
#include "tar/tar-read.h"
#include "tar/tree.h"

enum { XATTRS_MAX = 64, MADE_MAX = 1 << 18 };

/* A directory that is dressed when all is in it. */
struct made {
	char *path;
	dev_t dev;
	ino_t ino;
	struct dress dress;
};

struct job {
	struct err *e;
	const struct copy_end *to;
	const struct copy_how *how;
	struct copy_said *said;
	struct tar_reader *tar;
	int top;      /* DEST */
	char *parent; /* the directory that is open, or NULL */
	int dir;
	struct made *made;
	size_t made_len;
	struct place_xattr xattrs[XATTRS_MAX];
	char path[PATH_MAX]; /* of the entry, from DEST on, with a slash */
};

static int failed(struct job *j, int r)
{
	return end_fail(j->to, j->e, r, j->path);
}

static int refuse(struct job *j, int r, const char *why)
{
	return err_say(j->e, r, "%s%s%s: %s", j->to->label, j->to->path, j->path, why);
}

/* The path below DEST as the container sees it; -ENAMETOOLONG. */
static int absolute(const struct job *j, const char *below, char ret[PATH_MAX])
{
	return snprintf(ret, PATH_MAX, "%s/%s", j->to->path, below) >= PATH_MAX
		       ? -ENAMETOOLONG
		       : 0;
}

static int open_below(const struct job *j, const char *below, int flags)
{
	char path[PATH_MAX];
	int r = absolute(j, below, path);

	return r < 0 ? r : end_open(j->to, path, flags);
}

/* A directory that the tar does not have. */
static int make_missing(const struct job *j, int dir, const char *name, size_t len)
{
	struct place p = { .dir = dir };
	struct dress d = { .mode = S_IFDIR | 0755,
			   .from = -EBADF,
			   .times = { { .tv_nsec = UTIME_NOW },
				      { .tv_nsec = UTIME_NOW } } };
	bool made = false, poor;
	int fd, r;

	if (len >= sizeof(p.name))
		return -ENAMETOOLONG;
	memcpy(p.name, name, len);
	fd = place_dir(&p, &made);
	if (fd < 0 || !made)
		return fd;
	r = end_own(j->to, false, 0, 0, &d);
	if (r == 0)
		r = place_dress(fd, &d, &poor);
	if (r < 0)
		(void)close(fd); /* the failure before is what counts */
	return r < 0 ? r : fd;
}

/* The directory @path, made with those before it. */
static int open_made(const struct job *j, const char *path)
{
	int at = open_below(j, path, O_PATH | O_DIRECTORY);
	size_t len = 0;

	if (at != -ENOENT)
		return at;
	at = fcntl(j->top, F_DUPFD_CLOEXEC, 0);
	while (at >= 0 && path[len]) {
		const size_t start = len + (path[len] == '/');
		char prefix[PATH_MAX];
		int next;

		len = start + strcspn(path + start, "/");
		(void)snprintf(prefix, sizeof(prefix), "%.*s", (int)len, path);
		next = open_below(j, prefix, O_PATH | O_DIRECTORY);
		if (next == -ENOENT)
			next = make_missing(j, at, path + start, len - start);
		(void)close(at); /* only a place */
		at = next;
	}
	return at;
}

/* The place of @path, which is clean. */
static int find_place(struct job *j, const char *path, struct place *ret)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	cleanup_free char *parent = strndup(path, slash ? (size_t)(slash - path) : 0);
	int r;

	if (!parent)
		return failed(j, -ENOMEM);
	if (strlen(name) > NAME_MAX)
		return failed(j, -ENAMETOOLONG);
	(void)snprintf(ret->name, sizeof(ret->name), "%s", name);
	if (!j->parent || !str_equal(j->parent, parent)) {
		fd_closep(&j->dir);
		free(j->parent);
		j->parent = NULL;
		r = j->dir = open_made(j, parent);
		if (r < 0)
			return failed(j, r);
		r = end_check(j->to, j->dir, "", j->path, j->e);
		if (r < 0)
			return r;
		j->parent = take_ptr(&parent);
	}
	ret->dir = j->dir;
	return 0;
}

static int take_xattrs(struct job *j, struct archive_entry *entry, struct dress *d)
{
	const char *name;
	const void *value;
	size_t len;

	(void)archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &len) == ARCHIVE_OK) {
		if (!name || !xattr_is_of(name, d->kinds))
			continue;
		if (d->xattrs_len == XATTRS_MAX)
			return refuse(j, -EBADMSG, "more attributes than Linux takes");
		j->xattrs[d->xattrs_len++] = (struct place_xattr){ name, value, len };
	}
	d->xattrs = j->xattrs;
	return 0;
}

static int choose_dress(struct job *j, struct archive_entry *entry, struct dress *ret)
{
	const la_int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);
	const la_int64_t seconds = archive_entry_mtime(entry);
	const struct timespec time = { .tv_sec = (time_t)seconds,
				       .tv_nsec = archive_entry_mtime_nsec(entry) };
	int r;

	*ret = (struct dress){ .mode = archive_entry_mode(entry),
			       .times = { time, time },
			       .kinds = XATTR_USER,
			       .from = -EBADF };
	if (uid < 0 || uid >= UINT32_MAX || gid < 0 || gid >= UINT32_MAX)
		return refuse(j, -EBADMSG, "an owner that Linux does not have");
	r = end_own(j->to, j->how->archive, uid, gid, ret);
	if (r < 0)
		return err_say(j->e, r,
			       "%s%s%s: owner %lld:%lld: nobody there (--archive)",
			       j->to->label, j->to->path, j->path, (long long)uid,
			       (long long)gid);
	end_limit_rights(NULL, NULL, j->to, j->how, ret);
	return take_xattrs(j, entry, ret);
}

/* What the tar has no bytes of stays a hole. 0, -errno; *ret_said: with a message. */
static int take_content(struct job *j, int fd, int64_t size, bool *ret_said)
{
	int64_t offset, end = 0;
	const void *data;
	size_t len;
	int r;

	if (ftruncate(fd, size) < 0)
		return -errno;
	while ((r = tar_reader_data(j->tar, &data, &len, &offset)) > 0) {
		if (offset < end || offset > size || (int64_t)len > size - offset) {
			*ret_said = true;
			return refuse(j, -EBADMSG, "a sparse file whose parts overlap");
		}
		r = io_write_all_at(fd, data, len, offset);
		if (r < 0)
			return r;
		end = offset + (int64_t)len;
	}
	*ret_said = r < 0;
	return r;
}

static int take_file(struct job *j, struct archive_entry *entry, const struct dress *d,
		     const struct place *p)
{
	bool poor = false, said = false;
	struct fresh f;
	int r = place_begin(p, &f);

	if (r < 0)
		return failed(j, r);
	r = take_content(j, f.fd, archive_entry_size(entry), &said);
	r = place_end(p, &f, d, r, &poor);
	if (poor)
		end_say(j->said, j->to, j->path,
			"attributes are left out: they cannot be set there");
	return r < 0 && !said ? failed(j, r) : r;
}

static int dress_later(struct job *j, const char *path, int fd, const struct dress *d)
{
	struct made *m;
	struct stat st;
	bool poor;
	int r;

	if (j->made_len == MADE_MAX || d->xattrs_len) {
		/* their values go with the entry */
		r = place_dress(fd, d, &poor);
		return r < 0 ? failed(j, r) : 0;
	}
	if (j->made_len % 64 == 0) {
		m = reallocarray(j->made, j->made_len + 64, sizeof(*m));
		if (!m)
			return failed(j, -ENOMEM);
		j->made = m;
	}
	m = &j->made[j->made_len];
	*m = (struct made){ .path = strdup(path), .dress = *d };
	if (!m->path || fstat(fd, &st) < 0) {
		r = m->path ? -errno : -ENOMEM;
		free(m->path);
		return failed(j, r);
	}
	m->dev = st.st_dev;
	m->ino = st.st_ino;
	j->made_len++;
	return 0;
}

static int take_directory(struct job *j, const char *path, const struct dress *d,
			  const struct place *p)
{
	cleanup_close int fd = -EBADF;
	bool made = false;

	fd = place_dir(p, &made);
	if (fd == -ENOTDIR)
		return refuse(j, fd, "a directory does not replace a file");
	if (fd < 0)
		return failed(j, fd);
	return made ? dress_later(j, path, fd, d) : 0;
}

/*
 * Whether they were exchanged meanwhile is seen; then they are somebody's who knows
 * better.
 */
static int dress_directories(struct job *j, int r)
{
	while (j->made_len > 0) {
		struct made *m = &j->made[--j->made_len];
		cleanup_close int fd =
			open_below(j, m->path, O_PATH | O_NOFOLLOW | O_DIRECTORY);
		struct stat st;
		bool poor;

		if (fd >= 0 && fstat(fd, &st) == 0 && st.st_dev == m->dev &&
		    st.st_ino == m->ino && place_dress(fd, &m->dress, &poor) < 0 &&
		    r == 0) {
			(void)snprintf(j->path, sizeof(j->path), "/%s", m->path);
			r = failed(j, -EPERM);
		}
		free(m->path);
	}
	free(j->made);
	return r;
}

static int take_link(struct job *j, const char *target, const struct place *p)
{
	cleanup_free char *clean = NULL;
	cleanup_close int fd = -EBADF;
	struct stat st;
	int r = tree_clean(target, &clean);

	if (r < 0)
		return refuse(j, r, "a hard link that leads out");
	fd = open_below(j, clean, O_PATH | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(j->e, fd < 0 ? fd : -errno, "%s%s%s: hard link to %s",
			       j->to->label, j->to->path, j->path, clean);
	if (!S_ISREG(st.st_mode))
		return refuse(j, -EBADMSG, "a hard link to what is no file");
	r = place_link(p, fd);
	return r < 0 ? failed(j, r) : 0;
}

static int take_node(struct job *j, struct archive_entry *entry, struct dress *d,
		     const struct place *p)
{
	const char *target = S_ISLNK(d->mode) ? archive_entry_symlink(entry) : NULL;
	const bool device = S_ISCHR(d->mode) || S_ISBLK(d->mode);
	int r = -EPERM;

	if (S_ISLNK(d->mode) && (!target || !*target || strlen(target) >= PATH_MAX))
		return refuse(j, -EBADMSG, "a symbolic link to nothing, or too long");
	if (device) {
		const la_int64_t major = archive_entry_rdevmajor(entry);
		const la_int64_t minor = archive_entry_rdevminor(entry);

		if (major < 0 || major > 0xfff || minor < 0 || minor > 0xfffff)
			return refuse(j, -EBADMSG,
				      "a device number that Linux does not have");
		d->rdev = makedev((unsigned)major, (unsigned)minor);
	}
	/* 0:0 is overlayfs's mark for a removed file */
	if (!device || (j->how->archive && d->rdev != 0))
		r = place_node(p, d, target);
	if (r != -EPERM || !device)
		return r < 0 ? failed(j, r) : 0;
	end_say(j->said, j->to, j->path, "a device is left out");
	return 0;
}

static int take_clean(struct job *j, struct archive_entry *entry, const char *path)
{
	const char *link = archive_entry_hardlink(entry);
	struct place p = { .dir = -EBADF };
	struct dress d;
	int r;

	if (!*path) /* DEST itself, which is there */
		return 0;
	if (snprintf(j->path, sizeof(j->path), "/%s", path) >= (int)sizeof(j->path))
		return failed(j, -ENAMETOOLONG);
	r = find_place(j, path, &p);
	if (r == 0)
		r = end_check(j->to, p.dir, p.name, j->path, j->e);
	if (r < 0)
		return r;
	if (link)
		return take_link(j, link, &p);
	r = choose_dress(j, entry, &d);
	if (r < 0)
		return r;
	switch (d.mode & S_IFMT) {
	case S_IFREG:
		return take_file(j, entry, &d, &p);
	case S_IFDIR:
		return take_directory(j, path, &d, &p);
	case S_IFLNK:
	case S_IFIFO:
	case S_IFCHR:
	case S_IFBLK:
		return take_node(j, entry, &d, &p);
	default:
		return refuse(j, -EBADMSG,
			      "neither file, directory, link, FIFO nor device");
	}
}

static int take_entry(struct job *j, struct archive_entry *entry)
{
	const char *name = archive_entry_pathname(entry);
	cleanup_free char *path = NULL;
	int r;

	(void)snprintf(j->path, sizeof(j->path), "/%.200s", name ? name : "");
	if (!name || !*name)
		return refuse(j, -EBADMSG, "an entry without a name");
	r = tree_clean(name, &path);
	if (r == -EBADMSG)
		return refuse(j, r, "it leads out of the directory");
	return r < 0 ? failed(j, r) : take_clean(j, entry, path);
}

static int take_all(struct job *j)
{
	struct archive_entry *entry;
	struct digest digest;
	uint64_t bytes;
	int r;

	while ((r = tar_reader_next(j->tar, &entry)) > 0) {
		r = take_entry(j, entry);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : tar_reader_finish(j->tar, true, &digest, &bytes);
}

int copy_tar_in(struct err *e, int fd, const struct copy_end *to,
		const struct copy_how *how, struct copy_said *said)
{
	struct job j = { .e = e, .to = to, .how = how, .said = said, .dir = -EBADF };
	cleanup_close int top = end_open_directory(to, e);
	struct fd_source source;
	int r = top;

	j.top = top;
	fd_source_init(&source, fd);
	if (r >= 0)
		r = tar_reader_open(e, "standard input", &source.source, 0, NULL, &j.tar);
	if (r == 0) {
		r = take_all(&j);
		r = dress_directories(&j, r);
	}
	tar_reader_close(j.tar);
	fd_closep(&j.dir);
	free(j.parent);
	return r;
}
