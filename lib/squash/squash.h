/* SPDX-License-Identifier: MIT */
/*
 * squash - one layer: a tar stream becomes a squashfs image in one pass, as any user; and back.
 * In module import (libarchive, libsquashfs, libcrypto).
 *
 * The image does not depend on the number of threads, the compression of the input, the time or
 * the user. zstd level 3, blocks of 128 KiB, names sorted, no export table. Kept: ids, modes,
 * whole seconds, xattrs, file capabilities, devices, hard links, holes. Dropped: POSIX ACLs (one
 * warning), trusted.overlay.* and user.overlay.*, security.selinux, security.ima. Whiteouts become
 * devices 0:0, opaque directories carry trusted.overlay.opaque = "y".
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
	uint64_t max_bytes;   /* of unpacked content and of the tar; 0: none */
	uint64_t max_entries; /* 0: none */
	unsigned threads;     /* 0: one for each CPU */
	struct budget *budget; /* shared with others; or NULL */
	uint64_t packed;       /* of a directory: bytes of what it is the content of; 0: of its own */
	const char *const *without; /* absolute paths in it of directories whose contents stay out; or NULL */
};

/* Owners of a directory's files that are others in the layer; an id that no range has is refused. */
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
	bool lists; /* a root file system has files that are called as lists of images are */
};

/* Keep what is compressed, how far it is, and the wish to stop. */
typedef int squash_progress_fn(uint64_t read_bytes, void *data); /* not 0: -ECANCELED */

/*
 * @source: a tar, maybe compressed with gzip, zstd, xz or bzip2. @out: empty file, read and write.
 * @what: names it in messages. A layer (@layer) has whiteouts; a root file system has files that may
 * be called ".wh.x", which cannot be kept and are refused.
 * Returns 0, -EBADMSG: damaged or hostile, -EOVERFLOW: beyond a limit, -ECANCELED, -errno.
 */
int squash_tar(struct err *e, const char *what, struct byte_source *source, int out, bool layer,
	       const struct squash_limits *limits, squash_progress_fn *progress, void *data,
	       struct squash_result *ret);

/*
 * The same from a directory: @dir, which is read without following links or leaving its file
 * system, as if it were packed by the deterministic tar that squash_to_tar() writes; @upper: it is an
 * overlay's upper layer, whose whiteouts and opaque marks are those of @userxattr (user.overlay.)
 * or trusted.overlay. @tar: receives that tar, or -1; ret->diff_id is its digest.
 * @owners: NULL: they are what they are.
 */
int squash_dir(struct err *e, const char *what, int dir, bool upper, bool userxattr,
	       const struct squash_owners *owners, int out, int tar, const struct squash_limits *limits, squash_progress_fn *progress, void *data,
	       struct squash_result *ret);

/*
 * Write the tree of squashfs layers (one, or several: lowest first, merged with whiteouts applied
 * unless @layer: one layer, with its whiteouts as .wh. files) as a deterministic pax tar.
 * @progress hears how many bytes of content are written, and may cancel; it may be NULL.
 */
int squash_to_tar(struct err *e, const char *what, const int *layers, size_t len, bool layer, int out,
		  squash_progress_fn *progress, void *data);
/* Or as files below @dir, which is empty; ids that cannot be set are an error unless @any_owner. */
int squash_to_dir(struct err *e, const char *what, const int *layers, size_t len, int dir,
		  bool any_owner, squash_progress_fn *progress, void *data);

/* How a part of an image becomes files. */
struct squash_part {
	const char *path; /* of the directory in the image; links in it stay inside */
	bool one_owner;	  /* all is the caller's; devices and attributes that it may not set are left out */
	bool any_owner;	  /* owners that it may not set are left out, too */
	bool in_userns;	  /* devices and attributes are; an owner that has no number there is nobody */
	const struct squash_owners *owners; /* NULL: the image's numbers; one that is in none is nobody */
};

/*
 * What is in a directory of the image, and its owner, mode, attributes and times, to @dir, which is
 * empty. PART_ABSENT: the image has no such directory, @dir is as it was; PART_EMPTY: there was no file
 * that has to reach the disk; or PART_FILES.
 */
enum { PART_ABSENT, PART_EMPTY, PART_FILES };
int squash_part_to_dir(struct err *e, const char *what, const int *layers, size_t len,
		       const struct squash_part *part, int dir);
