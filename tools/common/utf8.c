/* SPDX-License-Identifier: MIT */
/* utf8 - see utf8.h, and RFC 3629. */
#include "utf8.h"

size_t utf8_len(const unsigned char *s)
{
	static const unsigned char low[] = { 0, 0, 0x80, 0xa0, 0x90 }; /* not over-long */
	size_t n = *s < 0x80   ? 1
		   : *s < 0xc2 ? 0
		   : *s < 0xe0 ? 2
		   : *s < 0xf0 ? 3
		   : *s < 0xf5 ? 4
			       : 0;
	size_t i;

	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((*s == 0xe0 || *s == 0xf0) && s[1] < low[n])
		return 0;
	if ((*s == 0xed && s[1] > 0x9f) || (*s == 0xf4 && s[1] > 0x8f))
		return 0; /* surrogates; beyond Unicode */
	return n;
}
