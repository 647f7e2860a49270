/* SPDX-License-Identifier: MIT */
/*
 * moment - points in time as people and docker(1) write them: how long ago, seconds since
 * the epoch, or a date of RFC 3339, of which the end may be missing.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "common/number.h"
#include "marten/print/text.h"
#include "values.h"

static const char not_a_time[] = "neither a time nor a duration";

/* ".5" and ".1234567" as milliseconds; false if there is a point without digits. */
static bool fraction(const char **s, int64_t *ret_ms)
{
	int64_t unit = 100;

	*ret_ms = 0;
	if (**s != '.')
		return true;
	if ((*s)[1] < '0' || (*s)[1] > '9')
		return false;
	for ((*s)++; **s >= '0' && **s <= '9'; (*s)++) {
		*ret_ms += (**s - '0') * unit;
		unit /= 10;
	}
	return true;
}

/* "1h30m", "90s", "1.5h", "500ms" */
static bool duration(const char *s, int64_t *ret_ms)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = { { "ms", 1 },
		      { "d", 86400000 },
		      { "h", 3600000 },
		      { "m", 60000 },
		      { "s", 1000 } };
	int64_t sum = 0;

	do {
		uint64_t n;
		int64_t part;
		size_t i;

		if (number_parse(s, &s, 10, INT_MAX, &n) < 0 || !fraction(&s, &part))
			return false;
		for (i = 0; i < 5; i++)
			if (strncmp(s, units[i].unit, strlen(units[i].unit)) == 0)
				break;
		if (i == 5)
			return false;
		sum += (int64_t)n * units[i].ms + part * units[i].ms / 1000;
		s += strlen(units[i].unit);
	} while (*s);
	*ret_ms = sum;
	return true;
}

/* @digits digits after the character @before. */
static bool field(const char **s, char before, int digits, int max, int *ret)
{
	int i, n = 0;

	if (before && *(*s)++ != before)
		return false;
	for (i = 0; i < digits; i++, (*s)++) {
		if (**s < '0' || **s > '9')
			return false;
		n = n * 10 + **s - '0';
	}
	*ret = n;
	return n <= max;
}

/* "", "Z", "+01:00": seconds east of Greenwich; *@local if nothing is said. */
static bool zone(const char *s, bool *local, int *ret_s)
{
	int hours = 0, minutes = 0, sign = *s == '-' ? -1 : 1;

	*local = !*s;
	*ret_s = 0;
	if (!*s || strcmp(s, "Z") == 0)
		return true;
	if (*s != '+' && *s != '-')
		return false;
	s++;
	if (!field(&s, '\0', 2, 23, &hours) || !field(&s, ':', 2, 59, &minutes) || *s)
		return false;
	*ret_s = sign * (hours * 3600 + minutes * 60);
	return true;
}

static bool date(const char *s, int64_t *ret_ms)
{
	struct tm tm = { .tm_isdst = -1 }, check;
	int64_t ms = 0;
	bool local;
	int offset;
	time_t t;

	if (!field(&s, '\0', 4, 9999, &tm.tm_year) ||
	    !field(&s, '-', 2, 12, &tm.tm_mon) || !field(&s, '-', 2, 31, &tm.tm_mday))
		return false;
	if (*s == 'T' || *s == ' ') {
		if (!field(&s, *s, 2, 23, &tm.tm_hour) ||
		    !field(&s, ':', 2, 59, &tm.tm_min))
			return false;
		if (*s == ':' &&
		    (!field(&s, ':', 2, 60, &tm.tm_sec) || !fraction(&s, &ms)))
			return false;
	}
	if (!zone(s, &local, &offset) || tm.tm_mon < 1 || tm.tm_mday < 1)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	check = tm;
	t = local ? mktime(&check) : timegm(&check);
	if (check.tm_mon != tm.tm_mon) /* the 31st of a short month */
		return false;
	*ret_ms = ((int64_t)t - offset) * 1000 + ms;
	return true;
}

static bool epoch(const char *s, int64_t *ret_ms)
{
	uint64_t n;
	int64_t ms;

	if (number_parse(s, &s, 10, INT64_MAX / 1000 - 1, &n) < 0 || !fraction(&s, &ms) ||
	    *s)
		return false;
	*ret_ms = (int64_t)n * 1000 + ms;
	return true;
}

const char *read_time(void *into, const char *value)
{
	int64_t ms;

	if (duration(value, &ms))
		ms = time_now_ms() - ms;
	else if (!epoch(value, &ms) && !date(value, &ms))
		return not_a_time;
	*(int64_t *)into = ms < 1 ? 1 : ms; /* 0 means no time, to the library */
	return NULL;
}
