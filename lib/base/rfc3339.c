/* SPDX-License-Identifier: MIT */
/* rfc3339 - see rfc3339.h. */
#include "base/rfc3339.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

int rfc3339_write(int64_t seconds, int ms, char ret[RFC3339_MAX])
{
	const time_t t = (time_t)seconds;
	struct tm tm;
	size_t len = gmtime_r(&t, &tm)
			     ? strftime(ret, RFC3339_MAX - 8, "%Y-%m-%dT%H:%M:%S", &tm)
			     : 0;

	if (len == 0)
		return -EOVERFLOW;
	if (ms < 0)
		snprintf(ret + len, RFC3339_MAX - len, "Z");
	else
		snprintf(ret + len, RFC3339_MAX - len, ".%03dZ", ms);
	return 0;
}

static bool skip_digits(const char **s)
{
	size_t len = strspn(*s, "0123456789");

	*s += len;
	return len > 0;
}

int rfc3339_read_ms(const char *text, int64_t *ret)
{
	int year, month, day, hour, minute, second, used = 0, hours, minutes;
	int64_t ms = 0, offset_s = 0, s;
	struct tm tm = { 0 };
	const char *p;

	if (sscanf(text, "%4d-%2d-%2d%*1[Tt]%2d:%2d:%2d%n", &year, &month, &day, &hour,
		   &minute, &second, &used) != 6 ||
	    used != 19 || strspn(text, "0123456789-:Tt") < 19)
		return -EINVAL;
	if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 ||
	    second > 60)
		return -EINVAL;
	p = text + used;
	if (*p == '.') {
		const char *digit = ++p;

		if (!skip_digits(&p))
			return -EINVAL;
		for (int64_t unit = 100; unit > 0 && digit < p; unit /= 10)
			ms += unit * (*digit++ - '0');
	}
	if (*p == '+' || *p == '-') {
		if (sscanf(p + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 ||
		    used != 5 || strspn(p + 1, "0123456789:") != 5 || hours > 23 ||
		    minutes > 59)
			return -EINVAL;
		offset_s = (hours * 60 + minutes) * 60 * (*p == '+' ? 1 : -1);
		p += 6;
	} else if (*p == 'Z' || *p == 'z') {
		p++;
	} else {
		return -EINVAL;
	}
	if (*p)
		return -EINVAL;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	tm.tm_mday = day;
	tm.tm_hour = hour;
	tm.tm_min = minute;
	tm.tm_sec = second;
	s = (int64_t)timegm(&tm) - offset_s;
	*ret = s < 0 ? 0 : s * 1000 + ms;
	return 0;
}
