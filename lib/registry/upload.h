/* SPDX-License-Identifier: MIT */
/* upload - blobs to a registry. */
#pragma once

#include "registry/exchange.h"

/* registry_ops.put_blobs: see there. */
int blobs_put(struct registry *reg, struct registry_blob *blobs, size_t len);
