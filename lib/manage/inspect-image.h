/* SPDX-License-Identifier: MIT */
/* inspect-image - an image as JSON. */
#pragma once

#include "store/handles.h"

int image_inspect(struct image *img, char **ret);
