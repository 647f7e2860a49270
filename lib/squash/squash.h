/* SPDX-License-Identifier: MIT */
/*
 * squash - one layer: a tar stream becomes a squashfs image in one pass, as any user; and
 * back. In module import (libarchive, libsquashfs, libcrypto).
 *
 * The image does not depend on the number of threads, the compression of the input, the
 * time or the user. zstd level 3, blocks of 128 KiB, names sorted, no export table. Kept:
 * ids, modes, whole seconds, xattrs, file capabilities, devices, hard links, holes.
 * Dropped: POSIX ACLs (one warning), trusted.overlay.* and user.overlay.*,
 * security.selinux, security.ima. Whiteouts become devices 0:0, opaque directories carry
 * trusted.overlay.opaque = "y".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "content/digest.h"
#include "tar/byte-source.h"

struct budget;

struct squash_limits {
	uint64_t max_bytes;    /* of unpacked content and of the tar; 0: none */
	uint64_t max_entries;  /* 0: none */
	unsigned threads;      /* 0: one for each CPU */
	struct budget *budget; /* shared with others; or NULL */
	/* of a directory: bytes of what it is the content of; 0: of its own */
	uint64_t packed;
	/* absolute paths in it of directories whose contents stay out; or NULL */
	const char *const *without;
};

/*
 * Owners of a directory's files that are others in the layer; an id that no range has is
 * refused.
 */
struct squash_ids {
	uint32_t inside, outside, count;
};
struct squash_owners {
	const struct squash_ids *uids, *gids;
	size_t uids_len, gids_len;
};

struct squash_result {
	struct digest diff_id; /* of the uncompressed stream, all of it */
	uint64_t tar_bytes, entries, image_bytes;
	unsigned acls_dropped;
	/* a root file system has files that are called as lists of images are */
	bool lists;
};

/* Keep what is compressed, how far it is, and the wish to stop. */
typedef int squash_progress_fn(uint64_t read_bytes, void *data); /* not 0: -ECANCELED */
