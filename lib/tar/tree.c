/* SPDX-License-Identifier: MIT */
/* tree - see tree.h. */
#include "tar/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"

enum {
	TABLE_FIRST = 1 << 12,
	NAME_BYTES_MAX = 255,
	DEPTH_MAX = 1024,
	LINKS_MAX = 40,
	TARGET_MAX = 4096,
	WRITTEN_BYTES = 104 /* what libsquashfs keeps of a file */
};
/*
 * Names behind links, for all paths together, and more for each path; a copy of so many
 * bytes is one.
 */
enum { DETOURS_MAX = 4 << 20, DETOURS_EACH = 64, DETOUR_BYTES = 64 };

int tree_init(struct tree *t)
{
	memset(t, 0, sizeof(*t));
	t->table_size = TABLE_FIRST;
	t->table = calloc(t->table_size, sizeof(*t->table));
	t->root.name = "";
	t->root.inode = tree_inode_new(t, S_IFDIR | 0755);
	if (t->root.inode)
		t->root.inode->nlink = 1;
	return t->table && t->root.inode ? 0 : -ENOMEM;
}

bool tree_is_full(const struct tree *t)
{
	return t->bytes > TREE_BYTES_MAX || t->attributes > TREE_ATTRIBUTES_MAX;
}

void tree_count_target(struct tree *t, size_t len)
{
	t->bytes += len;
	t->attributes += len;
}

void tree_done(struct tree *t)
{
	free(t->table);
	arena_done(&t->arena);
}

struct tree_inode *tree_inode_new(struct tree *t, mode_t mode)
{
	struct tree_inode *i = arena_new(&t->arena, struct tree_inode);

	if (!i)
		return NULL;
	t->bytes += sizeof(*i) + (S_ISREG(mode) ? WRITTEN_BYTES : 0);
	i->mode = mode;
	i->xattr_index = UINT32_MAX;
	i->all = t->inodes;
	t->inodes = i;
	return i;
}

static size_t hash_name(const struct tree *t, const struct tree_name *parent,
			const char *name, size_t len)
{
	uint64_t h = (uintptr_t)parent >> 4;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)name[i]) * UINT64_C(0x100000001b3);
	return (h ^ h >> 32) & (t->table_size - 1);
}

static struct tree_name *find(const struct tree *t, const struct tree_name *parent,
			      const char *name, size_t len)
{
	struct tree_name *n = t->table[hash_name(t, parent, name, len)];

	for (; n; n = n->hash)
		if (n->parent == parent && strncmp(n->name, name, len) == 0 &&
		    !n->name[len])
			return n;
	return NULL;
}

static int grow(struct tree *t)
{
	const size_t old_size = t->table_size;
	struct tree_name **old = t->table, **table = calloc(old_size * 4, sizeof(*table));

	if (!table)
		return -ENOMEM;
	t->table = table;
	t->table_size = old_size * 4;
	for (size_t i = 0; i < old_size; i++)
		for (struct tree_name *n = old[i], *next; n; n = next) {
			size_t h = hash_name(t, n->parent, n->name, strlen(n->name));

			next = n->hash;
			n->hash = table[h];
			table[h] = n;
		}
	free(old);
	return 0;
}

static struct tree_name *add(struct tree *t, struct tree_name *parent, const char *name,
			     size_t len)
{
	struct tree_name *n;
	char *copy;
	size_t h;

	if (t->names >= t->table_size * 2 && grow(t) < 0)
		return NULL;
	t->bytes += sizeof(*n) + len + 1 + 2 * sizeof(*t->table);
	n = arena_new(&t->arena, struct tree_name);
	copy = arena_alloc(&t->arena, len + 1);
	if (!n || !copy)
		return NULL;
	memcpy(copy, name, len);
	n->name = copy;
	n->parent = parent;
	h = hash_name(t, parent, name, len);
	n->hash = t->table[h];
	t->table[h] = n;
	n->next = parent->children;
	parent->children = n;
	parent->children_len++;
	t->names++;
	return n;
}

