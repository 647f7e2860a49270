/* SPDX-License-Identifier: MIT */
/* fuse-dir - directories, read once and kept while there is room; see fuse.h. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuse/fuse.h"

enum { DIRS_MAX_BYTES = 64 << 20, DIR_MAX_BYTES = 1 << 30, MODE_TO_TYPE = 12 };

static int grow(void **array, size_t *size, size_t needed, size_t each)
{
	size_t n = *size ? *size : 32;
	void *p;

	if (needed <= *size)
		return 0;
	while (n < needed)
		n *= 2;
	if (n > DIR_MAX_BYTES / each)
		return -EFBIG;
	p = realloc(*array, n * each);
	if (!p)
		return -ENOMEM;
	*array = p;
	*size = n;
	return 0;
}

static int add_entry(const char *name, size_t len, uint64_t ref, uint32_t number,
		     mode_t mode, void *data)
{
	struct fuse_dir *d = data;
	int r;

	if (!squash_is_name(name, len))
		return 0; /* a damaged layer: the others are shown */
	r = grow((void **)&d->entries, &d->size, d->len + 1, sizeof(*d->entries));
	if (r == 0)
		r = grow((void **)&d->names, &d->names_size, d->names_len + len + 1, 1);
	if (r < 0)
		return r;
	d->entries[d->len++] = (struct fuse_entry){
		.ref = ref,
		.number = number,
		.name = (uint32_t)d->names_len,
		.len = (uint16_t)len,
		.type = (uint16_t)(mode >> MODE_TO_TYPE),
	};
	memcpy(d->names + d->names_len, name, len);
	d->names_len += len;
	d->names[d->names_len++] = '\0';
	return 0;
}

static int by_name(const void *a, const void *b, void *names)
{
	const struct fuse_entry *x = a, *y = b;

	return strcmp((char *)names + x->name, (char *)names + y->name);
}

/*
 * A well-made layer has them sorted; a damaged one may not, or may have a name twice.
 */
static void sort(struct fuse_dir *d)
{
	bool sorted = true;
	size_t n = 0;

	for (size_t i = 1; i < d->len && sorted; i++)
		sorted = by_name(&d->entries[i - 1], &d->entries[i], d->names) < 0;
	if (sorted)
		return;
	qsort_r(d->entries, d->len, sizeof(*d->entries), by_name, d->names);
	for (size_t i = 0; i < d->len; i++)
		if (n == 0 || by_name(&d->entries[n - 1], &d->entries[i], d->names) != 0)
			d->entries[n++] = d->entries[i];
	d->len = n;
}

static struct fuse_dir *free_dir(struct fuse_dir *d)
{
	if (d) {
		free(d->entries);
		free(d->names);
		free(d);
	}
	return NULL;
}

static int load(struct fuse_thread *t, uint64_t node, struct fuse_dir **ret)
{
	struct fuse_dir *d = calloc(1, sizeof(*d));
	const sqfs_inode_generic_t *inode;
	int r = d ? fuse_inode(t, node, &inode) : -ENOMEM;

	if (r == 0)
		r = squash_list(fuse_layer(t->server, node), inode, add_entry, d);
	if (r < 0) {
		(void)free_dir(d); /* returns NULL */
		return r;
	}
	sort(d);
	d->node = node;
	d->bytes = sizeof(*d) + d->size * sizeof(*d->entries) + d->names_size;
	*ret = d;
	return 0;
}

static struct fuse_dir **bucket(struct fuse_dirs *all, uint64_t node)
{
	return &all->buckets[node * 0x9e3779b97f4a7c15ull >> 54];
}

static void unlink_use(struct fuse_dirs *all, struct fuse_dir *d)
{
	*(d->older ? &d->older->newer : &all->oldest) = d->newer;
	*(d->newer ? &d->newer->older : &all->newest) = d->older;
}

static void link_newest(struct fuse_dirs *all, struct fuse_dir *d)
{
	d->older = all->newest;
	d->newer = NULL;
	*(all->newest ? &all->newest->newer : &all->oldest) = d;
	all->newest = d;
}

/* Locked: forget the directories used longest ago, if no thread uses them. */
static void shrink(struct fuse_dirs *all)
{
	struct fuse_dir *next;

	for (struct fuse_dir *d = all->oldest; d && all->bytes > DIRS_MAX_BYTES;
	     d = next) {
		struct fuse_dir **at = bucket(all, d->node);

		next = d->newer;
		if (d->users)
			continue;
		while (*at != d)
			at = &(*at)->next;
		*at = d->next;
		unlink_use(all, d);
		all->bytes -= d->bytes;
		(void)free_dir(d); /* returns NULL */
	}
}

/* Locked. */
static struct fuse_dir *find(struct fuse_dirs *all, uint64_t node)
{
	struct fuse_dir *d = *bucket(all, node);

	while (d && d->node != node)
		d = d->next;
	if (d) {
		d->users++;
		unlink_use(all, d);
		link_newest(all, d);
	}
	return d;
}

int fuse_dir_get(struct fuse_thread *t, uint64_t node, struct fuse_dir **ret)
{
	struct fuse_dirs *all = &t->server->dirs;
	struct fuse_dir *d, *mine;
	int r;

	(void)pthread_mutex_lock(&all->lock);
	d = find(all, node);
	(void)pthread_mutex_unlock(&all->lock);
	if (!d) {
		r = load(t, node, &mine);
		if (r < 0)
			return r;
		(void)pthread_mutex_lock(&all->lock);
		d = find(all, node); /* another thread may have been faster */
		if (!d) {
			d = mine;
			mine = NULL;
			d->users = 1;
			d->next = *bucket(all, node);
			*bucket(all, node) = d;
			link_newest(all, d);
			all->bytes += d->bytes;
			shrink(all);
		}
		(void)pthread_mutex_unlock(&all->lock);
		(void)free_dir(mine); /* returns NULL */
	}
	*ret = d;
	return 0;
}

void fuse_dir_put(struct fuse_thread *t, struct fuse_dir *dir)
{
	(void)pthread_mutex_lock(&t->server->dirs.lock);
	dir->users--;
	(void)pthread_mutex_unlock(&t->server->dirs.lock);
}

const struct fuse_entry *fuse_dir_find(const struct fuse_dir *dir, const char *name)
{
	size_t low = 0, high = dir->len;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const int r = strcmp(name, dir->names + dir->entries[middle].name);

		if (r == 0)
			return &dir->entries[middle];
		if (r < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}
