/* SPDX-License-Identifier: MIT */
/* tag - one more name for an image. */
#pragma once

#include "store/handles.h"

int image_tag(struct store *s, struct image *img, const char *name);
