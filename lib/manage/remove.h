/* SPDX-License-Identifier: MIT */
/* remove - names of images are removed, and with the last one the image. */
#pragma once

#include "store/handles.h"

int image_remove(struct store *s, const char *name, unsigned flags, minc_dependent_fn fn,
		 void *data);
/* See minc_images_remove(). */
int images_remove(struct store *s, const char *const *names, unsigned flags,
		  minc_dependent_fn fn, minc_removal_fn each, void *data);