static bool is_dir(const struct tree_name *n)
{
	return n->inode && S_ISDIR(n->inode->mode);
}

int tree_clean(const char *path, char **ret)
{
	char *text = malloc(strlen(path) + 1), *to = text;

	if (!text)
		return -ENOMEM;
	while (*path) {
		const size_t len = strcspn(path, "/");

		if (len == 2 && path[0] == '.' && path[1] == '.') {
			if (to == text) {
				free(text);
				return -EBADMSG;
			}
			while (to > text && *--to != '/')
				;
		} else if (len > 0 && !(len == 1 && *path == '.')) {
			if (to > text)
				*to++ = '/';
			memcpy(to, path, len);
			to += len;
		}
		path += len + (path[len] == '/');
	}
	*to = '\0';
	*ret = text;
	return 0;
}

/* Where a path has led so far. */
struct walk {
	struct tree *t;
	unsigned how;
	struct tree_name *at; /* NULL: nowhere */
	int depth, links;
	const char *wrong;
	char *text; /* that a link was replaced in */
};

static int wrong(struct walk *w, const char *why)
{
	w->wrong = why;
	return -EBADMSG;
}

/*
 * One name down: what is on the way has to be a directory, and is one if it was missing.
 */
static int down(struct walk *w, const char *name, size_t len)
{
	struct tree_name *found;
	struct tree_inode *dir;

	if (len > NAME_BYTES_MAX)
		return wrong(w, "a name of more than 255 bytes");
	if (++w->depth > DEPTH_MAX)
		return wrong(w, "more than 1024 directories deep");
	if (!is_dir(w->at) && !(w->how & TREE_MAKE)) {
		w->at = NULL;
		return 0;
	}
	if (!is_dir(w->at)) {
		if (w->at->inode && !w->at->inode->whiteout)
			return wrong(w, "a part of the path is not a directory");
		dir = tree_inode_new(w->t, S_IFDIR | 0755);
		if (!dir)
			return -ENOMEM;
		tree_put(w->t, w->at, dir);
	}
	if (w->links > 0 && w->how & TREE_MAKE && strncmp(name, ".wh.", 4) == 0)
		return wrong(w, "a name that means a removed file, by a symbolic link");
	found = find(w->t, w->at, name, len);
	if (!found && w->how & TREE_MAKE) {
		found = add(w->t, w->at, name, len);
		if (!found)
			return -ENOMEM;
	}
	w->at = found;
	return 0;
}

static void up(struct walk *w)
{
	if (!w->at->parent)
		return; /* of the root it is the root */
	w->at = w->at->parent;
	w->depth--;
}

/* Go on where the link @w is at leads, and then with @rest. */
static int follow(struct walk *w, const char *rest, const char **ret)
{
	const char *target = w->at->inode->target;
	const size_t len = strlen(target), rest_len = strlen(rest);
	char *text;

	if (++w->links > LINKS_MAX)
		return wrong(w, "too many symbolic links in a path");
	if (len >= TARGET_MAX)
		return wrong(w, "a symbolic link that is too long for Linux to follow");
	text = malloc(len + rest_len + 2);
	if (!text)
		return -ENOMEM;
	w->t->detours += (len + rest_len) / DETOUR_BYTES;
	memcpy(text, target, len);
	text[len] = '/';
	memcpy(text + len + 1, rest, rest_len + 1);
	free(w->text);
	w->text = text;
	*ret = text;
	up(w); /* the directory that the link is in */
	if (*target == '/') {
		w->at = &w->t->root;
		w->depth = 0;
	}
	return 0;
}

