/* SPDX-License-Identifier: MIT */
/* switch - see switch.h. */
#include "common/switch.h"

#include <stddef.h>
#include <string.h>

bool switch_read(const char *value, bool *ret)
{
	static const char *const words[] = { "1", "t", "T", "true",  "True",  "TRUE",
					     "0", "f", "F", "false", "False", "FALSE" };
	const size_t n = sizeof(words) / sizeof(words[0]);
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(value, words[i]) == 0) {
			*ret = i < n / 2;
			return true;
		}
	return false;
}
