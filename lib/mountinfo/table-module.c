/* SPDX-License-Identifier: MIT */
/*
 * table-module - see table.h. The module "mounts": libmount reads the table
 * (table-read.h), and this file decides what of it can be seen.
 *
 * A path alone does not name a mount: several may have the same one, and a directory
 * hidden by a later mount keeps its mounts. So visibility follows the mounts' own tree
 * (the ids and parents of proc_pid_mountinfo(5)): among the mounts on one parent, one at
 * or above another's place hides it; what hangs on a hidden mount is hidden; and a mount
 * with another on its own root cannot be seen although it holds that other one.
 */
#include "mountinfo/table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "mountinfo/table-read.h"

static const char table_path[] = "/proc/thread-self/mountinfo";

enum reach { REACH_UNKNOWN, REACH_NO, REACH_YES };

struct node {
	int id, parent_id;
	size_t index; /* place in the table: later ones are newer */
	const char *path, *fstype;
	struct node *parent; /* NULL: outside the table, or the root */
	bool hidden;         /* by another mount on the same parent */
	bool covered;        /* by a mount on its own root */
	enum reach reach;
};

__attribute__((visibility("default"))) mount_table_fn mount_table;

/* As strcmp(3), but "/" sorts before everything, so that a tree stays together. */
static int path_compare(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	if (*a == *b)
		return 0;
	if (!*a || !*b)
		return *a ? 1 : -1;
	if (*a == '/' || *b == '/')
		return *a == '/' ? -1 : 1;
	return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
}

/* @path is strictly below @dir. */
static bool path_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	if (len == 1)
		return path[1] != '\0';
	return strncmp(path, dir, len) == 0 && path[len] == '/';
}

static int compare_siblings(const void *pa, const void *pb)
{
	const struct node *a = pa, *b = pb;
	int r;

	if (a->parent_id != b->parent_id)
		return a->parent_id < b->parent_id ? -1 : 1;
	r = path_compare(a->path, b->path);
	if (r != 0)
		return r;
	return a->index > b->index ? -1 : 1; /* the newer hides the older */
}

static int compare_ids(const void *pa, const void *pb)
{
	const struct node *const *a = pa, *const *b = pb;

	return ((*a)->id > (*b)->id) - ((*a)->id < (*b)->id);
}

static int compare_results(const void *pa, const void *pb)
{
	const struct submount *a = pa, *b = pb;

	return path_compare(a->path, b->path);
}

/* Fill @ret_nodes, to be freed; their strings belong to @entries. */
static int make_nodes(const struct table_entry *entries, size_t size,
		      struct node **ret_nodes, size_t *ret_len)
{
	struct node *nodes = calloc(size + 1, sizeof(*nodes));
	size_t len = 0;

	if (!nodes)
		return -ENOMEM;
	for (size_t i = 0; i < size; i++) {
		const struct table_entry *e = &entries[i];

		if (e->path[0] != '/')
			continue;
		nodes[len] = (struct node){ .id = e->id,
					    .parent_id = e->parent_id,
					    .path = e->path,
					    .fstype = e->fstype,
					    .index = len };
		len++;
	}
	*ret_nodes = nodes;
	*ret_len = len;
	return 0;
}

/* Nodes sorted by compare_siblings(): what hides others comes right before them. */
static void mark_hidden(struct node *nodes, size_t len)
{
	const struct node *top = NULL;

	for (size_t i = 0; i < len; i++) {
		struct node *n = &nodes[i];

		n->hidden =
			top && top->parent_id == n->parent_id &&
			(str_equal(top->path, n->path) || path_below(n->path, top->path));
		if (!n->hidden)
			top = n;
	}
}

static int link_parents(struct node *nodes, size_t len)
{
	cleanup_free struct node **by_id = calloc(len + 1, sizeof(struct node *));

	if (!by_id)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++)
		by_id[i] = &nodes[i];
	qsort(by_id, len, sizeof(*by_id), compare_ids);
	for (size_t i = 0; i < len; i++) {
		const struct node key = { .id = nodes[i].parent_id }, *k = &key;
		struct node **found =
			bsearch(&k, by_id, len, sizeof(*by_id), compare_ids);

		if (!found || *found == &nodes[i])
			continue;
		nodes[i].parent = *found;
		if (str_equal((*found)->path, nodes[i].path))
			(*found)->covered = true;
	}
	return 0;
}

/* Whether the way from the root to the mount's place is free. Not recursive: mounts may
 * be nested thousands deep. */
static bool reachable(struct node *node, size_t limit)
{
	enum reach reach = REACH_YES;
	size_t steps = 0;

	for (struct node *n = node; n; n = n->parent) {
		if (n->reach != REACH_UNKNOWN) {
			reach = n->reach;
			break;
		}
		if (n->hidden || ++steps > limit) {
			reach = REACH_NO;
			break;
		}
	}
	for (struct node *n = node; n && n->reach == REACH_UNKNOWN; n = n->parent) {
		n->reach = reach;
		if (n->hidden)
			break; /* nothing is known of what is above */
	}
	return reach == REACH_YES;
}

/*
 * Add @n to @list unless its place is gone. libmount takes " (deleted)" for the kernel's
 * remark even where it is a part of the name.
 */
static int append(const struct node *n, struct arena *a, struct submount *list,
		  size_t *len)
{
	const char *path = arena_strdup(a, n->path);
	const char *fstype = arena_strdup(a, n->fstype);
	bool directory = true, out_of_reach = false;

	/* looking at an automount point would mount it; it is always a directory */
	if (path && !str_equal(n->fstype, "autofs")) {
		const int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
		cleanup_close int fd = open(path, flags);

		if (fd < 0 && errno == ENOENT) {
			path = arena_printf(a, "%s (deleted)", n->path);
			fd = path ? open(path, flags) : -1;
		}
		out_of_reach = fd < 0 && errno == EACCES;
		if (fd < 0 && path && errno != ENOTDIR && !out_of_reach)
			return 0;
		directory = fd >= 0 || out_of_reach;
	}
	if (!path || !fstype)
		return -ENOMEM;
	list[(*len)++] = (struct submount){ path, fstype, directory, out_of_reach };
	return 0;
}

static int collect(struct node *nodes, size_t len, const char *root, struct arena *a,
		   struct submount **ret, size_t *ret_len)
{
	struct submount *list;
	size_t found = 0;
	int r;

	qsort(nodes, len, sizeof(*nodes), compare_siblings);
	mark_hidden(nodes, len);
	r = link_parents(nodes, len);
	if (r < 0)
		return r;
	list = arena_alloc(a, (len + 1) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++) {
		struct node *n = &nodes[i];

		if (!path_below(n->path, root) || n->covered || !reachable(n, len))
			continue;
		r = append(n, a, list, &found);
		if (r < 0)
			return r;
	}
	qsort(list, found, sizeof(*list), compare_results);
	*ret = list;
	*ret_len = found;
	return 0;
}

int mount_table(const char *root, struct arena *a, struct submount **ret, size_t *ret_len,
		struct err *e)
{
	cleanup_free struct node *nodes = NULL;
	struct table_entry *entries = NULL;
	struct arena texts = { 0 };
	size_t len = 0;
	int r = table_read(table_path, &texts, &entries, &len);

	if (r == 0)
		r = make_nodes(entries, len, &nodes, &len);
	if (r == 0)
		r = collect(nodes, len, root, a, ret, ret_len);
	arena_done(&texts);
	return r < 0 ? err_set(e, r, "%s", table_path) : 0;
}
