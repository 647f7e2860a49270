/* SPDX-License-Identifier: MIT */
/* subtree - see subtree.h. */
#include "change/subtree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/fd.h"
#include "change/dir-names.h"

struct branch {
	struct names names;
	size_t next;
	dev_t dev; /* of this directory, */
	ino_t ino; /* to be recognised on the way back */
};

struct climb {
	struct branch *v;
	size_t depth, room;
	int fd; /* the innermost directory, O_PATH */
	bool removing;
	tree_fn *fn;
	void *userdata;
};

/* Go into @o, which is taken over. */
static int down(struct climb *c, struct object *o)
{
	struct branch *b, *more;
	int r;

	more = array_grow(c->v, &c->room, c->depth + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	c->v = more;
	b = &c->v[c->depth];
	*b = (struct branch){ .dev = o->st.st_dev, .ino = o->st.st_ino };
	/*
	 * our own temporary: rights of its owner may be missing; others' directories may
	 * be open to us
	 */
	if (c->removing && chmod(object_path(o->fd).text, 0700) < 0 && errno != EPERM)
		return -errno;
	r = names_read(o->fd, &b->names);
	if (r < 0)
		return r;
	fd_closep(&c->fd);
	c->fd = take_fd(&o->fd);
	c->depth++;
	return 0;
}

/* Leave the innermost directory; its name in the one above is the one before "next". */
static int up(struct climb *c)
{
	cleanup_close int fd = -EBADF;
	const char *name;
	struct branch *b;
	struct stat st;

	names_done(&c->v[--c->depth].names);
	if (c->depth == 0)
		return 0;
	b = &c->v[c->depth - 1];
	fd = openat(c->fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_dev != b->dev || st.st_ino != b->ino)
		return -ESTALE;
	fd_closep(&c->fd);
	c->fd = take_fd(&fd);
	name = names_get(&b->names, b->next - 1);
	if (c->removing && name && unlinkat(c->fd, name, AT_REMOVEDIR) < 0)
		return -errno;
	return 0;
}

static int step(struct climb *c, const char *name)
{
	cleanup_object struct object o = OBJECT_NONE;
	int r = object_open(c->fd, name, &o);

	if (r < 0 || !object_exists(&o))
		return r;
	r = c->fn ? c->fn(&o, c->userdata) : 0;
	if (r != 0)
		return r;
	if (S_ISDIR(o.st.st_mode)) {
		if (c->removing && o.st.st_dev != c->v[0].dev)
			return -EXDEV;
		return down(c, &o);
	}
	return c->removing && unlinkat(c->fd, name, 0) < 0 ? -errno : 0;
}

static int climb(struct climb *c, int dir, const char *name)
{
	cleanup_object struct object top = OBJECT_NONE;
	int r = object_open(dir, name, &top);

	if (r < 0 || !object_exists(&top))
		return r;
	r = c->fn ? c->fn(&top, c->userdata) : 0;
	if (r != 0)
		return r;
	if (!S_ISDIR(top.st.st_mode))
		return c->removing && unlinkat(dir, name, 0) < 0 ? -errno : 0;
	r = down(c, &top);
	while (r == 0 && c->depth > 0) {
		struct branch *b = &c->v[c->depth - 1];
		const char *next = names_get(&b->names, b->next);

		if (!next) {
			r = up(c);
			continue;
		}
		b->next++;
		r = step(c, next);
	}
	if (r == 0 && c->removing && unlinkat(dir, name, AT_REMOVEDIR) < 0)
		r = -errno;
	return r;
}

static int run(struct climb *c, int dir, const char *name)
{
	int r = climb(c, dir, name);

	while (c->depth > 0)
		names_done(&c->v[--c->depth].names);
	free(c->v);
	fd_closep(&c->fd);
	return r;
}

int subtree_visit(int dir, const char *name, tree_fn *fn, void *userdata)
{
	struct climb c = { .fd = -EBADF, .fn = fn, .userdata = userdata };

	return run(&c, dir, name);
}

int subtree_remove(int dir, const char *name)
{
	struct climb c = { .fd = -EBADF, .removing = true };

	return run(&c, dir, name);
}
