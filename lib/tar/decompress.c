/* SPDX-License-Identifier: MIT */
/*
 * decompress - see decompress.h. xz by liblzma itself: libarchive lets it take a
 * gigabyte.
 */
#include "tar/decompress.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>

#include "tar/budget.h"

enum { BUFFER_BYTES = 64 << 10 };

/* "xz -9" needs 65 MiB. */
#define XZ_MEMORY_MAX ((uint64_t)96 << 20)

struct unpack {
	struct byte_source source, *from;
	unsigned kinds, kind;
	bool begun;
	unsigned char head[DECOMPRESS_MAGIC];
	size_t head_len, head_at;
	struct archive *a;
	bool lzma_begun, from_ended;
	lzma_stream lzma;
	int error; /* of @from */
	uint64_t in;
	struct budget_stream stream;
	unsigned char buf[BUFFER_BYTES];
};

unsigned decompress_kind(const unsigned char magic[DECOMPRESS_MAGIC])
{
	static const struct {
		unsigned kind;
		size_t len;
		unsigned char bytes[DECOMPRESS_MAGIC];
	} known[] = {
		{ DECOMPRESS_GZIP, 2, { 0x1f, 0x8b } },
		{ DECOMPRESS_ZSTD, 4, { 0x28, 0xb5, 0x2f, 0xfd } },
		{ DECOMPRESS_BZIP2, 3, { 'B', 'Z', 'h' } },
		{ DECOMPRESS_XZ, 6, { 0xfd, '7', 'z', 'X', 'Z', 0 } },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (memcmp(magic, known[i].bytes, known[i].len) == 0)
			return known[i].kind;
	return 0;
}

static ssize_t read_raw(struct unpack *u, void *buf, size_t len)
{
	size_t n = u->head_len - u->head_at;
	ssize_t got;

	if (n > 0) {
		if (n > len)
			n = len;
		memcpy(buf, u->head + u->head_at, n);
		u->head_at += n;
		return (ssize_t)n;
	}
	got = u->from->read(u->from, buf, len);
	if (got > 0)
		u->in += (uint64_t)got;
	if (got < 0) {
		u->error = (int)got;
		u->source.why = u->from->why;
	}
	return got;
}

static ssize_t feed(struct archive *a, void *data, const void **ret)
{
	struct unpack *u = data;
	const ssize_t n = read_raw(u, u->buf, sizeof(u->buf));

	(void)a;
	*ret = u->buf;
	return n < 0 ? -1 : n;
}

static int wrong(struct unpack *u, const char *why)
{
	if (u->error)
		return u->error;
	u->source.why = why ? why : "damaged";
	return -EBADMSG;
}

static int begin_archive(struct unpack *u)
{
	struct archive_entry *entry;
	int r;

	u->a = archive_read_new();
	if (!u->a || archive_read_support_filter_gzip(u->a) < ARCHIVE_WARN ||
	    archive_read_support_filter_zstd(u->a) < ARCHIVE_WARN ||
	    archive_read_support_filter_bzip2(u->a) < ARCHIVE_WARN ||
	    archive_read_support_format_raw(u->a) != ARCHIVE_OK ||
	    archive_read_support_format_empty(u->a) != ARCHIVE_OK)
		return -ENOMEM;
	r = archive_read_open2(u->a, u, NULL, feed, NULL, NULL);
	if (r == ARCHIVE_OK)
		r = archive_read_next_header(u->a, &entry);
	/* one, and what is below it */
	if (r == ARCHIVE_OK && archive_filter_count(u->a) > 2)
		return wrong(u, "compressed more than once");
	return r == ARCHIVE_OK || r == ARCHIVE_EOF ? 0
						   : wrong(u, archive_error_string(u->a));
}

static int begin(struct unpack *u)
{
	u->begun = true;
	while (u->head_len < DECOMPRESS_MAGIC) {
		const ssize_t n = u->from->read(u->from, u->head + u->head_len,
						DECOMPRESS_MAGIC - u->head_len);

		if (n < 0) {
			u->source.why = u->from->why;
			return (int)n;
		}
		if (n == 0)
			break;
		u->head_len += (size_t)n;
	}
	u->kind = decompress_kind(u->head) & u->kinds;
	if (u->kind != DECOMPRESS_XZ)
		return u->kind ? begin_archive(u) : 0;
	if (lzma_stream_decoder(&u->lzma, XZ_MEMORY_MAX, LZMA_CONCATENATED) != LZMA_OK)
		return -ENOMEM;
	u->lzma_begun = true;
	return 0;
}

static int lzma_failed(struct unpack *u, lzma_ret r)
{
	if (r == LZMA_MEM_ERROR)
		return -ENOMEM;
	return wrong(u, r == LZMA_MEMLIMIT_ERROR ? "xz wants more than 96 MiB of memory"
			: r == LZMA_BUF_ERROR    ? "truncated xz"
						 : "damaged xz");
}

static ssize_t read_xz(struct unpack *u, void *buf, size_t len)
{
	u->lzma.next_out = buf;
	u->lzma.avail_out = len;
	while (u->lzma.avail_out == len) {
		lzma_ret r;

		if (u->lzma.avail_in == 0 && !u->from_ended) {
			const ssize_t n = read_raw(u, u->buf, sizeof(u->buf));

			if (n < 0)
				return n;
			u->from_ended = n == 0;
			u->lzma.next_in = u->buf;
			u->lzma.avail_in = (size_t)n;
		}
		r = lzma_code(&u->lzma, u->from_ended ? LZMA_FINISH : LZMA_RUN);
		if (r == LZMA_STREAM_END)
			break;
		if (r != LZMA_OK)
			return lzma_failed(u, r);
	}
	return (ssize_t)(len - u->lzma.avail_out);
}

static ssize_t read_archive(struct unpack *u, void *buf, size_t len)
{
	const ssize_t n = archive_read_data(u->a, buf, len);

	if (n < 0 && archive_errno(u->a) == ENOMEM && !u->error)
		return -ENOMEM;
	return n < 0 ? wrong(u, archive_error_string(u->a)) : n;
}

static ssize_t read_unpacked(struct byte_source *s, void *buf, size_t len)
{
	struct unpack *u = (struct unpack *)s;
	const char *why;
	ssize_t n;
	int r = u->begun ? 0 : begin(u);

	if (r < 0)
		return r;
	if (!u->kind)
		return read_raw(u, buf, len);
	n = u->lzma_begun ? read_xz(u, buf, len) : read_archive(u, buf, len);
	if (n <= 0)
		return n;
	why = budget_unpacked(&u->stream, u->in, (uint64_t)n, false);
	if (why)
		s->why = why;
	return why ? -EOVERFLOW : n;
}

struct byte_source *decompress_new(struct byte_source *from, unsigned kinds,
				   struct budget *budget)
{
	struct unpack *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->source.read = read_unpacked;
	u->source.packed = from->packed;
	u->stream.budget = budget;
	u->from = from;
	u->kinds = kinds;
	return &u->source;
}

struct byte_source *decompress_free(struct byte_source *s)
{
	struct unpack *u = (struct unpack *)s;

	if (!u)
		return NULL;
	if (u->a)
		archive_read_free(u->a);
	if (u->lzma_begun)
		lzma_end(&u->lzma);
	free(u);
	return NULL;
}
