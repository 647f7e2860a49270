/* SPDX-License-Identifier: MIT */
/*
 * tar-read - see tar-read.h. libarchive twice: once for the filters alone, so that all of
 * the uncompressed stream can be hashed, padding included, and once for the tar in it.
 */
#include "tar/tar-read.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "content/hash.h"
#include "tar/budget.h"
#include "tar/decompress.h"
#include "tar/gunzip.h"
#include "tar/tar-check.h"

enum { BUFFERS = 4, BUFFER_BYTES = 1 << 20, SOURCE_BYTES = 256 << 10, BLOCK_BYTES = 512 };

struct buffer {
	char *data;
	size_t len;
};

struct tar_reader {
	struct err *e;
	const char *what;
	struct byte_source *plain;
	uint64_t max_bytes;
	struct archive *tar;
	bool inside; /* of an entry */
	bool in_header;
	size_t header_bytes; /* that the parser got for one */
	int64_t size, got;   /* of the entry's content */
	la_int64_t mark;     /* bytes of the zeros that end a tar */
	struct tar_check check;
	int refused; /* by it */

	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	pthread_cond_t moved;
	struct buffer ring[BUFFERS];
	unsigned filled, taken; /* counters */
	bool holds;             /* the parser uses ring[taken] */
	uint64_t start, end;    /* which bytes of the stream these are */
	bool stop;              /* the parser wants no more */
	int result; /* of the thread, at its end: 1 running, 0 the end, -errno */
	char reason[256];

	/* the thread's own */
	struct hash *hash;
	char *in;
	ssize_t peeked;        /* bytes of @in that are not taken yet */
	struct gunzip *gunzip; /* or NULL: libarchive knows the others */
	int source_error;
	uint64_t bytes;
	_Atomic uint64_t consumed;
	struct budget_stream stream; /* under the budget's lock */
};

static int source_failed(struct tar_reader *t, int r)
{
	t->source_error = r;
	if (t->plain->why)
		(void)snprintf(t->reason, sizeof(t->reason), "%s", t->plain->why);
	return r;
}

static ssize_t next_piece(void *data, const void **ret)
{
	struct tar_reader *t = data;
	ssize_t n = t->peeked;

	*ret = t->in;
	t->peeked = 0;
	if (n > 0)
		return n;
	n = t->plain->read(t->plain, t->in, SOURCE_BYTES);
	if (n < 0)
		source_failed(t, (int)n);
	else
		atomic_fetch_add_explicit(&t->consumed, (uint64_t)n,
					  memory_order_relaxed);
	return n;
}

static ssize_t read_source(struct archive *a, void *data, const void **ret)
{
	const ssize_t n = next_piece(data, ret);

	if (n >= 0)
		return n;
	archive_set_error(a, (int)-n, "%s", strerror((int)-n));
	return -1;
}

/* The next empty buffer, or NULL if no more is wanted. */
static struct buffer *wait_for_room(struct tar_reader *t)
{
	struct buffer *ret = NULL;

	pthread_mutex_lock(&t->lock);
	while (!t->stop && t->filled - t->taken == BUFFERS)
		pthread_cond_wait(&t->moved, &t->lock);
	if (!t->stop)
		ret = &t->ring[t->filled % BUFFERS];
	pthread_mutex_unlock(&t->lock);
	return ret;
}

static void hand_over(struct tar_reader *t)
{
	pthread_mutex_lock(&t->lock);
	t->filled++;
	pthread_cond_broadcast(&t->moved);
	pthread_mutex_unlock(&t->lock);
}

/* -EBADMSG and what libarchive says. */
static int unreadable(struct tar_reader *t, struct archive *a)
{
	const char *text = archive_error_string(a);

	if (t->source_error)
		return t->source_error;
	if (archive_errno(a) == ENOMEM)
		return -ENOMEM;
	(void)snprintf(t->reason, sizeof(t->reason), "%s", text ? text : "damaged");
	return -EBADMSG;
}

static ssize_t unpack(struct tar_reader *t, struct archive *raw, char *buf, size_t len)
{
	ssize_t n;

	if (!t->gunzip) {
		n = archive_read_data(raw, buf, len);
		return n < 0 ? unreadable(t, raw) : n;
	}
	n = gunzip_read(t->gunzip, buf, len);
	if (n == -EBADMSG && !t->source_error)
		(void)snprintf(t->reason, sizeof(t->reason),
			       "damaged or truncated gzip data");
	return n;
}

/* What the stream was before it was unpacked. */
static uint64_t packed_bytes(struct tar_reader *t)
{
	return t->plain->packed ? t->plain->packed : tar_reader_consumed(t);
}

