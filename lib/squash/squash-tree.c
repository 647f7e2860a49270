/* SPDX-License-Identifier: MIT */
/* squash-tree - see squash-tree.h. */
#include "squash/squash-tree.h"

#include <errno.h>
#include <sqfs/block.h>
#include <sqfs/compressor.h>
#include <sqfs/data_reader.h>
#include <sqfs/dir.h>
#include <sqfs/dir_reader.h>
#include <sqfs/error.h>
#include <sqfs/id_table.h>
#include <sqfs/inode.h>
#include <sqfs/io.h>
#include <sqfs/super.h>
#include <sqfs/xattr.h>
#include <sqfs/xattr_reader.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

enum {
	DEPTH_MAX = 1024,
	LINK_BUCKETS = 1 << 12,
	XATTRS_MAX = 256,
	TELL_CALLS = 64,
	TELL_BYTES = 4 << 20
};
/* A table by inode number is made from what the image says. */
#define INODES_MAX ((uint32_t)1 << 26)

struct in_file {
	sqfs_file_t file;
	int fd;
	sqfs_u64 size;
	int error; /* -errno of the last failure */
};

struct link { /* an inode with more than one name */
	uint32_t number;
	struct tree_inode *inode;
	struct link *next;
};

struct layer {
	struct in_file in;
	sqfs_super_t super;
	sqfs_compressor_t *compressor;
	sqfs_dir_reader_t *dirs;
	sqfs_data_reader_t *data;
	sqfs_id_table_t *ids;
	sqfs_xattr_reader_t *xattrs;
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
	struct layer *layers;
	size_t len;
	squash_progress_fn *progress;
	void *progress_data;
	uint64_t told, done; /* bytes */
	unsigned calls;

	/* of the layer that is being read */
	struct link **links;
	unsigned char *seen; /* directories by inode number: a bit each */
	struct pending *pending;
};

static int in_read(sqfs_file_t *file, sqfs_u64 offset, void *buf, size_t len)
{
	struct in_file *in = (struct in_file *)file;
	char *p = buf;

	while (len > 0) {
		ssize_t n = offset > INT64_MAX ? 0 : pread(in->fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			in->error = -errno;
			return SQFS_ERROR_IO;
		}
		if (n == 0)
			return SQFS_ERROR_OUT_OF_BOUNDS;
		p += n;
		len -= (size_t)n;
		offset += (sqfs_u64)n;
	}
	return 0;
}

static int in_write(sqfs_file_t *file, sqfs_u64 offset, const void *buf, size_t len)
{
	(void)file, (void)offset, (void)buf, (void)len; /* never called by a reader */
	return SQFS_ERROR_UNSUPPORTED;
}

static sqfs_u64 in_size(const sqfs_file_t *file)
{
	return ((const struct in_file *)file)->size;
}

static int in_truncate(sqfs_file_t *file, sqfs_u64 size)
{
	(void)file, (void)size; /* as above */
	return SQFS_ERROR_UNSUPPORTED;
}

static void in_destroy(sqfs_object_t *o)
{
	(void)o; /* part of the layer */
}

static int damaged(struct squash_reader *s, const char *why)
{
	return err_say(s->e, -EBADMSG, "%s: damaged squashfs image: %s", s->what, why);
}

static int no_memory(struct squash_reader *s)
{
	return err_set(s->e, -ENOMEM, "%s", s->what);
}

/* 0, or what libsquashfs's @r means, with a message. */
static int check(struct squash_reader *s, const struct layer *l, int r)
{
	if (r >= 0)
		return 0;
	if (r == SQFS_ERROR_ALLOC)
		return no_memory(s);
	if (r == SQFS_ERROR_IO && l->in.error)
		return err_set(s->e, l->in.error, "%s: reading a layer", s->what);
	return err_say(s->e, -EBADMSG, "%s: damaged squashfs image (libsquashfs: %d)",
		       s->what, r);
}

