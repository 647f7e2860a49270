/* SPDX-License-Identifier: MIT */
/* convert - layers made from blobs by threads beside the caller's, while it does something else. */
#pragma once

#include "image/transfer.h"

struct converter;

int converter_new(struct minc_transfer *t, struct converter **ret);
/* @blob is in the store; its layer is to be made unless it is there. Failures come later. */
void converter_add(struct converter *c, const struct digest *blob, const struct digest *diff_id);
/* Of the first failure so far: -errno, or 0. */
int converter_failed(struct converter *c);
/* Wait until all is done; the first failure, with its message in @e. */
int converter_free(struct converter *c, struct err *e);
