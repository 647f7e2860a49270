/* SPDX-License-Identifier: MIT */
/* commit - an image made of a container. */
#pragma once

#include "store/handles.h"

int commit_container(struct minc_transfer *t, const char *container, image_found_fn *fn,
		     void *data);
