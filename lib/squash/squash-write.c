/* SPDX-License-Identifier: MIT */
/* squash-write - see squash-write.h. */
#include "squash/squash-write.h"

#include <endian.h>
#include <errno.h>
#include <sched.h>
#include <sqfs/block.h>
#include <sqfs/block_processor.h>
#include <sqfs/block_writer.h>
#include <sqfs/compressor.h>
#include <sqfs/dir.h>
#include <sqfs/dir_writer.h>
#include <sqfs/error.h>
#include <sqfs/frag_table.h>
#include <sqfs/id_table.h>
#include <sqfs/inode.h>
#include <sqfs/io.h>
#include <sqfs/meta_writer.h>
#include <sqfs/super.h>
#include <sqfs/xattr.h>
#include <sqfs/xattr_writer.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

enum {
	BLOCK_BYTES = 128 << 10,
	DEVICE_BLOCK = 4096,
	ZSTD_LEVEL = 3,
	BACKLOG = 8,
	THREADS_MAX = 64,
	HOLES_MAX = 8 << 20 /* blocks of all files: 1 TiB, 32 MiB as numbers */
};

/* libsquashfs's idea of a file, on a descriptor that is not its own. */
struct out_file {
	sqfs_file_t file;
	int fd;
	sqfs_u64 size;
	int error; /* -errno of the first failure: libsquashfs has one word for all */
};

/*
 * Blocks of zeros, which libsquashfs is not asked about: it would copy and look at each.
 */
struct hole {
	uint64_t block;
	size_t len;
	struct hole *next; /* a later one of the same file */
};

struct squash_writer {
	struct err *e;
	const char *what;
	struct out_file out;
	sqfs_super_t super;
	sqfs_compressor_t *compressor, *decompressor;
	sqfs_block_writer_t *blocks;
	sqfs_block_processor_t *processor;
	sqfs_frag_table_t *fragments;
	sqfs_id_table_t *ids;
	sqfs_xattr_writer_t *xattrs;
	sqfs_meta_writer_t *inodes, *dirs;
	sqfs_dir_writer_t *dir;
	struct arena arena;      /* of holes */
	struct tree_inode *file; /* at hand, or what was last */
	struct hole *hole;       /* its last one, or NULL */
	uint64_t at;
	size_t holes; /* blocks of all files */
	uint32_t numbers;
	bool in_file, flushed; /* the processor's state */
};

static int out_failed(struct out_file *o, int r)
{
	if (!o->error)
		o->error = r;
	return SQFS_ERROR_IO;
}

static int out_read(sqfs_file_t *file, sqfs_u64 offset, void *buf, size_t len)
{
	struct out_file *o = (struct out_file *)file;
	const ssize_t n = io_read_at(o->fd, buf, len, (off_t)offset);

	if (n < 0)
		return out_failed(o, (int)n);
	return (size_t)n == len ? 0 : SQFS_ERROR_OUT_OF_BOUNDS;
}

static int out_write(sqfs_file_t *file, sqfs_u64 offset, const void *buf, size_t len)
{
	struct out_file *o = (struct out_file *)file;
	const int r = io_write_all_at(o->fd, buf, len, (off_t)offset);

	if (r < 0)
		return out_failed(o, r);
	if (offset + len > o->size)
		o->size = offset + len;
	return 0;
}

static sqfs_u64 out_size(const sqfs_file_t *file)
{
	return ((const struct out_file *)file)->size;
}

static int out_truncate(sqfs_file_t *file, sqfs_u64 size)
{
	struct out_file *o = (struct out_file *)file;

	if (ftruncate(o->fd, (off_t)size) < 0)
		return out_failed(o, -errno);
	o->size = size;
	return 0;
}

static void out_destroy(sqfs_object_t *o)
{
	(void)o; /* part of the writer */
}

/* 0, or what libsquashfs's @r means, with a message. */
static int check(struct squash_writer *w, int r)
{
	if (r >= 0)
		return 0;
	switch (r) {
	case SQFS_ERROR_ALLOC:
		return err_set(w->e, -ENOMEM, "%s", w->what);
	case SQFS_ERROR_IO:
		r = w->out.error ? w->out.error : -EIO;
		return err_set(w->e, r, "%s: writing the layer", w->what);
	case SQFS_ERROR_OVERFLOW:
		return err_say(w->e, -EOVERFLOW,
			       "%s: more owners or attributes than a layer can have",
			       w->what);
	default:
		return err_say(w->e, -EIO,
			       "%s: the layer cannot be written (libsquashfs: %d)",
			       w->what, r);
	}
}

