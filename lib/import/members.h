/* SPDX-License-Identifier: MIT */
/*
 * members - what is in an archive of images, by name; of the small ones also the content.
 */
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "tar/budget.h"

enum members_how {
	/* -ENOMSG at the first name that says that it is a root file system */
	MEMBERS_GUESS,
	MEMBERS_LISTS, /* only what lists images, at the top or in a directory there */
	MEMBERS_ALL
};

struct member {
	const char *name;
	/* of JSON, with a NUL; NULL: it was not kept, see members_text() */
	const char *content;
	uint64_t size;
	size_t number;    /* its place in the archive */
	int64_t at;       /* where its header begins, unpacked */
	const char *link; /* where it leads; NULL for a file */
};

struct members {
	struct err *e;
	const char *what;
	int fd; /* borrowed; it can be read from the beginning again */
	struct arena arena;
	struct member *v;
	size_t len, room;
	const struct member **by_name; /* the same, sorted */
	uint64_t kept;                 /* bytes of content */
	size_t names;                  /* bytes of names and links */
	struct store *store;
	uint64_t max_bytes;
	struct budget_stream count; /* of entries */
	unsigned passes;
	bool packed;
	/* once it is read for the third time: the archive, unpacked; or -EBADF */
	int plain;
	bool inside, in_header;
	size_t header_bytes;
	char why[160]; /* the reading was stopped, */
	int failed;    /* with -EBADMSG or -EOVERFLOW */
	enum members_how how;
	bool known;    /* a name says that it is an archive of images */
	bool has_root; /* or that it is a root file system */
};

struct minc_transfer;

/*
 * -EOVERFLOW: its budget; a list is nothing more to a budget that has all of it already.
 */
int members_read(struct members *m, struct minc_transfer *t, const char *what, int fd,
		 enum members_how how);
void members_done(struct members *m);
/* Whether there is something below @dir, which ends with a slash. */
bool members_below(const struct members *m, const char *dir);
/*
 * The content of a file, for free(3), read again if it was not kept: there is no bound
 * for all of them. NULL in *ret if it is a link; one that is too large for a text is
 * refused.
 */
int members_text(struct members *m, const struct member *one, char **ret);
/* A file by its name, links resolved; or a link that leads nowhere; or NULL. */
const struct member *members_find(const struct members *m, const char *name);
/*
 * Where it is read once more: zeros, members_close() at the end. What is compressed is
 * unpacked twice at the most: an archive of many images is read for each of them.
 */
struct members_reader {
	struct archive *a;
	size_t next; /* the number of what comes next */
};
/*
 * To the content of @one, which @r->a reads then: at once, or through what is compressed.
 */
int members_to(struct members *m, struct members_reader *r, const struct member *one);
void members_close(struct members_reader *r);
/* Without "./" and "/" in front. */
const char *members_clean(const char *name);
