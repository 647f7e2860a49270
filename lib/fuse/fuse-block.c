/* SPDX-License-Identifier: MIT */
/* fuse-block - the content of files; see fuse.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sqfs/inode.h>

#include "fuse/fuse.h"

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool is_block(const struct fuse_block *k, unsigned layer, uint64_t start)
{
	return k->data && k->start == start && k->layer == layer;
}

/* Copy @len bytes at @skip of a block that is kept; false if it is not, or shorter. */
static bool from_cache(struct fuse_blocks *all, unsigned layer,
		       const struct squash_block *b, size_t skip, size_t len,
		       uint8_t *buf)
{
	bool found = false;

	(void)pthread_mutex_lock(&all->lock);
	for (size_t i = 0; i < all->limit && !found; i++) {
		struct fuse_block *k = &all->blocks[i];

		found = is_block(k, layer, b->start) && k->len >= skip + len;
		if (found) {
			k->used = ++all->clock;
			memcpy(buf, k->data + skip, len);
		}
	}
	(void)pthread_mutex_unlock(&all->lock);
	return found;
}

/* Keep what is in @data, and return what it replaces, to be used for the next one. */
static uint8_t *keep(struct fuse_blocks *all, unsigned layer,
		     const struct squash_block *b, size_t len, uint8_t *data)
{
	struct fuse_block *oldest = &all->blocks[0];
	uint8_t *old = data;

	(void)pthread_mutex_lock(&all->lock);
	for (size_t i = 0; i < all->limit && oldest; i++) {
		if (is_block(&all->blocks[i], layer, b->start))
			oldest = NULL; /* another thread was faster */
		else if (all->blocks[i].used < oldest->used)
			oldest = &all->blocks[i];
	}
	if (oldest) {
		old = oldest->data;
		*oldest = (struct fuse_block){ .start = b->start,
					       .layer = layer,
					       .data = data,
					       .used = ++all->clock,
					       .len = len };
	}
	(void)pthread_mutex_unlock(&all->lock);
	return old;
}

/* @len bytes at @skip of block @b, through the cache. */
static int part_of_block(struct fuse_thread *t, unsigned layer,
			 const struct squash_block *b, size_t skip, size_t len,
			 uint8_t *buf)
{
	struct squash *s = &t->server->layers[layer];
	ssize_t n;

	if (from_cache(&t->server->blocks, layer, b, skip, len, buf))
		return 0;
	if (!t->block) /* room for any layer's block: what is kept goes around */
		t->block = malloc(t->server->block_size);
	if (!t->block)
		return -ENOMEM;
	n = squash_unpack(s, &t->work, b, t->block);
	if (n < (ssize_t)(skip + len))
		return n < 0 ? (int)n : -EIO;
	memcpy(buf, t->block + skip, len);
	t->block = keep(&t->server->blocks, layer, b, (size_t)n, t->block);
	return 0;
}

ssize_t fuse_read(struct fuse_thread *t, uint64_t node, uint64_t offset, size_t len,
		  uint8_t *buf)
{
	struct squash *s = fuse_layer(t->server, node);
	const size_t each = s ? s->super.block_size : 1;
	const sqfs_inode_generic_t *inode;
	size_t done = 0;
	int r = fuse_inode(t, node, &inode);

	if (r == 0 && ((inode->base.mode & S_IFMT) != S_IFREG))
		r = -EINVAL;
	if (r < 0)
		return r;
	while (done < len) {
		const size_t skip = (offset + done) % each;
		struct squash_block b;
		size_t n;

		r = squash_block(s, inode, (offset + done) / each, &b);
		if (r == -ENODATA || (r == 0 && skip >= b.len))
			return (ssize_t)done;
		if (r < 0)
			return r;
		n = smaller(b.len - skip, len - done);
		/*
		 * unpacking may write a whole block, whatever the file says its length is
		 */
		if (b.word == 0) {
			memset(buf + done, 0, n);
		} else if (skip == 0 && b.skip == 0 && n == each && len - done >= each) {
			ssize_t got = squash_unpack(s, &t->work, &b, buf + done);

			r = got == (ssize_t)n ? 0 : got < 0 ? (int)got : -EIO;
		} else {
			r = part_of_block(t, (unsigned)(s - t->server->layers), &b,
					  b.skip + skip, n, buf + done);
		}
		if (r < 0)
			return r;
		done += n;
	}
	return (ssize_t)done;
}
