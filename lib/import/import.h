/* SPDX-License-Identifier: MIT */
/* import - what minc_import() takes. */
#pragma once

#include <time.h>

#include "store/handles.h"

struct layer_made;

/* A root file system that is a layer now. */
int import_root_layer(struct minc_transfer *t, const struct layer_made *layer,
		      time_t created);
/*
 * An image that brings its own description keeps it: -EINVAL where changes were asked
 * for.
 */
int import_refuse_changes(struct minc_transfer *t, const char *source);
int import_source(struct minc_transfer *t, const char *source, image_found_fn *fn,
		  void *data);
