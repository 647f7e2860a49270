/* SPDX-License-Identifier: MIT */
/* inodes - a table from (device, inode) to two numbers and a text. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct inode {
	uint64_t dev, ino; /* key; ino 0 is a free place */
	uint64_t a, b;
	char *text; /* or NULL; freed with the table */
};

struct inodes {
	struct inode *v;
	size_t used, size; /* size: a power of two */
};

/* NULL if it is not there. Valid until the next inodes_put(). */
struct inode *inodes_find(const struct inodes *t, uint64_t dev, uint64_t ino);
/* Find or add; NULL without memory. */
struct inode *inodes_put(struct inodes *t, uint64_t dev, uint64_t ino);
void inodes_done(struct inodes *t);
