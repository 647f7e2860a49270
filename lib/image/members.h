/* SPDX-License-Identifier: MIT */
/* members - what is in an archive of images, by name; of the small ones also the content. */
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct member {
	const char *name;
	const char *content; /* with a NUL; NULL: too large, or no file */
	uint64_t size;
	size_t number;	  /* its place in the archive */
	const char *link; /* where it leads; NULL for a file */
};

struct members {
	struct err *e;
	const char *what;
	int fd; /* borrowed; it can be read from the beginning again */
	struct arena arena;
	struct member *v;
	size_t len, room;
	uint64_t kept; /* bytes of content */
	uint64_t max_bytes;
	bool inside, in_header;
	size_t header_bytes;
	char why[128]; /* the reading was stopped */
};

/* -ENOMSG: by its first names it is no archive of images, but a root file system. */
/* @max_bytes: what it may be unpacked, if it is compressed; 0: anything. */
int members_read(struct members *m, struct err *e, const char *what, int fd, uint64_t max_bytes);
void members_done(struct members *m);
/* A file by its name, links resolved; or a link that leads nowhere; or NULL. */
const struct member *members_find(const struct members *m, const char *name);
/* Read it once more. */
int members_open(struct members *m, struct archive **ret);
/* The next header, as archive_read_next_header() has it, within bounds. */
int members_next(struct members *m, struct archive *a, struct archive_entry **ret);
/* Without "./" in front. */
const char *members_clean(const char *name);
