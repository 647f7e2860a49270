/* SPDX-License-Identifier: MIT */
/*
 * decompress - a stream without its compression, told apart by its first bytes. What
 * unpacking takes of memory is bounded here: xz lets the sender choose, up to 4 GiB.
 */
#pragma once

#include <stdbool.h>

#include "tar/byte-source.h"

struct budget;

enum {
	DECOMPRESS_GZIP = 1,
	DECOMPRESS_ZSTD = 2,
	DECOMPRESS_BZIP2 = 4,
	DECOMPRESS_XZ = 8,
	DECOMPRESS_ALL = 15
};

/*
 * What begins so; 0: something else. @magic: DECOMPRESS_MAGIC bytes, zeros behind the
 * end.
 */
enum { DECOMPRESS_MAGIC = 6 };
unsigned decompress_kind(const unsigned char magic[DECOMPRESS_MAGIC]);

/*
 * @from, unpacked if it is of one of @kinds, else as it is; nothing is read before the
 * first reading. What is unpacked is counted to @budget, or to none (NULL). NULL without
 * memory. @from is borrowed.
 */
struct byte_source *decompress_new(struct byte_source *from, unsigned kinds,
				   struct budget *budget);
struct byte_source *decompress_free(struct byte_source *s);