static unsigned choose_threads(unsigned threads)
{
	cpu_set_t set;

	if (threads == 0 && sched_getaffinity(0, sizeof(set), &set) == 0)
		threads = (unsigned)CPU_COUNT(&set);
	return threads < 1 ? 1 : threads > THREADS_MAX ? THREADS_MAX : threads;
}

static int open_compressor(struct squash_writer *w)
{
	sqfs_compressor_config_t config;
	int r;

	(void)sqfs_compressor_config_init(
		&config, SQFS_COMP_ZSTD, BLOCK_BYTES,
		SQFS_COMP_FLAG_UNCOMPRESS); /* constants: valid */
	r = sqfs_compressor_create(&config, &w->decompressor);
	if (r < 0)
		return r;
	(void)sqfs_compressor_config_init(&config, SQFS_COMP_ZSTD, BLOCK_BYTES, 0);
	config.level = ZSTD_LEVEL;
	r = sqfs_compressor_create(&config, &w->compressor);
	if (r == 0)
		r = sqfs_super_init(&w->super, BLOCK_BYTES, 0, SQFS_COMP_ZSTD);
	if (r == 0)
		r = sqfs_super_write(&w->super, &w->out.file);
	if (r == 0)
		r = w->compressor->write_options(w->compressor, &w->out.file);
	if (r > 0)
		w->super.flags |= SQFS_FLAG_COMPRESSOR_OPTIONS;
	return r < 0 ? r : 0;
}

static int open_processor(struct squash_writer *w, unsigned threads)
{
	sqfs_block_processor_desc_t d = {
		.size = sizeof(d),
		.max_block_size = BLOCK_BYTES,
		.num_workers = threads,
		.max_backlog = threads * BACKLOG,
		.cmp = w->compressor,
		.wr = w->blocks,
		.tbl = w->fragments,
		.file = &w->out.file,
		.uncmp = w->decompressor,
	};

	return sqfs_block_processor_create_ex(&d, &w->processor);
}