static int open_tables(struct layer *l)
{
	const bool no_xattrs = l->super.flags & SQFS_FLAG_NO_XATTRS ||
			       l->super.xattr_id_table_start == UINT64_MAX;
	int r;

	l->dirs = sqfs_dir_reader_create(&l->super, l->compressor, &l->in.file, 0);
	l->data = sqfs_data_reader_create(&l->in.file, l->super.block_size, l->compressor,
					  0);
	l->ids = sqfs_id_table_create(0);
	if (!l->dirs || !l->data || !l->ids)
		return SQFS_ERROR_ALLOC;
	r = sqfs_id_table_read(l->ids, &l->in.file, &l->super, l->compressor);
	if (r == 0)
		r = sqfs_data_reader_load_fragment_table(l->data, &l->super);
	if (r < 0 || no_xattrs)
		return r;
	l->xattrs = sqfs_xattr_reader_create(0);
	if (!l->xattrs)
		return SQFS_ERROR_ALLOC;
	return sqfs_xattr_reader_load(l->xattrs, &l->super, &l->in.file, l->compressor);
}

static int open_layer(struct squash_reader *s, struct layer *l, int fd)
{
	sqfs_compressor_config_t config;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return err_set(s->e, -errno, "%s", s->what);
	l->in = (struct in_file){ .file = { .base = { .destroy = in_destroy },
					    .read_at = in_read,
					    .write_at = in_write,
					    .get_size = in_size,
					    .truncate = in_truncate },
				  .fd = fd,
				  .size = (sqfs_u64)st.st_size };
	r = sqfs_super_read(&l->super, &l->in.file);
	if (r == 0 &&
	    (l->super.inode_count > INODES_MAX || l->super.bytes_used > l->in.size))
		return damaged(s, "shorter than it says");
	if (r == 0)
		r = sqfs_compressor_config_init(&config, l->super.compression_id,
						l->super.block_size,
						SQFS_COMP_FLAG_UNCOMPRESS);
	if (r == 0)
		r = sqfs_compressor_create(&config, &l->compressor);
	if (r == 0 && l->super.flags & SQFS_FLAG_COMPRESSOR_OPTIONS)
		r = l->compressor->read_options(l->compressor, &l->in.file);
	if (r == 0)
		r = open_tables(l);
	return check(s, l, r);
}

static int read_xattr(struct squash_reader *s, struct layer *l, struct tree_inode *i)
{
	sqfs_xattr_entry_t *key = NULL;
	sqfs_xattr_value_t *value = NULL;
	const char *name;
	int r = check(s, l, sqfs_xattr_reader_read_key(l->xattrs, &key));

	if (r == 0)
		r = check(s, l, sqfs_xattr_reader_read_value(l->xattrs, key, &value));
	if (r == 0) {
		name = (const char *)key->key;
		if ((str_equal(name, "trusted.overlay.opaque") ||
		     str_equal(name, "user.overlay.opaque")) &&
		    value->size == 1 && value->value[0] == 'y')
			i->opaque = true;
		if (!tree_xattr_is_foreign(name) && !tree_xattr_find(i, name))
			r = tree_xattr_add(&s->tree, i, name, value->value, value->size);
		if (r < 0)
			r = err_set(s->e, r, "%s: extended attributes", s->what);
	}
	sqfs_free(key);
	sqfs_free(value);
	return r;
}

static int read_xattrs(struct squash_reader *s, struct layer *l,
		       const sqfs_inode_generic_t *g, struct tree_inode *i)
{
	sqfs_xattr_id_t id;
	sqfs_u32 index;
	int r = check(s, l, sqfs_inode_get_xattr_index(g, &index));

	if (r < 0 || index == UINT32_MAX || !l->xattrs)
		return r;
	r = check(s, l, sqfs_xattr_reader_get_desc(l->xattrs, index, &id));
	if (r == 0 && id.count > XATTRS_MAX)
		return damaged(s, "more extended attributes than Linux takes");
	if (r == 0)
		r = check(s, l, sqfs_xattr_reader_seek_kv(l->xattrs, &id));
	for (unsigned n = 0; r == 0 && n < id.count; n++)
		r = read_xattr(s, l, i);
	return r;
}

static uint32_t links_of(const sqfs_inode_generic_t *g)
{
	switch (g->base.type) {
	case SQFS_INODE_EXT_FILE:
		return g->data.file_ext.nlink;
	case SQFS_INODE_SLINK:
	case SQFS_INODE_EXT_SLINK:
		return g->data.slink.nlink;
	case SQFS_INODE_BDEV:
	case SQFS_INODE_CDEV:
	case SQFS_INODE_EXT_BDEV:
	case SQFS_INODE_EXT_CDEV:
		return g->data.dev.nlink;
	case SQFS_INODE_FIFO:
	case SQFS_INODE_SOCKET:
	case SQFS_INODE_EXT_FIFO:
	case SQFS_INODE_EXT_SOCKET:
		return g->data.ipc.nlink;
	default:
		return 1;
	}
}

