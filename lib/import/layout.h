/* SPDX-License-Identifier: MIT */
/* layout - OCI layouts, and what their index.json lists. */
#pragma once

#include <jansson.h>

#include "store/handles.h"

struct origin;

/*
 * What an index.json calls an image, or NULL. docker's word is a whole name, OCI's may be
 * a tag only.
 */
const char *layout_name(const json_t *annotations);
int import_layout(struct minc_transfer *t, const char *source, int dir);
/* The images of an index.json. */
int import_index(struct minc_transfer *t, struct origin *o, const char *text, size_t len);
