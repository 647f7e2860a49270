/* SPDX-License-Identifier: MIT */
/* squash-tree - see squash-tree.h. */
#include "squash/squash-tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <sqfs/inode.h>

#include "base/str.h"
#include "squash/squash-content.h"

enum {
	DEPTH_MAX = 1024,
	LINK_BUCKETS = 1 << 12,
	XATTRS_MAX = 256,
	TELL_CALLS = 64,
	TELL_BYTES = 4 << 20,
	KEPT_BYTES = 1 << 20 /* of blocks that were unpacked */
};
/* A table by inode number is made from what the image says. */
#define INODES_MAX ((uint32_t)1 << 26)

struct link { /* an inode with more than one name */
	uint32_t number;
	struct tree_inode *inode;
	struct link *next;
};

struct pending { /* a directory whose names are still to be read */
	struct tree_name *name;
	sqfs_inode_generic_t *inode;
	unsigned depth;
	struct pending *next;
};

struct squash_reader {
	struct err *e;
	const char *what;
	bool merge;
	struct tree tree;
	struct squash *layers;
	size_t len;
	struct squash_work work;
	struct squash_blocks blocks;
	squash_progress_fn *progress;
	void *progress_data;
	uint64_t told, done; /* bytes */
	unsigned calls;

	/* of the layer that is being read */
	struct link **links;
	unsigned char *seen; /* directories by inode number: a bit each */
	struct pending *pending;
};

static int damaged(struct squash_reader *s, const char *why)
{
	return err_say(s->e, -EBADMSG, "%s: damaged squashfs image: %s", s->what, why);
}

static int no_memory(struct squash_reader *s)
{
	return err_set(s->e, -ENOMEM, "%s", s->what);
}

/* A message for what the reader of a layer returned; 0 is none. */
static int check(struct squash_reader *s, int r, const char *what)
{
	if (r == -EBADMSG)
		return damaged(s, what);
	if (r == -ENOMEM)
		return no_memory(s);
	return r < 0 ? err_set(s->e, r, "%s: reading a layer", s->what) : 0;
}

struct reading { /* of what a directory or an inode has several */
	struct squash_reader *s;
	struct squash *layer;
	struct tree_inode *inode; /* has attributes */
	unsigned attributes;
	struct pending *dir; /* has names */
	int r;               /* what ended it, with a message */
};

static int read_xattr(const char *name, const void *value, size_t len, void *data)
{
	struct reading *d = data;
	struct squash_reader *s = d->s;
	struct tree_inode *i = d->inode;

	if (++d->attributes > XATTRS_MAX)
		d->r = damaged(s, "more extended attributes than Linux takes");
	if ((str_equal(name, "trusted.overlay.opaque") ||
	     str_equal(name, "user.overlay.opaque")) &&
	    len == 1 && *(const char *)value == 'y')
		i->opaque = true;
	if (d->r == 0 && !tree_xattr_is_foreign(name) && !tree_xattr_find(i, name)) {
		d->r = tree_xattr_add(&s->tree, i, name, value, len);
		if (d->r < 0)
			(void)err_set(s->e, d->r, "%s: extended attributes", s->what);
	}
	return d->r < 0;
}

static int read_xattrs(struct squash_reader *s, struct squash *l,
		       const sqfs_inode_generic_t *g, struct tree_inode *i)
{
	struct reading d = { .s = s, .inode = i };
	int r = squash_xattrs(l, g, read_xattr, &d);

	return r < 0 ? check(s, r, "extended attributes") : d.r;
}

static int read_target(struct squash_reader *s, const sqfs_inode_generic_t *g,
		       const struct stat *st, struct tree_inode *i)
{
	const char *from;
	char *target;
	size_t len;

	if (squash_link(g, &from, &len) < 0 || len == 0 || (off_t)len != st->st_size)
		return damaged(s, "a symbolic link");
	target = arena_alloc(&s->tree.arena, len + 1);
	if (!target)
		return no_memory(s);
	i->target = memcpy(target, from, len); /* the arena's memory is zeros */
	tree_count_target(&s->tree, len);
	return 0;
}

/* A new inode of the tree; @g is not taken. */
static int read_inode(struct squash_reader *s, struct squash *l,
		      const sqfs_inode_generic_t *g, const struct stat *st,
		      struct tree_inode **ret)
{
	struct tree_inode *i = tree_inode_new(&s->tree, st->st_mode);
	int r;

	if (!i)
		return no_memory(s);
	i->uid = st->st_uid;
	i->gid = st->st_gid;
	i->mtime = (uint32_t)st->st_mtime;
	i->layer = (uint32_t)(l - s->layers);
	if (S_ISCHR(i->mode) || S_ISBLK(i->mode)) {
		i->major = major(st->st_rdev);
		i->minor = minor(st->st_rdev);
		i->whiteout = S_ISCHR(i->mode) && st->st_rdev == 0;
	}
	r = S_ISLNK(i->mode) ? read_target(s, g, st, i) : 0;
	if (r == 0)
		r = read_xattrs(s, l, g, i);
	if (r == 0)
		*ret = i;
	return r;
}

