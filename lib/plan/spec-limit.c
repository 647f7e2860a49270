/* SPDX-License-Identifier: MIT */
/*
 * spec-limit - limits on resources: see spec.h. Values are those of cgroup v1 and of
 * setrlimit(2), which users know; what another kernel interface makes of them is decided
 * while planning.
 */
#include <errno.h>
#include <minc/container.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/str.h"
#include "plan/spec.h"

enum { LIST_MAX = 1023 };

/* The least and most of each limit, and whether -1 lifts it. */
static const struct {
	int64_t min, max;
	bool may_be_none;
	const char *range;
} ranges[SPEC_LIMITS] = {
	[MINC_LIMIT_MEMORY] = { 1, INT64_MAX, true, "size is not positive" },
	[MINC_LIMIT_MEMORY_SWAP] = { 1, INT64_MAX, true, "size is not positive" },
	[MINC_LIMIT_MEMORY_KERNEL] = { 1, INT64_MAX, false, "size is not positive" },
	[MINC_LIMIT_CPU_SHARES] = { 2, 262144, false, "not 2 to 262144" },
	[MINC_LIMIT_CPU_QUOTA_US] = { 1000, INT64_MAX / 1000, true,
				      "less than 1000 microseconds" },
	[MINC_LIMIT_CPU_PERIOD_US] = { 1000, 1000000, false,
				       "not 1000 to 1000000 microseconds" },
	[MINC_LIMIT_PIDS] = { 1, 4194304, true, "not 1 to 4194304" },
	[MINC_LIMIT_IO_WEIGHT] = { 10, 1000, false, "not 10 to 1000" },
	/* without some room there would be no /dev */
	[MINC_LIMIT_SCRATCH] = { 65536, INT64_MAX, true, "less than 64k" },
};

static const struct {
	const char *name;
	int resource;
} rlimit_names[] = {
	{ "as", RLIMIT_AS },
	{ "core", RLIMIT_CORE },
	{ "cpu", RLIMIT_CPU },
	{ "data", RLIMIT_DATA },
	{ "fsize", RLIMIT_FSIZE },
	{ "locks", RLIMIT_LOCKS },
	{ "memlock", RLIMIT_MEMLOCK },
	{ "msgqueue", RLIMIT_MSGQUEUE },
	{ "nice", RLIMIT_NICE },
	{ "nofile", RLIMIT_NOFILE },
	{ "nproc", RLIMIT_NPROC },
	{ "rss", RLIMIT_RSS },
	{ "rtprio", RLIMIT_RTPRIO },
	{ "rttime", RLIMIT_RTTIME },
	{ "sigpending", RLIMIT_SIGPENDING },
	{ "stack", RLIMIT_STACK },
};
enum { RLIMIT_NAMES = sizeof(rlimit_names) / sizeof(rlimit_names[0]) };

int spec_set_limit(struct spec *s, unsigned limit, int64_t value)
{
	const char *call = "minc_set_limit";

	if (limit < MINC_LIMIT_MEMORY || limit >= SPEC_LIMITS)
		return spec_refuse(s, -EINVAL, call, "unknown limit");
	if (!(value == -1 && ranges[limit].may_be_none) &&
	    (value < ranges[limit].min || value > ranges[limit].max))
		return spec_refuse(s, -ERANGE, call, ranges[limit].range);
	s->limits[limit] =
		(struct spec_limit){ true, value, s->origin ? s->origin : call };
	return 0;
}

int spec_parse_list(const char *list, uint64_t ret[16])
{
	uint64_t mask[16] = { 0 };

	while (*list) {
		unsigned long first, last;
		char *end;

		if (*list < '0' || *list > '9')
			return -EINVAL;
		first = last = strtoul(list, &end, 10);
		if (*end == '-' && end[1] >= '0' && end[1] <= '9')
			last = strtoul(end + 1, &end, 10);
		if (last > LIST_MAX || first > LIST_MAX)
			return -ERANGE;
		if (first > last || (*end && *end != ',') || (*end == ',' && !end[1]))
			return -EINVAL;
		for (; first <= last; first++)
			mask[first / 64] |= 1ull << (first % 64);
		list = end + (*end == ',');
	}
	memcpy(ret, mask, sizeof(mask));
	return 0;
}

