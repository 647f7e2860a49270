/* SPDX-License-Identifier: MIT */
/*
 * squash-write - a squashfs image from a stream of contents and, at the end, the tree of
 * their names. The output depends on these alone. See libsquashfs's headers for the
 * format.
 */
#pragma once

#include "base/err.h"
#include "tar/tree.h"

struct squash_writer;

/* @out: empty, read and write. @threads 0: one for each CPU. */
int squash_writer_new(struct err *e, const char *what, int out, unsigned threads,
		      struct squash_writer **ret);
struct squash_writer *squash_writer_free(struct squash_writer *w);
/* The content of @i comes now, with append; then end. */
int squash_writer_begin(struct squash_writer *w, struct tree_inode *i);
int squash_writer_append(struct squash_writer *w, const void *data, size_t len);
/*
 * The same for so many zeros: whole blocks of them are work for none. -EOVERFLOW: more
 * than a layer can have.
 */
int squash_writer_zeros(struct squash_writer *w, uint64_t len);
int squash_writer_end(struct squash_writer *w);
/* All content is there: the inodes and tables of @t, whose names are sorted. */
int squash_writer_finish(struct squash_writer *w, struct tree *t, uint64_t *ret_bytes);
