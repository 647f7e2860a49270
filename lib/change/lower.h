/* SPDX-License-Identifier: MIT */
/*
 * lower - what a container of an image lies over, as module import shows it in its symbol
 * lower_ops: the image's layers merged, without a directory that has them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/err.h"

struct squash_reader; /* the layers */
struct tree_name;     /* a path of theirs */

struct lower_xattr {
	const char *name;
	const void *value;
	size_t len;
};

struct lower_ops {
	/* Lowest first; the layers stay the caller's and open. */
	int (*open)(struct err *e, const char *what, const int *layers, size_t len,
		    struct squash_reader **ret);
	struct squash_reader *(*close)(struct squash_reader *s);
	/* *ret is NULL if nothing is at @path. */
	int (*find)(struct squash_reader *s, const char *path, struct tree_name **ret);
	/* The name in @dir after @before, or the first; NULL: no more. */
	const struct tree_name *(*child)(const struct tree_name *dir,
					 const struct tree_name *before);
	/* Its last component; *ret_target is NULL unless it is a symbolic link. */
	const char *(*look)(const struct tree_name *n, struct stat *ret,
			    const char **ret_target);
	/* The @i-th extended attribute; false: it has no more. */
	bool (*xattr)(const struct tree_name *n, size_t i, struct lower_xattr *ret);
	/*
	 * @len bytes at the most of a file from @offset; 0 at its end, -errno with a
	 * message.
	 */
	ssize_t (*content)(struct squash_reader *s, const struct tree_name *n,
			   uint64_t offset, void *buf, size_t len);
};
