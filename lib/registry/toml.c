/* SPDX-License-Identifier: MIT */
/* toml - see toml.h and toml.io. */
#include "registry/toml.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { NESTING_MAX = 16 };

static int bad(struct toml *t, const char *why)
{
	t->why = why;
	return -EBADMSG;
}

static void skip_blanks(struct toml *t)
{
	t->p += strspn(t->p, " \t");
}

/* Blanks, line ends and comments. */
static void skip_lines(struct toml *t)
{
	for (;;) {
		skip_blanks(t);
		if (*t->p == '#')
			t->p += strcspn(t->p, "\n");
		if (*t->p == '\r' && t->p[1] == '\n')
			t->p++;
		if (*t->p != '\n')
			return;
		t->p++;
		t->line++;
	}
}

/* What follows an item on its line: nothing. */
static int end_line(struct toml *t)
{
	skip_blanks(t);
	if (*t->p == '#')
		t->p += strcspn(t->p, "\n");
	if (*t->p == '\r' && t->p[1] == '\n')
		t->p++;
	return *t->p && *t->p != '\n' ? bad(t, "more than one item in a line") : 0;
}

static int hex_digits(const char *p, int n, uint32_t *ret)
{
	static const char digits[] = "0123456789abcdef";
	uint32_t c = 0;

	for (int i = 0; i < n; i++) {
		const char *d =
			p[i] ? strchr(digits, p[i] | (p[i] > '9' ? 0x20 : 0)) : NULL;

		if (!d)
			return -EBADMSG;
		c = c << 4 | (uint32_t)(d - digits);
	}
	*ret = c;
	return 0;
}

static size_t put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 0x3f));
	to[2] = (char)(0x80 | (c >> 6 & 0x3f));
	to[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* At the character after a backslash; adds what it means to @to. */
static int escape(struct toml *t, char *to, size_t *n)
{
	static const char names[] = "btnfr\"\\", means[] = "\b\t\n\f\r\"\\";
	const char *name = *t->p ? strchr(names, *t->p) : NULL;
	int digits = *t->p == 'u' ? 4 : *t->p == 'U' ? 8 : 0;
	uint32_t c;

	if (name) {
		to[(*n)++] = means[name - names];
		t->p++;
		return 0;
	}
	if (!digits || hex_digits(t->p + 1, digits, &c) < 0 || c == 0 || c > 0x10ffff ||
	    (c >= 0xd800 && c < 0xe000))
		return bad(t, "an unknown escape");
	*n += put_utf8(to + *n, c);
	t->p += digits + 1;
	return 0;
}

static int read_string(struct toml *t, const char **ret)
{
	const char quote = *t->p;
	size_t n = 0;
	char *to;
	int r;

	if (t->p[1] == quote && t->p[2] == quote)
		return bad(t, "multi-line strings are not supported");
	t->p++;
	/* No escape is shorter than what it means. */
	to = arena_alloc(t->arena, strcspn(t->p, "\n") + 1);
	if (!to)
		return -ENOMEM;
	while (*t->p != quote) {
		if ((unsigned char)*t->p < ' ' && *t->p != '\t')
			return bad(t, "a string does not end");
		if (*t->p == '\\' && quote == '"') {
			t->p++;
			r = escape(t, to, &n);
			if (r < 0)
				return r;
		} else {
			to[n++] = *t->p++;
		}
	}
	t->p++;
	to[n] = '\0';
	*ret = to;
	return 0;
}

static int read_key_part(struct toml *t, const char **ret)
{
	static const char bare[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-_";
	size_t n;

	if (*t->p == '"' || *t->p == '\'')
		return read_string(t, ret);
	n = strspn(t->p, bare);
	if (n == 0)
		return bad(t, "a key is missing");
	*ret = arena_printf(t->arena, "%.*s", (int)n, t->p);
	t->p += n;
	return *ret ? 0 : -ENOMEM;
}

static int read_key(struct toml *t, const char **ret)
{
	const char *key = NULL, *part;
	int r;

	for (int parts = 0; parts < NESTING_MAX; parts++) {
		skip_blanks(t);
		r = read_key_part(t, &part);
		if (r < 0)
			return r;
		key = key ? arena_printf(t->arena, "%s.%s", key, part) : part;
		if (!key)
			return -ENOMEM;
		skip_blanks(t);
		if (*t->p != '.') {
			*ret = key;
			return 0;
		}
		t->p++;
	}
	return bad(t, "a key has too many parts");
}

static int read_table(struct toml *t, struct toml_item *ret)
{
	bool many = t->p[1] == '[';
	int r;

	t->p += many ? 2 : 1;
	r = read_key(t, &ret->name);
	if (r < 0)
		return r;
	if (*t->p != ']' || (many && t->p[1] != ']'))
		return bad(t, "the name of a table does not end");
	t->p += many ? 2 : 1;
	ret->kind = many ? TOML_TABLES : TOML_TABLE;
	return end_line(t);
}

/* Numbers and dates: nobody asks what they are. */
static int skip_word(struct toml *t)
{
	size_t n = strspn(t->p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				"0123456789+-._:");

	if (n == 0)
		return bad(t, "a value is missing");
	t->p += n;
	return 0;
}

/* Arrays and inline tables: brackets must match, strings must end. */
static int skip_nested(struct toml *t)
{
	char open[NESTING_MAX];
	const char *text;
	int depth = 0, r = 0;

	do {
		skip_lines(t);
		switch (*t->p) {
		case '[':
		case '{':
			if (depth == NESTING_MAX)
				return bad(t, "too many brackets");
			open[depth++] = *t->p++ == '[' ? ']' : '}';
			break;
		case ']':
		case '}':
			if (depth == 0 || open[--depth] != *t->p++)
				return bad(t, "brackets do not match");
			break;
		case ',':
		case '=':
			t->p++;
			break;
		case '"':
		case '\'':
			r = read_string(t, &text);
			break;
		case '\0':
			return bad(t, "a bracket does not end");
		default:
			r = skip_word(t);
		}
	} while (r == 0 && depth > 0);
	return r;
}

static int read_value(struct toml *t, struct toml_item *ret)
{
	const char *begin = t->p;
	int r;

	ret->kind = TOML_OTHER;
	if (*t->p == '"' || *t->p == '\'') {
		ret->kind = TOML_STRING;
		return read_string(t, &ret->text);
	}
	if (*t->p == '[' || *t->p == '{')
		return skip_nested(t);
	r = skip_word(t);
	ret->truth = t->p - begin == 4 && memcmp(begin, "true", 4) == 0;
	if (ret->truth || (t->p - begin == 5 && memcmp(begin, "false", 5) == 0))
		ret->kind = TOML_BOOL;
	return r;
}

int toml_next(struct toml *t, struct toml_item *ret)
{
	struct toml_item item = { .kind = TOML_OTHER };
	int r;

	skip_lines(t);
	if (!*t->p)
		return 0;
	if (*t->p == '[') {
		r = read_table(t, &item);
	} else {
		r = read_key(t, &item.name);
		if (r == 0 && *t->p != '=')
			r = bad(t, "a key without '='");
		if (r < 0)
			return r;
		t->p++;
		skip_blanks(t);
		r = read_value(t, &item);
		if (r == 0)
			r = end_line(t);
	}
	if (r < 0)
		return r;
	*ret = item;
	return 1;
}
