/* SPDX-License-Identifier: MIT */
/* str - see str.h. */
#include "base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool str_is_number(const char *s)
{
	return *s && strspn(s, "0123456789") == strlen(s);
}

int str_to_u64(const char *s, uint64_t max, uint64_t *ret)
{
	uint64_t n = 0;

	if (!str_is_number(s))
		return -EINVAL;
	for (; *s; s++) {
		if (__builtin_mul_overflow(n, 10u, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*s - '0'), &n) || n > max)
			return -ERANGE;
	}
	*ret = n;
	return 0;
}

int str_to_size(const char *s, uint64_t *ret)
{
	static const char units[] = "kmgt";
	size_t len = strlen(s);
	char digits[32];
	unsigned shift = 0;
	const char *unit;
	uint64_t n;
	int r;

	if (len == 0 || len >= sizeof(digits))
		return -EINVAL;
	unit = strchr(units, s[len - 1] | 0x20);
	if (unit && *unit) {
		shift = 10 * (unsigned)(unit - units + 1);
		len--;
	}
	memcpy(digits, s, len);
	digits[len] = '\0';
	r = str_to_u64(digits, UINT64_MAX >> shift, &n);
	if (r < 0)
		return r;
	*ret = n << shift;
	return 0;
}

/* Length of the valid sequence at @s, 0 if it is none: no overlong form, no surrogate. */
static size_t utf8_sequence(const unsigned char *s)
{
	uint32_t c;
	size_t n;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	c = s[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if ((n == 3 && c < 0x800) || (n == 4 && (c < 0x10000 || c > 0x10ffff)))
		return 0;
	return c >= 0xd800 && c <= 0xdfff ? 0 : n;
}

bool str_is_hex(const char *s, size_t len)
{
	return strspn(s, "0123456789abcdef") == len && s[len] == '\0';
}

bool str_is_printable_utf8(const char *s)
{
	while (*s) {
		size_t n = utf8_sequence((const unsigned char *)s);

		if (n == 0 || (n == 1 && ((unsigned char)*s < ' ' || *s == 0x7f)))
			return false;
		s += n;
	}
	return true;
}

/*
 * C1 controls, and what changes lines or the direction of writing: U+200E.., U+2028..,
 * U+2066..
 */
static bool is_obeyed(const unsigned char *s, size_t n)
{
	if (n == 1)
		return *s < ' ' || *s == 0x7f;
	if (n == 2)
		return s[0] == 0xc2 && s[1] < 0xa0;
	return n == 3 && s[0] == 0xe2 &&
	       ((s[1] == 0x80 &&
		 (s[2] == 0x8e || s[2] == 0x8f || (s[2] >= 0xa8 && s[2] <= 0xae))) ||
		(s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9));
}

void str_make_printable(char *s)
{
	while (*s) {
		const size_t n = utf8_sequence((const unsigned char *)s);

		if (n == 0 || is_obeyed((const unsigned char *)s, n))
			memset(s, '?', n ? n : 1);
		s += n ? n : 1;
	}
}

/* Of private use: U+EF80 to U+EFFF, 0xee 0xbe 0x80 to 0xee 0xbf 0xbf. */
static bool is_escape(const unsigned char *s)
{
	return s[0] == 0xee && (s[1] == 0xbe || s[1] == 0xbf) && (s[2] & 0xc0) == 0x80;
}

char *str_escape_bytes(const char *s, bool *ret_changed)
{
	char *ret = malloc(3 * strlen(s) + 1), *to = ret;

	*ret_changed = false;
	while (ret && *s) {
		const unsigned char *p = (const unsigned char *)s;
		const size_t n = utf8_sequence(p), end = n ? n : 1;
		const bool plain = n && !(n == 3 && is_escape(p));

		for (size_t i = 0; i < end; i++) {
			if (plain) {
				*to++ = s[i];
				continue;
			}
			*to++ = (char)0xee;
			*to++ = (char)(p[i] < 0xc0 ? 0xbe : 0xbf);
			*to++ = (char)(0x80 | (p[i] & 0x3f));
			*ret_changed = true;
		}
		s += end;
	}
	if (ret)
		*to = '\0';
	return ret;
}

size_t str_unescape_bytes(char *s)
{
	char *to = s, *start = s;

	while (*s) {
		const unsigned char *p = (const unsigned char *)s;
		const bool escape = is_escape(p);

		*to++ = escape ? (char)((p[1] == 0xbe ? 0x80 : 0xc0) | (p[2] & 0x3f))
			       : *s;
		s += escape ? 3 : 1;
	}
	*to = '\0';
	return (size_t)(to - start);
}

bool str_starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends_with(const char *s, const char *end)
{
	const size_t len = strlen(s), end_len = strlen(end);

	return len > end_len && strcmp(s + len - end_len, end) == 0;
}

static bool is_octal(const char *s)
{
	return s[0] >= '0' && s[0] <= '3' && s[1] >= '0' && s[1] <= '7' && s[2] >= '0' &&
	       s[2] <= '7';
}

void str_unescape_octal(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && is_octal(s + 1)) {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 |
				       (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

bool str_equal(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

void str_clean_path(char *path)
{
	char *to = path;

	for (const char *p = path; *p;) {
		const size_t len = strcspn(p, "/");
		const char *next = p + len + (p[len] == '/');

		if (len == 2 && p[0] == '.' && p[1] == '.') {
			while (to > path && *--to != '/')
				;
		} else if (len > 0 && !(len == 1 && *p == '.')) {
			*to++ = '/';
			memmove(to, p, len);
			to += len;
		}
		p = next;
	}
	if (to == path)
		*to++ = '/';
	*to = '\0';
}
