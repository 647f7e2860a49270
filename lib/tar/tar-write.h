/* SPDX-License-Identifier: MIT */
/*
 * tar-write - a tar that depends on the files alone: ustar headers, pax records only for
 * what does not fit into them, two zero blocks at the end. See pax(1), POSIX.1-2017; for
 * files with large holes GNU tar's manual, "PAX Format, Version 1.0".
 */
#pragma once

#include "base/err.h"
#include "content/digest.h"
#include "tar/tree.h"

struct tar_writer;

/*
 * The data of a file with holes, in order; those of less than 1 MiB are data, and so are
 * what is too many.
 */
struct tar_part {
	uint64_t at, len;
};
struct tar_map {
	struct tar_part *v; /* owned */
	size_t len, room;
	uint64_t data;
};
/* More of it, behind what is there; -ENOMEM. */
int tar_map_add(struct tar_map *m, uint64_t at, uint64_t len);
/*
 * Whether holes of a file of @size are worth a form that not every reader of tars knows:
 * 64 MiB.
 */
bool tar_map_is_sparse(const struct tar_map *m, uint64_t size);
void tar_map_done(struct tar_map *m);

/*
 * @fd: where it goes, or -1; long zeros are holes if it is a new regular file. @hashed:
 * the digest is wanted.
 */
int tar_writer_new(struct err *e, const char *what, int fd, bool hashed,
		   struct tar_writer **ret);
/* @look is called while the reader of a pipe takes nothing: see io_write_out(). */
void tar_writer_watch(struct tar_writer *t, int (*look)(void *data), void *data);
/* It is no layer: a name that means a removed file there may be anything. */
void tar_writer_any_name(struct tar_writer *t);
struct tar_writer *tar_writer_free(struct tar_writer *t);
/*
 * The header of @n, and its content with tar_writer_content(), @size bytes of it. Its
 * inode being met before makes it a hard link: then 0 is returned, 1 if the content has
 * to follow. Whiteouts and opaque marks are written as .wh. files.
 */
int tar_writer_entry(struct tar_writer *t, struct tree_name *n, uint64_t size);
/*
 * The same for a file with holes, in GNU tar's form 1.0: what has to follow are the parts
 * in @m.
 */
int tar_writer_sparse(struct tar_writer *t, struct tree_name *n, uint64_t size,
		      const struct tar_map *m);
int tar_writer_content(struct tar_writer *t, const void *data, size_t len);
/* The end of a content: zeros up to a whole block. */
int tar_writer_pad(struct tar_writer *t);
/* The end of the tar; @ret with hashed only, may be NULL. */
int tar_writer_finish(struct tar_writer *t, struct digest *ret, uint64_t *ret_bytes);
