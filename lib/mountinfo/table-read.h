/* SPDX-License-Identifier: MIT */
/*
 * table-read - the lines of a mountinfo file. By libmount (table-libmount.c); in a static
 * build on a system that has no libmount.a, by a reader of our own (table-plain.c).
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"

struct table_entry {
	int id, parent_id;
	const char *path, *fstype; /* unescaped; in the arena */
};

/*
 * All entries of @path in their order, in @a; -errno, -EBADMSG for what is no such file.
 */
int table_read(const char *path, struct arena *a, struct table_entry **ret,
	       size_t *ret_len);
