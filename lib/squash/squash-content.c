/* SPDX-License-Identifier: MIT */
/*
 * squash-content - see squash-content.h. libsquashfs has a reader of its own
 * (sqfs_data_reader), which keeps two blocks, is for one thread, and copies each block
 * once more.
 */
#include "squash/squash-content.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sqfs/block.h>
#include <sqfs/compressor.h>
#include <sqfs/frag_table.h>
#include <sqfs/inode.h>

enum { NO_FRAGMENT = 0xffffffff };

/* A block of data or a fragment: where it is in the layer, and which bytes of it. */
struct block {
	uint64_t start;
	uint32_t word; /* its size there, and whether it is compressed */
	uint32_t skip; /* bytes before those of the file, in a fragment */
	uint32_t len;  /* bytes of the file */
};

static bool is_hole(uint32_t word)
{
	return SQFS_ON_DISK_BLOCK_SIZE(word) == 0;
}

void squash_blocks_init(struct squash_blocks *k, size_t block_size, size_t bytes)
{
	const size_t limit = bytes / block_size;

	*k = (struct squash_blocks){ .block_size = block_size,
				     .limit = limit < 2               ? 2
					      : limit > SQUASH_BLOCKS ? SQUASH_BLOCKS
								      : limit };
	(void)pthread_mutex_init(&k->lock, NULL); /* cannot fail on Linux */
}

void squash_blocks_done(struct squash_blocks *k)
{
	for (size_t i = 0; i < SQUASH_BLOCKS; i++)
		free(k->kept[i].data);
	(void)pthread_mutex_destroy(&k->lock); /* no thread holds it */
}

void squash_work_done(struct squash_work *w)
{
	for (size_t i = 0; i < SQUASH_COMPRESSORS; i++)
		sqfs_destroy(w->compressors[i]);
	free(w->raw);
	free(w->block);
	memset(w, 0, sizeof(*w));
}

uint64_t squash_size(const sqfs_inode_generic_t *file)
{
	sqfs_u64 size = 0;

	(void)sqfs_inode_get_file_size(file, &size); /* what is no file has none */
	return size;
}

static int find_fragment(const struct squash *s, const sqfs_inode_generic_t *file,
			 struct block *ret)
{
	sqfs_fragment_t fragment;
	sqfs_u32 index, offset;

	if (sqfs_inode_get_frag_location(file, &index, &offset) || index == NO_FRAGMENT ||
	    sqfs_frag_table_lookup(s->fragments, index, &fragment) ||
	    offset >= s->super.block_size || ret->len > s->super.block_size - offset)
		return -EBADMSG;
	ret->start = fragment.start_offset;
	ret->word = fragment.size;
	ret->skip = offset;
	return 0;
}

/* Block @n of a file; -ENODATA behind its end. */
static int find_block(const struct squash *s, const sqfs_inode_generic_t *file,
		      uint64_t n, struct block *ret)
{
	const uint64_t count = sqfs_inode_get_file_block_count(file);
	sqfs_u64 size, start;

	if (sqfs_inode_get_file_size(file, &size) ||
	    sqfs_inode_get_file_block_start(file, &start))
		return -EBADMSG;
	if (n >= size / s->super.block_size + 1 || n * s->super.block_size >= size)
		return -ENODATA;
	size -= n * s->super.block_size;
	*ret = (struct block){ .len = size < s->super.block_size ? (uint32_t)size
								 : s->super.block_size };
	if (n >= count)
		return find_fragment(s, file, ret);
	for (uint64_t i = 0; i < n; i++)
		start += SQFS_ON_DISK_BLOCK_SIZE(file->extra[i]);
	ret->start = start;
	ret->word = file->extra[n];
	return 0;
}

int64_t squash_seek(const struct squash *s, const sqfs_inode_generic_t *file, uint64_t at,
		    bool hole)
{
	const uint64_t count = sqfs_inode_get_file_block_count(file),
		       each = s->super.block_size;
	sqfs_u64 size;

	if (sqfs_inode_get_file_size(file, &size) || size > INT64_MAX)
		return -EBADMSG;
	if (at >= size)
		return -ENXIO;
	for (uint64_t n = at / each; at < size; n++, at = n * each) {
		/* a fragment has data */
		const bool found = n < count && is_hole(file->extra[n]);

		if (found == hole)
			return (int64_t)at;
	}
	return hole ? (int64_t)size : -ENXIO;
}

static sqfs_compressor_t *compressor_of(const struct squash *s, struct squash_work *w)
{
	sqfs_compressor_t **c = &w->compressors[s->super.compression_id];

	if (!*c)
		*c = squash_compressor_new(s->super.compression_id, SQUASH_BLOCK_MAX);
	return *c;
}

