/* SPDX-License-Identifier: MIT */
/* arena - see arena.h. Chunks are mmap(2)ed so that they can be sealed by page. */
#include "base/arena.h"

#include <errno.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { ARENA_CHUNK_BYTES = 64 * 1024 };

struct arena_chunk {
	struct arena_chunk *next;
	size_t used, size; /* both count this header */
};

static struct arena_chunk *chunk_new(struct arena *a, size_t need)
{
	size_t size = ARENA_CHUNK_BYTES;
	struct arena_chunk *c;

	if (need > (size_t)1 << 40)
		return NULL;
	while (size < need + sizeof(*c) + alignof(max_align_t))
		size *= 2;
	c = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (c == MAP_FAILED)
		return NULL;
	c->next = a->first;
	c->size = size;
	c->used = (sizeof(*c) + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	a->first = c;
	return c;
}

void *arena_alloc(struct arena *a, size_t size)
{
	size_t rounded = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	struct arena_chunk *c = a->first;
	void *ret;

	if (rounded < size)
		return NULL;
	if (!c || c->size - c->used < rounded)
		c = chunk_new(a, rounded);
	if (!c)
		return NULL;
	ret = (char *)c + c->used;
	c->used += rounded;
	return ret; /* mmap gave zeroes, and nothing is ever given back */
}

char *arena_strdup(struct arena *a, const char *s)
{
	size_t len;
	char *ret;

	if (!s)
		return NULL;
	len = strlen(s) + 1;
	ret = arena_alloc(a, len);
	return ret ? memcpy(ret, s, len) : NULL;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
	va_list ap;
	char *ret;
	int n;

	va_start(ap, format);
	n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n < 0)
		return NULL;
	ret = arena_alloc(a, (size_t)n + 1);
	if (!ret)
		return NULL;
	va_start(ap, format);
	vsnprintf(ret, (size_t)n + 1, format, ap);
	va_end(ap);
	return ret;
}

const char **arena_strv(struct arena *a, const char *const *v)
{
	size_t n = 0;
	const char **ret;

	while (v[n])
		n++;
	ret = arena_alloc(a, (n + 1) * sizeof(*ret));
	for (size_t i = 0; ret && i < n; i++) {
		ret[i] = arena_strdup(a, v[i]);
		if (!ret[i])
			return NULL;
	}
	return ret;
}

int arena_seal(struct arena *a)
{
	for (struct arena_chunk *c = a->first; c; c = c->next)
		if (mprotect(c, c->size, PROT_READ) < 0)
			return -errno;
	return 0;
}

void arena_done(struct arena *a)
{
	while (a->first) {
		struct arena_chunk *c = a->first;

		a->first = c->next;
		(void)munmap(c, c->size); /* our own mapping: cannot fail */
	}
}
