/* SPDX-License-Identifier: MIT */
/* dir-names - what is in a directory, in byte order. */
#pragma once

#include <stddef.h>

struct names {
	char *text; /* all names, each ended by NUL */
	size_t used, size;
	size_t *at; /* where each begins */
	size_t len, room;
};

static inline const char *names_get(const struct names *n, size_t i)
{
	return i < n->len ? n->text + n->at[i] : NULL;
}

/*
 * Without "." and ".."; 0 or -errno. names_done() frees. @dir may be an O_PATH
 * descriptor.
 */
int names_read(int dir, struct names *ret);
/* Add @name (@len bytes), unsorted. */
int names_add(struct names *n, const char *name, size_t len);
/* Sort, and drop what is there twice. */
void names_sort(struct names *n);
void names_done(struct names *n);
