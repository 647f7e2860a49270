/* SPDX-License-Identifier: MIT */
/* members - see members.h. */
#include "import/members.h"

#include <archive_entry.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"
#include "content/list-names.h"
#include "store/handles.h"
#include "store/store-file.h"
#include "store/store.h"
#include "tar/decompress.h"
#include "tar/fd-source.h"
#include "tar/tar-check.h"
#include "tar/tar-read.h"

enum {
	MEMBERS_MAX = 100000,
	NAMES_MAX = 32 << 20,
	KEPT_MAX = 64 << 20,
	SMALL_MAX = CONTENT_JSON_MAX,
	LISTS_MAX = 4 * SMALL_MAX,
	READ_BYTES = 256 << 10,
	LINKS_MAX = 8
};

const char *members_clean(const char *name)
{
	if (!name)
		return "";
	while (name[0] == '/' || (name[0] == '.' && name[1] == '/'))
		name += 1 + (name[0] == '.');
	return name;
}

/*
 * The archive's bytes, unpacked within the budget; where they are not packed, most are
 * skipped.
 */
struct stream {
	struct members *m;
	struct fd_source file;
	struct byte_source *plain;
	struct tar_check check;
	uint64_t bytes;
	char buf[READ_BYTES];
};

/* libarchive may find other words, for what came too short. */
__attribute__((format(printf, 4, 5))) static int stop(struct stream *s, struct archive *a,
						      int error, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(s->m->why, sizeof(s->m->why), format, ap);
	va_end(ap);
	s->m->failed = error == -EOVERFLOW ? error : -EBADMSG;
	archive_set_error(a, EBADMSG, "%s", s->m->why);
	return -1;
}

/* Whole blocks, whatever comes at once. */
static ssize_t fill(struct stream *s)
{
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 && len < sizeof(s->buf)) {
		n = s->plain->read(s->plain, s->buf + len, sizeof(s->buf) - len);
		len += n > 0 ? (size_t)n : 0;
	}
	return n < 0 ? n : (ssize_t)len;
}

static ssize_t read_stream(struct archive *a, void *data, const void **ret)
{
	struct stream *s = data;
	const ssize_t n = fill(s);
	int r;

	if (n < 0)
		return stop(s, a, (int)n, "%s",
			    s->plain->why ? s->plain->why : strerror((int)-n));
	s->bytes += (uint64_t)n;
	s->m->header_bytes += s->m->in_header ? (size_t)n : 0;
	if (s->m->max_bytes && s->bytes > s->m->max_bytes)
		return stop(s, a, -EOVERFLOW,
			    "more than %llu bytes unpacked (--max-bytes)",
			    (unsigned long long)s->m->max_bytes);
	if (s->m->header_bytes > TAR_HEADER_MAX)
		return stop(s, a, -EBADMSG, "a header of more than %d bytes",
			    TAR_HEADER_MAX);
	r = tar_check(&s->check, s->buf, (size_t)n);
	if (r < 0)
		return stop(s, a, r, "%s", r == -EBADMSG ? s->check.why : strerror(-r));
	*ret = s->buf;
	return n;
}

static la_int64_t skip_stream(struct archive *a, void *data, la_int64_t want)
{
	struct stream *s = data;
	struct stat st;
	const off_t at = lseek(s->file.fd, 0, SEEK_CUR);

	/* beyond the end it would find nothing wrong */
	if ((uint64_t)want != s->check.skip || at < 0 || fstat(s->file.fd, &st) < 0 ||
	    st.st_size - at < want || lseek(s->file.fd, want, SEEK_CUR) < 0)
		return 0;
	(void)a;
	s->check.skip = 0;
	return want;
}

static int close_stream(struct archive *a, void *data)
{
	struct stream *s = data;

	(void)a;
	decompress_free(s->plain);
	tar_check_done(&s->check);
	free(s);
	return ARCHIVE_OK;
}

static int open_stream(struct members *m, struct archive *a, bool packed)
{
	struct stream *s = malloc(sizeof(*s));

	if (!s)
		return ARCHIVE_FATAL;
	s->m = m;
	s->check = (struct tar_check){ .skip = 0 };
	s->bytes = 0;
	fd_source_init(&s->file, m->plain >= 0 ? m->plain : m->fd);
	s->plain = decompress_new(&s->file.source, packed ? DECOMPRESS_ALL : 0,
				  m->count.budget);
	if (!s->plain) {
		free(s);
		return ARCHIVE_FATAL;
	}
	return archive_read_open2(a, s, NULL, read_stream, packed ? NULL : skip_stream,
				  close_stream);
}

/*
 * To a file without a name, from which the third reading and those after it skip what
 * they can.
 */