static int step(struct walk *w, const char **path)
{
	const char *name = *path;
	const size_t len = strcspn(name, "/");
	int r;

	*path += len + (name[len] == '/');
	if (tree_is_full(w->t))
		return -EOVERFLOW;
	if (w->links > 0 && ++w->t->detours > DETOURS_MAX + DETOURS_EACH * w->t->walks)
		return wrong(w, "symbolic links that lead too far, with those before");
	if (len == 0 || (len == 1 && *name == '.'))
		return 0;
	if (len == 2 && name[0] == '.' && name[1] == '.') {
		up(w);
		return 0;
	}
	r = down(w, name, len);
	if (r == 0 && w->how & TREE_FOLLOW && w->at && w->at->inode &&
	    S_ISLNK(w->at->inode->mode) && name[len] == '/')
		r = follow(w, *path, path);
	return r;
}

int tree_walk(struct tree *t, const char *path, unsigned how, struct tree_name **ret,
	      const char **ret_wrong)
{
	struct walk w = { .t = t, .how = how, .at = &t->root };
	int r = 0;

	t->walks += how & TREE_FOLLOW ? 1 : 0;
	while (r == 0 && w.at && *path)
		r = step(&w, &path);
	free(w.text);
	if (r == 0)
		*ret = w.at;
	else if (r == -EBADMSG)
		*ret_wrong = w.wrong;
	return r;
}

struct tree_name *tree_child(struct tree *t, struct tree_name *parent, const char *name)
{
	const size_t len = strlen(name);
	struct tree_name *n = find(t, parent, name, len);

	return n ? n : add(t, parent, name, len);
}

static void unhash(struct tree *t, const struct tree_name *n)
{
	struct tree_name **at =
		&t->table[hash_name(t, n->parent, n->name, strlen(n->name))];

	while (*at && *at != n)
		at = &(*at)->hash;
	if (*at)
		*at = n->hash;
}

/*
 * All names below @n are gone, for good: what goes back and forth between file and
 * directory is forgotten once. Without recursion: depth is the archive's.
 */
static void forget_below(struct tree *t, struct tree_name *n)
{
	while (n->children) {
		struct tree_name *at = n->children;

		while (at->children)
			at = at->children;
		/* the first of its siblings: unlink it from its directory */
		at->parent->children = at->next;
		at->parent->children_len--;
		t->names--;
		unhash(t, at);
		if (at->inode)
			at->inode->nlink--;
		at->inode = NULL;
	}
}

void tree_forget(struct tree *t, struct tree_name *n, bool below)
{
	forget_below(t, n);
	if (below || !n->inode)
		return;
	n->inode->nlink--;
	n->inode = NULL;
}

void tree_put(struct tree *t, struct tree_name *n, struct tree_inode *inode)
{
	struct tree_inode *old = n->inode;

	inode->nlink++;
	if (old) {
		if (old->whiteout && S_ISDIR(inode->mode))
			inode->opaque = true; /* what is below stays hidden */
		if (S_ISDIR(old->mode) && S_ISDIR(inode->mode))
			inode->opaque |= old->opaque;
		else if (S_ISDIR(old->mode))
			forget_below(t, n);
		old->nlink--;
	}
	n->inode = inode;
}

struct tree_xattr *tree_xattr_find(const struct tree_inode *i, const char *name)
{
	struct tree_xattr *x = i->xattrs;

	while (x && !str_equal(x->name, name))
		x = x->next;
	return x;
}

int tree_xattr_add(struct tree *t, struct tree_inode *i, const char *name,
		   const void *value, size_t len)
{
	struct tree_xattr *x = arena_new(&t->arena, struct tree_xattr);
	char *copy = arena_alloc(&t->arena, len + 1);

	if (!x || !copy)
		return -ENOMEM;
	t->bytes += sizeof(*x) + len + strlen(name);
	t->attributes += sizeof(*x) + len + strlen(name);
	if (tree_is_full(t))
		return -EOVERFLOW;
	memcpy(copy, value, len);
	x->name = arena_strdup(&t->arena, name);
	if (!x->name)
		return -ENOMEM;
	x->value = copy;
	x->len = len;
	x->next = i->xattrs;
	i->xattrs = x;
	return 0;
}

