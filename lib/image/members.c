/* SPDX-License-Identifier: MIT */
/* members - see members.h. */
#include "image/members.h"

#include <archive_entry.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"
#include "image/store-file.h"
#include "image/store.h"
#include "image/tar-read.h"
#include "image/transfer.h"
#include "image/unpack.h"

enum { MEMBERS_MAX = 100000, KEPT_MAX = 64 << 20, SMALL_MAX = STORE_JSON_MAX, READ_BYTES = 256 << 10,
       LINKS_MAX = 8 };

const char *members_clean(const char *name)
{
	if (!name)
		return "";
	while (name[0] == '.' && name[1] == '/')
		name += 2;
	return name;
}

/* The archive's bytes, unpacked within the budget; where they are not packed, most are skipped. */
struct stream {
	struct members *m;
	struct fd_source file;
	struct squash_source *plain;
	uint64_t bytes;
	char buf[READ_BYTES];
};

/* libarchive may find other words, for what came too short. */
__attribute__((format(printf, 4, 5))) static int stop(struct stream *s, struct archive *a, int error,
						      const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(s->m->why, sizeof(s->m->why), format, ap);
	va_end(ap);
	s->m->failed = error == -EOVERFLOW ? error : -EBADMSG;
	archive_set_error(a, EBADMSG, "%s", s->m->why);
	return -1;
}

static ssize_t read_stream(struct archive *a, void *data, const void **ret)
{
	struct stream *s = data;
	const ssize_t n = s->plain->read(s->plain, s->buf, sizeof(s->buf));

	if (n < 0)
		return stop(s, a, (int)n, "%s", s->plain->why ? s->plain->why : strerror((int)-n));
	s->bytes += (uint64_t)n;
	s->m->header_bytes += s->m->in_header ? (size_t)n : 0;
	if (s->m->max_bytes && s->bytes > s->m->max_bytes)
		return stop(s, a, -EOVERFLOW, "more than %llu bytes unpacked (--max-bytes)",
			    (unsigned long long)s->m->max_bytes);
	if (s->m->header_bytes > TAR_HEADER_MAX)
		return stop(s, a, -EBADMSG, "a header of more than %d bytes", TAR_HEADER_MAX);
	*ret = s->buf;
	return n;
}

static la_int64_t skip_stream(struct archive *a, void *data, la_int64_t want)
{
	const struct stream *s = data;
	struct stat st;
	const off_t at = lseek(s->file.fd, 0, SEEK_CUR);

	/* beyond the end it would find nothing wrong */
	if (at < 0 || fstat(s->file.fd, &st) < 0 || st.st_size - at < want ||
	    lseek(s->file.fd, want, SEEK_CUR) < 0)
		return 0;
	(void)a;
	return want;
}

static int close_stream(struct archive *a, void *data)
{
	struct stream *s = data;

	(void)a;
	unpack_free(s->plain);
	free(s);
	return ARCHIVE_OK;
}

static int open_stream(struct members *m, struct archive *a, bool packed)
{
	struct stream *s = malloc(sizeof(*s));

	if (!s)
		return ARCHIVE_FATAL;
	s->m = m;
	s->bytes = 0;
	fd_source_init(&s->file, m->plain >= 0 ? m->plain : m->fd);
	/* read again, it is what it was */
	s->plain = unpack_new(&s->file.source, packed ? UNPACK_ALL : 0,
			      m->passes > 1 ? NULL : m->count.budget);
	if (!s->plain) {
		free(s);
		return ARCHIVE_FATAL;
	}
	return archive_read_open2(a, s, NULL, read_stream, packed ? NULL : skip_stream,
				  close_stream);
}

/* To a file without a name, from which the third reading and those after it skip what they can. */
static int unpack_all(struct members *m)
{
	cleanup_close int to = store_scratch(m->store);
	cleanup_free char *buf = malloc(READ_BYTES);
	struct fd_source file;
	struct squash_source *plain;
	ssize_t n = 1;

	if (to < 0)
		return to;
	fd_source_init(&file, m->fd);
	plain = unpack_new(&file.source, UNPACK_ALL, NULL);
	if (!plain || !buf || lseek(m->fd, 0, SEEK_SET) < 0)
		n = plain && buf ? -errno : -ENOMEM;
	while (n > 0) {
		n = plain->read(plain, buf, READ_BYTES);
		if (n > 0) {
			int r = io_write_all(to, buf, (size_t)n);

			n = r < 0 ? r : n;
		}
	}
	unpack_free(plain);
	if (n < 0)
		return err_set(m->e, (int)n, "%s", m->what);
	m->plain = take_fd(&to);
	return 0;
}