static int account(struct tar_reader *t, uint64_t bytes)
{
	const char *why = budget_unpacked(&t->stream, packed_bytes(t), bytes, true);

	if (why)
		(void)snprintf(t->reason, sizeof(t->reason), "%s", why);
	return why || (t->max_bytes && t->bytes > t->max_bytes) ? -EOVERFLOW : 0;
}

static int fill(struct tar_reader *t, struct archive *raw, struct buffer *b)
{
	b->len = 0;
	if (!b->data)
		b->data = malloc(BUFFER_BYTES); /* a small layer needs one of them */
	if (!b->data)
		return -ENOMEM;
	while (b->len < BUFFER_BYTES) {
		ssize_t n = unpack(t, raw, b->data + b->len, BUFFER_BYTES - b->len);

		if (n == 0)
			break;
		if (n < 0)
			return (int)n;
		b->len += (size_t)n;
	}
	hash_update(t->hash, b->data, b->len);
	t->bytes += b->len;
	return account(t, b->len);
}

/* 1: there is something in it, 0: it is empty, -errno. */
static int open_raw(struct tar_reader *t, struct archive *raw)
{
	struct archive_entry *entry;
	int r;

	if (archive_read_open2(raw, t, NULL, read_source, NULL, NULL) != ARCHIVE_OK)
		return unreadable(t, raw);
	r = archive_read_next_header(raw, &entry);
	if (r == ARCHIVE_EOF)
		return 0;
	if (r != ARCHIVE_OK)
		return unreadable(t, raw);
	if (archive_filter_count(raw) > 2) { /* one, and what is below all of them */
		(void)snprintf(t->reason, sizeof(t->reason), "compressed more than once");
		return -EBADMSG;
	}
	return 1;
}

/* gzip is ours: libarchive does not compare the checksum, and is slower. */
static int open_stream(struct tar_reader *t, struct archive *raw)
{
	ssize_t n = 1, len = 0;

	while (len < 2 && n > 0) { /* a pipe may give a single byte */
		n = t->plain->read(t->plain, t->in + len, SOURCE_BYTES - (size_t)len);
		if (n < 0)
			return source_failed(t, (int)n);
		len += n;
	}
	t->peeked = len;
	atomic_fetch_add_explicit(&t->consumed, (uint64_t)len, memory_order_relaxed);
	if (len < 2 || memcmp(t->in, "\x1f\x8b", 2) != 0)
		return open_raw(t, raw);
	t->gunzip = gunzip_new(next_piece, t);
	return t->gunzip ? 1 : -ENOMEM;
}

static int pump(struct tar_reader *t, struct archive *raw)
{
	struct buffer *b;
	int r = open_stream(t, raw);

	if (r <= 0)
		return r;
	while ((b = wait_for_room(t))) {
		r = fill(t, raw, b);
		if (r < 0)
			return r;
		if (b->len == 0)
			return 0;
		hand_over(t);
	}
	return -ECANCELED;
}

static struct archive *new_raw(void)
{
	struct archive *raw = archive_read_new();

	if (!raw)
		return NULL;
	if (archive_read_support_filter_bzip2(raw) < ARCHIVE_WARN ||
	    archive_read_support_filter_zstd(raw) < ARCHIVE_WARN ||
	    archive_read_support_format_raw(raw) != ARCHIVE_OK ||
	    archive_read_support_format_empty(raw) != ARCHIVE_OK) {
		archive_read_free(raw);
		return NULL;
	}
	return raw;
}

