/* SPDX-License-Identifier: MIT */
/*
 * squash-read - what is in a squashfs file that is not mounted. The file may be hostile:
 * every offset, size and name is checked here or by libsquashfs, and memory is bounded by
 * the file's own size. Needs libsquashfs.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <sqfs/io.h>
#include <sqfs/predef.h>
#include <sqfs/super.h>

#include "base/err.h"

enum { SQUASH_COMPRESSORS = 8, SQUASH_NAME_MAX = 255 };

/* A file system; any number of threads may use it at the same time. */
struct squash {
	struct {
		sqfs_file_t base;
		uint64_t size;
		int fd;
	} file;
	sqfs_super_t super;
	pthread_mutex_t lock; /* of the three readers */
	sqfs_compressor_t *compressor;
	sqfs_meta_reader_t *inodes, *entries;
	sqfs_xattr_reader_t *xattrs; /* NULL: it has none */
	sqfs_id_table_t *ids;
	sqfs_frag_table_t *fragments;
};

/* A thread's own: decompressors by their number, and buffers. */
struct squash_work {
	sqfs_compressor_t *compressors[SQUASH_COMPRESSORS];
	uint8_t *raw; /* of a block */
};

/* Takes @fd. -EBADMSG with a message about @what. */
int squash_open(struct squash *s, int fd, const char *what, struct err *e);
void squash_close(struct squash *s);
void squash_work_done(struct squash_work *w);

/* The root's, and where an inode is: 48 bits. */
static inline uint64_t squash_root(const struct squash *s)
{
	return s->super.root_inode_ref;
}

/* Read an inode; -EIO. For sqfs_free(). */
int squash_inode(struct squash *s, uint64_t ref, sqfs_inode_generic_t **ret);
/* Its attributes; st_ino as the file system has it; st_blocks without holes. */
void squash_stat(const struct squash *s, const sqfs_inode_generic_t *inode,
		 struct stat *ret);
/* The target of a symbolic link and its length; -EINVAL. */
int squash_link(const sqfs_inode_generic_t *inode, const char **ret, size_t *ret_len);

/* Each entry of a directory with a possible name; not 0 ends it. @mode: only the type. */
typedef int squash_entry_fn(const char *name, size_t len, uint64_t ref, uint32_t number,
			    mode_t mode, void *data);
int squash_list(struct squash *s, const sqfs_inode_generic_t *dir, squash_entry_fn *fn,
		void *data);

/* Each extended attribute; not 0 ends it. */
typedef int squash_xattr_fn(const char *key, const void *value, size_t len, void *data);
int squash_xattrs(struct squash *s, const sqfs_inode_generic_t *inode,
		  squash_xattr_fn *fn, void *data);

/* A block of data or a fragment: where it is in the file, and as which bytes of it. */
struct squash_block {
	uint64_t start; /* 0 with @word 0: a hole */
	uint32_t word;  /* size and whether it is compressed */
	uint32_t skip;  /* bytes before the wanted ones, of a fragment */
	uint32_t len;   /* bytes of the file's content in it */
};

/* Block @n of a regular file; -EIO, or -ENODATA beyond its end. */
int squash_block(struct squash *s, const sqfs_inode_generic_t *file, uint64_t n,
		 struct squash_block *ret);
/*
 * Where data or a hole of a regular file begins, at or after @at; the end is a hole, too.
 * -ENXIO: @at is at or behind the end, or no data follows.
 */
int64_t squash_seek(const struct squash *s, const sqfs_inode_generic_t *file, uint64_t at,
		    bool hole);
/*
 * Its content, at least block size bytes of room; returns how many there are, -EIO,
 * -ENOMEM.
 */
ssize_t squash_unpack(struct squash *s, struct squash_work *w,
		      const struct squash_block *b, void *buf);