static int unpack_all(struct members *m)
{
	cleanup_close int to = store_scratch(m->store);
	cleanup_free char *buf = malloc(READ_BYTES);
	struct fd_source file;
	struct byte_source *plain;
	ssize_t n = 1;

	if (to < 0)
		return to;
	fd_source_init(&file, m->fd);
	plain = decompress_new(&file.source, DECOMPRESS_ALL, NULL);
	if (!plain || !buf || lseek(m->fd, 0, SEEK_SET) < 0)
		n = plain && buf ? -errno : -ENOMEM;
	while (n > 0) {
		n = plain->read(plain, buf, READ_BYTES);
		if (n > 0) {
			int r = io_write_all(to, buf, (size_t)n);

			n = r < 0 ? r : n;
		}
	}
	decompress_free(plain);
	if (n < 0)
		return err_set(m->e, (int)n, "%s", m->what);
	m->plain = take_fd(&to);
	return 0;
}

static int prepare(struct members *m, bool *ret_packed)
{
	unsigned char magic[DECOMPRESS_MAGIC] = { 0 };
	int r = 0;

	if (pread(m->fd, magic, sizeof(magic), 0) < 0)
		return err_set(m->e, -errno, "%s", m->what);
	m->packed = *ret_packed = decompress_kind(magic) != 0;
	if (*ret_packed && ++m->passes > 2 && m->plain < 0)
		r = unpack_all(m);
	*ret_packed &= m->plain < 0;
	if (r == 0 && lseek(m->plain >= 0 ? m->plain : m->fd, 0, SEEK_SET) < 0)
		r = err_set(m->e, -errno, "%s", m->what);
	return r;
}

/*
 * @from: the first that is read, if it can be come by without what is before it; or NULL.
 */
static int open_archive(struct members *m, const struct member *from,
			struct members_reader *ret)
{
	bool packed = false;
	struct archive *a;
	int r = prepare(m, &packed);

	if (r == 0 && from && !packed &&
	    lseek(m->plain >= 0 ? m->plain : m->fd, from->at, SEEK_SET) < 0)
		r = err_set(m->e, -errno, "%s", m->what);
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
	*ret = (struct members_reader){ .a = a,
					.next = from && !packed ? from->number : 0 };
	return 0;
}

/* The next header, as archive_read_next_header() has it, within bounds. */
static int next_header(struct members *m, struct archive *a, struct archive_entry **ret)
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

/* That it was there a moment ago is known. */
static int read_failed(struct members *m, const struct member *one)
{
	return m->failed ? err_say(m->e, m->failed, "%s: %s", m->what, m->why)
			 : err_say(m->e, -EBADMSG,
				   "%s: %.80s: the archive changes while it is read",
				   m->what, one->name);
}

void members_close(struct members_reader *r)
{
	archive_read_free(r->a); /* which takes NULL */
	r->a = NULL;
}

int members_to(struct members *m, struct members_reader *r, const struct member *one)
{
	struct archive_entry *entry;
	int n, s;

	if (r->a && (!m->packed || m->plain >= 0 || one->number < r->next))
		members_close(r);
	n = r->a ? 0 : open_archive(m, one, r);
	if (n < 0)
		return n;
	do
		s = next_header(m, r->a, &entry);
	while (s == ARCHIVE_OK && r->next++ < one->number);
	if (s != ARCHIVE_OK ||
	    !str_equal(members_clean(archive_entry_pathname(entry)), one->name))
		return read_failed(m, one);
	return 0;
}

static bool is_one_of(const char *name, const char *const *list)
{
	for (; *list; list++)
		if (str_equal(name, *list))
			return true;
	return false;
}

/* As image tools name things: ids, blobs, and the lists of them. */
static bool of_images(const char *name)
{
	if (name_is_list(name) || str_equal(name, "blobs") ||
	    str_starts_with(name, "blobs/"))
		return true;
	name += str_starts_with(name, "sha256:") ? 7 : 0;
	return digest_is_hex(name) &&
	       (name[DIGEST_HEX] == '/' || name[DIGEST_HEX] == '.' || !name[DIGEST_HEX]);
}

/* The first names of a root file system, as good as always. */
static bool of_root(const char *name)
{
	static const char *const tops[] = { "bin",  "boot",  "dev",   "etc",  "home",
					    "lib",  "lib64", "media", "mnt",  "opt",
					    "proc", "root",  "run",   "sbin", "srv",
					    "sys",  "tmp",   "usr",   "var",  NULL };
	char top[16];

	snprintf(top, sizeof(top), "%.*s", (int)strcspn(name, "/"), name);
	return is_one_of(top, tops);
}

