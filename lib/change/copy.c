/* SPDX-License-Identifier: MIT */
/* copy - see copy.h. */
#include "change/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/sys.h"
#include "change/names.h"
#include "change/object.h"

enum { DEPTH_MAX = 200, TRIES = 16, MODE_FILE = 0777, MODE_DIR = 01777 };

struct copy {
	void (*warn)(const char *line, void *userdata);
	void *userdata;
	struct err *e;
	const char *top; /* as named by the user */
	char below[PATH_MAX]; /* "" or "/a/b": where we are */
};

/* A directory and a name in it. */
struct place {
	int dir;
	char name[NAME_MAX + 1];
};

static int fail(const struct copy *c, int r)
{
	return err_set(c->e, r, "%s%s", c->top, c->below);
}

/* Open @path of an end; the container's as if its root were ours. */
static int open_end(const struct copy_end *end, const char *path, int flags)
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

/* "a/b/" is b in a; "b" is b in "."; "/", "." and "a/." are "." in themselves. */
static int split(const char *path, char parent[PATH_MAX], char name[NAME_MAX + 1])
{
	size_t len = strlen(path), start;

	while (len > 1 && path[len - 1] == '/')
		len--;
	for (start = len; start > 0 && path[start - 1] != '/'; start--)
		;
	if (len == 0 || len >= PATH_MAX || len - start > NAME_MAX)
		return len == 0 ? -EINVAL : -ENAMETOOLONG;
	if (start == len || strcmp(path + start, "..") == 0 || (len - start == 1 && path[start] == '.')) {
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

static int find_place(const struct copy_end *end, struct place *ret)
{
	char parent[PATH_MAX];
	int r = split(end->path, parent, ret->name);

	if (r == 0)
		r = ret->dir = open_end(end, parent, O_PATH | O_DIRECTORY);
	return r < 0 ? r : 0;
}

/* The place that @to means for something called @name. */
static int find_target(const struct copy_end *to, const char *name, struct place *ret)
{
	int dir = open_end(to, to->path, O_PATH | O_DIRECTORY);
	size_t len = strlen(to->path);

	if (dir >= 0) {
		ret->dir = dir;
		snprintf(ret->name, sizeof(ret->name), "%s", name);
		return 0;
	}
	if (dir != -ENOENT && dir != -ENOTDIR)
		return dir;
	if (len && to->path[len - 1] == '/') /* meant as a directory */
		return dir;
	return find_place(to, ret);
}

static int fresh_name(char ret[40])
{
	unsigned long long n;

	if (getrandom(&n, sizeof(n), 0) != sizeof(n))
		return -errno;
	snprintf(ret, 40, ".minc-cp-%016llx", n);
	return 0;
}

static int put_in_place(const struct place *to, const char *fresh, int r)
{
	if (r == 0 && renameat(to->dir, fresh, to->dir, to->name) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(to->dir, fresh, 0); /* what it says is why */
	return r;
}

/* Files of /proc and /sys say that they are empty, and are not. */
static int copy_stream(const struct object *o, int to)
{
	cleanup_close int fd = object_read(o);
	char buf[16384];
	ssize_t n;
	int r = fd < 0 ? fd : 0;

	while (r == 0 && (n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		r = n < 0 ? -errno : io_write_all(to, buf, (size_t)n);
	}
	return r;
}

static int copy_file(const struct object *o, const struct place *to)
{
	cleanup_close int fd = -EBADF;
	char fresh[40];
	int r = fresh_name(fresh);

	if (r < 0)
		return r;
	fd = openat(to->dir, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = o->st.st_size ? object_copy_content(o, fd) : copy_stream(o, fd);
	/* a program that sets ids is not carried over a wall in passing */
	if (r == 0 && fchmod(fd, o->st.st_mode & MODE_FILE) < 0)
		r = -errno;
	if (r == 0)
		r = object_set_times(fd, &o->st);
	return put_in_place(to, fresh, r);
}

static int copy_link(const struct object *o, const struct place *to)
{
	cleanup_free char *target = NULL;
	char fresh[40];
	int r = fresh_name(fresh);

	if (r == 0)
		r = object_target(o, &target);
	if (r == 0 && symlinkat(target, to->dir, fresh) < 0)
		return -errno;
	return r < 0 ? r : put_in_place(to, fresh, 0);
}

static int copy_fifo(const struct object *o, const struct place *to)
{
	char fresh[40];
	int r = fresh_name(fresh);

	if (r == 0 && mkfifoat(to->dir, fresh, o->st.st_mode & MODE_FILE) < 0)
		return -errno;
	return r < 0 ? r : put_in_place(to, fresh, 0);
}

static int copy_object(struct copy *c, int dir, const char *name, const struct place *to,
		       unsigned depth);

static int copy_entries(struct copy *c, int from, int to, unsigned depth)
{
	const size_t len = strlen(c->below);
	struct names names = { 0 };
	int r = names_read(from, &names);

	if (r < 0)
		return fail(c, r);
	for (size_t i = 0; r == 0 && i < names.len; i++) {
		struct place next = { .dir = to };

		snprintf(next.name, sizeof(next.name), "%s", names_get(&names, i));
		if (snprintf(c->below + len, sizeof(c->below) - len, "/%s", next.name) >=
		    (int)(sizeof(c->below) - len))
			r = fail(c, -ENAMETOOLONG);
		else
			r = copy_object(c, from, next.name, &next, depth + 1);
		c->below[len] = '\0';
	}
	names_done(&names);
	return r;
}

static int copy_dir(struct copy *c, const struct object *o, const struct place *to, unsigned depth)
{
	const bool itself = strcmp(to->name, ".") == 0;
	cleanup_close int fd = -EBADF;
	bool made = !itself && mkdirat(to->dir, to->name, 0700) == 0;
	int r;

	if (!made && !itself && errno != EEXIST)
		return fail(c, -errno);
	fd = openat(to->dir, to->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail(c, -errno);
	if (depth == DEPTH_MAX)
		return err_say(c->e, -ELOOP, "%s%s: deeper than %d directories", c->top, c->below,
			       DEPTH_MAX);
	r = copy_entries(c, o->fd, fd, depth);
	if (r == 0 && made && fchmod(fd, o->st.st_mode & MODE_DIR) < 0)
		r = fail(c, -errno);
	if (r == 0 && made)
		r = object_set_times(fd, &o->st);
	return r;
}

static int copy_object(struct copy *c, int dir, const char *name, const struct place *to,
		       unsigned depth)
{
	cleanup_object struct object o = OBJECT_NONE;
	char line[PATH_MAX + 64];
	int r = object_open(dir, name, &o);

	if (r == 0 && !object_exists(&o))
		r = -ENOENT;
	if (r < 0)
		return fail(c, r);
	if (S_ISDIR(o.st.st_mode))
		return copy_dir(c, &o, to, depth);
	if (S_ISREG(o.st.st_mode))
		r = copy_file(&o, to);
	else if (S_ISLNK(o.st.st_mode))
		r = copy_link(&o, to);
	else if (S_ISFIFO(o.st.st_mode))
		r = copy_fifo(&o, to);
	else if (c->warn) {
		snprintf(line, sizeof(line), "%s%s: a device or socket is left out", c->top,
			 c->below);
		c->warn(line, c->userdata);
	}
	return r < 0 ? fail(c, r) : 0;
}

int copy_files(const struct copy_end *from, const struct copy_end *to,
	       void (*warn)(const char *line, void *userdata), void *userdata, struct err *e)
{
	struct copy c = { .warn = warn, .userdata = userdata, .e = e, .top = from->path };
	struct place source = { .dir = -EBADF }, target = { .dir = -EBADF };
	int r = find_place(from, &source);

	if (r < 0) {
		r = fail(&c, r);
	} else {
		r = find_target(to, source.name, &target);
		if (r < 0)
			err_set(e, r, "%s", to->path);
	}
	if (r == 0)
		r = copy_object(&c, source.dir, source.name, &target, 0);
	fd_closep(&source.dir);
	fd_closep(&target.dir);
	return r;
}
