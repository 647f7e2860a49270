/* SPDX-License-Identifier: MIT */
/*
 * squash-tree - the files of one squashfs layer, or of several as overlayfs would show
 * them, as a tree in memory; contents stay in the layers. An image is not believed: what
 * a tree cannot have is -EBADMSG.
 */
#pragma once

#include "base/err.h"
#include "squash/squash.h"
#include "tar/tree.h"

struct squash_reader;

/*
 * @layers: lowest first, borrowed. Merged, the tree has no whiteouts and no opaque
 * directories any more; not @merge: they are marked (one layer). The tree is sorted.
 */
int squash_reader_open(struct err *e, const char *what, const int *layers, size_t len,
		       bool merge, struct squash_reader **ret);
struct squash_reader *squash_reader_close(struct squash_reader *s);
struct tree *squash_reader_tree(struct squash_reader *s);
/* @progress is called while contents are read, and may cancel; it may be NULL. */
void squash_reader_watch(struct squash_reader *s, squash_progress_fn *progress,
			 void *data);
/*
 * A name or @bytes of content are done; calls @progress now and then. 0, or -ECANCELED
 * without a message.
 */
int squash_reader_tell(struct squash_reader *s, uint64_t bytes);
/* Calls @progress at once, of @reader: while a writer waits for its output. */
int squash_reader_look(void *reader);
uint64_t squash_reader_size(const struct tree_inode *i);
/*
 * How many bytes of a hole follow in the file @i at @offset; 0: there is data.
 */
uint64_t squash_reader_hole(const struct squash_reader *s, const struct tree_inode *i,
			    uint64_t offset);
/*
 * @len bytes at the most of the file @i from @offset; 0 at its end, -errno with a
 * message.
 */
ssize_t squash_reader_content(struct squash_reader *s, const struct tree_inode *i,
			      uint64_t offset, void *buf, size_t len);
