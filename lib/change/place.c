/* SPDX-License-Identifier: MIT */
/* place - see place.h. */
#include "change/place.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/sys.h"
#include "change/object.h"

static int fresh_name(char ret[40])
{
	unsigned long long n;

	if (getrandom(&n, sizeof(n), 0) != sizeof(n))
		return -errno;
	snprintf(ret, 40, ".minc-cp-%016llx", n);
	return 0;
}

/* The same for the same place, so that the next copy finds what a killed one has left. */
static void steady_name(const struct place *p, char ret[40])
{
	uint64_t n = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	for (const char *c = p->name; *c; c++)
		n = (n ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
	snprintf(ret, 40, ".minc-cp-%016llx", (unsigned long long)n);
}

/* Remove what has no lock: whoever made it is gone. */
static void discard_left(int dir, const char *name)
{
	cleanup_object struct object o = OBJECT_NONE;
	cleanup_close int fd = -EBADF;
	struct stat st;

	if (object_open(dir, name, &o) < 0 || !object_exists(&o) ||
	    !S_ISREG(o.st.st_mode))
		return;
	fd = object_read(&o);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && is_same_file(&st, &o.st))
		(void)unlinkat(dir, name, 0); /* else the copy has another name */
}

/* Made and locked; -EEXIST also if another copy took it for one that was left. */
static int make_named(int dir, const char *name)
{
	cleanup_close int fd =
		openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		       0600);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return -EEXIST;
	if (fstat(fd, &st) < 0)
		return -errno;
	return st.st_nlink ? take_fd(&fd) : -EEXIST;
}

int place_begin(const struct place *p, struct fresh *ret)
{
	int r;

	*ret = (struct fresh){ .fd = openat(p->dir, ".", O_RDWR | O_TMPFILE | O_CLOEXEC,
					    0600) };
	if (ret->fd >= 0)
		return 0;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
		return -errno;
	steady_name(p, ret->name);
	discard_left(p->dir, ret->name);
	ret->fd = make_named(p->dir, ret->name);
	if (ret->fd == -EEXIST) { /* two copies at once */
		r = fresh_name(ret->name);
		ret->fd = r < 0 ? r : make_named(p->dir, ret->name);
	}
	return ret->fd < 0 ? ret->fd : 0;
}

