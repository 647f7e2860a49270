/* SPDX-License-Identifier: MIT */
/*
 * inflate - what a library does for gunzip.c: one member of a gzip stream, with its
 * header, checksum and length. inflate-isal.c or inflate-zlib.c, as it was built.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* What is to be read, and room for what comes out; both move on. */
struct inflate_io {
	const uint8_t *in;
	size_t in_len;
	uint8_t *out;
	size_t out_len;
};

struct inflater;

struct inflater *inflater_new(void); /* NULL without memory */
struct inflater *inflater_free(struct inflater *i);
/* A member begins. 0 or -EBADMSG. */
int inflater_begin(struct inflater *i);
/*
 * Go on as far as there is input and room; output may be left when all input is taken.
 * 1: the member is whole, 0: it is not, -EBADMSG, -ENOMEM.
 */
int inflater_run(struct inflater *i, struct inflate_io *io);
