/* SPDX-License-Identifier: MIT */
/* str - see str.h. */
#include "base/str.h"

#include <errno.h>
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

/* C1 controls, and what changes lines or the direction of writing: U+200E.., U+2028.., U+2066.. */
static bool is_obeyed(const unsigned char *s, size_t n)
{
	if (n == 1)
		return *s < ' ' || *s == 0x7f;
	if (n == 2)
		return s[0] == 0xc2 && s[1] < 0xa0;
	return n == 3 && s[0] == 0xe2 &&
	       ((s[1] == 0x80 && (s[2] == 0x8e || s[2] == 0x8f || (s[2] >= 0xa8 && s[2] <= 0xae))) ||
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

bool str_starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_equal(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}
