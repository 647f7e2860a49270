/* SPDX-License-Identifier: MIT */
/* store-file - what the rooms of a store share beyond store.h. */
#pragma once

#include "image/store.h"

/* Names that a sweep removes. */
#define STORE_TEMPORARY ".tmp-"

/* Open the directory if it is there by now; -ENOENT (without a message): it is not. */
int store_look(struct store *s);
/* As store_own(), but -EWOULDBLOCK (without a message) while others write, and no sweep. */
int store_own_now(struct store *s);
/* As store_own(), without the sweep. */
int store_own_unswept(struct store *s);
/* A name for a temporary, in @ret. */
void store_temporary(char ret[64]);
/* Held for a change of index.json: an flock(2) on oci-layout. After "lock", never before it. */
int store_lock_index(struct store *s);
void store_unlock_index(struct store *s);
/* fsync of a directory of the store, "." itself. */
int store_sync_dir(struct store *s, const char *name);
