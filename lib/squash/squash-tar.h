/* SPDX-License-Identifier: MIT */
/* squash-tar - a tar becomes a squashfs. */
#pragma once

#include "squash/squash.h"

/*
 * @source: a tar, maybe compressed with gzip, zstd, xz or bzip2. @out: empty file, read
 * and write.
 * @what: names it in messages. A layer (@layer) has whiteouts; a root file system has
 * files that may be called ".wh.x", which cannot be kept and are refused.
 * Returns 0, -EBADMSG: damaged or hostile, -EOVERFLOW: beyond a limit, -ECANCELED,
 * -errno.
 */
int squash_tar(struct err *e, const char *what, struct byte_source *source, int out,
	       bool layer, const struct squash_limits *limits,
	       squash_progress_fn *progress, void *data, struct squash_result *ret);