/* All of a block, into room for one; how many bytes it has. */
static ssize_t unpack(const struct squash *s, struct squash_work *w,
		      const struct block *b, void *buf)
{
	const uint32_t packed = SQFS_ON_DISK_BLOCK_SIZE(b->word);
	sqfs_compressor_t *c;
	sqfs_s32 n;
	int r;

	if (packed > s->super.block_size)
		return -EBADMSG;
	if (!SQFS_IS_BLOCK_COMPRESSED(b->word)) {
		r = squash_read_at(s, b->start, buf, packed);
		return r < 0 ? r : (ssize_t)packed;
	}
	if (!w->raw)
		w->raw = malloc(SQUASH_BLOCK_MAX);
	c = compressor_of(s, w);
	if (!w->raw || !c)
		return -ENOMEM;
	r = squash_read_at(s, b->start, w->raw, packed);
	if (r < 0)
		return r;
	n = c->do_block(c, w->raw, packed, buf, s->super.block_size);
	return n > 0 ? n : -EBADMSG;
}

static bool is_kept(const struct squash_kept *at, const struct squash *s, uint64_t start)
{
	return at->data && at->start == start && at->layer == s;
}

/* Copy @len bytes at @skip of a block that is kept; false if it is not, or shorter. */
static bool copy_kept(struct squash_blocks *k, const struct squash *s,
		      const struct block *b, size_t skip, size_t len, uint8_t *buf)
{
	bool found = false;

	(void)pthread_mutex_lock(&k->lock);
	for (size_t i = 0; i < k->limit && !found; i++) {
		struct squash_kept *at = &k->kept[i];

		found = is_kept(at, s, b->start) && at->len >= skip + len;
		if (found) {
			at->used = ++k->clock;
			memcpy(buf, at->data + skip, len);
		}
	}
	(void)pthread_mutex_unlock(&k->lock);
	return found;
}

/* Keep what is in @data, and return what it replaces, as room for the next block. */
static uint8_t *keep(struct squash_blocks *k, const struct squash *s,
		     const struct block *b, size_t len, uint8_t *data)
{
	struct squash_kept *oldest = &k->kept[0];
	uint8_t *old = data;

	(void)pthread_mutex_lock(&k->lock);
	for (size_t i = 0; i < k->limit && oldest; i++) {
		if (is_kept(&k->kept[i], s, b->start))
			oldest = NULL; /* another thread was faster */
		else if (k->kept[i].used < oldest->used)
			oldest = &k->kept[i];
	}
	if (oldest) {
		old = oldest->data;
		*oldest = (struct squash_kept){ .layer = s,
						.start = b->start,
						.used = ++k->clock,
						.len = len,
						.data = data };
	}
	(void)pthread_mutex_unlock(&k->lock);
	return old;
}

/* @len bytes at @skip of block @b, which is kept. */
static int copy_part(struct squash *s, struct squash_work *w, struct squash_blocks *k,
		     const struct block *b, size_t skip, size_t len, uint8_t *buf)
{
	ssize_t n;

	if (copy_kept(k, s, b, skip, len, buf))
		return 0;
	if (!w->block)
		w->block = malloc(k->block_size);
	if (!w->block)
		return -ENOMEM;
	n = unpack(s, w, b, w->block);
	if (n < (ssize_t)(skip + len))
		return n < 0 ? (int)n : -EBADMSG;
	memcpy(buf, w->block + skip, len);
	w->block = keep(k, s, b, (size_t)n, w->block);
	return 0;
}

ssize_t squash_content(struct squash *s, struct squash_work *w, struct squash_blocks *k,
		       const sqfs_inode_generic_t *file, uint64_t offset, void *buf,
		       size_t len)
{
	const size_t each = s->super.block_size;
	uint8_t *to = buf;
	size_t done = 0;

	while (done < len) {
		const size_t skip = (offset + done) % each;
		struct block b;
		size_t n;
		int r = find_block(s, file, (offset + done) / each, &b);

		if (r == -ENODATA || (r == 0 && skip >= b.len))
			break;
		if (r < 0)
			return r;
		n = b.len - skip < len - done ? b.len - skip : len - done;
		if (is_hole(b.word)) {
			memset(to + done, 0, n);
		} else if (n == each && b.skip == 0) { /* room for all it may unpack to */
			const ssize_t got = unpack(s, w, &b, to + done);

			r = got == (ssize_t)n ? 0 : got < 0 ? (int)got : -EBADMSG;
		} else {
			r = copy_part(s, w, k, &b, b.skip + skip, n, to + done);
		}
		if (r < 0)
			return r;
		done += n;
	}
	return (ssize_t)done;
}
