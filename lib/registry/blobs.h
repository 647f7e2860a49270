/* SPDX-License-Identifier: MIT */
/* blobs - blobs from a registry. */
#pragma once

#include "registry/exchange.h"

/* registry_ops.get_blobs: see there. */
int blobs_get(struct registry *reg, struct registry_blob *blobs, size_t len,
	      int (*done)(struct registry_blob *b, void *data), void *data);