static uint32_t device_of(const sqfs_inode_generic_t *g)
{
	return g->base.type == SQFS_INODE_BDEV || g->base.type == SQFS_INODE_CDEV
		       ? g->data.dev.devno
		       : g->data.dev_ext.devno;
}

static int read_kind(struct squash_reader *s, const sqfs_inode_generic_t *g,
		     struct tree_inode *i)
{
	uint32_t dev;
	char *target;
	size_t len;

	switch (i->mode & S_IFMT) {
	case S_IFLNK:
		len = g->data.slink.target_size;
		target = arena_alloc(&s->tree.arena, len + 1);
		if (!target)
			return no_memory(s);
		memcpy(target, g->extra, len);
		i->target = target;
		tree_count_target(&s->tree, len);
		return len > 0 && strlen(target) == len ? 0
							: damaged(s, "a symbolic link");
	case S_IFCHR:
	case S_IFBLK:
		dev = device_of(g);
		i->major = dev >> 8 & 0xfff;
		i->minor = (dev & 0xff) | (dev >> 12 & 0xfff00);
		i->whiteout = S_ISCHR(i->mode) && dev == 0;
		return 0;
	case S_IFREG:
	case S_IFDIR:
	case S_IFIFO:
	case S_IFSOCK:
		return 0;
	default:
		return damaged(s, "a file of no kind");
	}
}

