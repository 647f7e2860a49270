/* SPDX-License-Identifier: MIT */
/*
 * tar-check - the headers of a tar, looked at strictly before libarchive reads them
 * leniently: a number that is not one is 0 to it, one that is too large the largest, and
 * a name ends with a NUL that is in it. Other readers would see another file. Blocks are
 * passed by in order; contents are not looked at.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tar_check {
	uint64_t skip; /* bytes of contents until the next header */
	bool begun;    /* there was a header */
	bool ended;    /* with zeros */
	bool extended; /* the next block has more of an old sparse file's parts, */
	bool last;     /* but all of them were there; */
	/* of the file, of its parts together, of the part before */
	uint64_t realsize, stored, end;
	char name[101]; /* and what it is called */
	/* of pax records, for the file that follows */
	char *text;
	size_t len, want;
	char *path; /* in @text, or NULL */
	bool sized;
	uint64_t size;
	char fault[80]; /* what is wrong with them: "uid: not a number" */
	char why[240];  /* the end of a message, once it is refused */
};

void tar_check_done(struct tar_check *c);
/*
 * The next @len bytes: whole blocks, but for the last ones of a stream. The size of what
 * has no content, such as a hard link, is set to 0 in them: other readers ignore it,
 * libarchive guesses. 0; -EBADMSG with @c->why; -ENOMEM.
 */
int tar_check(struct tar_check *c, char *data, size_t len);
