/* SPDX-License-Identifier: MIT */
/* limit - see limit.h. Ranges are the library's business. */
#include "limit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"

enum { PERIOD_US = 100000, CPU_DECIMALS = 5, CPUS_MAX = 1000000 };

/* "64m"; or -1 where @none allows it. */
static int set_size(struct options *o, enum minc_limit limit, const char *value,
		    bool none)
{
	const char *end;
	uint64_t n;
	int r;

	if (none && strcmp(value, "-1") == 0)
		return minc_set_limit(o->c, limit, -1);
	r = number_parse_size(value, &end, &n);
	if (r == -ERANGE || (r == 0 && n > INT64_MAX))
		return options_refuse(o, "size too large");
	if (r < 0 || *end)
		return options_refuse(o, "not a size such as 64m");
	return minc_set_limit(o->c, limit, (int64_t)n);
}

static int set_number(struct options *o, enum minc_limit limit, const char *value,
		      bool none)
{
	const char *end;
	uint64_t n;
	int r;

	if (none && strcmp(value, "-1") == 0)
		return minc_set_limit(o->c, limit, -1);
	r = number_parse(value, &end, 10, INT64_MAX, &n);
	if (r == -ERANGE)
		return options_refuse(o, "number too large");
	if (r < 0 || *end)
		return options_refuse(o, "not a number");
	return minc_set_limit(o->c, limit, (int64_t)n);
}

int limit_memory(struct options *o, const char *value)
{
	return set_size(o, MINC_LIMIT_MEMORY, value, true);
}

int limit_memory_swap(struct options *o, const char *value)
{
	return set_size(o, MINC_LIMIT_MEMORY_SWAP, value, true);
}

int limit_memory_kernel(struct options *o, const char *value)
{
	return set_size(o, MINC_LIMIT_MEMORY_KERNEL, value, false);
}

/* "1.5" CPUs in 1/100000, which is the microseconds of a default period. */
static int parse_cpus(const char *s, uint64_t *ret)
{
	const char *end;
	int r = number_parse(s, &end, 10, CPUS_MAX, ret);
	bool point = r == 0 && *end == '.';

	if (r < 0)
		return r;
	end += point;
	if (point && !*end)
		return -EINVAL;
	for (int i = 0; i < CPU_DECIMALS; i++) {
		bool digit = point && *end >= '0' && *end <= '9';

		*ret = *ret * 10 + (digit ? (unsigned)(*end - '0') : 0);
		end += digit;
	}
	return *end ? -EINVAL : 0;
}

int limit_cpus(struct options *o, const char *value)
{
	uint64_t quota;
	int r = parse_cpus(value, &quota);

	if (r < 0)
		return options_refuse(o, "not a number of CPUs such as 1.5");
	r = minc_set_limit(o->c, MINC_LIMIT_CPU_PERIOD_US, PERIOD_US);
	return r < 0 ? r : minc_set_limit(o->c, MINC_LIMIT_CPU_QUOTA_US, (int64_t)quota);
}

int limit_cpu_shares(struct options *o, const char *value)
{
	return set_number(o, MINC_LIMIT_CPU_SHARES, value, false);
}

int limit_cpu_quota(struct options *o, const char *value)
{
	return set_number(o, MINC_LIMIT_CPU_QUOTA_US, value, true);
}

int limit_cpu_period(struct options *o, const char *value)
{
	return set_number(o, MINC_LIMIT_CPU_PERIOD_US, value, false);
}

int limit_cpuset_cpus(struct options *o, const char *value)
{
	return minc_set_cpuset(o->c, value, NULL);
}

int limit_cpuset_mems(struct options *o, const char *value)
{
	return minc_set_cpuset(o->c, NULL, value);
}

int limit_pids(struct options *o, const char *value)
{
	return set_number(o, MINC_LIMIT_PIDS, value, true);
}

int limit_io_weight(struct options *o, const char *value)
{
	return set_number(o, MINC_LIMIT_IO_WEIGHT, value, false);
}

/* DEVICE:RATE; a device may be 8:0, so the last colon counts. */
static int set_rate(struct options *o, enum minc_io_limit which, const char *value)
{
	const char *colon = strrchr(value, ':'), *end = NULL;
	bool bytes = which == MINC_IO_READ_BPS || which == MINC_IO_WRITE_BPS;
	uint64_t n = 0;
	char *device;
	int r;

	if (!colon || !colon[1])
		return options_refuse(o, "not DEVICE:RATE");
	r = bytes ? number_parse_size(colon + 1, &end, &n)
		  : number_parse(colon + 1, &end, 10, UINT64_MAX, &n);
	if (r < 0 || *end)
		return options_refuse(o, "not a rate: '%s'", colon + 1);
	device = strndup(value, (size_t)(colon - value));
	if (!device)
		return options_refuse(o, "out of memory");
	r = minc_set_io_limit(o->c, device, which, n);
	free(device);
	return r;
}

int limit_read_bps(struct options *o, const char *value)
{
	return set_rate(o, MINC_IO_READ_BPS, value);
}

int limit_write_bps(struct options *o, const char *value)
{
	return set_rate(o, MINC_IO_WRITE_BPS, value);
}

int limit_read_iops(struct options *o, const char *value)
{
	return set_rate(o, MINC_IO_READ_IOPS, value);
}

int limit_write_iops(struct options *o, const char *value)
{
	return set_rate(o, MINC_IO_WRITE_IOPS, value);
}

/* A number, or one of the two words for none. */
static int parse_rlimit(const char *s, const char **ret_end, uint64_t *ret)
{
	static const char *const none[] = { "unlimited", "-1" };

	for (size_t i = 0; i < 2; i++) {
		size_t len = strlen(none[i]);

		if (strncmp(s, none[i], len) != 0)
			continue;
		*ret = MINC_RLIMIT_INFINITY;
		*ret_end = s + len;
		return 0;
	}
	return number_parse(s, ret_end, 10, UINT64_MAX - 1, ret);
}

int limit_ulimit(struct options *o, const char *value)
{
	const char *equals = strchr(value, '='), *end = NULL;
	uint64_t soft, hard;
	char *name;
	int r;

	if (!equals)
		return options_refuse(o, "not NAME=SOFT[:HARD]");
	r = parse_rlimit(equals + 1, &end, &soft);
	hard = r == 0 ? soft : 0;
	if (r == 0 && *end == ':')
		r = parse_rlimit(end + 1, &end, &hard);
	if (r < 0 || *end)
		return options_refuse(o, "not a number, or unlimited");
	name = strndup(value, (size_t)(equals - value));
	if (!name)
		return options_refuse(o, "out of memory");
	r = minc_set_rlimit(o->c, name, soft, hard);
	free(name);
	return r;
}