/* A new inode of the tree; @g is not taken. */
static int read_inode(struct squash_reader *s, struct layer *l,
		      const sqfs_inode_generic_t *g, struct tree_inode **ret)
{
	static const mode_t kinds[] = {
		[SQFS_INODE_DIR] = S_IFDIR,    [SQFS_INODE_FILE] = S_IFREG,
		[SQFS_INODE_SLINK] = S_IFLNK,  [SQFS_INODE_BDEV] = S_IFBLK,
		[SQFS_INODE_CDEV] = S_IFCHR,   [SQFS_INODE_FIFO] = S_IFIFO,
		[SQFS_INODE_SOCKET] = S_IFSOCK
	};
	const unsigned type = g->base.type > 7 ? g->base.type - 7u : g->base.type;
	struct tree_inode *i;
	int r;

	if (type < 1 || type > 7)
		return damaged(s, "a file of no kind");
	i = tree_inode_new(&s->tree, kinds[type] | (g->base.mode & 07777));
	if (!i)
		return no_memory(s);
	i->mtime = g->base.mod_time;
	i->layer = (uint32_t)(l - s->layers);
	r = check(s, l, sqfs_id_table_index_to_id(l->ids, g->base.uid_idx, &i->uid));
	if (r == 0)
		r = check(s, l,
			  sqfs_id_table_index_to_id(l->ids, g->base.gid_idx, &i->gid));
	if (r == 0)
		r = read_kind(s, g, i);
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
static int find_inode(struct squash_reader *s, struct layer *l, sqfs_inode_generic_t **g,
		      struct tree_inode **ret)
{
	const uint32_t number = (*g)->base.inode_number;
	const bool shared = links_of(*g) > 1;
	struct link **bucket = &s->links[number % LINK_BUCKETS], *at = *bucket;
	int r;

	while (shared && at && at->number != number)
		at = at->next;
	if (shared && at) {
		*ret = at->inode;
		return 0;
	}
	r = read_inode(s, l, *g, ret);
	if (r < 0)
		return r;
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

static int add_pending(struct squash_reader *s, const struct layer *l,
		       struct tree_name *n, sqfs_inode_generic_t **g, unsigned depth)
{
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

static int read_entry(struct squash_reader *s, struct layer *l, struct pending *dir,
		      const sqfs_dir_entry_t *entry)
{
	const char *name = (const char *)entry->name;
	sqfs_inode_generic_t *g = NULL;
	struct tree_inode *i;
	struct tree_name *n;
	int r;

	if (strlen(name) != entry->size + 1u || strlen(name) > 255 || strchr(name, '/') ||
	    str_equal(name, ".") || str_equal(name, ".."))
		return damaged(s, "a name that no file has");
	if (tree_is_full(&s->tree))
		return err_say(s->e, -EOVERFLOW, "%s: more names than fit into memory",
			       s->what);
	r = check(s, l, sqfs_dir_reader_get_inode(l->dirs, &g));
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

static int read_dir(struct squash_reader *s, struct layer *l, struct pending *dir)
{
	int r = check(s, l, sqfs_dir_reader_open_dir(l->dirs, dir->inode, 0)), more = 0;

	while (r == 0) {
		sqfs_dir_entry_t *entry = NULL;

		more = sqfs_dir_reader_read(l->dirs, &entry);
		if (more > 0)
			break;
		r = check(s, l, more);
		if (r == 0)
			r = read_entry(s, l, dir, entry);
		sqfs_free(entry);
	}
	return r;
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
static bool says_nothing(const struct squash_reader *s, const struct layer *l,
			 const struct tree_inode *i)
{
	return s->merge && l > s->layers && (i->mode & 07777) == 0755 && i->mtime == 0;
}

static int read_root(struct squash_reader *s, struct layer *l)
{
	sqfs_inode_generic_t *g = NULL;
	struct tree_inode *i;
	int r = check(s, l, sqfs_dir_reader_get_root_inode(l->dirs, &g));

	if (r == 0)
		r = read_inode(s, l, g, &i);
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

static int read_layer(struct squash_reader *s, struct layer *l, int fd)
{
	int r = open_layer(s, l, fd);

	if (r < 0)
		return r;
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

int squash_reader_open(struct err *e, const char *what, const int *layers, size_t len,
		       bool merge, struct squash_reader **ret)
{
	struct squash_reader *s = calloc(1, sizeof(*s));
	int r = 0;

	if (!s)
		return err_set(e, -ENOMEM, "%s", what);
	s->e = e;
	s->what = what;
	s->merge = merge;
	s->layers = calloc(len + 1, sizeof(*s->layers));
	if (!s->layers || tree_init(&s->tree) < 0)
		r = no_memory(s);
	for (; r == 0 && s->len < len; s->len++)
		r = read_layer(s, &s->layers[s->len], layers[s->len]);
	if (r == 0 && tree_sort(&s->tree) < 0)
		r = no_memory(s);
	if (r < 0) {
		s->len += s->len < len; /* the one that failed is half open */
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
	for (size_t n = 0; s->layers && n < s->len; n++) {
		sqfs_destroy(s->layers[n].xattrs);
		sqfs_destroy(s->layers[n].ids);
		sqfs_destroy(s->layers[n].data);
		sqfs_destroy(s->layers[n].dirs);
		sqfs_destroy(s->layers[n].compressor);
	}
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
	sqfs_u64 size = 0;

	if (i->written)
		(void)sqfs_inode_get_file_size(i->written, &size); /* it is a file */
	return size;
}

uint64_t squash_reader_hole(const struct squash_reader *s, const struct tree_inode *i,
			    uint64_t offset)
{
	const sqfs_inode_generic_t *g = i->written;
	const uint64_t size = squash_reader_size(i),
		       block = s->layers[i->layer].super.block_size;
	const uint64_t count = sqfs_inode_get_file_block_count(g);
	uint64_t n = offset / block, end;

	while (n < count && SQFS_ON_DISK_BLOCK_SIZE(g->extra[n]) == 0)
		n++;
	end = n * block < size ? n * block : size;
	return end > offset ? end - offset : 0;
}

ssize_t squash_reader_content(struct squash_reader *s, const struct tree_inode *i,
			      uint64_t offset, void *buf, size_t len)
{
	struct layer *l = &s->layers[i->layer];
	const uint64_t size = squash_reader_size(i);
	sqfs_s32 n;
	int r;

	if (offset >= size)
		return 0;
	if (len > size - offset)
		len = (size_t)(size - offset);
	n = sqfs_data_reader_read(l->data, i->written, offset, buf, (sqfs_u32)len);
	r = check(s, l, n);
	if (r < 0)
		return r;
	return (size_t)n == len ? (ssize_t)n
				: damaged(s, "a file is shorter than it says");
}
