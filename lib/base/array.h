/* SPDX-License-Identifier: MIT */
/* array - arrays that grow. */
#pragma once

#include <stddef.h>

/*
 * Room for @need elements of @each bytes in the array @v, which has room for *room of
 * them. It makes more room than that, so that adding one by one is cheap. Returns the
 * array, which may have moved; NULL without memory: then @v and *room are unchanged.
 */
void *array_grow(void *v, size_t *room, size_t need, size_t each);
