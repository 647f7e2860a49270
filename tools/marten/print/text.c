/* SPDX-License-Identifier: MIT */
/* text - see text.h. */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/utf8.h"

enum { GAP = 3 };

/* Control characters become blanks, those of ISO 6429 beyond 0x80, too. */
static void clean(char *s)
{
	unsigned char *p = (unsigned char *)s;

	for (; *p; p++)
		if (*p < ' ' || *p == 0x7f)
			*p = ' ';
		else if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
			p[0] = p[1] = ' ';
}

void table_cell(struct table *t, const char *format, ...)
{
	char **more =
		t->len % 64 ? t->cells : realloc(t->cells, (t->len + 64) * sizeof(*more));
	va_list args;
	char *cell;

	va_start(args, format);
	if (more && vasprintf(&cell, format, args) >= 0) {
		clean(cell);
		more[t->len++] = cell;
	} else {
		t->failed = true;
	}
	va_end(args);
	if (more)
		t->cells = more;
}

/* Characters, not bytes: a column of UTF-8 stays straight. */
static int width(const char *s)
{
	int n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

bool table_print(struct table *t)
{
	int widths[TABLE_COLUMNS_MAX] = { 0 };
	bool done = !t->failed && t->columns <= TABLE_COLUMNS_MAX;
	size_t i;

	for (i = 0; done && i < t->len; i++)
		if (width(t->cells[i]) > widths[i % t->columns])
			widths[i % t->columns] = width(t->cells[i]);
	for (i = 0; i < t->len; i++) {
		bool last = i % t->columns == t->columns - 1;
		int gap = last ? 0 : widths[i % t->columns] - width(t->cells[i]) + GAP;

		if (done)
			(void)printf("%s%*s%s", t->cells[i], gap, "", last ? "\n" : "");
		free(t->cells[i]);
	}
	free(t->cells);
	*t = (struct table){ .columns = t->columns };
	return done;
}

void print_json_string(const char *s)
{
	(void)putchar('"');
	while (*s) {
		size_t n = utf8_len((const unsigned char *)s);

		if (n == 0)
			(void)fputs("\xef\xbf\xbd", stdout);
		else if (*s == '"' || *s == '\\' || (unsigned char)*s < ' ' || *s == 0x7f)
			(void)printf("\\u%04x", *s);
		else
			(void)fwrite(s, 1, n, stdout);
		s += n ? n : 1;
	}
	(void)putchar('"');
}

const char *printable(char *ret, size_t size, const char *s)
{
	(void)snprintf(ret, size, "%s", s); /* may be cut */
	clean(ret);
	return ret;
}

const char *size_text(char *ret, size_t size, uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double n = (double)bytes;
	size_t i = 0;

	for (; n >= 1024 && i < 4; i++)
		n /= 1024;
	(void)snprintf(ret, size, "%.*f %s", i && n < 100 ? 1 : 0, n, units[i]);
	return ret;
}

const char *time_span(char *ret, size_t size, int64_t ms)
{
	static const struct {
		const char *name;
		int64_t s;
	} units[] = { { "year", 365 * 86400 }, { "month", 30 * 86400 },
		      { "week", 7 * 86400 },   { "day", 86400 },
		      { "hour", 3600 },        { "minute", 60 },
		      { "second", 1 } };
	int64_t s = ms < 0 ? 0 : ms / 1000; /* a clock may have been put back */
	size_t i = 0;

	while (i < 6 && s < 2 * units[i].s) /* "90 minutes" says more than "1 hour" */
		i++;
	(void)snprintf(ret, size, "%lld %s%s", (long long)(s / units[i].s), units[i].name,
		       s / units[i].s == 1 ? "" : "s");
	return ret;
}

int64_t time_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
