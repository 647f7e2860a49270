/* SPDX-License-Identifier: MIT */
/* upload - blobs to a registry. */
#pragma once

#include "registry/exchange.h"

int blobs_put(struct registry *reg, struct registry_blob *blobs, size_t len);
