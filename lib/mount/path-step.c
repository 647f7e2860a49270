/* SPDX-License-Identifier: MIT */
/*
 * path-step - paths of somebody else's root directory (child code). openat2(2) with
 * RESOLVE_IN_ROOT resolves what exists. What is missing, or an openat2 that an outer
 * filter refuses, goes name by name: a descriptor for every directory, symbolic links
 * read and followed here, ".." by starting again from the root, so that nothing ever
 * leads outside. Where something is made in a layer that is kept, no link is followed at
 * all: an earlier container may have left it.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "mount/mount.h"

enum { LINKS_MAX = 40 };

/* What is left to walk, and where we are, both as text so that ".." can go back. */
struct walk {
	int root, dir;		  /* dir: descriptor of @done */
	unsigned links;		  /* followed so far */
	char done[PATH_MAX];	  /* "a/b", no links in it */
	char left[2 * PATH_MAX]; /* "c/../d" */
};

static int file_type(int fd, unsigned *ret)
{
	struct stat st;
	int r = sys_call(SYS_newfstatat, fd, "", &st, SYS_AT_EMPTY_PATH, 0);

	if (r == 0)
		*ret = st.st_mode & S_IFMT;
	return r;
}

/* Put @text in front of what is left. */
static int push_left(struct walk *w, const char *text, const char *rest)
{
	size_t len = strlen(text), rest_len = strlen(rest);

	if (len + 1 + rest_len + 1 > sizeof(w->left))
		return -ENAMETOOLONG;
	memmove(w->left + len + 1, rest, rest_len + 1);
	memcpy(w->left, text, len);
	w->left[len] = '/';
	return 0;
}

static void set_dir(struct walk *w, int fd)
{
	if (w->dir != w->root)
		(void)sys_close(w->dir); /* O_PATH: nothing buffered */
	w->dir = fd;
}

/* Back to the root, with @done and what is left to be walked again. */
static void restart(struct walk *w)
{
	set_dir(w, w->root);
	w->done[0] = '\0';
}

static int go_up(struct walk *w, const char *rest)
{
	size_t len = strlen(w->done);
	int r;

	while (len > 0 && w->done[len - 1] != '/')
		len--;
	w->done[len ? len - 1 : 0] = '\0';
	r = push_left(w, w->done, rest);
	restart(w);
	return r;
}

static int follow(struct walk *w, int link, const char *rest)
{
	char target[PATH_MAX];
	int n = sys_readlinkat(link, "", target, sizeof(target) - 1);

	if (n < 0)
		return n;
	if (++w->links > LINKS_MAX)
		return -ELOOP;
	target[n] = '\0';
	if (target[0] == '/')
		restart(w);
	return push_left(w, target, rest);
}

static int make(struct walk *w, const char *name, bool last, unsigned create_mode)
{
	int fd;

	if (!last || S_ISDIR(create_mode))
		return sys_mkdirat(w->dir, name, last ? create_mode & 07777 : 0755);
	fd = sys_openat(w->dir, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW,
			create_mode & 07777);
	if (fd < 0)
		return fd;
	(void)sys_close(fd); /* empty */
	return 0;
}

static int descend(struct walk *w, const char *name, int fd)
{
	size_t len = strlen(w->done), n = strlen(name);

	if (len + 1 + n + 1 > sizeof(w->done))
		return -ENAMETOOLONG;
	if (len > 0)
		w->done[len++] = '/';
	memcpy(w->done + len, name, n + 1);
	set_dir(w, fd);
	return 0;
}

