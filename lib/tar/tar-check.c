/* SPDX-License-Identifier: MIT */
/* tar-check - see tar-check.h. The layout is that of POSIX pax and GNU tar. */
#include "tar/tar-check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum { BLOCK = 512, RECORDS_MAX = 8 << 20, MAJOR_MAX = 0xfff, MINOR_MAX = 0xfffff };

/* Of a header: where, and how long. */
enum {
	NAME_AT = 0,
	NAME_LEN = 100,
	SIZE_AT = 124,
	SIZE_LEN = 12,
	SUM_AT = 148,
	SUM_LEN = 8,
	TYPE_AT = 156,
	MAGIC_AT = 257,
	PARTS_AT = 386,
	PARTS = 4,
	EXTENDED_AT = 482,
	REALSIZE_AT = 483
};
/* Of a block with more parts, and of a part: two numbers. */
enum { MORE_PARTS = 21, MORE_AT = 504, PART_LEN = 24, NUMBER_LEN = 12 };

struct field {
	const char *name;
	size_t at, len;
	uint64_t max;
};

void tar_check_done(struct tar_check *c)
{
	free(c->text);
	c->text = NULL;
}

/* What is known of the file's name, and what is wrong with it. */
static int refuse(struct tar_check *c, const char *header, const char *fault)
{
	snprintf(c->why, sizeof(c->why), "%.*s: %s", NAME_LEN,
		 c->path ? c->path : header + NAME_AT, fault);
	str_make_printable(c->why);
	return -EBADMSG;
}

/* The fault of one value; the first one counts. */
static void fault(struct tar_check *c, const char *key, const char *what)
{
	if (!*c->fault)
		snprintf(c->fault, sizeof(c->fault), "%.30s: %s", key, what);
}

static bool is_all_zero(const char *p, size_t len)
{
	return len == 0 || (!p[0] && memcmp(p, p + 1, len - 1) == 0);
}

/*
 * Octal digits with blanks around them, or GNU's binary form, which is not negative here.
 * Nothing is 0: then there are no digits behind a NUL either, which some readers pass
 * over.
 */
static const char *parse_field(const char *p, size_t len, uint64_t *ret)
{
	const unsigned char *b = (const unsigned char *)p;
	size_t i = 0, digits;

	*ret = 0;
	if (*b & 0x80) {
		if (*b & 0x40)
			return "negative";
		for (; i < len; i++) {
			if (*ret >> 55)
				return "too large";
			*ret = *ret << 8 | (i == 0 ? *b & 0x7f : b[i]);
		}
		return NULL;
	}
	while (i < len && p[i] == ' ')
		i++;
	digits = i;
	for (; i < len && p[i] >= '0' && p[i] <= '7'; i++)
		*ret = *ret << 3 | (uint64_t)(p[i] - '0'); /* 12 digits at the most */
	if (i == digits)
		return is_all_zero(p + i, len - i) ? NULL : "not a number";
	while (i < len && p[i] == ' ')
		i++;
	/* behind a NUL is nothing of it */
	return i < len && p[i] ? "not a number" : NULL;
}

static int check_field(struct tar_check *c, const char *header, const struct field *f)
{
	char text[64];
	uint64_t n;
	const char *what = parse_field(header + f->at, f->len, &n);

	if (!what && n > f->max)
		what = "too large";
	if (!what)
		return 0;
	snprintf(text, sizeof(text), "%s: %s", f->name, what);
	return refuse(c, header, text);
}

static bool is_number(const char *value, uint64_t *ret)
{
	return str_to_u64(value, INT64_MAX, ret) == 0;
}

/* Seconds with a fraction, before 1970 or after it. */
static bool is_time(const char *value)
{
	const size_t whole = strspn(value += *value == '-', "0123456789");

	value += whole;
	if (*value == '.')
		value += 1 + strspn(value + 1, "0123456789");
	return whole > 0 && whole < 19 && !*value;
}

