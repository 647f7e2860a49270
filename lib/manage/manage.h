/* SPDX-License-Identifier: MIT */
/* manage - what is done with the images and containers of a store; see minc/image.h. */
#pragma once

#include "store/handles.h"

int image_inspect(struct image *img, char **ret);
int image_tag(struct store *s, struct image *img, const char *name);
int image_remove(struct store *s, const char *name, unsigned flags, minc_dependent_fn fn,
		 void *data);
/* See minc_images_remove(). */
int images_remove(struct store *s, const char *const *names, unsigned flags, minc_dependent_fn fn,
		  minc_removal_fn each, void *data);
int store_prune(struct store *s, unsigned flags, minc_report_fn fn, void *data);
int store_usage(struct store *s, minc_report_fn fn, void *data);

int containers_create(struct store *s, const struct image *img, const char *name,
		      const char *note, char **ret_id);
int containers_foreach(struct store *s, int (*fn)(struct minc_kept *k, void *data), void *data);
int containers_find(struct store *s, const char *name, struct minc_kept **ret);
/* What it was made of, ->asked as it was called then. */
int containers_image(struct store *s, const struct minc_kept *k, struct image **ret);
struct minc_kept *containers_free(struct minc_kept *k);
int containers_rename(struct store *s, struct minc_kept *k, const char *name);
int containers_delete(struct store *s, struct minc_kept *k);
/* While the store is owned. */
int containers_delete_owned(struct store *s, struct minc_kept *k);
/* Its directory is locked by a container that runs. */
bool containers_in_use(struct store *s, const struct minc_kept *k);
