/* SPDX-License-Identifier: MIT */
/* contents - what is in the directories of a store, listed or not. */
#pragma once

#include "store/store.h"

struct contents_file {
	const char *what; /* "layer", "blob", "temporary" */
	const char *where, *name;
	char hex[DIGEST_HEX + 1]; /* "" for a temporary */
	uint64_t bytes;           /* on disk */
};

/* Files with other names are left out. Ends with what @fn returns, if it is not 0. */
int contents_foreach(struct store *s,
		     int (*fn)(const struct contents_file *f, void *data), void *data);
