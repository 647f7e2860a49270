/* SPDX-License-Identifier: MIT */
/* digits - numbers as text without stdio, for child code and freestanding programs. */
#pragma once

#include <stdint.h>

enum { DIGITS_MAX = 20 }; /* of any uint64_t */

/* Write @n in decimal at @to, without a NUL: what is behind its last digit. */
static inline char *digits_put(char *to, uint64_t n)
{
	char back[DIGITS_MAX];
	int len = 0;

	do
		back[len++] = (char)('0' + n % 10);
	while (n /= 10);
	while (len > 0)
		*to++ = back[--len];
	return to;
}