static int check_list(struct spec *s, const char *call, const char *list)
{
	uint64_t mask[16];
	int r = spec_check_text(s, call, list);

	if (r < 0)
		return r;
	r = spec_parse_list(list, mask);
	if (r == -ERANGE)
		return spec_refuse(s, r, call, "a number above 1023");
	return r < 0 ? spec_refuse(s, r, call, "not a list such as 0-1,3") : 0;
}

int spec_set_cpuset(struct spec *s, const char *cpus, const char *mems)
{
	const char *call = "minc_set_cpuset";
	int r = cpus ? check_list(s, call, cpus) : 0;

	if (r == 0 && mems)
		r = check_list(s, call, mems);
	if (r == 0 && cpus)
		r = spec_keep_text(s, call, cpus, &s->cpuset_cpus, &s->cpuset_origin);
	if (r == 0 && mems)
		r = spec_keep_text(s, call, mems, &s->cpuset_mems, &s->cpuset_origin);
	return r;
}

/* "8:0" */
static bool is_device_number(const char *text)
{
	size_t major = strspn(text, "0123456789");
	size_t minor = text[major] == ':' ? strspn(text + major + 1, "0123456789") : 0;

	return major > 0 && minor > 0 && major <= 4 && minor <= 7 &&
	       !text[major + 1 + minor];
}

int spec_set_io_limit(struct spec *s, const char *device, unsigned which, uint64_t value)
{
	const char *call = "minc_set_io_limit";
	struct spec_io **i = &s->io;
	int r = spec_check_text(s, call, device);

	if (r < 0)
		return r;
	if (*device != '/' && !is_device_number(device))
		return spec_refuse(s, -EINVAL, call,
				   "device is neither an absolute path nor "
				   "MAJOR:MINOR");
	if (which < MINC_IO_READ_BPS || which > MINC_IO_WRITE_IOPS)
		return spec_refuse(s, -EINVAL, call, "unknown limit");
	if (value == 0)
		return spec_refuse(s, -EINVAL, call, "limit is 0");
	while (*i && !((*i)->which == which && str_equal((*i)->device, device)))
		i = &(*i)->next;
	if (!*i)
		*i = arena_new(&s->arena, struct spec_io);
	if (!*i)
		return spec_refuse(s, -ENOMEM, call, "");
	(*i)->which = which;
	(*i)->value = value;
	return spec_keep_text(s, call, device, &(*i)->device, &(*i)->origin);
}

int spec_set_rlimit(struct spec *s, const char *name, uint64_t soft, uint64_t hard)
{
	const char *call = "minc_set_rlimit";
	struct spec_rlimit **l = &s->rlimits;
	size_t n = 0;
	int r = spec_check_text(s, call, name);

	if (r < 0)
		return r;
	while (n < RLIMIT_NAMES && strcmp(rlimit_names[n].name, name) != 0)
		n++;
	if (n == RLIMIT_NAMES)
		return spec_refuse(s, -EINVAL, call,
				   "unknown resource; see setrlimit(2)");
	if (soft > hard)
		return spec_refuse(s, -EINVAL, call, "soft limit above the hard one");
	while (*l && (*l)->resource != rlimit_names[n].resource)
		l = &(*l)->next;
	if (!*l)
		*l = arena_new(&s->arena, struct spec_rlimit);
	if (!*l)
		return spec_refuse(s, -ENOMEM, call, "");
	(*l)->resource = rlimit_names[n].resource;
	(*l)->name = rlimit_names[n].name;
	(*l)->soft = soft;
	(*l)->hard = hard;
	(*l)->origin = s->origin ? s->origin : call;
	return 0;
}

const char *spec_rlimit_name(int resource)
{
	for (size_t i = 0; i < RLIMIT_NAMES; i++)
		if (rlimit_names[i].resource == resource)
			return rlimit_names[i].name;
	return NULL;
}

/* Without knowing names of capabilities: whatever gives some may give this one. */
bool spec_may_have_group(const struct spec *s)
{
	for (const struct spec_cap *c = s->caps; c; c = c->next)
		if (c->add)
			return true;
	return spec_limits_group(s);
}

bool spec_limits_group(const struct spec *s)
{
	for (size_t i = 0; i < SPEC_GROUP_LIMITS; i++)
		if (s->limits[i].set)
			return true;
	return s->cpuset_cpus || s->cpuset_mems || s->io;
}
