/* SPDX-License-Identifier: MIT */
/* plan - see plan.h. */
#include "plan/plan.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

struct step *plan_append(struct plan *p, enum step_kind kind, const char *origin,
			 const char *why)
{
	struct step *s;

	if (p->len == p->size) {
		size_t size = p->size ? p->size * 2 : 128;
		struct step *more = arena_alloc(&p->arena, size * sizeof(*more));

		if (!more) {
			p->failed = -ENOMEM;
			memset(&p->scratch, 0, sizeof(p->scratch));
			return &p->scratch;
		}
		if (p->len)
			memcpy(more, p->steps, p->len * sizeof(*more));
		p->steps = more;
		p->size = size;
	}
	s = &p->steps[p->len++];
	s->kind = kind;
	s->why = why;
	s->origin = origin;
	return s;
}

int plan_slot(struct plan *p)
{
	return p->slots++;
}

const char *plan_text(struct plan *p, const char *format, ...)
{
	va_list ap;
	char *ret;
	int n;

	va_start(ap, format);
	n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	ret = n < 0 ? NULL : plan_alloc(p, (size_t)n + 1);
	if (!ret)
		return "";
	va_start(ap, format);
	vsnprintf(ret, (size_t)n + 1, format, ap);
	va_end(ap);
	return ret;
}

void *plan_alloc(struct plan *p, size_t size)
{
	void *ret = arena_alloc(&p->arena, size);

	if (!ret)
		p->failed = -ENOMEM;
	return ret;
}

int plan_seal(struct plan *p)
{
	return p->failed ? p->failed : arena_seal(&p->arena);
}

void plan_done(struct plan *p)
{
	arena_done(&p->arena);
	memset(p, 0, sizeof(*p));
}