static void *run(void *data)
{
	struct tar_reader *t = data;
	struct archive *raw = new_raw();
	int r = raw ? pump(t, raw) : -ENOMEM;

	if (raw)
		archive_read_free(raw);
	pthread_mutex_lock(&t->lock);
	t->result = r;
	pthread_cond_broadcast(&t->moved);
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

/* The next piece: its length, 0 at the end, -errno of the thread. */
static ssize_t take(struct tar_reader *t, const void **ret)
{
	ssize_t n;

	pthread_mutex_lock(&t->lock);
	if (t->holds) {
		t->taken++;
		t->holds = false;
		pthread_cond_broadcast(&t->moved);
	}
	while (t->filled == t->taken && t->result == 1)
		pthread_cond_wait(&t->moved, &t->lock);
	if (t->filled != t->taken) {
		*ret = t->ring[t->taken % BUFFERS].data;
		n = (ssize_t)t->ring[t->taken % BUFFERS].len;
		t->holds = true;
		t->start = t->end;
		t->end += (uint64_t)n;
	} else {
		n = t->result;
	}
	pthread_mutex_unlock(&t->lock);
	return n;
}

/* For the thread's failures: the words are its own. */
static int failed(struct tar_reader *t, int r)
{
	if ((r == -EBADMSG || r == -EOVERFLOW) && *t->reason)
		return err_say(t->e, r, "%s: %s", t->what, t->reason);
	if (r == -EOVERFLOW)
		return err_say(t->e, r, "%s: more than %llu bytes unpacked (--max-bytes)",
			       t->what, (unsigned long long)t->max_bytes);
	return err_set(t->e, r, "%s", t->what);
}

/* A stream may stop with the last entry's last byte: the zeros after it say nothing. */
static ssize_t last_padding(const struct tar_reader *t, const void **ret)
{
	static const char zeros[BLOCK_BYTES];

	*ret = zeros;
	return (ssize_t)((BLOCK_BYTES - t->end % BLOCK_BYTES) % BLOCK_BYTES);
}

static ssize_t read_tar(struct archive *a, void *data, const void **ret)
{
	struct tar_reader *t = data;
	const ssize_t n = take(t, ret);

	if (n > 0 && t->in_header)
		t->header_bytes += (size_t)n;
	if (n > 0 && t->refused == 0)
		/* it is our buffer */
		t->refused = tar_check(&t->check, (char *)*ret, (size_t)n);
	if (t->refused < 0) {
		archive_set_error(a, EIO, "refused"); /* tar_failed() says why */
		return -1;
	}
	if (n == 0 && t->inside && !t->in_header && t->got == t->size)
		return last_padding(t, ret);
	if (n >= 0 && t->header_bytes <= TAR_HEADER_MAX)
		return n;
	archive_set_error(a, EIO, "unreadable"); /* tar_failed() asks the thread */
	return -1;
}

static int tar_failed(struct tar_reader *t)
{
	const char *text = archive_error_string(t->tar);
	int r;

	pthread_mutex_lock(&t->lock);
	r = t->result < 0 && t->filled == t->taken ? t->result : 0;
	pthread_mutex_unlock(&t->lock);
	if (r < 0)
		return failed(t, r);
	if (t->refused == -EBADMSG)
		return err_say(t->e, -EBADMSG, "%s: %s", t->what, t->check.why);
	if (t->refused < 0)
		return err_set(t->e, t->refused, "%s", t->what);
	if (t->header_bytes > TAR_HEADER_MAX)
		return err_say(t->e, -EBADMSG, "%s: a header of more than %d bytes",
			       t->what, TAR_HEADER_MAX);
	if (archive_errno(t->tar) == ENOMEM)
		return err_set(t->e, -ENOMEM, "%s", t->what);
	return err_say(t->e, -EBADMSG, "%s: %s", t->what, text ? text : "damaged tar");
}

static int start(struct tar_reader *t)
{
	sigset_t all, old;
	int r;

	/* The caller's signals are the caller's. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	r = -pthread_create(&t->thread, NULL, run, t);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	t->started = r == 0;
	return r;
}

int tar_reader_open(struct err *e, const char *what, struct byte_source *source,
		    uint64_t max_bytes, struct budget *budget, struct tar_reader **ret)
{
	struct tar_reader *t = calloc(1, sizeof(*t));
	int r = -ENOMEM;

	if (!t)
		return err_set(e, -ENOMEM, "%s", what);
	t->e = e;
	t->what = what;
	t->plain = decompress_new(source, DECOMPRESS_XZ, budget);
	t->max_bytes = max_bytes;
	t->stream.budget = budget;
	t->result = 1;
	(void)pthread_mutex_init(&t->lock, NULL); /* cannot fail with these attributes */
	(void)pthread_cond_init(&t->moved, NULL);
	t->hash = hash_new();
	t->in = malloc(SOURCE_BYTES);
	t->tar = archive_read_new();
	if (!t->plain || !t->hash || !t->in || !t->tar ||
	    archive_read_support_format_tar(t->tar) != ARCHIVE_OK ||
	    archive_read_support_format_empty(t->tar) != ARCHIVE_OK)
		goto fail;
	r = start(t);
	if (r < 0)
		goto fail;
	if (archive_read_open2(t->tar, t, NULL, read_tar, NULL, NULL) != ARCHIVE_OK) {
		r = tar_failed(t);
		tar_reader_close(t);
		return r;
	}
	*ret = t;
	return 0;
fail:
	tar_reader_close(t);
	return err_set(e, r, "%s", what);
}

struct tar_reader *tar_reader_close(struct tar_reader *t)
{
	if (!t)
		return NULL;
	if (t->started) {
		pthread_mutex_lock(&t->lock);
		t->stop = true;
		pthread_cond_broadcast(&t->moved);
		pthread_mutex_unlock(&t->lock);
		(void)pthread_join(t->thread, NULL);
	}
	if (t->tar)
		archive_read_free(t->tar);
	hash_free(t->hash);
	gunzip_free(t->gunzip);
	tar_check_done(&t->check);
	free(t->in);
	decompress_free(t->plain);
	for (size_t i = 0; i < BUFFERS; i++)
		free(t->ring[i].data);
	pthread_mutex_destroy(&t->lock);
	pthread_cond_destroy(&t->moved);
	free(t);
	return NULL;
}

struct archive *tar_reader_archive(struct tar_reader *t)
{
	return t->tar;
}

/*
 * A pax record is UTF-8 and the program's locale is not, or the record is not: libarchive
 * warns and gives the bytes as they are, which is what a file's name is to Linux.
 */
static bool is_conversion(struct archive *a)
{
	const char *text = archive_error_string(a);

	return text && strstr(text, "can't be converted from");
}

int tar_reader_next(struct tar_reader *t, struct archive_entry **ret)
{
	la_int64_t before;
	int r;

	/* what is left of the content, and its padding */
	if (t->inside && archive_read_data_skip(t->tar) == ARCHIVE_FATAL)
		return tar_failed(t);
	before = archive_filter_bytes(t->tar, -1);
	t->in_header = true;
	t->header_bytes = 0;
	r = archive_read_next_header(t->tar, ret);
	t->in_header = false;
	if (r == ARCHIVE_EOF) {
		t->mark = archive_filter_bytes(t->tar, -1) - before;
		return 0;
	}
	if (r == ARCHIVE_WARN && is_conversion(t->tar))
		r = ARCHIVE_OK;
	t->inside = r == ARCHIVE_OK;
	t->size = t->inside ? archive_entry_size(*ret) : 0;
	t->got = 0;
	/*
	 * any other warning is about a header that it could not read whole: not for us to
	 * guess
	 */
	return r == ARCHIVE_OK ? 1 : tar_failed(t);
}

int tar_reader_data(struct tar_reader *t, const void **ret, size_t *ret_len,
		    int64_t *ret_offset)
{
	la_int64_t offset;
	int r = archive_read_data_block(t->tar, ret, ret_len, &offset);

	if (r == ARCHIVE_EOF)
		return 0;
	if (r != ARCHIVE_OK)
		return tar_failed(t);
	*ret_offset = offset;
	t->got = offset + (int64_t)*ret_len;
	return 1;
}

static bool all_zero(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i])
			return false;
	return true;
}

