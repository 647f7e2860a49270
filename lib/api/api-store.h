/* SPDX-License-Identifier: MIT */
/* api-store - what the exported functions of image.h share. */
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

/* As api_begin(), without probing the host, which no store needs. */
int api_store_begin(minc_ctx *c);
/* @image, which is freed without memory, as the caller gets it: 0 or -ENOMEM. */
int api_give_image(minc_store *s, struct image *image, minc_image **ret);
/* May @img be used under @name? 0, or -EKEYREJECTED or -ENOKEY with a message. */
int api_policy(minc_store *s, const char *name, const struct image *img);
/* Return @r; if a policy refused something, with a hint how to override it. */
int api_policy_hint(minc_ctx *c, int r);
/* Call the function with @img, which stays the caller's; returns what it returned. */
int api_found(const struct image_visit *v, struct image *img);
