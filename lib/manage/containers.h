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
/* The image it was made of; ->asked is the name it had then. */
int containers_image(struct store *s, const struct minc_kept *k, struct image **ret);
struct minc_kept *containers_free(struct minc_kept *k);
int containers_rename(struct store *s, struct minc_kept *k, const char *name);
int containers_delete(struct store *s, struct minc_kept *k);
/* While the store is owned. */
int containers_delete_owned(struct store *s, struct minc_kept *k);
/* Whether it runs: its directory is locked then. */
bool containers_in_use(const struct minc_kept *k);
/*
 * The directory of them, locked, while the store is shared: until containers_release()
 * nobody else makes, renames or deletes one. After index_begin(), never before it.
 */
int containers_hold(struct store *s);
void containers_release(struct store *s, int fd);