int squash_writer_new(struct err *e, const char *what, int out, unsigned threads,
		      struct squash_writer **ret)
{
	struct squash_writer *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return err_set(e, -ENOMEM, "%s", what);
	w->e = e;
	w->what = what;
	w->out = (struct out_file){ .file = { .base = { .destroy = out_destroy },
					      .read_at = out_read,
					      .write_at = out_write,
					      .get_size = out_size,
					      .truncate = out_truncate },
				    .fd = out };
	r = open_compressor(w);
	if (r == 0) {
		w->blocks = sqfs_block_writer_create(&w->out.file, DEVICE_BLOCK, 0);
		w->fragments = sqfs_frag_table_create(0);
		w->ids = sqfs_id_table_create(0);
		w->xattrs = sqfs_xattr_writer_create(0);
		w->dirs = sqfs_meta_writer_create(&w->out.file, w->compressor,
						  SQFS_META_WRITER_KEEP_IN_MEMORY);
		w->inodes = sqfs_meta_writer_create(&w->out.file, w->compressor, 0);
		w->dir = w->dirs ? sqfs_dir_writer_create(w->dirs, 0) : NULL;
		r = w->blocks && w->fragments && w->ids && w->xattrs && w->dirs &&
				    w->inodes && w->dir
			    ? open_processor(w, choose_threads(threads))
			    : SQFS_ERROR_ALLOC;
	}
	r = check(w, r);
	if (r < 0) {
		squash_writer_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

struct squash_writer *squash_writer_free(struct squash_writer *w)
{
	if (!w)
		return NULL;
	/*
	 * its destructor forgets the block at hand (1.2.0); what is written now is
	 * abandoned
	 */
	if (w->processor && !w->flushed) {
		if (w->in_file)
			(void)sqfs_block_processor_end_file(w->processor);
		(void)sqfs_block_processor_finish(w->processor);
	}
	sqfs_destroy(w->processor);
	sqfs_destroy(w->dir);
	sqfs_destroy(w->inodes);
	sqfs_destroy(w->dirs);
	sqfs_destroy(w->xattrs);
	sqfs_destroy(w->ids);
	sqfs_destroy(w->fragments);
	sqfs_destroy(w->blocks);
	sqfs_destroy(w->compressor);
	sqfs_destroy(w->decompressor);
	arena_done(&w->arena);
	free(w);
	return NULL;
}

int squash_writer_begin(struct squash_writer *w, struct tree_inode *i)
{
	w->in_file = true;
	w->file = i;
	w->hole = NULL;
	w->at = 0;
	return check(w,
		     sqfs_block_processor_begin_file(w->processor,
						     (sqfs_inode_generic_t **)&i->written,
						     NULL, 0));
}

int squash_writer_append(struct squash_writer *w, const void *data, size_t len)
{
	w->at += len;
	return check(w, sqfs_block_processor_append(w->processor, data, len));
}

/* Less than a block of them, or what fills one. */
static int append_zeros(struct squash_writer *w, size_t len)
{
	static const char zeros[BLOCK_BYTES];

	return len > 0 ? squash_writer_append(w, zeros, len) : 0;
}

/* At the beginning of a block. */
static int add_hole(struct squash_writer *w, uint64_t blocks)
{
	const uint64_t at = w->at / BLOCK_BYTES;
	struct hole *hole = w->hole;

	if (blocks > HOLES_MAX - w->holes)
		return err_say(w->e, -EOVERFLOW, "%s: more than 1 TiB of holes in files",
			       w->what);
	if (!hole || hole->block + hole->len != at) {
		hole = arena_new(&w->arena, struct hole);
		if (!hole)
			return err_set(w->e, -ENOMEM, "%s", w->what);
		*hole = (struct hole){ .block = at };
		*(w->hole ? &w->hole->next : (struct hole **)&w->file->holes) = hole;
		w->hole = hole;
	}
	hole->len += (size_t)blocks;
	w->holes += (size_t)blocks;
	w->at += blocks * BLOCK_BYTES;
	return 0;
}

int squash_writer_zeros(struct squash_writer *w, uint64_t len)
{
	const uint64_t room = -w->at % BLOCK_BYTES, first = len < room ? len : room;
	int r = append_zeros(w, (size_t)first);

	len -= first;
	if (r == 0 && len >= BLOCK_BYTES)
		r = add_hole(w, len / BLOCK_BYTES);
	return r == 0 ? append_zeros(w, (size_t)(len % BLOCK_BYTES)) : r;
}

int squash_writer_end(struct squash_writer *w)
{
	w->in_file = false;
	return check(w, sqfs_block_processor_end_file(w->processor));
}

static int by_key(const void *a, const void *b)
{
	return strcmp((*(const struct tree_xattr *const *)a)->name,
		      (*(const struct tree_xattr *const *)b)->name);
}

static int write_xattrs(struct squash_writer *w, struct tree_inode *i)
{
	const struct tree_xattr **list;
	size_t len = 0, n = 0;
	int r;

	for (const struct tree_xattr *x = i->xattrs; x; x = x->next)
		len++;
	if (len == 0)
		return 0;
	list = malloc(len * sizeof(*list));
	if (!list)
		return SQFS_ERROR_ALLOC;
	for (const struct tree_xattr *x = i->xattrs; x; x = x->next)
		list[n++] = x;
	qsort(list, len, sizeof(*list), by_key);
	r = sqfs_xattr_writer_begin(w->xattrs, 0);
	for (n = 0; n < len && r == 0; n++)
		r = sqfs_xattr_writer_add(w->xattrs, list[n]->name, list[n]->value,
					  list[n]->len);
	free(list);
	return r == 0 ? sqfs_xattr_writer_end(w->xattrs, &i->xattr_index) : r;
}

static uint32_t device_number(const struct tree_inode *i)
{
	return (i->minor & 0xff) | i->major << 8 | (i->minor & ~0xffu) << 12;
}

/* An inode of libsquashfs for what has no content; directories and files have theirs. */
static sqfs_inode_generic_t *make_special(const struct tree_inode *i)
{
	const size_t len = S_ISLNK(i->mode) ? strlen(i->target) : 0;
	sqfs_inode_generic_t *g = calloc(1, sizeof(*g) + len + 1);

	if (!g)
		return NULL;
	if (S_ISLNK(i->mode)) {
		g->base.type = SQFS_INODE_SLINK;
		g->data.slink.nlink = i->nlink;
		g->data.slink.target_size = (sqfs_u32)len;
		memcpy(g->extra, i->target, len);
	} else if (S_ISCHR(i->mode) || S_ISBLK(i->mode)) {
		g->base.type = S_ISCHR(i->mode) ? SQFS_INODE_CDEV : SQFS_INODE_BDEV;
		g->data.dev.nlink = i->nlink;
		g->data.dev.devno = device_number(i);
	} else {
		g->base.type = S_ISFIFO(i->mode) ? SQFS_INODE_FIFO : SQFS_INODE_SOCKET;
		g->data.ipc.nlink = i->nlink;
	}
	return g;
}

static int make_dir(struct squash_writer *w, const struct tree_name *n,
		    sqfs_inode_generic_t **ret)
{
	uint32_t subdirs = 0,
		 parent = n->parent ? n->parent->inode->number : w->numbers + 1;
	sqfs_inode_generic_t *g;
	int r = sqfs_dir_writer_begin(w->dir, 0);

	for (const struct tree_name *c = n->children; c && r == 0; c = c->next) {
		subdirs += S_ISDIR(c->inode->mode);
		r = sqfs_dir_writer_add_entry(w->dir, c->name, c->inode->number,
					      c->inode->ref, (sqfs_u16)c->inode->mode);
	}
	if (r == 0)
		r = sqfs_dir_writer_end(w->dir);
	if (r < 0)
		return r;
	g = sqfs_dir_writer_create_inode(w->dir, 0, n->inode->xattr_index, parent);
	if (!g)
		return SQFS_ERROR_ALLOC;
	if (g->base.type == SQFS_INODE_DIR)
		g->data.dir.nlink = 2 + subdirs;
	else
		g->data.dir_ext.nlink = 2 + subdirs;
	*ret = g;
	return 0;
}

/*
 * What libsquashfs has not seen of the file: numbers of its blocks, which are 0 for those
 * of zeros.
 */
static int fill_holes(struct tree_inode *i)
{
	const sqfs_inode_generic_t *g = i->written;
	const size_t had = sqfs_inode_get_file_block_count(g);
	sqfs_inode_generic_t *more;
	size_t holes = 0, from = 0, to = 0;
	sqfs_u64 size;

	for (const struct hole *h = i->holes; h; h = h->next)
		holes += h->len;
	if (holes == 0)
		return 0;
	more = calloc(1, sizeof(*more) + (had + holes) * sizeof(sqfs_u32));
	if (!more)
		return SQFS_ERROR_ALLOC;
	memcpy(more, g, sizeof(*more));
	more->payload_bytes_available = more->payload_bytes_used =
		(sqfs_u32)((had + holes) * sizeof(sqfs_u32));
	for (const struct hole *h = i->holes; h; h = h->next) {
		while (to < h->block)
			more->extra[to++] = g->extra[from++];
		to += h->len;
	}
	memcpy(more->extra + to, g->extra + from, (had - from) * sizeof(sqfs_u32));
	sqfs_free(i->written);
	i->written = more;
	(void)sqfs_inode_get_file_size(more, &size); /* it is a file */
	/*
	 * in this order: a size that fits makes a basic one of it, which cannot say how
	 * much is holes
	 */
	if (sqfs_inode_set_file_size(more, size + (sqfs_u64)holes * BLOCK_BYTES) < 0 ||
	    sqfs_inode_make_extended(more) < 0)
		return SQFS_ERROR_INTERNAL;
	more->data.file_ext.sparse += (sqfs_u64)holes * BLOCK_BYTES;
	return 0;
}

/* The type that can say how many names and which attributes there are. */
static int choose_type(const struct tree_inode *i, sqfs_inode_generic_t *g)
{
	const bool extended =
		i->xattr_index != UINT32_MAX || (S_ISREG(i->mode) && i->nlink > 1);
	int r = 0;

	if (S_ISREG(i->mode) && !extended)
		(void)sqfs_inode_make_basic(g); /* a file beyond 4 GiB stays extended */
	if (extended)
		r = sqfs_inode_make_extended(g);
	if (r == 0 && S_ISREG(i->mode) && extended)
		g->data.file_ext.nlink = i->nlink;
	if (r == 0 && i->xattr_index != UINT32_MAX)
		r = sqfs_inode_set_xattr_index(g, i->xattr_index);
	return r;
}

/*
 * libsquashfs copies the numbers of a file's blocks to the stack (1.2.0), where 300 GiB
 * have no room.
 */
static int put_inode(struct squash_writer *w, sqfs_inode_generic_t *g)
{
	const size_t len = S_ISREG(g->base.mode) ? sqfs_inode_get_file_block_count(g) : 0;
	const sqfs_u32 used = g->payload_bytes_used;
	sqfs_u32 words[1024];
	int r;

	if (len > 0)
		g->payload_bytes_used = 0;
	r = sqfs_meta_writer_write_inode(w->inodes, g);
	g->payload_bytes_used = used;
	for (size_t at = 0; at < len && r == 0;) {
		size_t n = 0;

		while (n < sizeof(words) / sizeof(*words) && at < len)
			words[n++] = htole32(g->extra[at++]);
		r = sqfs_meta_writer_append(w->inodes, words, n * sizeof(*words));
	}
	return r;
}

static int write_inode(struct squash_writer *w, const struct tree_name *n)
{
	struct tree_inode *i = n->inode;
	int r = S_ISREG(i->mode) && i->written ? fill_holes(i) : 0;
	sqfs_inode_generic_t *g = S_ISREG(i->mode) ? i->written : NULL;
	sqfs_u64 block;
	sqfs_u32 offset;

	if (r == 0)
		r = write_xattrs(w, i);

	if (r == 0 && S_ISDIR(i->mode))
		r = make_dir(w, n, &g);
	else if (r == 0 && !g)
		g = make_special(i);
	if (r == 0 && !g)
		r = SQFS_ERROR_ALLOC;
	if (r == 0 && !S_ISDIR(i->mode))
		r = choose_type(i, g);
	if (r == 0) {
		g->base.mode = (sqfs_u16)i->mode;
		g->base.mod_time = i->mtime;
		g->base.inode_number = i->number;
		r = sqfs_id_table_id_to_index(w->ids, i->uid, &g->base.uid_idx);
	}
	if (r == 0)
		r = sqfs_id_table_id_to_index(w->ids, i->gid, &g->base.gid_idx);
	if (r == 0) {
		sqfs_meta_writer_get_position(w->inodes, &block, &offset);
		i->ref = block << 16 | offset;
		i->placed = true;
		r = put_inode(w, g);
	}
	if (g != i->written)
		sqfs_free(g);
	return r;
}

/* The deepest first name from @n on: children come before their directory. */
static struct tree_name *deepest(struct tree_name *n)
{
	while (n->children)
		n = n->children;
	return n;
}

static struct tree_name *after(struct tree_name *n)
{
	return n->next ? deepest(n->next) : n->parent;
}

static void number_inodes(struct squash_writer *w, struct tree *t)
{
	for (struct tree_name *n = deepest(&t->root); n; n = after(n))
		if (n->inode->number == 0)
			n->inode->number = ++w->numbers;
}

/*
 * Files first: a directory names inodes that are written already, wherever their links
 * are.
 */
static int write_inodes(struct squash_writer *w, struct tree *t)
{
	int r = 0;

	for (struct tree_name *n = deepest(&t->root); n && r == 0; n = after(n))
		if (!S_ISDIR(n->inode->mode) && !n->inode->placed)
			r = write_inode(w, n);
	for (struct tree_name *n = deepest(&t->root); n && r == 0; n = after(n))
		if (S_ISDIR(n->inode->mode))
			r = write_inode(w, n);
	return r;
}

static int write_tables(struct squash_writer *w, struct tree *t)
{
	sqfs_file_t *f = &w->out.file;
	int r = sqfs_meta_writer_flush(w->inodes);

	w->super.root_inode_ref = t->root.inode->ref;
	w->super.inode_count = w->numbers;
	w->super.directory_table_start = f->get_size(f);
	if (r == 0)
		r = sqfs_meta_writer_flush(w->dirs);
	if (r == 0)
		r = sqfs_meta_write_write_to_file(w->dirs);
	if (r == 0)
		r = sqfs_frag_table_write(w->fragments, f, &w->super, w->compressor);
	if (r == 0)
		r = sqfs_id_table_write(w->ids, f, &w->super, w->compressor);
	if (r == 0)
		r = sqfs_xattr_writer_flush(w->xattrs, f, &w->super, w->compressor);
	if (sqfs_frag_table_get_size(w->fragments) == 0)
		w->super.flags |= SQFS_FLAG_NO_FRAGMENTS;
	w->super.bytes_used = f->get_size(f);
	return r == 0 ? sqfs_super_write(&w->super, f) : r;
}

int squash_writer_finish(struct squash_writer *w, struct tree *t, uint64_t *ret_bytes)
{
	sqfs_file_t *f = &w->out.file;
	int r = sqfs_block_processor_finish(w->processor);

	w->flushed = true;
	if (r == 0) {
		number_inodes(w, t);
		w->super.inode_table_start = f->get_size(f);
		r = write_inodes(w, t);
	}
	if (r == 0)
		r = write_tables(w, t);
	if (r == 0) /* a loop device has whole blocks only */
		r = out_truncate(f, (w->super.bytes_used + DEVICE_BLOCK - 1) /
					    DEVICE_BLOCK * DEVICE_BLOCK);
	r = check(w, r);
	if (r == 0)
		*ret_bytes = w->out.size;
	return r;
}
