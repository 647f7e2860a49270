/* SPDX-License-Identifier: MIT */
/* plan - see plan.h. */
#include "plan/plan.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

/* Room for one more step; -ENOMEM. */
static int grow(struct plan *p)
{
	const size_t size = p->size ? p->size * 2 : 128;
	struct step *more;

	if (p->len < p->size)
		return 0;
	more = arena_alloc(&p->arena, size * sizeof(*more));
	if (!more)
		return -ENOMEM;
	if (p->len)
		memcpy(more, p->steps, p->len * sizeof(*more));
	p->steps = more;
	p->size = size;
	return 0;
}

static struct step *scratch(struct plan *p)
{
	p->failed = -ENOMEM;
	memset(p->scratch_data, 0, sizeof(p->scratch_data));
	p->scratch = (struct step){ .data = p->scratch_data };
	return &p->scratch;
}

struct step *plan_append(struct plan *p, const struct step_ops *ops, const char *origin,
			 const char *why)
{
	void *data = ops->size ? arena_alloc(&p->arena, ops->size) : NULL;
	struct step *s;

	if ((ops->size && !data) || grow(p) < 0)
		return scratch(p);
	s = &p->steps[p->len++];
	*s = (struct step){ .ops = ops, .why = why, .origin = origin, .data = data };
	return s;
}

void step_name_object(char *buf, size_t len, const struct step *s)
{
	if (s->ops->name_object)
		s->ops->name_object(buf, len, s);
	else if (len)
		buf[0] = '\0';
}

int plan_slot(struct plan *p)
{
	return p->slots++;
}

__attribute__((format(printf, 2, 0))) static const char *
format_text(struct plan *p, const char *format, va_list ap)
{
	va_list again;
	char *ret;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	ret = n < 0 ? NULL : plan_alloc(p, (size_t)n + 1);
	if (!ret)
		return "";
	vsnprintf(ret, (size_t)n + 1, format, ap);
	return ret;
}

const char *plan_text(struct plan *p, const char *format, ...)
{
	const char *ret;
	va_list ap;

	va_start(ap, format);
	ret = format_text(p, format, ap);
	va_end(ap);
	return ret;
}

enum { WARNINGS_MAX = 32 }; /* one for each limit at most, and some to spare */

void plan_warn(struct plan *p, const char *format, ...)
{
	va_list ap;

	if (!p->warnings)
		p->warnings = plan_alloc(p, WARNINGS_MAX * sizeof(*p->warnings));
	if (!p->warnings || p->warnings_len == WARNINGS_MAX)
		return; /* without memory plan_seal() fails */
	va_start(ap, format);
	p->warnings[p->warnings_len++] = format_text(p, format, ap);
	va_end(ap);
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
