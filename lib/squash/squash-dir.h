/* SPDX-License-Identifier: MIT */
/* squash-dir - a directory becomes a squashfs. */
#pragma once

#include "squash/squash.h"

/*
 * The same from a directory: @dir, which is read without following links or leaving its
 * file system, as if it were packed by the deterministic tar that squash_to_tar() writes;
 * @upper: it is an overlay's upper layer, whose whiteouts and opaque marks are those of
 * @userxattr (user.overlay.) or trusted.overlay. @tar: receives that tar, or -1;
 * ret->diff_id is its digest.
 * @owners: NULL: they are what they are.
 */
int squash_dir(struct err *e, const char *what, int dir, bool upper, bool userxattr,
	       const struct squash_owners *owners, int out, int tar,
	       const struct squash_limits *limits, squash_progress_fn *progress,
	       void *data, struct squash_result *ret);
