/* SPDX-License-Identifier: MIT */
/*
 * unpack - a stream without its compression, told apart by its first bytes. What unpacking takes
 * of memory is bounded here: xz lets the sender choose, up to 4 GiB.
 */
#pragma once

#include <stdbool.h>

#include "tar/byte-source.h"

struct budget;

enum { UNPACK_GZIP = 1, UNPACK_ZSTD = 2, UNPACK_BZIP2 = 4, UNPACK_XZ = 8, UNPACK_ALL = 15 };

/* What begins so; 0: something else. @magic: UNPACK_MAGIC bytes, zeros behind the end. */
enum { UNPACK_MAGIC = 6 };
unsigned unpack_kind(const unsigned char magic[UNPACK_MAGIC]);

/*
 * @from, unpacked if it is of one of @kinds, else as it is; nothing is read before the first reading.
 * What is unpacked is counted to @budget, or to none (NULL). NULL without memory. @from is borrowed.
 */
struct byte_source *unpack_new(struct byte_source *from, unsigned kinds, struct budget *budget);
struct byte_source *unpack_free(struct byte_source *s);
