/* SPDX-License-Identifier: MIT */
/* array - see array.h. */
#include "base/array.h"

#include <stdint.h>
#include <stdlib.h>

enum { ROOM_FIRST = 16 };

void *array_grow(void *v, size_t *room, size_t need, size_t each)
{
	size_t more = *room ? *room : ROOM_FIRST;
	void *ret;

	if (v && need <= *room)
		return v;
	while (more < need && more <= SIZE_MAX / 2)
		more *= 2;
	if (more < need)
		return NULL;
	ret = reallocarray(v, more, each);
	if (ret)
		*room = more;
	return ret;
}
