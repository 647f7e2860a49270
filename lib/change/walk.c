/* SPDX-License-Identifier: MIT */
/* walk - see walk.h, and the kernel's filesystems/overlayfs. */
#include "change/walk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/array.h"
#include "base/fd.h"
#include "base/str.h"
#include "change/xattr.h"

enum { PATH_MAX_BYTES = 64 * 1024 * 1024 };

static int path_push(struct walk *w, const char *name)
{
	size_t len = strlen(name), need = w->path_len + len + 2;

	if (need > PATH_MAX_BYTES)
		return -ENAMETOOLONG;
	if (need > w->path_room) {
		size_t room = need * 2;
		char *more = realloc(w->path, room);

		if (!more)
			return -ENOMEM;
		w->path = more;
		w->path_room = room;
	}
	w->path[w->path_len] = '/';
	memcpy(w->path + w->path_len + 1, name, len + 1);
	w->path_len += len + 1;
	return 0;
}

static void path_pop(struct walk *w)
{
	w->path_len = walk_level(w)->path_len;
	w->path[w->path_len] = '\0';
}

static const struct record_mount *mount_at(const struct walk *w)
{
	for (size_t i = 0; i < w->rec->mounts_len; i++)
		if (str_equal(w->rec->mounts[i].path, w->path))
			return &w->rec->mounts[i];
	return NULL;
}

static bool is_below(const char *path, const char *dir, size_t dir_len)
{
	return strncmp(path, dir, dir_len) == 0 && path[dir_len] == '/' &&
	       path[dir_len + 1];
}

static bool mounts_below(const struct walk *w)
{
	for (size_t i = 0; i < w->rec->mounts_len; i++)
		if (is_below(w->rec->mounts[i].path, w->path, w->path_len))
			return true;
	return false;
}

/* The root layer need not hold the directories that lead to another layer. */
static int add_mount_names(struct walk *w, struct names *names)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->rec->mounts_len; i++) {
		const char *path = w->rec->mounts[i].path;

		if (!is_below(path, w->path, w->path_len))
			continue;
		path += w->path_len + 1;
		r = names_add(names, path, strcspn(path, "/"));
	}
	names_sort(names);
	return r;
}

static int add_base_names(struct walk *w, struct names *names)
{
	struct names below = { 0 };
	int r = names_read(w->base, &below);

	for (size_t i = 0; r == 0 && i < below.len; i++) {
		const char *name = names_get(&below, i);

		r = names_add(names, name, strlen(name));
	}
	names_done(&below);
	names_sort(names);
	return r;
}

static int read_names(struct walk *w, struct level *l)
{
	int r = w->upper >= 0 ? names_read(w->upper, &l->names) : 0;

	if (r == 0 && l->opaque && w->base >= 0)
		r = add_base_names(w, &l->names);
	if (r == 0 && l->deep && !w->rec->split)
		r = add_mount_names(w, &l->names);
	return r;
}

