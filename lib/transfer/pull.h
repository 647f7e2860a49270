/* SPDX-License-Identifier: MIT */
/* pull - images from a registry. */
#pragma once

#include "store/handles.h"

int pull_image(struct minc_transfer *t, const char *name, image_found_fn *fn, void *data);
