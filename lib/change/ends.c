/* SPDX-License-Identifier: MIT */
/* ends - see ends.h. */
#include "change/ends.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"

enum { TRIES = 16, LINKS_MAX = 40, MODE_FILE = 0777, MODE_DIR = 01777 };

int end_fail(const struct copy_end *end, struct err *e, int r, const char *below)
{
	const size_t len = strlen(end->path);
	const bool slash = *below == '/' && len && end->path[len - 1] == '/';

	return err_set(e, r, "%s%s%s", end->label, end->path, below + slash);
}

int end_open(const struct copy_end *end, const char *path, int flags)
{
	int fd = -EAGAIN;

	if (end->root < 0) {
		fd = open(path, flags | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	/* EAGAIN: ".." while something was renamed anywhere; see openat2(2) */
	for (int i = 0; fd == -EAGAIN && i < TRIES; i++)
		fd = sys_openat2(end->root, path, (uint64_t)flags, 0,
				 RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	return fd;
}

int end_split(const char *path, char parent[PATH_MAX], char name[NAME_MAX + 1])
{
	size_t len = strlen(path), start;

	while (len > 1 && path[len - 1] == '/')
		len--;
	for (start = len; start > 0 && path[start - 1] != '/'; start--)
		;
	if (len == 0 || len >= PATH_MAX || len - start > NAME_MAX)
		return len == 0 ? -EINVAL : -ENAMETOOLONG;
	if (start == len || strcmp(path + start, "..") == 0 ||
	    (len - start == 1 && path[start] == '.')) {
		memcpy(parent, path, len);
		parent[len] = '\0';
		snprintf(name, NAME_MAX + 1, ".");
		return 0;
	}
	memcpy(name, path + start, len - start);
	name[len - start] = '\0';
	memcpy(parent, start ? path : ".", start ? start : 1);
	parent[start ? start : 1] = '\0';
	return 0;
}

static bool says_directory(const char *path)
{
	const size_t len = strlen(path);

	return len && (path[len - 1] == '/' || str_equal(path, ".") ||
		       (len > 1 && str_equal(path + len - 2, "/.")));
}

int end_find_source(const struct copy_end *end, bool follow, struct end_source *ret)
{
	char parent[PATH_MAX];
	cleanup_close int dir = -EBADF, fd = -EBADF;
	const bool directory = says_directory(end->path);
	int r = end_split(end->path, parent, ret->name);

	ret->object = OBJECT_NONE;
	if (r < 0)
		return r;
	if (follow || directory || str_equal(ret->name, ".")) {
		fd = end_open(end, end->path, O_PATH | (directory ? O_DIRECTORY : 0));
		if (fd < 0)
			return fd;
		if (fstat(fd, &ret->object.st) < 0)
			return -errno;
		ret->object.fd = take_fd(&fd);
		return 0;
	}
	dir = end_open(end, parent, O_PATH | O_DIRECTORY);
	if (dir < 0)
		return dir;
	r = object_open(dir, ret->name, &ret->object);
	return r == 0 && !object_exists(&ret->object) ? -ENOENT : r;
}

/* "link" in the directory of @path, or what it says of its own. */
static int follow_link(char path[PATH_MAX], const char *parent, const char *link)
{
	int n = *link == '/' ? snprintf(path, PATH_MAX, "%s", link)
			     : snprintf(path, PATH_MAX, "%s/%s", parent, link);

	return n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

/*
 * As fs.protected_symlinks has it, and also where that is off: in a directory where all
 * may write a link of another leads where that one likes.
 */
static bool is_trap(const struct stat *dir, const struct stat *link)
{
	return (dir->st_mode & (S_ISVTX | S_IWOTH)) == (S_ISVTX | S_IWOTH) &&
	       link->st_uid != geteuid() && link->st_uid != dir->st_uid;
}

/*
 * Where the link @name leads: 1; 0: it is none, or nothing at all; -EACCES: not to be
 * followed.
 */
static int read_link(int dir, const char *name, char ret[PATH_MAX])
{
	cleanup_object struct object o = OBJECT_NONE;
	int r = object_open(dir, name, &o);
	struct stat st;
	ssize_t n;

	if (r < 0)
		return r;
	if (!S_ISLNK(o.st.st_mode))
		return 0;
	if (fstat(dir, &st) < 0)
		return -errno;
	if (is_trap(&st, &o.st))
		return -EACCES;
	n = readlinkat(o.fd, "", ret, PATH_MAX - 1);
	if (n < 0)
		return -errno;
	ret[n] = '\0';
	return 1;
}

/* The place of a name that may be a link, to what need not be there. */
static int find_place(const struct copy_end *end, struct place *ret)
{
	char path[PATH_MAX], parent[PATH_MAX], link[PATH_MAX] = "";

	if (snprintf(path, sizeof(path), "%s", end->path) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	for (int i = 0; i < LINKS_MAX; i++) {
		int r = end_split(path, parent, ret->name), dir;

		if (r < 0)
			return r;
		dir = end_open(end, parent, O_PATH | O_DIRECTORY);
		if (dir < 0)
			return dir;
		r = read_link(dir, ret->name, link);
		if (r == 0) {
			ret->dir = dir;
			return 0;
		}
		fd_closep(&dir);
		if (r < 0)
			return r;
		r = follow_link(path, parent, link);
		if (r < 0)
			return r;
	}
	return -ELOOP;
}

/* What is at a place where a file is to go. */
static int check_place(const struct copy_end *end, const struct end_source *source,
		       const struct place *p, struct err *e)
{
	const bool directory = S_ISDIR(source->object.st.st_mode);
	struct stat st;

	if (fstatat(p->dir, p->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : end_fail(end, e, -errno, "");
	if (directory && !S_ISDIR(st.st_mode))
		return err_say(e, -ENOTDIR, "%s%s: a directory does not replace a file",
			       end->label, end->path);
	if (!directory && S_ISDIR(st.st_mode))
		return err_say(e, -EISDIR, "%s%s/%s: a file does not replace a directory",
			       end->label, end->path, p->name);
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return err_say(e, -EINVAL,
			       "%s%s: neither a file nor a directory: it is not replaced",
			       end->label, end->path);
	return 0;
}

int end_find_target(const struct copy_end *end, const struct end_source *source,
		    struct err *e, struct place *ret)
{
	int r = 0, dir = end_open(end, end->path, O_PATH | O_DIRECTORY);

	ret->dir = -EBADF;
	if (dir >= 0) {
		ret->dir = dir;
		snprintf(ret->name, sizeof(ret->name), "%s", source->name);
	} else if ((dir != -ENOENT && dir != -ENOTDIR) ||
		   (says_directory(end->path) &&
		    (dir == -ENOTDIR || !S_ISDIR(source->object.st.st_mode)))) {
		r = dir;
	} else {
		r = find_place(end, ret);
	}
	if (r < 0)
		return end_fail(end, e, r, "");
	r = check_place(end, source, ret, e);
	return r < 0 ? r : end_check(end, ret->dir, "", "", e);
}

int end_open_directory(const struct copy_end *end, struct err *e)
{
	int dir = end_open(end, end->path, O_PATH | O_DIRECTORY);

	return dir < 0 ? end_fail(end, e, dir, "") : dir;
}

int end_check(const struct copy_end *end, int dir, const char *name, const char *below,
	      struct err *e)
{
	struct stat st;

	if (!end->idle)
		return 0;
	if (fstatat(dir, name, &st, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0)
		return *name && errno == ENOENT ? 0 : end_fail(end, e, -errno, below);
	if (st.st_dev != end->memory)
		return 0;
	return err_say(e, -EROFS,
		       "%s%s%s: in memory, and new at each start of the container",
		       end->label, end->path, below);
}

static int64_t map(const struct end_ids *ids, size_t len, int64_t id)
{
	for (size_t i = 0; i < len; i++)
		if (id >= ids[i].inside && id - ids[i].inside < ids[i].count)
			return id - ids[i].inside + ids[i].outside;
	return -1;
}

int64_t end_id_inside(const struct end_ids *ids, size_t len, uint32_t outside)
{
	for (size_t i = 0; i < len; i++)
		if (outside >= ids[i].outside && outside - ids[i].outside < ids[i].count)
			return (int64_t)outside - ids[i].outside + ids[i].inside;
	return -1;
}

int end_own(const struct copy_end *end, bool keep, int64_t uid, int64_t gid,
	    struct dress *d)
{
	d->owned = false;
	if (end->root < 0 ? end->one_owner || !keep || geteuid() != 0
			  : end->one_owner && !end->numbered)
		return 0;
	if (!keep)
		uid = gid = 0;
	if (end->one_owner) { /* and root, who makes it, is another */
		uid = end->uids[0].inside;
		gid = end->gids[0].inside;
	}
	if (end->numbered) {
		uid = map(end->uids, end->uids_len, uid);
		gid = map(end->gids, end->gids_len, gid);
	}
	if (uid < 0 || gid < 0)
		return -EINVAL;
	d->owned = true;
	d->uid = (uid_t)uid;
	d->gid = (gid_t)gid;
	return 0;
}

void end_say(struct copy_said *said, const struct copy_end *end, const char *below,
	     const char *why)
{
	char line[512];
	int n = snprintf(line, sizeof(line), "%s%s%s: %s", end->label, end->path, below,
			 why);

	if (n < 0 || (size_t)n >= sizeof(line) ||
	    said->used + (size_t)n + 1 > sizeof(said->text)) {
		said->more++;
		return;
	}
	str_make_printable(line); /* a hostile name must not reach a terminal */
	memcpy(said->text + said->used, line, (size_t)n + 1);
	said->used += (size_t)n + 1;
}

void end_limit_rights(const struct copy_end *from, const struct stat *source,
		      const struct copy_end *to, const struct copy_how *how,
		      struct dress *d)
{
	const bool true_owner = d->owned || (to->root >= 0 && to->one_owner);
	/* root of a user namespace is not root of another, nor of the host */
	const bool same =
		!from || !from->numbered || from->root < 0 ||
		(d->owned && d->uid == source->st_uid && d->gid == source->st_gid);

	if (how->archive && true_owner && same) {
		d->kinds |= XATTR_CAPABILITY;
		return;
	}
	/* a program that sets ids is not carried over a wall in passing */
	d->mode &= S_IFMT | (S_ISDIR(d->mode) ? MODE_DIR : MODE_FILE);
	d->kinds &= ~(unsigned)XATTR_CAPABILITY;
}