/*
 * The inode of an entry: one that was met under another name, or a new one, which may
 * take @g.
 */
static int find_inode(struct squash_reader *s, struct squash *l, sqfs_inode_generic_t **g,
		      struct tree_inode **ret)
{
	const uint32_t number = (*g)->base.inode_number;
	struct link **bucket = &s->links[number % LINK_BUCKETS], *at = *bucket;
	struct stat st;
	bool shared;
	int r = check(s, squash_stat(l, *g, &st), "an owner");

	if (r < 0)
		return r;
	shared = st.st_nlink > 1 && !S_ISDIR(st.st_mode);
	while (shared && at && at->number != number)
		at = at->next;
	if (shared && at) {
		*ret = at->inode;
		return 0;
	}
	r = read_inode(s, l, *g, &st, ret);
	if (r < 0)
		return r;
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): read_inode() gave one */
	if (S_ISREG((*ret)->mode)) {
		(*ret)->written = *g;
		*g = NULL;
	}
	if (!shared)
		return 0;
	at = arena_new(&s->tree.arena, struct link);
	if (!at)
		return no_memory(s);
	*at = (struct link){ .number = number, .inode = *ret, .next = *bucket };
	*bucket = at;
	return 0;
}

static int add_pending(struct squash_reader *s, const struct squash *l,
		       struct tree_name *n, sqfs_inode_generic_t **g, unsigned depth)
{
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): only files are taken */
	const uint32_t number = (*g)->base.inode_number;
	struct pending *p;

	if (number > l->super.inode_count || s->seen[number / 8] & 1u << number % 8)
		return damaged(s, "a directory in two places");
	if (depth > DEPTH_MAX)
		return damaged(s, "more than 1024 directories deep");
	s->seen[number / 8] |= (unsigned char)(1u << number % 8);
	p = malloc(sizeof(*p));
	if (!p)
		return no_memory(s);
	*p = (struct pending){
		.name = n, .inode = *g, .depth = depth, .next = s->pending
	};
	s->pending = p;
	*g = NULL;
	return 0;
}

/* Lay @i over what lower layers have at @n. */
static void put(struct squash_reader *s, struct tree_name *n, struct tree_inode *i)
{
	if (s->merge && i->whiteout) {
		tree_forget(&s->tree, n, false); /* of nothing: harmless */
		return;
	}
	if (s->merge && i->opaque) {
		tree_forget(&s->tree, n, true);
		i->opaque = false;
	}
	tree_put(&s->tree, n, i);
}

static int read_named(struct squash_reader *s, struct squash *l, struct pending *dir,
		      const char *name, uint64_t ref)
{
	sqfs_inode_generic_t *g = NULL;
	struct tree_inode *i;
	struct tree_name *n;
	int r = check(s, squash_inode(l, ref, &g), "an inode");

	if (r < 0)
		return r;
	r = find_inode(s, l, &g, &i);
	if (r == 0) {
		n = tree_child(&s->tree, dir->name, name);
		r = n ? 0 : no_memory(s);
	}
	if (r == 0)
		put(s, n, i);
	if (r == 0 && S_ISDIR(i->mode))
		r = add_pending(s, l, n, &g, dir->depth + 1);
	sqfs_free(g);
	return r;
}

static int read_entry(const char *name, size_t len, uint64_t ref, uint32_t number,
		      mode_t mode, void *data)
{
	struct reading *d = data;
	struct squash_reader *s = d->s;

	(void)number, (void)mode; /* the inode has both */
	if (!squash_is_name(name, len))
		d->r = damaged(s, "a name that no file has");
	else if (tree_is_full(&s->tree))
		d->r = err_say(s->e, -EOVERFLOW, "%s: more names than fit into memory",
			       s->what);
	else
		d->r = read_named(s, d->layer, d->dir, name, ref);
	return d->r < 0;
}

static int read_dir(struct squash_reader *s, struct squash *l, struct pending *dir)
{
	struct reading d = { .s = s, .layer = l, .dir = dir };
	int r = squash_list(l, dir->inode, read_entry, &d);

	return r < 0 ? check(s, r, "a directory") : d.r;
}

static struct pending *drop_pending(struct pending *p)
{
	struct pending *next = p->next;

	sqfs_free(p->inode);
	free(p);
	return next;
}

/*
 * A layer whose archive had no entry for the root says nothing of it; tree_init() does.
 * Run, it is taken in the same way (mount/like-step.c).
 */
static bool says_nothing(const struct squash_reader *s, const struct squash *l,
			 const struct tree_inode *i)
{
	return s->merge && l > s->layers && (i->mode & 07777) == 0755 && i->mtime == 0;
}