static int prepare(struct members *m, bool *ret_packed)
{
	unsigned char magic[UNPACK_MAGIC] = { 0 };
	int r = 0;

	if (pread(m->fd, magic, sizeof(magic), 0) < 0)
		return err_set(m->e, -errno, "%s", m->what);
	*ret_packed = unpack_kind(magic) != 0;
	if (*ret_packed && ++m->passes > 2 && m->plain < 0)
		r = unpack_all(m);
	*ret_packed &= m->plain < 0;
	if (r == 0 && lseek(m->plain >= 0 ? m->plain : m->fd, 0, SEEK_SET) < 0)
		r = err_set(m->e, -errno, "%s", m->what);
	return r;
}

int members_open(struct members *m, struct archive **ret)
{
	bool packed = false;
	struct archive *a;
	int r = prepare(m, &packed);

	if (r < 0)
		return r;
	a = archive_read_new();

	if (!a || archive_read_support_format_tar(a) != ARCHIVE_OK ||
	    archive_read_support_format_empty(a) != ARCHIVE_OK) {
		archive_read_free(a);
		return err_set(m->e, -ENOMEM, "%s", m->what);
	}
	m->inside = false;
	m->header_bytes = 0;
	r = open_stream(m, a, packed);
	if (r != ARCHIVE_OK) {
		const char *text = archive_error_string(a);

		r = err_say(m->e, m->failed ? m->failed : -EBADMSG, "%s: %s", m->what,
			    text ? text : "unreadable");
		archive_read_free(a);
		return r;
	}
	*ret = a;
	return 0;
}

int members_next(struct members *m, struct archive *a, struct archive_entry **ret)
{
	const char *why;
	int r;

	if (m->inside && archive_read_data_skip(a) == ARCHIVE_FATAL)
		return ARCHIVE_FATAL;
	why = budget_entries(&m->count, 1);
	if (why) {
		snprintf(m->why, sizeof(m->why), "%s", why);
		m->failed = -EOVERFLOW;
		return ARCHIVE_FATAL;
	}
	m->header_bytes = 0;
	m->in_header = true;
	r = archive_read_next_header(a, ret);
	m->in_header = false;
	m->inside = r == ARCHIVE_OK;
	return r;
}

int members_failed(struct members *m)
{
	return m->failed ? err_say(m->e, m->failed, "%s: %s", m->what, m->why) : 0;
}

/* As image tools name things: ids, blobs, and the lists of them. */
static bool of_images(const char *name)
{
	static const char *const names[] = { "manifest.json", "repositories", "oci-layout",
					     "index.json" };
	const size_t hex = strspn(name, "0123456789abcdef");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_equal(name, names[i]))
			return true;
	if (str_starts_with(name, "blobs/") || str_equal(name, "blobs"))
		return true;
	return hex == 64 && (name[hex] == '/' || name[hex] == '.' || !name[hex]);
}

static bool is_small(const char *name, uint64_t size)
{
	const size_t len = strlen(name);

	return size <= SMALL_MAX &&
	       ((len >= 4 && str_equal(name + len - 4, "json")) || str_equal(name, "repositories") ||
		str_equal(name, "oci-layout") || str_starts_with(name, "blobs/"));
}

static int read_content(struct members *m, struct archive *a, struct member *one)
{
	char *text = arena_alloc(&m->arena, one->size + 1);
	size_t at = 0;

	if (!text)
		return err_set(m->e, -ENOMEM, "%s", m->what);
	while (at < one->size) {
		const ssize_t n = archive_read_data(a, text + at, one->size - at);

		if (n <= 0)
			return err_say(m->e, m->failed ? m->failed : -EBADMSG, "%s: %.80s: %s", m->what, one->name,
				       *m->why ? m->why : "truncated");
		at += (size_t)n;
	}
	m->kept += one->size;
	one->content = text;
	return 0;
}

