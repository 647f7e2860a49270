/* SPDX-License-Identifier: MIT */
/* limit - see limit.h. Ranges are the library's business. */
#include "limit.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"

const char limit_refused[] = "refused by the library";

const char *limit_answer(int r)
{
	return r < 0 ? limit_refused : NULL;
}

enum { PERIOD_US = 100000, CPU_DECIMALS = 5, CPUS_MAX = 1000000 };

enum value { NUMBER, SIZE, NONE = 2 }; /* NONE: or -1 */

/* "64m" of SIZE, else a plain number. */
static const char *set(minc_ctx *c, enum minc_limit limit, const char *value,
		       unsigned kind)
{
	const bool size = kind & SIZE;
	const char *end;
	uint64_t n;
	int r;

	if ((kind & NONE) && strcmp(value, "-1") == 0)
		return limit_answer(minc_set_limit(c, limit, -1));
	r = size ? number_parse_size(value, &end, &n)
		 : number_parse(value, &end, 10, INT64_MAX, &n);
	if (r == -ERANGE || (r == 0 && n > INT64_MAX))
		return size ? "size too large" : "number too large";
	if (r < 0 || *end)
		return size ? "not a size such as 64m" : "not a number";
	return limit_answer(minc_set_limit(c, limit, (int64_t)n));
}

const char *limit_memory(minc_ctx *c, const char *value)
{
	return set(c, MINC_LIMIT_MEMORY, value, SIZE | NONE);
}

const char *limit_memory_swap(minc_ctx *c, const char *value)
{
	return set(c, MINC_LIMIT_MEMORY_SWAP, value, SIZE | NONE);
}

const char *limit_memory_kernel(minc_ctx *c, const char *value)
{
	return set(c, MINC_LIMIT_MEMORY_KERNEL, value, SIZE);
}

const char *limit_scratch(minc_ctx *c, const char *value)
{
	return set(c, MINC_LIMIT_SCRATCH, value, SIZE | NONE);
}

const char *limit_shm(minc_ctx *c, const char *value)
{
	const char *end;
	uint64_t size;

	if (number_parse_size(value, &end, &size) < 0 || *end)
		return "not a size such as 64m";
	return limit_answer(minc_add_tmpfs(c, "/dev/shm", size, 01777));
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

const char *limit_cpus(minc_ctx *c, const char *value)
{
	uint64_t quota;
	int r = parse_cpus(value, &quota);

	if (r < 0)
		return "not a number of CPUs such as 1.5";
	r = minc_set_limit(c, MINC_LIMIT_CPU_PERIOD_US, PERIOD_US);
	if (r == 0)
		r = minc_set_limit(c, MINC_LIMIT_CPU_QUOTA_US, (int64_t)quota);
	return limit_answer(r);
}

const char *limit_cpu_shares(minc_ctx *c, const char *value)
{
	return set(c, MINC_LIMIT_CPU_SHARES, value, NUMBER);
}

const char *limit_cpu_quota(minc_ctx *c, const char *value)
{
	return set(c, MINC_LIMIT_CPU_QUOTA_US, value, NUMBER | NONE);
}

const char *limit_cpu_period(minc_ctx *c, const char *value)
{
	return set(c, MINC_LIMIT_CPU_PERIOD_US, value, NUMBER);
}

const char *limit_cpuset_cpus(minc_ctx *c, const char *value)
{
	return limit_answer(minc_set_cpuset(c, value, NULL));
}

const char *limit_cpuset_mems(minc_ctx *c, const char *value)
{
	return limit_answer(minc_set_cpuset(c, NULL, value));
}

const char *limit_pids(minc_ctx *c, const char *value)
{
	return set(c, MINC_LIMIT_PIDS, value, NUMBER | NONE);
}

const char *limit_io_weight(minc_ctx *c, const char *value)
{
	return set(c, MINC_LIMIT_IO_WEIGHT, value, NUMBER);
}

/* DEVICE:RATE; a device may be 8:0, so the last colon counts. */
static const char *set_rate(minc_ctx *c, enum minc_io_limit which, const char *value)
{
	const char *colon = strrchr(value, ':'), *end = NULL;
	bool bytes = which == MINC_IO_READ_BPS || which == MINC_IO_WRITE_BPS;
	uint64_t n = 0;
	char *device;
	int r;

	if (!colon || !colon[1])
		return "not DEVICE:RATE";
	r = bytes ? number_parse_size(colon + 1, &end, &n)
		  : number_parse(colon + 1, &end, 10, UINT64_MAX, &n);
	if (r < 0 || *end)
		return "not a rate";
	device = strndup(value, (size_t)(colon - value));
	if (!device)
		return "out of memory";
	r = minc_set_io_limit(c, device, which, n);
	free(device);
	return limit_answer(r);
}

const char *limit_read_bps(minc_ctx *c, const char *value)
{
	return set_rate(c, MINC_IO_READ_BPS, value);
}

const char *limit_write_bps(minc_ctx *c, const char *value)
{
	return set_rate(c, MINC_IO_WRITE_BPS, value);
}

const char *limit_read_iops(minc_ctx *c, const char *value)
{
	return set_rate(c, MINC_IO_READ_IOPS, value);
}

const char *limit_write_iops(minc_ctx *c, const char *value)
{
	return set_rate(c, MINC_IO_WRITE_IOPS, value);
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

const char *limit_ulimit(minc_ctx *c, const char *value)
{
	const char *equals = strchr(value, '='), *end = NULL;
	uint64_t soft, hard;
	char *name;
	int r;

	if (!equals)
		return "not NAME=SOFT[:HARD]";
	r = parse_rlimit(equals + 1, &end, &soft);
	hard = r == 0 ? soft : 0;
	if (r == 0 && *end == ':')
		r = parse_rlimit(end + 1, &end, &hard);
	if (r < 0 || *end)
		return "not a number, or unlimited";
	name = strndup(value, (size_t)(equals - value));
	if (!name)
		return "out of memory";
	r = minc_set_rlimit(c, name, soft, hard);
	free(name);
	return limit_answer(r);
}

const char *limit_log_size(minc_ctx *c, const char *value)
{
	const char *end;
	uint64_t size;

	if (number_parse_size(value, &end, &size) < 0 || *end)
		return "not a size such as 64m";
	return limit_answer(minc_set_log_size(c, size));
}

const char *limit_umask(minc_ctx *c, const char *value)
{
	int mask;
	const char *wrong = number_parse_umask(value, &mask);

	return wrong ? wrong : limit_answer(minc_set_umask(c, mask));
}
