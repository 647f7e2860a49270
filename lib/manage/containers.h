/* SPDX-License-Identifier: MIT */
/* containers - containers that are kept in a store. */
#pragma once

#include "store/handles.h"

int containers_create(struct store *s, const struct image *img, const char *name,
		      const char *note, char **ret_id);
/*
 * Oldest first, but for damaged ones, which are warned of. When all others were visited,
 * it fails if one could not be read.
 */
int containers_foreach(struct store *s, int (*fn)(struct minc_kept *k, void *data),
		       void *data);
int containers_find(struct store *s, const char *name, struct minc_kept **ret);
/* What it was made of, ->asked as it was called then. */
int containers_image(struct store *s, const struct minc_kept *k, struct image **ret);
struct minc_kept *containers_free(struct minc_kept *k);
int containers_rename(struct store *s, struct minc_kept *k, const char *name);
int containers_delete(struct store *s, struct minc_kept *k);
/* While the store is owned. */
int containers_delete_owned(struct store *s, struct minc_kept *k);
/* Its directory is locked by a container that runs. */
bool containers_in_use(const struct minc_kept *k);
/*
 * The directory of them, with the lock that guards names, and shared against the sweep:
 * until containers_release() nobody else makes, renames or deletes one. Who changes
 * index.json has begun that before.
 */
int containers_hold(struct store *s);
void containers_release(struct store *s, int fd);
