/* SPDX-License-Identifier: MIT */
/* image-config - the config of an image, parsed. */
#pragma once

#include "store/image.h"

int image_parse_config(struct image *img, struct err *e, const char *what,
		       const char *text, size_t len);
