/* SPDX-License-Identifier: MIT */
/* array - arrays that grow. */
#pragma once

#include <stddef.h>

/*
 * Room for @need elements of @each bytes in the array @v, which has room for *room of
 * them: more than that, so that one after the other may be added. The array, which may
 * have moved; NULL without memory: @v and *room are as they were.
 */
void *array_grow(void *v, size_t *room, size_t need, size_t each);
