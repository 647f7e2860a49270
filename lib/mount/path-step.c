/* SPDX-License-Identifier: MIT */
/*
 * path-step - paths of somebody else's root directory (child code). openat2(2) with
 * RESOLVE_IN_ROOT resolves what exists. What is missing, or an openat2 that an outer
 * filter refuses, goes name by name: a descriptor for every directory, symbolic links
 * read and followed here, ".." by starting again from the root, so that nothing ever
 * leads outside.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "mount/mount.h"

enum { LINKS_MAX = 40 };

void path_of_fd(char buf[PATH_OF_FD_MAX], int fd)
{
	char digits[12];
	size_t n = 0, len = sizeof(PATH_FDS);

	memcpy(buf, PATH_FDS "/", len);
	do
		digits[n++] = (char)('0' + fd % 10);
	while (fd /= 10);
	while (n > 0)
		buf[len++] = digits[--n];
	buf[len] = '\0';
}

/*
 * The path that is left to walk, and the path so far, both as text so that ".." can go
 * back. The former is at the end of its array, next to the other fields, because each
 * touched page of a new stack takes time.
 */
struct walk {
	char room[2 * PATH_MAX];
	const char *left;    /* "c/../d" */
	int root, dir;       /* dir: descriptor of @done */
	unsigned links;      /* links followed so far */
	bool made;           /* @dir is the last name, and was made here */
	bool absent;         /* the last name is known to be missing: it is made first */
	char done[PATH_MAX]; /* "a/b", no links in it */
};

static int file_type(int fd, unsigned *ret)
{
	struct stat st;
	int r = sys_call(SYS_newfstatat, fd, "", &st, SYS_AT_EMPTY_PATH, 0);

	if (r == 0)
		*ret = st.st_mode & S_IFMT;
	return r;
}

/* Put @text in front of @rest, the end of what is left. */
static int push_left(struct walk *w, const char *text, const char *rest)
{
	size_t len = strlen(text), before = (size_t)(rest - w->room);

	if (len + 1 > before)
		return -ENAMETOOLONG;
	w->room[before - 1] = '/';
	memcpy(w->room + before - 1 - len, text, len);
	w->left = rest - 1 - len;
	return 0;
}

static void set_dir(struct walk *w, int fd)
{
	if (w->dir != w->root)
		(void)sys_close(w->dir); /* O_PATH: nothing buffered */
	w->dir = fd;
}

/* Go back to the root; @done and the rest are walked again. */
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

static int make_one(struct walk *w, const char *name, bool last, unsigned create_mode)
{
	if (!last || S_ISDIR(create_mode))
		return sys_mkdirat(w->dir, name, last ? create_mode & 07777 : 0755);
	return sys_mknodat(w->dir, name, S_IFREG | (create_mode & 07777), 0);
}

static int make(struct walk *w, const char *name, bool last, unsigned create_mode)
{
	struct like_times times;
	int ret;

	if (!(create_mode & PATH_QUIET))
		return make_one(w, name, last, create_mode);
	like_note_times(w->dir, &times);
	ret = make_one(w, name, last, create_mode & ~PATH_QUIET);
	if (ret == 0)
		like_restore_times(w->dir, &times);
	return ret;
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
	if (strcmp(name, ".") == 0) {
		w->left = rest;
		return 0;
	}
	if (strcmp(name, "..") == 0)
		return go_up(w, rest);
	w->made = false;
	fd = w->absent && last ? -ENOENT
			       : sys_openat(w->dir, name, O_PATH | O_NOFOLLOW, 0);
	if (fd == -ENOENT && create_mode) {
		r = make(w, name, last, create_mode);
		if (r < 0 && r != -EEXIST)
			return r;
		w->made = r == 0 && last;
		fd = sys_openat(w->dir, name, O_PATH | O_NOFOLLOW, 0);
	}
	if (fd < 0)
		return fd;
	r = file_type(fd, &type);
	if (r == 0 && type == S_IFLNK) {
		w->made = false; /* another process has made it */
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
	w->left = rest;
	return 0;
}

static int walk(int root, const char *path, unsigned create_mode, bool absent,
		bool *ret_made)
{
	struct walk w;
	size_t size = strlen(path) + 1;
	int r;

	*ret_made = false;
	if (size > PATH_MAX)
		return -ENAMETOOLONG;
	w.root = w.dir = root;
	w.links = 0;
	w.made = false;
	w.absent = absent;
	w.done[0] = '\0';
	w.left = memcpy(w.room + sizeof(w.room) - size, path, size);
	do
		r = walk_one(&w, create_mode);
	while (r == 0);
	if (r == 1 && w.dir == root)
		return sys_openat(root, ".", O_PATH, 0);
	if (r == 1) {
		*ret_made = w.made;
		return w.dir;
	}
	set_dir(&w, root);
	return r;
}

int path_make_in_root(int root, const char *path, unsigned create_mode, bool *ret_made)
{
	int r = sys_openat2(root, path, O_PATH, 0,
			    RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);

	*ret_made = false;
	/*
	 * EAGAIN: ".." while something was renamed or mounted anywhere; see openat2(2).
	 */
	if (r >= 0 || (r != -ENOENT && r != -ENOSYS && r != -EPERM && r != -EAGAIN) ||
	    (r == -ENOENT && !create_mode))
		return r;
	return walk(root, path, create_mode, r == -ENOENT, ret_made);
}

int path_make_absent(int root, const char *path, unsigned create_mode, bool *ret_made)
{
	return walk(root, path, create_mode, true, ret_made);
}

int path_open_in_root(int root, const char *path, unsigned create_mode)
{
	bool made;

	return path_make_in_root(root, path, create_mode, &made);
}

static const char *next_slash(const char *s)
{
	while (*s && *s != '/')
		s++;
	return *s ? s : NULL;
}

int path_open_parent(int at, const char *path, const char **ret_name)
{
	int dir = at;

	*ret_name = path;
	if (at == AT_FDCWD)
		return at; /* the caller's own words */
	for (const char *slash = path; (slash = next_slash(slash)); *ret_name = ++slash) {
		char name[NAME_MAX + 1];
		size_t len = (size_t)(slash - *ret_name);
		int fd;

		if (len >= sizeof(name))
			fd = -ENAMETOOLONG;
		else {
			memcpy(name, *ret_name, len);
			name[len] = '\0';
			fd = sys_openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
		}
		if (dir != at)
			(void)sys_close(dir); /* O_PATH */
		if (fd < 0)
			return fd;
		dir = fd;
	}
	return dir;
}
