/* SPDX-License-Identifier: MIT */
/*
 * arena - memory that lives and dies together. A plan's strings and steps come from one
 * arena: freed at once, and read-only after arena_seal(), so that a child which shares
 * the caller's memory cannot change what it executes.
 */
#pragma once

#include <stddef.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *first; /* newest chunk */
};

/* @size zeroed bytes aligned for any object, or NULL without memory. */
void *arena_alloc(struct arena *a, size_t size);

/* A copy of @s, or NULL without memory (NULL also for a NULL @s). */
char *arena_strdup(struct arena *a, const char *s);

/* Formatted string, or NULL without memory. */
char *arena_printf(struct arena *a, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A copy of the NULL-terminated array @v and its strings, or NULL without memory. */
const char **arena_strv(struct arena *a, const char *const *v);

/* Make all memory read-only; 0 or -errno. Nothing may be allocated afterwards. */
int arena_seal(struct arena *a);

/* Free everything; the arena is empty and usable again. */
void arena_done(struct arena *a);

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))