/* What each tool calls its configs and layers, before it comes to the list of them. */
static bool may_be_of_images(const char *name)
{
	static const char *const ends[] = { ".json", ".tar",     ".tar.gz",
					    ".tgz",  ".tar.zst", ".tar.zstd",
					    "/json", "/VERSION", NULL };

	for (const char *const *end = ends; *end; end++)
		if (str_ends_with(name, *end))
			return true;
	return false;
}

/* By the next name: 0, or -ENOMSG, see MEMBERS_GUESS. */
static int judge(struct members *m, struct archive_entry *entry)
{
	const char *name = members_clean(archive_entry_pathname(entry));
	const bool dir = archive_entry_filetype(entry) == AE_IFDIR;

	if (of_root(name))
		m->has_root = true;
	else if (of_images(name))
		m->known = true;
	if (m->how != MEMBERS_GUESS || m->known)
		return 0;
	/* of another directory, what is in it says more */
	return m->has_root || (!dir && !may_be_of_images(name)) ? -ENOMSG : 0;
}

/* Whether it is one to remember. */
static bool is_wanted(const struct members *m, const char *name)
{
	const char *slash = strchr(name, '/');

	return m->how != MEMBERS_LISTS || name_is_list(slash ? slash + 1 : name);
}

static bool is_list(const struct member *one)
{
	const char *slash = strrchr(one->name, '/');

	return name_is_list(slash ? slash + 1 : one->name);
}

/*
 * Whether its content is kept. The lists have a place of their own: nothing goes without
 * them.
 */
static bool is_kept(const struct members *m, const struct member *one)
{
	const char *name = one->name;
	const bool list = is_list(one);

	return !one->link && one->size <= SMALL_MAX &&
	       m->kept + one->size <= KEPT_MAX + (list ? LISTS_MAX : 0) &&
	       (list || str_ends_with(name, ".json") || str_ends_with(name, "/json") ||
		str_starts_with(name, "blobs/"));
}

/* All of the entry, after the @at bytes that @text has. */
static int read_content(struct members *m, struct archive *a, const struct member *one,
			char *text, size_t at)
{
	while (at < one->size) {
		const ssize_t n = archive_read_data(a, text + at, one->size - at);

		if (n <= 0)
			return err_say(m->e, m->failed ? m->failed : -EBADMSG,
				       "%s: %.80s: %s", m->what, one->name,
				       *m->why ? m->why : "truncated");
		at += (size_t)n;
	}
	text[at] = '\0';
	return 0;
}

/*
 * What does not begin as JSON is a layer, as a rule: who wants it after all reads it
 * again. Lists are all kept.
 */
static int keep_content(struct members *m, struct archive *a, struct member *one)
{
	char *text, first = '\0';
	int r;

	if (!is_list(one) && one->size > 0 && archive_read_data(a, &first, 1) == 1 &&
	    first != '{' && first != '[')
		return 0;
	text = arena_alloc(&m->arena, one->size + 1);
	if (!text)
		return err_set(m->e, -ENOMEM, "%s", m->what);
	text[0] = first;
	r = read_content(m, a, one, text, first != '\0');
	if (r < 0)
		return r;
	m->kept += one->size;
	one->content = text;
	return 0;
}

/* One more: 0; -ENOMSG: so many are no archive of images, as far as is known. */
static int count(struct members *m, const char *name, const char *link)
{
	m->names += strlen(name) + (link ? strlen(link) : 0);
	if (m->len < MEMBERS_MAX && m->names <= NAMES_MAX)
		return 0;
	if (m->how == MEMBERS_GUESS && !m->known)
		return -ENOMSG;
	return m->len < MEMBERS_MAX ? err_say(m->e, -EBADMSG,
					      "%s: names of files of more than %d bytes",
					      m->what, NAMES_MAX)
				    : err_say(m->e, -EBADMSG, "%s: more than %d files",
					      m->what, MEMBERS_MAX);
}

static int add(struct members *m, struct archive *a, struct archive_entry *entry,
	       size_t number)
{
	const char *name = members_clean(archive_entry_pathname(entry));
	const char *hard = archive_entry_hardlink(entry),
		   *soft = archive_entry_symlink(entry);
	const mode_t type = archive_entry_filetype(entry);
	const int64_t size = archive_entry_size(entry);
	const char *link = hard ? hard : soft;
	struct member *one, *more;
	int r;

	if ((!hard && type != AE_IFREG && type != AE_IFLNK) || !is_wanted(m, name))
		return 0;
	r = count(m, name, link);
	if (r < 0)
		return r;
	more = array_grow(m->v, &m->room, m->len + 1, sizeof(*more));
	if (!more)
		return err_set(m->e, -ENOMEM, "%s", m->what);
	m->v = more;
	one = &m->v[m->len++];
	*one = (struct member){ .name = arena_strdup(&m->arena, name),
				.size = size < 0 ? 0 : (uint64_t)size,
				.number = number,
				.at = archive_read_header_position(a) };
	if (link)
		one->link = arena_strdup(&m->arena, link);
	if (!one->name || (link && !one->link))
		return err_set(m->e, -ENOMEM, "%s", m->what);
	return is_kept(m, one) ? keep_content(m, a, one) : 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const struct member *const *)a)->name,
		      (*(const struct member *const *)b)->name);
}

