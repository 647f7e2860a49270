/* SPDX-License-Identifier: MIT */
/* image-config - the config of an image, parsed. */
#pragma once

#include "store/image.h"

/*
 * Parse the text of a config into @img, of which image_parse_manifest() has read the
 * manifest; both must agree. The message names @what. -EBADMSG, -ENOMEM.
 */
int image_parse_config(struct image *img, struct err *e, const char *what,
		       const char *text, size_t len);