/* A file of which there is a descriptor gets this name; -EEXIST. */
static int give_name(int fd, int dir, const char *name)
{
	struct object_path p = object_path(fd);

	return linkat(AT_FDCWD, p.text, dir, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

/*
 * Whether something is mounted on the name. The kernel asks that for our own mount
 * namespace only: what others have mounted there a rename would take away from them, and
 * who had a file shown would have another.
 */
static bool is_mount_point(const struct place *p)
{
	struct sys_statx st = { 0 };

	return syscall(SYS_statx, p->dir, p->name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
		       SYS_STATX_MNT_ID, &st) == 0 &&
	       st.attributes & SYS_STATX_ATTR_MOUNT_ROOT;
}

/*
 * It has no name, or one that is to go: in the place of anything but a directory or a
 * mount point.
 */
static int put_in_place(const struct place *p, int fd, char name[40])
{
	int r = 0;

	if (!*name) {
		r = give_name(fd, p->dir, p->name);
		if (r != -EEXIST)
			return r;
		r = fresh_name(name);
		if (r == 0)
			r = give_name(fd, p->dir, name);
		if (r < 0)
			name[0] = '\0'; /* there is nothing to remove */
	}
	if (r == 0 && is_mount_point(p))
		r = -EBUSY;
	if (r == 0 && renameat(p->dir, name, p->dir, p->name) < 0)
		r = -errno;
	if (r < 0 && *name)
		(void)unlinkat(p->dir, name, 0); /* what it says is why */
	return r;
}

/* On a disk or in memory; what is written to files of /proc and its like is obeyed. */
static bool holds_data(int fd)
{
	struct statfs st;

	return fstatfs(fd, &st) == 0 && (st.f_blocks > 0 || st.f_type == TMPFS_MAGIC);
}

/* A mount point cannot be replaced: /etc/hosts, a file that is shown. */
static int write_over(const struct place *p, int from)
{
	cleanup_object struct object source = OBJECT_NONE, o = OBJECT_NONE;
	cleanup_close int fd = -EBADF;
	int r = object_open(p->dir, p->name, &o);

	if (r == 0 && (!object_exists(&o) || !S_ISREG(o.st.st_mode) || !holds_data(o.fd)))
		r = -EBUSY;
	if (r < 0)
		return r;
	source.fd = fcntl(from, F_DUPFD_CLOEXEC, 0);
	if (source.fd < 0 || fstat(source.fd, &source.st) < 0)
		return -errno;
	fd = open(object_path(o.fd).text,
		  O_WRONLY | O_TRUNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : object_copy_content(&source, fd);
}

int place_end(const struct place *p, struct fresh *f, const struct dress *d, int r,
	      bool *ret_poor)
{
	if (r == 0)
		r = place_dress(f->fd, d, ret_poor);
	if (r == 0)
		r = put_in_place(p, f->fd, f->name);
	else if (*f->name)
		/* the failure before is what counts */
		(void)unlinkat(p->dir, f->name, 0);
	if (r == -EBUSY)
		r = write_over(p, f->fd);
	fd_closep(&f->fd);
	return r;
}

struct set {
	int fd;
	bool *poor;
};

static int set_one(const char *name, const void *value, size_t len, void *data)
{
	const struct set *s = data;
	int r = xattr_set(s->fd, name, value, len);

	if (r != -EOPNOTSUPP && r != -EPERM && r != -EINVAL)
		return r;
	*s->poor = true; /* said once, by who knows the file */
	return 0;
}

int place_dress(int fd, const struct dress *d, bool *ret_poor)
{
	struct object_path p = object_path(fd);
	struct set s = { fd, ret_poor };
	struct stat st;
	int r = 0;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (d->owned && (st.st_uid != d->uid || st.st_gid != d->gid) &&
	    fchownat(fd, "", d->uid, d->gid, AT_EMPTY_PATH) < 0)
		return -errno;
	/* After the owner, whose change takes capabilities and set-ID bits away. */
	if (d->kinds && d->from >= 0)
		r = xattr_each(d->from, d->kinds, set_one, &s);
	for (size_t i = 0; r == 0 && i < d->xattrs_len; i++)
		if (xattr_is_of(d->xattrs[i].name, d->kinds))
			r = set_one(d->xattrs[i].name, d->xattrs[i].value,
				    d->xattrs[i].len, &s);
	if (r == 0 && !S_ISLNK(d->mode) && chmod(p.text, d->mode & 07777) < 0)
		r = -errno;
	if (r < 0)
		return r;
	if (!S_ISLNK(d->mode))
		return utimensat(AT_FDCWD, p.text, d->times, 0) < 0 ? -errno : 0;
	return utimensat(fd, "", d->times, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

int place_node(const struct place *p, const struct dress *d, const char *target)
{
	cleanup_close int fd = -EBADF;
	struct dress plain = *d;
	bool poor = false;
	struct stat st;
	char name[40] = "";
	int r = fresh_name(name);

	if (r < 0)
		return r;
	if (S_ISLNK(d->mode))
		r = symlinkat(target, p->dir, name) < 0 ? -errno : 0;
	else if (mknodat(p->dir, name, (d->mode & S_IFMT) | 0600, d->rdev) < 0)
		r = -errno;
	if (r < 0)
		return r;
	fd = openat(p->dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		r = -errno;
	else if ((st.st_mode & S_IFMT) != (d->mode & S_IFMT) || st.st_nlink != 1)
		r = -ESTALE; /* not what was made */
	plain.kinds = 0;     /* neither can have those of users */
	if (r == 0)
		r = place_dress(fd, &plain, &poor);
	if (r < 0) {
		(void)unlinkat(p->dir, name, 0); /* the failure before is what counts */
		return r;
	}
	return put_in_place(p, fd, name);
}

int place_dir(const struct place *p, bool *ret_made)
{
	const bool itself = strcmp(p->name, ".") == 0;
	const bool made = !itself && mkdirat(p->dir, p->name, 0700) == 0;
	cleanup_close int fd = -EBADF;
	struct stat st;

	if (!made && !itself && errno != EEXIST)
		return -errno;
	fd = openat(p->dir, p->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return errno == ELOOP ? -ENOTDIR : -errno;
	if (made && st.st_mode & 077)
		return -ESTALE; /* another has taken its name: it is not to be dressed */
	*ret_made = made;
	return take_fd(&fd);
}

int place_link(const struct place *p, int fd)
{
	char name[40] = "";
	int r = put_in_place(p, fd, name);

	if (r == 0 && *name) /* rename(2) leaves two names of one file alone */
		(void)unlinkat(p->dir, name, 0);
	return r;
}
