/* SPDX-License-Identifier: MIT */
/* squash-to-tar - layers become a tar. */
#pragma once

#include "squash/squash.h"

/*
 * Write the tree of squashfs layers (one, or several: lowest first, merged with whiteouts
 * applied unless @layer: one layer, with its whiteouts as .wh. files) as a deterministic
 * pax tar. @progress hears how many bytes of content are written, and may cancel; it may
 * be NULL.
 */
int squash_to_tar(struct err *e, const char *what, const int *layers, size_t len,
		  bool layer, int out, squash_progress_fn *progress, void *data);
