/* SPDX-License-Identifier: MIT */
/* store-file - what the rooms of a store share beyond store.h. */
#pragma once

#include <sys/stat.h>

#include "store/store.h"

/* Names that a sweep removes. */
#define STORE_TEMPORARY ".tmp-"

/* What is locked: files of mode 0600, for whoever may read a file can hold a lock on it for ever. */
#define STORE_LOCK	 "write.lock"
#define STORE_INDEX_LOCK "index.lock"
/* Of versions before, which left the store open to be read; gone once it is closed. */
#define STORE_OLD_LOCK "lock"

enum { STORE_WHAT_MAX = 300 };
/* "store PATH", for a message about it, in @buf of STORE_WHAT_MAX bytes. */
const char *store_what(const struct store *s, char *buf);

/*
 * Whether the directory may be used at all: it is the caller's, or root's and only read, and
 * nobody else writes to it. Closes what an earlier version left open. Says what it refuses.
 */
int store_check_owner(struct store *s);
/* The same for the file @name that @st is of. */
int store_check_file(struct store *s, const char *name, const struct stat *st);
/* Close a directory that is to become a store, unless it is one: its owner may have opened it. */
int store_close_new(struct store *s);

/* Open the directory if it is there by now; -ENOENT (without a message): it is not. */
int store_look(struct store *s);
/* As store_own(), but -EWOULDBLOCK (without a message) while others write, and no sweep. */
int store_own_now(struct store *s);
/* As store_own(), without the sweep. */
int store_own_unswept(struct store *s);
/* A name for a temporary, in @ret. */
void store_temporary(char ret[64]);
/* Held for a change of index.json. After STORE_LOCK, never before it. */
int store_lock_index(struct store *s);
void store_unlock_index(struct store *s);
/* A lock of its own on @fd, which something of the store is: given back when that is closed. */
int store_lock_names(struct store *s, int fd);
/* fsync of a directory of the store, "." itself. */
int store_sync_dir(struct store *s, const char *name);