/*
 * What follows the end of the tar, read to its end for the digest: whether it is more
 * than zeros.
 */
static int read_rest(struct tar_reader *t, bool *ret_more)
{
	const uint64_t at = (uint64_t)archive_filter_bytes(t->tar, -1);
	const void *piece;
	ssize_t n;

	/* what libarchive has got already, and what it has not */
	*ret_more = t->holds && at >= t->start && at < t->end &&
		    !all_zero(t->ring[t->taken % BUFFERS].data + (at - t->start),
			      t->end - at);
	while ((n = take(t, &piece)) > 0)
		/* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): take() gave one */
		*ret_more = *ret_more || !all_zero(piece, (size_t)n);
	return n < 0 ? failed(t, (int)n) : 0;
}

int tar_reader_finish(struct tar_reader *t, bool strict, struct digest *ret,
		      uint64_t *ret_bytes)
{
	bool more;
	int r = read_rest(t, &more);

	if (r < 0)
		return r;
	if (strict && more)
		return err_say(t->e, -EBADMSG, "%s: something follows the end of the tar",
			       t->what);
	if (more && t->mark < 2 * BLOCK_BYTES)
		return err_say(
			t->e, -EBADMSG,
			"%s: something follows a single block of zeros, which ends no tar",
			t->what);
	if (strict && !t->mark)
		return err_say(t->e, -EBADMSG, "%s: truncated: the tar has no end",
			       t->what);
	hash_end(t->hash, ret);
	t->hash = NULL;
	*ret_bytes = t->bytes;
	return 0;
}

int tar_reader_hole(struct tar_reader *t, uint64_t len)
{
	const char *why = budget_unpacked(&t->stream, packed_bytes(t), len, true);

	return why ? err_say(t->e, -EOVERFLOW, "%s: %s", t->what, why) : 0;
}

int tar_reader_count(struct tar_reader *t)
{
	const char *why = budget_entries(&t->stream, 1);

	return why ? err_say(t->e, -EOVERFLOW, "%s: %s", t->what, why) : 0;
}

uint64_t tar_reader_consumed(struct tar_reader *t)
{
	return atomic_load_explicit(&t->consumed, memory_order_relaxed);
}