/* Take one name off w->left and go there. Returns 1 when nothing is left. */
static int walk_one(struct walk *w, unsigned create_mode)
{
	char name[NAME_MAX + 1];
	const char *p = w->left, *rest;
	unsigned type;
	bool last;
	size_t n = 0;
	int fd, r;

	while (*p == '/')
		p++;
	while (p[n] && p[n] != '/')
		n++;
	if (n == 0)
		return 1;
	if (n > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name, p, n);
	name[n] = '\0';
	rest = p + n;
	while (*rest == '/')
		rest++;
	last = *rest == '\0';
	if (strcmp(name, ".") == 0)
		return push_left(w, "", rest);
	if (strcmp(name, "..") == 0)
		return go_up(w, rest);
	fd = sys_openat(w->dir, name, O_PATH | O_NOFOLLOW, 0);
	if (fd == -ENOENT && create_mode) {
		r = make(w, name, last, create_mode);
		if (r < 0 && r != -EEXIST)
			return r;
		fd = sys_openat(w->dir, name, O_PATH | O_NOFOLLOW, 0);
	}
	if (fd < 0)
		return fd;
	r = file_type(fd, &type);
	if (r == 0 && type == S_IFLNK) {
		r = follow(w, fd, rest);
		(void)sys_close(fd); /* O_PATH */
		return r;
	}
	if (r == 0 && !last && type != S_IFDIR)
		r = -ENOTDIR;
	if (r == 0)
		r = descend(w, name, fd);
	if (r < 0) {
		(void)sys_close(fd); /* O_PATH */
		return r;
	}
	return push_left(w, "", rest);
}

int path_open_in_root(int root, const char *path, unsigned create_mode)
{
	struct walk w;
	int r = sys_openat2(root, path, O_PATH, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);

	/* EAGAIN: ".." while something was renamed or mounted anywhere; see openat2(2). */
	if (r >= 0 || (r != -ENOENT && r != -ENOSYS && r != -EPERM && r != -EAGAIN) ||
	    (r == -ENOENT && !create_mode))
		return r;
	if (strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	w.root = w.dir = root;
	w.links = 0;
	w.done[0] = '\0';
	memcpy(w.left, path, strlen(path) + 1);
	do
		r = walk_one(&w, create_mode);
	while (r == 0);
	if (r == 1 && w.dir == root)
		return sys_openat(root, ".", O_PATH, 0);
	if (r == 1)
		return w.dir;
	set_dir(&w, root);
	return r;
}

/* The directories of @path up to @end, one by one, none of them a link. */
static int walk_plainly(int at, const char *path, const char *end)
{
	char name[NAME_MAX + 1];
	unsigned type;
	int dir = at, fd, r = 0;

	while (r == 0 && path < end) {
		size_t n = 0;

		while (path + n < end && path[n] != '/')
			n++;
		if (n > NAME_MAX)
			r = -ENAMETOOLONG;
		else if (n == 2 && path[0] == '.' && path[1] == '.')
			r = -EXDEV; /* as openat2(2) says it */
		if (r < 0)
			break;
		memcpy(name, path, n);
		name[n] = '\0';
		path += n;
		while (*path == '/')
			path++;
		fd = sys_openat(dir, name, O_PATH | O_NOFOLLOW, 0);
		if (dir != at)
			(void)sys_close(dir); /* O_PATH */
		if (fd < 0)
			return fd;
		dir = fd;
		r = file_type(fd, &type);
		if (r == 0 && type != S_IFDIR)
			r = type == S_IFLNK ? -ELOOP : -ENOTDIR;
	}
	if (r == 0)
		return dir;
	if (dir != at)
		(void)sys_close(dir); /* O_PATH */
	return r;
}

int path_open_parent(int at, const char *path, int *ret_dir, const char **ret_name)
{
	char parent[PATH_MAX];
	const char *name;
	size_t len;
	int r;

	if (at != AT_FDCWD)
		while (*path == '/') /* or it would be a path of the host */
			path++;
	name = path;
	for (const char *p = path; *p; p++)
		if (*p == '/')
			name = p + 1;
	*ret_dir = at;
	*ret_name = at == AT_FDCWD ? path : name;
	if (at == AT_FDCWD || name == path)
		return 0;
	len = (size_t)(name - path);
	if (len >= sizeof(parent))
		return -ENAMETOOLONG;
	memcpy(parent, path, len);
	parent[len] = '\0';
	r = sys_openat2(at, parent, O_PATH | O_DIRECTORY, 0,
			RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	if (r == -ENOSYS || r == -EPERM || r == -EAGAIN)
		r = walk_plainly(at, path, name);
	if (r < 0)
		return r;
	*ret_dir = r;
	return 0;
}

void path_close_parent(int at, int dir)
{
	if (dir != at)
		(void)sys_close(dir); /* O_PATH */
}
