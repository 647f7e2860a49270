/* SPDX-License-Identifier: MIT */
/*
 * squash-read - the one reader of squashfs files that are not mounted: inodes, names and
 * attributes; squash-content.h has what is in files. The FUSE server answers from it
 * (lib/fuse), squash-tree.c makes trees of layers with it, image-file.c looks for a file.
 *
 * The file may be hostile: every offset, size and name is checked here or by libsquashfs,
 * and memory is bounded by the file's own size. Whatever reads returns -EBADMSG where the
 * file is damaged, -ENOMEM, or the error of read(2), and makes no message but where a
 * struct err is passed.
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

enum { SQUASH_COMPRESSORS = 8, SQUASH_BLOCK_MAX = 1 << 20, SQUASH_NAME_MAX = 255 };

/* A file system; any number of threads may use it at the same time. */
struct squash {
	struct {
		sqfs_file_t base;
		uint64_t size;
		int fd;
		int error; /* of the last reading that failed, -errno; locked */
	} file;
	sqfs_super_t super;
	pthread_mutex_t lock; /* of the three readers; recursive */
	sqfs_compressor_t *compressor;
	sqfs_meta_reader_t *inodes, *entries;
	sqfs_xattr_reader_t *xattrs; /* NULL: it has none */
	sqfs_id_table_t *ids;
	sqfs_frag_table_t *fragments;
};

/* @fd is borrowed. A failure has a message about @what. */
int squash_open(struct squash *s, int fd, const char *what, struct err *e);
void squash_close(struct squash *s);

/* The root's, and where an inode is: 48 bits. */
static inline uint64_t squash_root(const struct squash *s)
{
	return s->super.root_inode_ref;
}

/* Read an inode; for sqfs_free(). */
int squash_inode(struct squash *s, uint64_t ref, sqfs_inode_generic_t **ret);
/*
 * Its attributes; st_ino as the file system has it; st_blocks without holes. -EBADMSG: an
 * owner that is in no table.
 */
int squash_stat(const struct squash *s, const sqfs_inode_generic_t *inode,
		struct stat *ret);
/* The target of a symbolic link and its length; -EINVAL. */
int squash_link(const sqfs_inode_generic_t *inode, const char **ret, size_t *ret_len);

/*
 * Each entry of a directory, whatever it is called; not 0 ends it and is returned. @mode:
 * only the type. @fn may read inodes and attributes. -ENOTDIR.
 */
typedef int squash_entry_fn(const char *name, size_t len, uint64_t ref, uint32_t number,
			    mode_t mode, void *data);
int squash_list(struct squash *s, const sqfs_inode_generic_t *dir, squash_entry_fn *fn,
		void *data);
/* A file may have this name: not "." or "..", no slash, no NUL, 255 bytes at the most. */
bool squash_is_name(const char *name, size_t len);

/* Each extended attribute; not 0 ends it and is returned. */
typedef int squash_xattr_fn(const char *key, const void *value, size_t len, void *data);
int squash_xattrs(struct squash *s, const sqfs_inode_generic_t *inode,
		  squash_xattr_fn *fn, void *data);

/* For squash-content.c: @len bytes at @offset, and a decompressor for a thread. */
int squash_read_at(const struct squash *s, uint64_t offset, void *buf, size_t len);
sqfs_compressor_t *squash_compressor_new(unsigned id, size_t block_size);