static int push_level(struct walk *w, const struct level *l)
{
	struct level *more = array_grow(w->levels, &w->room, w->depth + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	w->levels = more;
	w->levels[w->depth++] = *l;
	return 0;
}

/*
 * Without the right to search a directory its ".." cannot be opened. Nothing is below
 * then.
 */
static bool has_way_up(const struct object *o)
{
	return faccessat(o->fd, ".", F_OK, AT_EACCESS) == 0;
}

/* Make a new directory current; @saved says that ".." of the new one is not the old. */
static void replace_dir(int *current, struct object *o, bool save, bool *ret_saved,
			int *ret_above)
{
	*ret_saved = save;
	*ret_above = save ? take_fd(current) : -EBADF;
	fd_closep(current);
	*current = take_fd(&o->fd);
}

static int restore_dir(int *current, bool saved, int *above, const struct stat *expected)
{
	cleanup_close int fd = -EBADF;
	struct stat st;

	if (saved) {
		fd_closep(current);
		*current = take_fd(above);
		return 0;
	}
	fd = openat(*current, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!is_same_file(&st, expected))
		return -ESTALE;
	fd_closep(current);
	*current = take_fd(&fd);
	return 0;
}

static int pop_level(struct walk *w)
{
	struct level *l = walk_level(w), *above;
	int r = 0;

	names_done(&l->names);
	w->depth--;
	if (w->depth == 0)
		return 0;
	above = walk_level(w);
	if (w->upper >= 0 || l->upper_saved)
		r = restore_dir(&w->upper, l->upper_saved, &l->upper_above,
				&above->upper);
	if (r == 0 && (w->base >= 0 || l->base_saved))
		r = restore_dir(&w->base, l->base_saved, &l->base_above, &above->base);
	fd_closep(&l->upper_above);
	fd_closep(&l->base_above);
	return r;
}

/* Go into the directory @s, whose objects are taken over. */
static int enter(struct walk *w, struct spot *s)
{
	const struct level *above = walk_level(w);
	bool has_base = object_is_dir(&s->base), has_upper = object_is_dir(&s->upper);
	struct level l = { .path_len = w->path_len,
			   .upper = s->upper.st,
			   .base = has_base ? s->base.st : (struct stat){ 0 },
			   .base_mount = has_base ? object_mount(&s->base) : 0,
			   .opaque = !s->layer && (s->opaque || above->opaque),
			   .marks = s->marks,
			   .layer = s->layer,
			   .deep = s->deep,
			   .dressed = s->dressed,
			   .kept = s->kept,
			   .plain = s->deep && w->rec->split,
			   .upper_above = -EBADF,
			   .base_above = -EBADF };
	int r = push_level(w, &l);

	if (r < 0)
		return r;
	if (!has_base)
		object_close(&s->base);
	replace_dir(&w->upper, &s->upper,
		    s->layer || !has_upper || !has_way_up(&s->upper),
		    &walk_level(w)->upper_saved, &walk_level(w)->upper_above);
	/* an apply gives it the mode of the upper one before it is left */
	replace_dir(&w->base, &s->base,
		    !has_base || !has_way_up(&s->base) ||
			    (has_upper && !(l.upper.st_mode & S_IXUSR)),
		    &walk_level(w)->base_saved, &walk_level(w)->base_above);
	r = read_names(w, walk_level(w));
	if (r != -EACCES && r != -EPERM && r != -ENOENT)
		return r;
	walk_level(w)->kept = true;
	names_done(&walk_level(w)->names);
	return w->ops->unreadable(w, s, r, w->userdata);
}

static bool has_mark(const struct walk *w, const struct object *o, const char *name)
{
	char value[1];

	return xattr_overlay(o->fd, w->rec->userxattr, name, value, sizeof(value)) >= 0;
}

/*
 * A directory that the setup made over one of the base, and like it in all
 * (mount/like-step.c): what is different now is the container's doing. Before there was
 * this mark it had a mode of its own.
 */
static bool is_like_base(const struct walk *w, const struct object *o)
{
	return object_is_dir(o) && has_mark(w, o, "minc");
}

static bool is_whiteout(const struct walk *w, const struct object *o)
{
	if (S_ISCHR(o->st.st_mode) && o->st.st_rdev == makedev(0, 0))
		return true;
	return S_ISREG(o->st.st_mode) && o->st.st_size == 0 && walk_level(w)->marks &&
	       has_mark(w, o, "whiteout");
}

/* What overlayfs noted on the upper object. Directories of the setup are no layers. */
static void read_marks(const struct walk *w, struct spot *s)
{
	char value[4] = "";
	int n;

	if (s->layer || (s->deep && w->rec->split))
		return;
	if (S_ISDIR(s->upper.st.st_mode)) {
		n = xattr_overlay(s->upper.fd, w->rec->userxattr, "opaque", value,
				  sizeof(value));
		s->opaque = n == 1 && *value == 'y';
		s->marks = n == 1 && *value == 'x';
		/*
		 * copied up it would have an origin, and made inside it would be opaque
		 */
		s->passage = w->rec->userxattr && !s->opaque &&
			     !has_mark(w, &s->upper, "origin");
	}
	s->metacopy = S_ISREG(s->upper.st.st_mode) && has_mark(w, &s->upper, "metacopy");
	s->redirected = (S_ISDIR(s->upper.st.st_mode) || s->metacopy) &&
			has_mark(w, &s->upper, "redirect");
}

static int open_layer(const struct walk *w, const struct record_mount *m, struct spot *s)
{
	char name[48];

	object_close(&s->upper);
	snprintf(name, sizeof(name), "submount%u.storage", m->number);
	s->layer = true;
	return object_open(w->storage, name, &s->upper);
}

/* The base has a mount where the container had none, or none where it had one. */
static bool differs_in_mounts(const struct walk *w, const struct spot *s, bool recorded)
{
	unsigned long long here = walk_level(w)->base_mount;
	unsigned long long there =
		object_is_dir(&s->base) && here ? object_mount(&s->base) : 0;

	if (!there) /* or a kernel that does not tell: before 5.8 */
		return false;
	if (s->layer)
		return !w->elsewhere && there == here;
	return !recorded && there != here;
}

static int look(struct walk *w, struct spot *s)
{
	const struct level *l = walk_level(w);
	const struct record_mount *m = l->deep ? mount_at(w) : NULL;
	int r = object_open(w->upper, s->name, &s->upper);

	s->deep = l->deep && mounts_below(w);
	if (r == 0 && m && !w->rec->split)
		r = open_layer(w, m, s);
	if (r == 0)
		r = object_open(w->base, s->name, &s->base);
	if (r < 0)
		return r;
	s->mounted = differs_in_mounts(w, s, m);
	s->settled = (l->plain || s->layer) && !is_like_base(w, &s->upper);
	s->passage = s->layer && w->rec->userxattr;
	if (!object_exists(&s->upper)) {
		s->whiteout = !s->layer && !s->deep && l->opaque;
		return 0;
	}
	s->whiteout = is_whiteout(w, &s->upper);
	if (!s->whiteout)
		read_marks(w, s);
	return 0;
}

static int visit(struct walk *w, const char *name)
{
	struct spot s = { .name = name, .upper = OBJECT_NONE, .base = OBJECT_NONE };
	bool virtual;
	int r = look(w, &s);

	if (r == -EACCES || r == -EPERM) {
		walk_level(w)->kept = true;
		r = w->ops->unreadable(w, &s, r, w->userdata);
	} else if (r == 0) {
		/* it holds nothing, but leads to another layer */
		virtual = !object_exists(&s.upper) && !s.whiteout;
		r = virtual ? s.deep : w->ops->visit(w, &s, w->userdata);
	}
	if (r > 0)
		r = enter(w, &s);
	else if (r == 0)
		path_pop(w);
	object_close(&s.upper);
	object_close(&s.base);
	return r;
}

/* The end of the current directory. */
static int leave(struct walk *w)
{
	struct level l;
	const char *name;
	int r = w->ops->leave ? w->ops->leave(w, walk_level(w), w->userdata) : 0;

	if (r < 0)
		return r;
	l = *walk_level(w);
	r = pop_level(w);
	if (r < 0 || w->depth == 0)
		return r;
	name = strrchr(w->path, '/') + 1;
	if (w->ops->left)
		r = w->ops->left(w, name, &l, w->userdata);
	path_pop(w);
	return r;
}

static int start(struct walk *w, int base)
{
	cleanup_object struct object upper = OBJECT_NONE, below = OBJECT_NONE;
	struct level l = { .upper_above = -EBADF, .base_above = -EBADF };
	int r;

	w->path = calloc(1, 64);
	if (!w->path)
		return -ENOMEM;
	w->path_room = 64;
	r = object_open(w->storage, "storage", &upper);
	if (r == 0 && base >= 0) /* else over an image, which is no directory */
		r = object_open(base, ".", &below);
	if (r < 0)
		return r;
	if (!object_is_dir(&upper) || (base >= 0 && !object_is_dir(&below)))
		return -ENOTDIR;
	l.upper = upper.st;
	l.base = below.st;
	l.base_mount = base >= 0 ? object_mount(&below) : 0;
	l.deep = w->rec->mounts_len > 0;
	l.plain = l.deep && w->rec->split;
	l.layer = true;
	r = push_level(w, &l);
	if (r < 0)
		return r;
	w->upper = take_fd(&upper.fd);
	w->base = take_fd(&below.fd);
	return read_names(w, walk_level(w));
}

/* The root itself, whose path is "". What a visitor notes of it is the level's. */
static int visit_root(struct walk *w)
{
	struct level *l = walk_level(w);
	struct spot s = { .name = ".",
			  .upper = { .fd = w->upper, .st = l->upper },
			  .base = { .fd = w->base, .st = l->base },
			  .passage = w->rec->userxattr };
	int r;

	if (!is_like_base(w, &s.upper))
		return 0;
	r = w->ops->visit(w, &s, w->userdata);
	l->dressed |= s.dressed;
	l->kept |= s.kept;
	return r < 0 ? r : 0;
}

int walk_run(const struct record *rec, int storage, int base, bool elsewhere,
	     const struct walk_ops *ops, void *userdata)
{
	struct walk w = { .rec = rec,
			  .storage = storage,
			  .elsewhere = elsewhere,
			  .upper = -EBADF,
			  .base = -EBADF,
			  .ops = ops,
			  .userdata = userdata };
	int r = start(&w, base);

	if (r == 0)
		r = visit_root(&w);
	while (r == 0 && w.depth > 0) {
		struct level *l = walk_level(&w);
		const char *name = names_get(&l->names, l->next);

		if (!name) {
			r = leave(&w);
			continue;
		}
		l->next++;
		r = path_push(&w, name);
		if (r == 0)
			r = visit(&w, name);
	}
	while (w.depth > 0) { /* after an error */
		struct level *l = walk_level(&w);

		names_done(&l->names);
		fd_closep(&l->upper_above);
		fd_closep(&l->base_above);
		w.depth--;
	}
	free(w.levels);
	free(w.path);
	fd_closep(&w.upper);
	fd_closep(&w.base);
	return r;
}
