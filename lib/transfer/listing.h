/* SPDX-License-Identifier: MIT */
/* listing - what is listed at the end of a command, all at once. */
#pragma once

#include "store/handles.h"

int listing_begin(struct minc_transfer *t);
/*
 * A manifest that is there, of @img; its name is as the index has it, or "". -EBADMSG:
 * not by its digest.
 */
int listing_add(struct minc_transfer *t, const char *media_type,
		const struct digest *manifest, uint64_t size, const struct image *img,
		const char *name);
/* One more name of what was added last. */
int listing_add_name(struct minc_transfer *t, const char *name);
/*
 * Unless @r is a failure: list all, hand on each image. In any case after
 * listing_begin().
 */
int listing_end(struct minc_transfer *t, int r, image_found_fn *fn, void *data);
