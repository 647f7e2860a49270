/* SPDX-License-Identifier: MIT */
/*
 * handles - what the public handles of images hold (minc/image.h): the library makes
 * them, the modules fill them in.
 */
#pragma once

#include <minc/image.h>

#include "store/image.h"
#include "store/store.h"

struct image_ops; /* manage/image-module.h */

struct minc_store {
	struct store *store;
	struct minc_ctx *c;
	const struct image_ops *ops;
};

struct minc_image {
	struct image *image; /* only what a listing needs until ops->whole() */
	const struct image_ops *ops;
};

struct minc_kept {
	struct arena arena;
	const struct image_ops *ops;
	char id[65];
	const char *name, *dir, *note, *image, *image_name;
	int64_t created_ms;
	bool damaged; /* its container.json: only the id is known */
};

struct budget;
struct listing;

struct minc_transfer {
	struct store *store;
	struct err *err;
	struct minc_store *owner; /* of the api: not for the modules */
	/* by enum minc_transfer_option; owned, MINC_TRANSFER_CHANGE unused */
	const char *text[16];
	const char **changes;    /* NULL-terminated, or NULL */
	uint64_t number[16];     /* by enum minc_transfer_number */
	unsigned given;          /* bit N: number N is not the default */
	struct budget *budget;   /* of what is under way; NULL: no bound over all of it */
	struct listing *listing; /* what it has brought so far */
	minc_progress_fn progress;
	void *data;
	/* of the first setting that was refused: what all uses return */
	struct err failure;
};

/* Hand an image on to a minc_image_fn; NULL: nothing. */
typedef int image_found_fn(struct image *img, void *data); /* takes @img */