/* Two of a name are refused: one reader takes the first, another the last. */
static int sort(struct members *m)
{
	m->by_name = calloc(m->len + 1, sizeof(*m->by_name));
	if (!m->by_name)
		return err_set(m->e, -ENOMEM, "%s", m->what);
	for (size_t i = 0; i < m->len; i++)
		m->by_name[i] = &m->v[i];
	qsort(m->by_name, m->len, sizeof(*m->by_name), by_name);
	for (size_t i = 1; i < m->len; i++)
		if (by_name(&m->by_name[i - 1], &m->by_name[i]) == 0)
			return err_say(m->e, -EBADMSG, "%s: %.80s is in it twice",
				       m->what, m->by_name[i]->name);
	return 0;
}

int members_read(struct members *m, struct minc_transfer *t, const char *what, int fd,
		 enum members_how how)
{
	struct members_reader reader = { .a = NULL };
	struct archive_entry *entry;
	int r, s = ARCHIVE_OK;

	*m = (struct members){ .e = t->err,
			       .what = what,
			       .fd = fd,
			       .store = t->store,
			       .plain = -EBADF,
			       .count = { .budget = how == MEMBERS_LISTS ? NULL
									 : t->budget },
			       .how = how,
			       .max_bytes = t->number[MINC_TRANSFER_MAX_BYTES] };
	r = open_archive(m, NULL, &reader);
	if (r < 0)
		return r;
	while (r == 0 && (s = next_header(m, reader.a, &entry)) == ARCHIVE_OK) {
		r = judge(m, entry);
		if (r == 0)
			r = add(m, reader.a, entry, reader.next++);
	}
	if (r == 0 && how == MEMBERS_GUESS && !m->known && s == ARCHIVE_EOF)
		r = -ENOMSG;
	if (r == 0 && s != ARCHIVE_EOF) {
		const char *text = *m->why ? m->why : archive_error_string(reader.a);

		r = err_say(m->e, m->failed ? m->failed : -EBADMSG, "%s: %s", what,
			    text ? text : "damaged");
	}
	if (r == 0)
		r = sort(m);
	members_close(&reader);
	m->count.budget = NULL; /* read again, it is what it was */
	if (r < 0)
		members_done(m);
	return r;
}

void members_done(struct members *m)
{
	fd_closep(&m->plain);
	free(m->v);
	free(m->by_name);
	m->v = NULL;
	m->by_name = NULL;
	arena_done(&m->arena);
}

static const struct member *find(const struct members *m, const char *name)
{
	const struct member key = { .name = name }, *const wanted = &key;
	const struct member **found =
		bsearch(&wanted, m->by_name, m->len, sizeof(*m->by_name), by_name);

	return found ? *found : NULL;
}

bool members_below(const struct members *m, const char *dir)
{
	for (size_t i = 0; i < m->len; i++)
		if (str_starts_with(m->v[i].name, dir))
			return true;
	return false;
}

int members_text(struct members *m, const struct member *one, char **ret)
{
	struct members_reader reader = { .a = NULL };
	cleanup_free char *text = NULL;
	int r;

	*ret = NULL;
	if (one->link)
		return 0;
	if (one->size > SMALL_MAX)
		return err_say(m->e, -EBADMSG, "%s: %.80s: larger than %d bytes", m->what,
			       one->name, SMALL_MAX);
	text = malloc(one->size + 1);
	if (!text)
		return err_set(m->e, -ENOMEM, "%s", m->what);
	if (one->content) {
		memcpy(text, one->content, one->size + 1);
		*ret = take_ptr(&text);
		return 0;
	}
	r = members_to(m, &reader, one);
	if (r == 0)
		r = read_content(m, reader.a, one, text, 0);
	members_close(&reader);
	if (r == 0)
		*ret = take_ptr(&text);
	return r;
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
			/* of a hard link: from the top */
			next = find(m, members_clean(one->link));
		if (!next)
			break;
		one = next;
	}
	return one;
}
