/* SPDX-License-Identifier: MIT */
/*
 * squash-content - the bytes of files in squashfs files that are not mounted, see
 * squash-read.h. Blocks that were unpacked are kept for the next reading: most of them
 * are fragments, which many files share.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "squash/squash-read.h"

enum { SQUASH_BLOCKS = 64 };

/* The blocks used last, of any number of layers; any number of threads may use it. */
struct squash_blocks {
	pthread_mutex_t lock;
	struct squash_kept {
		const struct squash *layer;
		uint64_t start; /* where it is in the layer */
		uint64_t used;
		size_t len;
		uint8_t *data; /* NULL: there is none */
	} kept[SQUASH_BLOCKS];
	uint64_t clock;
	size_t limit; /* how many are kept */
	size_t block_size;
};

/* A thread's own: decompressors by their number, and room for a block. */
struct squash_work {
	sqfs_compressor_t *compressors[SQUASH_COMPRESSORS];
	uint8_t *raw;   /* as it is in the file */
	uint8_t *block; /* unpacked; what is kept goes around */
};

/*
 * @block_size: the largest of the layers. About @bytes of blocks are kept, two at the
 * least.
 */
void squash_blocks_init(struct squash_blocks *k, size_t block_size, size_t bytes);
void squash_blocks_done(struct squash_blocks *k);
void squash_work_done(struct squash_work *w);

/* The size of a regular file; 0 for anything else. */
uint64_t squash_size(const sqfs_inode_generic_t *file);
/*
 * Where data or a hole of a regular file begins, at or after @at; the end is a hole, too.
 * -ENXIO: @at is at or behind the end, or no data follows. -EBADMSG.
 */
int64_t squash_seek(const struct squash *s, const sqfs_inode_generic_t *file, uint64_t at,
		    bool hole);
/*
 * @len bytes at @offset of a regular file: how many there are, fewer at its end only, or
 * -errno as squash-read.h has it.
 */
ssize_t squash_content(struct squash *s, struct squash_work *w, struct squash_blocks *k,
		       const sqfs_inode_generic_t *file, uint64_t offset, void *buf,
		       size_t len);
