/* SPDX-License-Identifier: MIT */
/* tree - see tree.h. */
#include "image/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { TABLE_FIRST = 1 << 12, NAME_BYTES_MAX = 255, DEPTH_MAX = 1024 };

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
	i->mode = mode;
	i->xattr_index = UINT32_MAX;
	i->all = t->inodes;
	t->inodes = i;
	return i;
}

static size_t hash_name(const struct tree *t, const struct tree_name *parent, const char *name,
			size_t len)
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
		if (n->parent == parent && strncmp(n->name, name, len) == 0 && !n->name[len])
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

/* One name down: what is on the way has to be a directory, and is one if it was missing. */
static int step(struct tree *t, struct tree_name *at, const char *name, size_t len, bool make,
		struct tree_name **ret, const char **ret_wrong)
{
	struct tree_inode *dir;

	if (!is_dir(at)) {
		if (at->inode && !at->inode->whiteout) {
			*ret_wrong = "a part of the path is not a directory";
			return -EBADMSG;
		}
		dir = tree_inode_new(t, S_IFDIR | 0755);
		if (!dir)
			return -ENOMEM;
		tree_put(t, at, dir);
	}
	*ret = find(t, at, name, len);
	if (!*ret && make)
		*ret = add(t, at, name, len);
	return *ret || !make ? 0 : -ENOMEM;
}

int tree_walk(struct tree *t, const char *path, bool make, struct tree_name **ret,
	      const char **ret_wrong)
{
	struct tree_name *at = &t->root;
	int depth = 0, r;

	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && path[0] == '.' && path[1] == '.') {
			*ret_wrong = "\"..\" in a path";
			return -EBADMSG;
		}
		if (len > NAME_BYTES_MAX) {
			*ret_wrong = "a name of more than 255 bytes";
			return -EBADMSG;
		}
		if (len > 0 && !(len == 1 && *path == '.')) {
			if (++depth > DEPTH_MAX) {
				*ret_wrong = "more than 1024 directories deep";
				return -EBADMSG;
			}
			if (!make && !is_dir(at)) {
				*ret = NULL;
				return 0;
			}
			r = step(t, at, path, len, make, &at, ret_wrong);
			if (r < 0)
				return r;
			if (!at)
				break;
		}
		path += len + (path[len] == '/');
	}
	*ret = at;
	return 0;
}

/* All names below @n are gone. Without recursion: depth is the archive's. */
static void forget_below(struct tree_name *n)
{
	struct tree_name *at = n->children;

	while (at) {
		struct tree_name *next;

		if (at->inode)
			at->inode->nlink--;
		at->inode = NULL;
		if (at->children) {
			at = at->children;
			continue;
		}
		while (at != n && !at->next)
			at = at->parent;
		next = at == n ? NULL : at->next;
		at = next;
	}
}

void tree_put(struct tree *t, struct tree_name *n, struct tree_inode *inode)
{
	struct tree_inode *old = n->inode;

	(void)t;
	inode->nlink++;
	if (old) {
		if (old->whiteout && S_ISDIR(inode->mode))
			inode->opaque = true; /* what is below stays hidden */
		if (S_ISDIR(old->mode) && S_ISDIR(inode->mode))
			inode->opaque |= old->opaque;
		else if (S_ISDIR(old->mode))
			forget_below(n);
		old->nlink--;
	}
	n->inode = inode;
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(struct tree_name *const *)a)->name, (*(struct tree_name *const *)b)->name);
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
	struct tree_name *at = &t->root;
	int r = sort_one(at);

	while (r == 0 && at) {
		if (at->children) {
			at = at->children;
		} else {
			while (at != &t->root && !at->next)
				at = at->parent;
			at = at == &t->root ? NULL : at->next;
		}
		if (at && at->children)
			r = sort_one(at);
	}
	return r;
}