static int read_root(struct squash_reader *s, struct squash *l)
{
	sqfs_inode_generic_t *g = NULL;
	struct tree_inode *i = NULL;
	struct stat st;
	int r = check(s, squash_inode(l, squash_root(l), &g), "its root");

	if (r == 0)
		r = check(s, squash_stat(l, g, &st), "an owner");
	if (r == 0)
		r = read_inode(s, l, g, &st, &i);
	if (r == 0 && !S_ISDIR(i->mode))
		r = damaged(s, "its root is not a directory");
	if (r == 0) {
		if (!says_nothing(s, l, i))
			put(s, &s->tree.root, i);
		else if (i->opaque)
			tree_forget(&s->tree, &s->tree.root, true);
		r = add_pending(s, l, &s->tree.root, &g, 0);
	}
	sqfs_free(g);
	return r;
}

static int read_layer(struct squash_reader *s, struct squash *l)
{
	int r;

	if (l->super.inode_count > INODES_MAX)
		return damaged(s, "shorter than it says");
	s->links = calloc(LINK_BUCKETS, sizeof(struct link *));
	s->seen = calloc(l->super.inode_count / 8 + 1, 1);
	r = s->links && s->seen ? read_root(s, l) : no_memory(s);
	while (r == 0 && s->pending) {
		struct pending *p = s->pending;

		s->pending = p->next;
		r = read_dir(s, l, p);
		(void)drop_pending(p);
	}
	while (s->pending)
		s->pending = drop_pending(s->pending);
	free(s->links);
	free(s->seen);
	s->links = NULL;
	s->seen = NULL;
	return r;
}

static int read_layers(struct squash_reader *s, const int *layers, size_t len)
{
	size_t largest = 1;
	int r = 0;

	s->layers = calloc(len + 1, sizeof(*s->layers));
	if (!s->layers || tree_init(&s->tree) < 0)
		return no_memory(s);
	while (r == 0 && s->len < len) {
		struct squash *l = &s->layers[s->len];

		r = squash_open(l, layers[s->len], s->what, s->e);
		if (r < 0)
			break;
		s->len++;
		if (l->super.block_size > largest)
			largest = l->super.block_size;
		r = read_layer(s, l);
	}
	squash_blocks_init(&s->blocks, largest, KEPT_BYTES);
	return r == 0 && tree_sort(&s->tree) < 0 ? no_memory(s) : r;
}

int squash_reader_open(struct err *e, const char *what, const int *layers, size_t len,
		       bool merge, struct squash_reader **ret)
{
	struct squash_reader *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_set(e, -ENOMEM, "%s", what);
	s->e = e;
	s->what = what;
	s->merge = merge;
	r = read_layers(s, layers, len);
	if (r < 0) {
		squash_reader_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

struct squash_reader *squash_reader_close(struct squash_reader *s)
{
	if (!s)
		return NULL;
	squash_work_done(&s->work);
	squash_blocks_done(&s->blocks);
	for (size_t n = 0; n < s->len; n++)
		squash_close(&s->layers[n]);
	for (struct tree_inode *i = s->tree.inodes; i; i = i->all)
		if (i->written)
			sqfs_free(i->written);
	tree_done(&s->tree);
	free(s->layers);
	free(s);
	return NULL;
}

struct tree *squash_reader_tree(struct squash_reader *s)
{
	return &s->tree;
}

void squash_reader_watch(struct squash_reader *s, squash_progress_fn *progress,
			 void *data)
{
	s->progress = progress;
	s->progress_data = data;
}

int squash_reader_tell(struct squash_reader *s, uint64_t bytes)
{
	s->done += bytes;
	if (!s->progress ||
	    (++s->calls % TELL_CALLS != 0 && s->done - s->told < TELL_BYTES))
		return 0;
	s->told = s->done;
	return s->progress(s->done, s->progress_data) ? -ECANCELED : 0;
}

int squash_reader_look(void *reader)
{
	const struct squash_reader *s = reader;

	return s->progress && s->progress(s->done, s->progress_data) ? -ECANCELED : 0;
}

uint64_t squash_reader_size(const struct tree_inode *i)
{
	return i->written ? squash_size(i->written) : 0;
}

uint64_t squash_reader_hole(const struct squash_reader *s, const struct tree_inode *i,
			    uint64_t offset)
{
	const uint64_t size = squash_reader_size(i);
	const int64_t data = squash_seek(&s->layers[i->layer], i->written, offset, false);

	if (data == -ENXIO)
		return offset < size ? size - offset : 0;
	return data < 0 ? 0 : (uint64_t)data - offset; /* reading it says what is wrong */
}

ssize_t squash_reader_content(struct squash_reader *s, const struct tree_inode *i,
			      uint64_t offset, void *buf, size_t len)
{
	const ssize_t n = squash_content(&s->layers[i->layer], &s->work, &s->blocks,
					 i->written, offset, buf, len);

	return n < 0 ? check(s, (int)n, "the content of a file") : n;
}
