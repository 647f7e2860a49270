/* SPDX-License-Identifier: MIT */
/*
 * xattr - extended attributes of objects held by O_PATH descriptors. Left out everywhere:
 * overlayfs's own, in both forms, so that no layer can be forged by applying one; and
 * labels that the host's policy gives (SELinux, IMA, EVM).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Names, each ended by NUL, one after the other, in a growing buffer. */
struct name_list {
	char *text;
	size_t len;
};

/*
 * Append to @differ the names whose values differ; 0 or -errno. Free @differ->text.
 */
int xattr_compare(int a, int b, struct name_list *differ);
struct lower_xattr;
/*
 * The same with a file of an image; @mapped: seen from a user namespace's outside, where
 * trusted.* cannot be read and file capabilities look different.
 */
int xattr_compare_list(int fd, const struct lower_xattr *want, size_t len, bool mapped,
		       struct name_list *differ);
/* Make those of @to the same as those of @from. */
int xattr_copy(int from, int to);
/* Length of value @prefix"overlay."@name, at most @size bytes into @buf; -ENODATA. */
int xattr_overlay(int fd, bool user, const char *name, char *buf, size_t size);
