/* SPDX-License-Identifier: MIT */
/*
 * tar-read - the entries of a tar, from a stream that may be compressed with gzip, zstd,
 * xz or bzip2. One thread reads, decompresses and hashes; the caller's parses. Between
 * them lie a few buffers.
 */
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>

#include "base/err.h"
#include "content/digest.h"
#include "tar/byte-source.h"

/*
 * Of one entry; what it says is kept in memory, a sparse file's parts with ten times
 * their size.
 */
enum { TAR_HEADER_MAX = 8 << 20 };

struct budget;
struct tar_reader;

/* @max_bytes: of this stream. @budget: of this and others, or NULL. */
int tar_reader_open(struct err *e, const char *what, struct byte_source *source,
		    uint64_t max_bytes, struct budget *budget, struct tar_reader **ret);
/* Stops the thread. */
struct tar_reader *tar_reader_close(struct tar_reader *t);

struct archive *tar_reader_archive(struct tar_reader *t);
/* 1 with an entry, 0 at the end, -errno with a message. */
int tar_reader_next(struct tar_reader *t, struct archive_entry **ret);
/* Of the content: 1, 0 at its end, -errno with a message. */
int tar_reader_data(struct tar_reader *t, const void **ret, size_t *ret_len,
		    int64_t *ret_offset);
/* One entry more. 0, or -EOVERFLOW with a message. */
int tar_reader_count(struct tar_reader *t);
/* Of a sparse file: so many zeros come from nowhere. 0, or -EOVERFLOW with a message. */
int tar_reader_hole(struct tar_reader *t, uint64_t len);
/*
 * After the last entry: the rest of the stream. A tar may stop between two entries, and
 * anything may follow the blocks of zeros that end one; not if it is @strict: what has no
 * digest may be half of what it was.
 */
int tar_reader_finish(struct tar_reader *t, bool strict, struct digest *ret,
		      uint64_t *ret_bytes);
/* How much of the source was read so far. */
uint64_t tar_reader_consumed(struct tar_reader *t);