/* "offset,length,..": one after the other. */
static const char *check_map(const char *value)
{
	uint64_t end = 0, n[2];

	for (unsigned i = 0; *value; i++) {
		const size_t len = strcspn(value, ",");
		char text[32];

		snprintf(text, sizeof(text), "%.*s", len < sizeof(text) ? (int)len : 0,
			 value);
		if (!is_number(text, &n[i % 2]))
			return "not a number";
		if (i % 2 == 0 && n[0] < end)
			return "parts that overlap";
		if (i % 2 == 1 && __builtin_add_overflow(n[0], n[1], &end))
			return "too large";
		value += len + (value[len] == ',');
	}
	return NULL;
}

/* Whether @key is one of those that end with NULL. */
static bool is_in(const char *key, const char *const *keys)
{
	for (; *keys; keys++)
		if (str_equal(key, *keys))
			return true;
	return false;
}

static void check_value(struct tar_check *c, const char *key, char *value, size_t len)
{
	static const char *const names[] = { "path",  "linkpath",   "uname",
					     "gname", "hdrcharset", "GNU.sparse.name",
					     NULL };
	static const char *const numbers[] = { "size",
					       "uid",
					       "gid",
					       "GNU.sparse.major",
					       "GNU.sparse.minor",
					       "GNU.sparse.size",
					       "GNU.sparse.realsize",
					       "GNU.sparse.numblocks",
					       "GNU.sparse.offset",
					       "GNU.sparse.numbytes",
					       "SCHILY.realsize",
					       "SCHILY.devmajor",
					       "SCHILY.devminor",
					       NULL };
	static const char *const times[] = { "mtime", "atime", "ctime",
					     "LIBARCHIVE.creationtime", NULL };
	const bool numeric = is_in(key, numbers);
	uint64_t n = 0;

	if ((numeric || is_in(key, names) || is_in(key, times)) && strlen(value) != len)
		fault(c, key, "a NUL in it");
	/* nor an empty one: libarchive reads on */
	else if (numeric && !is_number(value, &n))
		fault(c, key, "not a number, or too large");
	else if (is_in(key, times) && !is_time(value))
		fault(c, key, "not a time");
	else if ((str_equal(key, "SCHILY.devmajor") && n > MAJOR_MAX) ||
		 (str_equal(key, "SCHILY.devminor") && n > MINOR_MAX))
		fault(c, key, "a device number that Linux does not have");
	else if (str_equal(key, "GNU.sparse.map") && check_map(value))
		fault(c, key, check_map(value));
	if (str_equal(key, "size")) {
		c->sized = true;
		c->size = n;
	}
	if (str_equal(key, "path") && len > 0)
		c->path = value;
}

/* "LENGTH KEY=VALUE\n" each, to the last byte. */
static void check_records(struct tar_check *c)
{
	char *at = c->text, *const end = c->text + c->want;

	while (at < end) {
		const size_t digits = strspn(at, "0123456789"), left = (size_t)(end - at);
		size_t len = 0;
		char *key = at + digits + 1, *equals;

		for (size_t i = 0; i < digits && len <= left; i++)
			len = len * 10 + (size_t)(at[i] - '0');
		if (digits == 0 || len > left || len < digits + 4 || at[digits] != ' ' ||
		    at[len - 1] != '\n') {
			fault(c, "pax records", "damaged");
			return;
		}
		at += len;
		at[-1] = '\0';
		equals = memchr(key, '=', (size_t)(at - 1 - key));
		if (!equals || equals == key ||
		    memchr(key, '\0', (size_t)(equals - key))) {
			fault(c, "pax records", "damaged");
			return;
		}
		*equals = '\0';
		check_value(c, key, equals + 1, (size_t)(at - 1 - (equals + 1)));
	}
}

static uint64_t padded(uint64_t size)
{
	return (size + BLOCK - 1) / BLOCK * BLOCK;
}

