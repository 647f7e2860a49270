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
#include "image/budget.h"

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
	struct store *store;
	uint64_t max_bytes;
	struct budget_stream count; /* of entries */
	unsigned passes;
	int plain; /* once it is read for the third time: the archive, unpacked; or -EBADF */
	bool inside, in_header;
	size_t header_bytes;
	char why[160]; /* the reading was stopped, */
	int failed;    /* with -EBADMSG or -EOVERFLOW */
};

/* -ENOMSG: by its first names it is no archive of images, but a root file system. -EOVERFLOW: its budget. */
int members_read(struct members *m, struct minc_transfer *t, const char *what, int fd);
void members_done(struct members *m);
/* A file by its name, links resolved; or a link that leads nowhere; or NULL. */
const struct member *members_find(const struct members *m, const char *name);
/*
 * Read it once more. What is compressed is unpacked twice at the most: an archive of many images is
 * read for each of them.
 */
int members_open(struct members *m, struct archive **ret);
/* The next header, as archive_read_next_header() has it, within bounds. */
int members_next(struct members *m, struct archive *a, struct archive_entry **ret);
/* After the last header: 0, or why there were no more, with a message. */
int members_failed(struct members *m);
/* Without "./" in front. */
const char *members_clean(const char *name);
