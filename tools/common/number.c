/* SPDX-License-Identifier: MIT */
/* number - see number.h. */
#include "number.h"

#include <errno.h>
#include <string.h>

int number_parse(const char *s, const char **ret_end, int base, uint64_t max,
		 uint64_t *ret)
{
	const char *first = s;
	uint64_t n = 0;

	for (; *s >= '0' && *s < '0' + base; s++) {
		unsigned digit = (unsigned)(*s - '0');

		if (n > (max - digit) / (unsigned)base)
			return -ERANGE;
		n = n * (unsigned)base + digit;
	}
	*ret = n;
	*ret_end = s;
	return s == first ? -EINVAL : 0;
}

int number_parse_size(const char *s, const char **ret_end, uint64_t *ret)
{
	static const char units[] = "kmgt";
	const char *unit;
	int r = number_parse(s, ret_end, 10, UINT64_MAX, ret);

	if (r < 0)
		return r;
	unit = **ret_end ? strchr(units, **ret_end | 0x20) : NULL;
	if (unit) {
		unsigned shift = 10 * (unsigned)(unit - units + 1);

		(*ret_end)++;
		if (*ret > UINT64_MAX >> shift)
			return -ERANGE;
		*ret <<= shift;
	}
	return *ret ? 0 : -EINVAL;
}

const char *number_parse_umask(const char *s, int *ret)
{
	const char *end;
	uint64_t n;

	if (strcmp(s, "host") == 0) {
		*ret = -1;
		return NULL;
	}
	if (number_parse(s, &end, 8, 0777, &n) < 0 || *end)
		return "neither 000 to 777 nor 'host'";
	*ret = (int)n;
	return NULL;
}