static unsigned sum_of(const char *header)
{
	const unsigned char *h = (const unsigned char *)header;
	unsigned ret = SUM_LEN * ' ';

	for (size_t i = 0; i < SUM_AT; i++)
		ret += h[i];
	for (size_t i = SUM_AT + SUM_LEN; i < BLOCK; i++)
		ret += h[i];
	return ret;
}

/* As some old tars counted. */
static unsigned signed_sum_of(const char *header)
{
	int ret = SUM_LEN * ' ';

	for (size_t i = 0; i < BLOCK; i++)
		if (i < SUM_AT || i >= SUM_AT + SUM_LEN)
			ret += (signed char)header[i];
	return (unsigned)ret;
}

/* A copy of the records: they are taken apart. */
static int begin_records(struct tar_check *c, const char *header, uint64_t size)
{
	char *text;

	if (size > RECORDS_MAX)
		return refuse(c, header, "pax records of more than 8 MiB");
	text = realloc(c->text, (size_t)size + 1);
	if (!text)
		return -ENOMEM;
	text[size] = '\0';
	c->text = text;
	c->path = NULL;
	c->len = 0;
	c->want = (size_t)size;
	return 0;
}

/* Links have a size with some, and no content. */
static void clear_size(char *header)
{
	char sum[SUM_LEN];

	memset(header + SIZE_AT, '0', SIZE_LEN - 1);
	header[SIZE_AT + SIZE_LEN - 1] = '\0';
	snprintf(sum, sizeof(sum), "%06o", sum_of(header) & 0777777);
	sum[SUM_LEN - 1] = ' ';
	memcpy(header + SUM_AT, sum, SUM_LEN);
}

static int refuse_sparse(struct tar_check *c, const char *what)
{
	snprintf(c->why, sizeof(c->why), "%s: %s", c->name, what);
	str_make_printable(c->why);
	return -EBADMSG;
}

/* The part at @p: behind the one before, and within the file. */
static int check_part(struct tar_check *c, const char *p)
{
	char text[64];
	uint64_t at, len;
	const char *what;

	if (c->last || !*p) { /* where libarchive stops */
		c->last = true;
		return is_all_zero(p, PART_LEN)
			       ? 0
			       : refuse_sparse(c, "sparse parts: one behind the last");
	}
	what = parse_field(p, NUMBER_LEN, &at);
	if (!what)
		what = p[NUMBER_LEN] ? parse_field(p + NUMBER_LEN, NUMBER_LEN, &len)
				     : "not a number";
	if (!what && at < c->end)
		what = "parts that overlap";
	if (!what && (__builtin_add_overflow(at, len, &c->end) || c->end > c->realsize))
		what = "behind its end (realsize)";
	if (!what && (len > c->stored))
		what = "more than its size";
	if (!what) {
		c->stored -= len;
		return 0;
	}
	snprintf(text, sizeof(text), "sparse parts: %s", what);
	return refuse_sparse(c, text);
}

static int check_parts(struct tar_check *c, const char *p, unsigned n)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < n; i++)
		r = check_part(c, p + (size_t)i * PART_LEN);
	return r;
}

/*
 * GNU tar's first form of sparse files: their parts are in the header, and in blocks
 * behind it.
 */
static int begin_sparse(struct tar_check *c, const char *header, uint64_t size)
{
	static const struct field realsize = { "realsize", REALSIZE_AT, NUMBER_LEN,
					       INT64_MAX };
	int r;

	/* libarchive would take it for an ordinary one */
	if (memcmp(header + MAGIC_AT, "ustar  ", 8) != 0)
		return refuse(c, header, "a sparse file in a form that is not known");
	r = check_field(c, header, &realsize);
	if (r < 0)
		return r;
	snprintf(c->name, sizeof(c->name), "%.*s", NAME_LEN,
		 c->path ? c->path : header + NAME_AT);
	(void)parse_field(header + REALSIZE_AT, NUMBER_LEN, &c->realsize); /* it is one */
	c->extended = header[EXTENDED_AT];
	c->stored = size;
	c->end = 0;
	c->last = false;
	return check_parts(c, header + PARTS_AT, PARTS);
}