bool tree_xattr_is_foreign(const char *name)
{
	return str_starts_with(name, "trusted.overlay.") ||
	       str_starts_with(name, "user.overlay.") ||
	       str_equal(name, "security.selinux") || str_equal(name, "security.ima") ||
	       str_equal(name, "security.evm") || str_starts_with(name, "system.");
}

/* A whiteout where there is nothing below. */
static bool is_useless(const struct tree_name *n)
{
	return n->inode->whiteout && n->parent && n->parent->inode->covered;
}

/* Whiteouts in @dir that hide nothing; and what follows for its directories. */
static void drop_useless(struct tree *t, struct tree_name *dir)
{
	for (struct tree_name *n = dir->children; n; n = n->next) {
		if (!n->inode)
			continue;
		if (S_ISDIR(n->inode->mode))
			n->inode->covered = dir->inode->covered || n->inode->opaque;
		if (is_useless(n))
			tree_forget(t, n, false);
		else
			dir->inode->hides |= n->inode->whiteout;
	}
}

/*
 * For overlayfs, which takes these for its own and hides them. In a user namespace it
 * reads the names with "user.", by which the server answers, too (fuse-answer.c): stored,
 * they would be seen elsewhere.
 */
static int mark(struct tree *t, struct tree_inode *i, const char *name, const char *value)
{
	return tree_xattr_add(t, i, name, value, strlen(value));
}

int tree_mark(struct tree *t)
{
	int r = 0;

	t->root.inode->covered = t->root.inode->opaque;
	for (struct tree_name *n = &t->root; n && r == 0; n = tree_next(t, n)) {
		struct tree_inode *i = n->inode;

		if (!i || !S_ISDIR(i->mode))
			continue;
		drop_useless(t, n);
		if (i->opaque)
			r = mark(t, i, "trusted.overlay.opaque", "y");
		/*
		 * as if copied up from a directory that is not known: names are compared,
		 * not only listed
		 */
		if (r == 0 && i->hides)
			r = mark(t, i, "trusted.overlay.origin", "");
	}
	return r;
}

int tree_path(const struct tree_name *n, char *buf, size_t size)
{
	size_t at = size - 1;

	buf[at] = '\0';
	for (; n->parent; n = n->parent) {
		const size_t len = strlen(n->name), slash = buf[at] ? 1 : 0;

		if (at < len + slash)
			return -ENAMETOOLONG;
		if (slash)
			buf[--at] = '/';
		at -= len;
		memcpy(buf + at, n->name, len);
	}
	memmove(buf, buf + at, size - at);
	return 0;
}

struct tree_name *tree_next(const struct tree *t, const struct tree_name *n)
{
	if (n->children)
		return n->children;
	while (n != &t->root && !n->next)
		n = n->parent;
	return n == &t->root ? NULL : n->next;
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(struct tree_name *const *)a)->name,
		      (*(struct tree_name *const *)b)->name);
}

/* The children that are something, by name. */
static int sort_one(struct tree_name *n)
{
	struct tree_name **list = malloc((n->children_len + 1) * sizeof(*list));
	size_t len = 0;

	if (!list)
		return -ENOMEM;
	for (struct tree_name *i = n->children; i; i = i->next)
		if (i->inode)
			list[len++] = i;
	qsort(list, len, sizeof(*list), by_name);
	n->children = NULL;
	n->children_len = len;
	while (len > 0) {
		list[--len]->next = n->children;
		n->children = list[len];
	}
	free(list);
	return 0;
}

int tree_sort(struct tree *t)
{
	int r = 0;

	for (struct tree_name *n = &t->root; n && r == 0; n = tree_next(t, n))
		if (n->children)
			r = sort_one(n);
	return r;
}
