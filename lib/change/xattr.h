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
/*
 * Those that a copy beside the layers takes along; the ones left out everywhere are in
 * none.
 */
enum xattr_kind {
	XATTR_USER = 1,       /* user.* */
	XATTR_CAPABILITY = 2, /* security.capability */
	XATTR_ACL = 4         /* system.posix_acl_* */
};
bool xattr_is_of(const char *name, unsigned kinds);
typedef int xattr_fn(const char *name, const void *value, size_t len, void *data);
/* @fn with each of @fd that is of @kinds; not 0 stops, and is returned. -errno. */
int xattr_each(int fd, unsigned kinds, xattr_fn *fn, void *data);
/* One of @fd, which may be O_PATH. */
int xattr_set(int fd, const char *name, const void *value, size_t len);
/* Length of value @prefix"overlay."@name, at most @size bytes into @buf; -ENODATA. */
int xattr_overlay(int fd, bool user, const char *name, char *buf, size_t size);