/* What follows the header of a file. */
static int check_type(struct tar_check *c, char *header, uint64_t size)
{
	char text[64];

	switch (header[TYPE_AT]) {
	case 'S':
		c->skip = padded(c->sized ? c->size : size);
		return begin_sparse(c, header, c->sized ? c->size : size);
	case '0':
	case '\0':
	case '7':
		c->skip = padded(c->sized ? c->size : size);
		return 0;
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
		if (c->sized && c->size > 0)
			return refuse(c, header, "content, of what can have none");
		if (size > 0)
			clear_size(header);
		return 0;
	default:
		snprintf(text, sizeof(text), "an entry of a kind that is not known (%#x)",
			 (unsigned char)header[TYPE_AT]);
		return refuse(c, header, text);
	}
}

static int check_numbers(struct tar_check *c, const char *header, uint64_t *ret_size)
{
	static const struct field fields[] = {
		{ "mode", 100, 8, INT64_MAX },
		{ "owner (uid)", 108, 8, INT64_MAX },
		{ "owner (gid)", 116, 8, INT64_MAX },
		{ "size", SIZE_AT, SIZE_LEN, INT64_MAX },
		{ "major device number", 329, 8, MAJOR_MAX },
		{ "minor device number", 337, 8, MINOR_MAX }
	};
	static const struct field mtime = { "mtime", 136, 12, INT64_MAX };
	const bool device = (header[TYPE_AT] == '3' || header[TYPE_AT] == '4') &&
			    memcmp(header + MAGIC_AT, "ustar", 5) == 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < (device ? 6 : 4); i++)
		r = check_field(c, header, &fields[i]);
	if (r == 0 && !(header[mtime.at] & 0x80)) /* it may be before 1970 */
		r = check_field(c, header, &mtime);
	(void)parse_field(header + SIZE_AT, SIZE_LEN, ret_size); /* it is one */
	return r;
}

static int check_header(struct tar_check *c, char *header)
{
	uint64_t size, sum;
	int r;

	if (is_all_zero(header, BLOCK)) {
		c->ended = true;
		return 0;
	}
	if (parse_field(header + SUM_AT, SUM_LEN, &sum) ||
	    (sum != sum_of(header) && sum != signed_sum_of(header))) {
		snprintf(c->why, sizeof(c->why), "%s",
			 c->begun ? "damaged tar: a header whose checksum is wrong"
				  : "not a tar");
		return -EBADMSG;
	}
	c->begun = true;
	r = check_numbers(c, header, &size);
	if (r < 0)
		return r;
	switch (header[TYPE_AT]) {
	case 'x':
		c->skip = padded(size);
		return begin_records(c, header, size);
	case 'g':
	case 'L':
	case 'K':
		c->skip = padded(size);
		return 0;
	default:
		break;
	}
	if (*c->fault)
		return refuse(c, header, c->fault);
	r = check_type(c, header, size);
	c->path = NULL;
	c->sized = false;
	return r;
}

/* @len bytes of contents. */
static void pass(struct tar_check *c, const char *data, size_t len)
{
	const size_t more = c->want - c->len < len ? c->want - c->len : len;

	c->skip -= len;
	if (more == 0)
		return;
	memcpy(c->text + c->len, data, more);
	c->len += more;
	if (c->len == c->want) {
		check_records(c);
		c->len = c->want = 0;
	}
}

int tar_check(struct tar_check *c, char *data, size_t len)
{
	int r = 0;

	while (r == 0 && len > 0 && !c->ended) {
		size_t n = BLOCK;

		if (len < BLOCK && (c->skip == 0 || c->extended))
			break; /* the last bytes: no header */
		if (c->extended) {
			r = check_parts(c, data, MORE_PARTS);
			c->extended = data[MORE_AT];
		} else if (c->skip > 0) {
			n = c->skip < len ? (size_t)c->skip : len;
			pass(c, data, n);
		} else {
			r = check_header(c, data);
		}
		data += n;
		len -= n;
	}
	return r;
}