static int add(struct members *m, struct archive *a, struct archive_entry *entry, size_t number)
{
	const char *name = members_clean(archive_entry_pathname(entry));
	const char *hard = archive_entry_hardlink(entry), *soft = archive_entry_symlink(entry);
	const mode_t type = archive_entry_filetype(entry);
	const int64_t size = archive_entry_size(entry);
	struct member *one;

	if (!hard && type != AE_IFREG && type != AE_IFLNK)
		return 0;
	if (m->len == MEMBERS_MAX)
		return err_say(m->e, -EBADMSG, "%s: more than %d files", m->what, MEMBERS_MAX);
	if (m->len == m->room) {
		struct member *more = realloc(m->v, (m->room = m->room ? m->room * 2 : 64) *
							    sizeof(*more));

		if (!more)
			return err_set(m->e, -ENOMEM, "%s", m->what);
		m->v = more;
	}
	one = &m->v[m->len++];
	*one = (struct member){ .name = arena_strdup(&m->arena, name),
				.size = size < 0 ? 0 : (uint64_t)size,
				.number = number };
	if (hard || soft)
		one->link = arena_strdup(&m->arena, hard ? hard : soft);
	if (!one->name || ((hard || soft) && !one->link))
		return err_set(m->e, -ENOMEM, "%s", m->what);
	if (one->link || !is_small(name, one->size) || m->kept + one->size > KEPT_MAX)
		return 0;
	return read_content(m, a, one);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Two of a name: one reader takes the first, another the last. */
static int refuse_twins(const struct members *m)
{
	const char **names = calloc(m->len + 1, sizeof(*names));
	int r = names ? 0 : err_set(m->e, -ENOMEM, "%s", m->what);

	for (size_t i = 0; r == 0 && i < m->len; i++)
		names[i] = m->v[i].name;
	if (r == 0)
		qsort(names, m->len, sizeof(*names), by_name);
	for (size_t i = 1; r == 0 && i < m->len; i++)
		if (str_equal(names[i - 1], names[i]))
			r = err_say(m->e, -EBADMSG, "%s: %.80s is in it twice", m->what, names[i]);
	free(names);
	return r;
}

int members_read(struct members *m, struct minc_transfer *t, const char *what, int fd)
{
	struct archive_entry *entry;
	struct archive *a;
	size_t number = 0;
	bool named = false;
	int r, s = ARCHIVE_OK;

	*m = (struct members){ .e = t->err, .what = what, .fd = fd, .store = t->store, .plain = -EBADF,
			       .count = { .budget = t->budget },
			       .max_bytes = t->number[MINC_TRANSFER_MAX_BYTES] };
	r = members_open(m, &a);
	if (r < 0)
		return r;
	while (r == 0 && (s = members_next(m, a, &entry)) == ARCHIVE_OK) {
		const char *name = members_clean(archive_entry_pathname(entry));

		if (*name && !named && !of_images(name)) {
			r = -ENOMSG;
			break;
		}
		named |= *name != '\0'; /* "./" says nothing */
		r = add(m, a, entry, number++);
	}
	if (r == 0 && !named && s == ARCHIVE_EOF)
		r = -ENOMSG; /* empty: as a root file system it is refused or not */
	if (r == 0 && s != ARCHIVE_EOF) {
		const char *text = *m->why ? m->why : archive_error_string(a);

		r = err_say(m->e, m->failed ? m->failed : -EBADMSG, "%s: %s", what,
			    text ? text : "damaged");
	}
	if (r == 0)
		r = refuse_twins(m);
	archive_read_free(a);
	if (r < 0)
		members_done(m);
	return r;
}

void members_done(struct members *m)
{
	fd_closep(&m->plain);
	free(m->v);
	m->v = NULL;
	arena_done(&m->arena);
}

static const struct member *find(const struct members *m, const char *name)
{
	for (size_t i = 0; i < m->len; i++)
		if (str_equal(m->v[i].name, name))
			return &m->v[i];
	return NULL;
}

/* "../ID/layer.tar" as seen from the directory of @from, without leaving the archive. */
static bool resolve(const char *from, const char *to, char ret[1024])
{
	const char *slash = strrchr(from, '/');
	size_t len = *to != '/' && slash ? (size_t)(slash - from) : 0;

	if (len >= 1024)
		return false;
	memcpy(ret, from, len);
	while (*to) {
		const size_t n = strcspn(to, "/");

		if (n == 2 && str_starts_with(to, "..")) {
			if (len == 0)
				return false;
			while (len > 0 && ret[--len] != '/')
				;
		} else if (n > 0 && !(n == 1 && *to == '.')) {
			if (len + n + 2 > 1024)
				return false;
			if (len > 0)
				ret[len++] = '/';
			memcpy(ret + len, to, n);
			len += n;
		}
		to += n + (to[n] == '/');
	}
	ret[len] = '\0';
	return true;
}

const struct member *members_find(const struct members *m, const char *name)
{
	const struct member *one = find(m, members_clean(name));
	char path[1024];

	for (int i = 0; one && one->link && i < LINKS_MAX; i++) {
		const struct member *next;

		/* old docker save wrote links from one layer's directory to another's */
		if (!resolve(one->name, one->link, path))
			break;
		next = find(m, path);
		if (!next)
			next = find(m, members_clean(one->link)); /* of a hard link: from the top */
		if (!next)
			break;
		one = next;
	}
	return one;
}
