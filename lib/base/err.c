/* SPDX-License-Identifier: MIT */
/* err - see err.h. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

void err_clear(struct err *e)
{
	e->code = e->step = e->steps = 0;
	e->exec = false;
	e->message[0] = e->origin[0] = e->hint[0] = '\0';
}

__attribute__((format(printf, 4, 0))) static int set(struct err *e, int r, bool reason,
						     const char *format, va_list ap)
{
	int n;

	if (!e || e->code)
		return r;
	e->code = r;
	n = vsnprintf(e->message, sizeof(e->message), format, ap);
	if (reason && n >= 0 && (size_t)n < sizeof(e->message))
		snprintf(e->message + n, sizeof(e->message) - (size_t)n, ": %s",
			 strerror(-r));
	str_make_printable(e->message); /* a hostile name must not reach a terminal */
	return r;
}

int err_set(struct err *e, int r, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	r = set(e, r, true, format, ap);
	va_end(ap);
	return r;
}

int err_say(struct err *e, int r, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	r = set(e, r, false, format, ap);
	va_end(ap);
	return r;
}

void err_hint(struct err *e, const char *format, ...)
{
	va_list ap;

	if (!e)
		return;
	va_start(ap, format);
	vsnprintf(e->hint, sizeof(e->hint), format, ap);
	va_end(ap);
	str_make_printable(e->hint);
}
