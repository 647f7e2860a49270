/* SPDX-License-Identifier: MIT */
/*
 * record - what the layers in a storage directory are layers of. A line-based text file,
 * "layers", beside them: the container never sees it. It appears whole (temporary name,
 * rename); a reader takes nothing it does not know, so that a foreign file is an error
 * and not a guess.
 *
 *	minc-layers 1			version
 *	started 1764038888.123456789	first start since the last complete apply
 *	xattr trusted			or user: prefix of the overlay's own marks
 *	root /srv/debian		the lower directory; or, of an image, each layer
 *	                                from the lowest:
 *	image /store/layers/5f70.sqfs
 *	split				all layers are in storage/ (mount/split.c)
 *	submount 1 /home		submount1.storage lies over this path
 *	made /dev			mount point the setup makes where it is missing
 *
 * Blanks, backslashes and control characters in paths are \ooo, as in mountinfo.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/arena.h"
#include "mount/mount.h"

struct record_mount {
	unsigned number;  /* of submountN.storage; with split, only the path counts */
	const char *path; /* absolute, inside */
};

struct record {
	struct timespec started;
	bool userxattr, split;
	const char *root;    /* NULL: an image's layers */
	const char **layers; /* of an image, lowest first */
	size_t layers_len;
	struct record_mount *mounts;
	size_t mounts_len;
	const char **made;
	size_t made_len;
	struct arena arena; /* all of the above */
};

/* The lines from "xattr" on, in the plan's arena. Without memory plan_seal() fails. */
const char *record_describe(struct plan *p, const struct mounts *m);

/*
 * Write the record of storage directory @dir with the lines @body. The time of the first
 * start is kept if there is one. Returns 0 or -errno.
 */
int record_write(int dir, const char *body);

/* All that was written is in the base: the next start is the first again. */
int record_restart(int dir);

/* -ENOENT: nothing started here; -EBADMSG: not a record of ours. record_done() frees. */
int record_read(int dir, struct record *ret);
void record_done(struct record *rec);
