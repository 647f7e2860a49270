/* SPDX-License-Identifier: MIT */
/*
 * gunzip - a gzip stream, all its members, with checksum and length verified. Inflating
 * is most of an import's work: ISA-L does it in half the time (inflate-isal.c); zlib does
 * it where that is not there (inflate-zlib.c). See RFC 1952.
 */
#pragma once

#include <sys/types.h>

/* The next piece of the compressed stream: its length, 0 at the end, -errno. */
typedef ssize_t gunzip_read_fn(void *data, const void **ret);

struct gunzip;

struct gunzip *gunzip_new(gunzip_read_fn *read, void *data); /* NULL without memory */
struct gunzip *gunzip_free(struct gunzip *g);
/*
 * @len bytes at the most, 0 at the end; -EBADMSG: damaged, truncated, or something
 * follows the last member; or what the read function returned.
 */
ssize_t gunzip_read(struct gunzip *g, void *buf, size_t len);
