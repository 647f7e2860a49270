/* SPDX-License-Identifier: MIT */
/* store - what the exported functions of image.h share. */
#pragma once

#include "api/api.h"
#include "import/import-module.h"
#include "manage/image-module.h"

/* A caller's minc_image_fn, for an image that came from a module. */
struct image_visit {
	const struct image_ops *ops;
	minc_image_fn fn; /* or NULL */
	void *data;
};

/* As api_begin(), without asking the host anything: no store needs that. */
int api_store_begin(minc_ctx *c);
/* May @img be called @name, and be used so? 0, -EKEYREJECTED, -ENOKEY; said. */
int api_policy(minc_store *s, const char *name, const struct image *img);
/* Return @r; where a policy refused something, say what lifts it. */
int api_policy_hint(minc_ctx *c, int r);
/* Show @img, which stays the caller's; what the function returned. */
int api_found(const struct image_visit *v, struct image *img);
