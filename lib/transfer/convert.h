/* SPDX-License-Identifier: MIT */
/*
 * convert - layers made from blobs by threads beside the caller's, while it does
 * something else.
 */
#pragma once

#include "store/handles.h"

struct converter;

int converter_new(struct minc_transfer *t, struct converter **ret);
/*
 * Its blob is in the store; the layer is to be made unless it is there and the blob not
 * fresh: a manifest could give another's layer a blob of its own. Failures come later.
 */
void converter_add(struct converter *c, const struct image_layer *l);
/* Of the first failure so far: -errno, or 0. */
int converter_failed(struct converter *c);
/* Wait until all is done; the first failure, with its message in @e. */
int converter_free(struct converter *c, struct err *e);
