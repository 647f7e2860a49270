/* SPDX-License-Identifier: MIT */
/* layer - layers and blobs on their way into the store, which is shared meanwhile. */
#pragma once

#include "squash/squash.h"
#include "store/handles.h"

/* A layer that is in the store now. */
struct layer_made {
	struct digest blob, diff_id;
	uint64_t blob_bytes, layer_bytes;
	const char *media_type;
};

/*
 * Asked before a root file system is kept in which lists of images are: not 0 is
 * layer_from_stream()'s.
 */
typedef int layer_lists_fn(void *data);
/*
 * A tar whose digest nobody has told, to its end: kept as it comes, as a blob, and as a
 * layer, which has whiteouts; or, with @lists, as a root file system.
 */
int layer_from_stream(struct minc_transfer *t, const char *what,
		      struct byte_source *source, layer_lists_fn *lists, void *data,
		      struct layer_made *ret);
/*
 * The same from a directory, see squash_dir(); an upper one has the owners that were seen
 * inside. @packed: bytes of the image that it is the content of, or 0. @without: see
 * squash_limits; or NULL.
 */
int layer_from_dir(struct minc_transfer *t, const char *what, int dir, bool upper,
		   bool userxattr, const struct squash_owners *owners, uint64_t packed,
		   const char *const *without, struct layer_made *ret);
/* A blob of the store, whose digest was checked; @diff_id: what its tar must be. */
int layer_from_blob(struct minc_transfer *t, const struct digest *blob,
		    const struct digest *diff_id, unsigned threads);
/* Write a blob from a stream; digest and size are checked before it has a name. */
int blob_from_stream(struct minc_transfer *t, const char *what,
		     struct byte_source *source, const struct digest *d, uint64_t size);
/* Whether a layer's file is what was written, by its seal: -EBADMSG, or -errno. */
int layer_check(int fd, const struct digest *diff_id);
