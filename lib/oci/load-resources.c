/* SPDX-License-Identifier: MIT */
/*
 * load-resources - "linux.resources" and "process.rlimits" of a config.json. Values are
 * those of cgroup v1, as the library's own. What is not known (device rules, hugepages,
 * swappiness) is refused.
 */
#include <errno.h>
#include <minc/container.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "oci/read.h"
#include "oci/standard.h"

struct number {
	const char *key;
	enum minc_limit limit;
};

/* A limit that is a number of object @where; @zero_is_none: as the specification says. */
static int load_limit(struct reader *r, json_t *object, const char *where,
		      const struct number *number, bool zero_is_none)
{
	json_t *value;
	int64_t n;
	int ret = read_value(r, object, where, number->key, JSON_INTEGER, &value);

	if (ret < 0 || !value)
		return ret;
	n = json_integer_value(value);
	ret = read_origin(r, "%s.%s", where, number->key);
	return ret ? ret
		   : spec_set_limit(r->s, number->limit, n == 0 && zero_is_none ? -1 : n);
}

static int load_memory(struct reader *r, json_t *memory)
{
	static const char where[] = "linux.resources.memory";
	static const char *const known[] = { "limit", "swap", "kernel",
					     "disableOOMKiller", NULL };
	static const struct number numbers[] = { { "limit", MINC_LIMIT_MEMORY },
						 { "swap", MINC_LIMIT_MEMORY_SWAP },
						 { "kernel", MINC_LIMIT_MEMORY_KERNEL } };
	bool disable = false;
	int n = read_only_known(r, memory, where, known);

	for (size_t i = 0; n == 0 && i < 3; i++)
		n = load_limit(r, memory, where, &numbers[i], false);
	n = n ? n : read_bool(r, memory, where, "disableOOMKiller", &disable);
	if (n == 0 && disable)
		n = read_refuse(r, "%s.disableOOMKiller: true: not supported", where);
	return n;
}

static int load_cpu(struct reader *r, json_t *cpu)
{
	static const char where[] = "linux.resources.cpu";
	static const char *const known[] = { "shares", "quota", "period",
					     "cpus",   "mems",  NULL };
	static const struct number numbers[] = { { "shares", MINC_LIMIT_CPU_SHARES },
						 { "period", MINC_LIMIT_CPU_PERIOD_US },
						 { "quota", MINC_LIMIT_CPU_QUOTA_US } };
	const char *cpus = NULL, *mems = NULL;
	int n = read_only_known(r, cpu, where, known);

	for (size_t i = 0; n == 0 && i < 3; i++)
		n = load_limit(r, cpu, where, &numbers[i], false);
	n = n ? n : read_string(r, cpu, where, "cpus", &cpus);
	n = n ? n : read_string(r, cpu, where, "mems", &mems);
	cpus = cpus && *cpus ? cpus : NULL; /* "" means no choice */
	mems = mems && *mems ? mems : NULL;
	if (n < 0 || (!cpus && !mems))
		return n;
	n = read_origin(r, "%s.%s", where, cpus ? "cpus" : "mems");
	return n ? n : spec_set_cpuset(r->s, cpus, mems);
}

static int load_pids(struct reader *r, json_t *pids)
{
	static const char *const known[] = { "limit", NULL };
	static const struct number number = { "limit", MINC_LIMIT_PIDS };
	int n = read_only_known(r, pids, "linux.resources.pids", known);

	return n ? n : load_limit(r, pids, "linux.resources.pids", &number, true);
}

static int load_throttle(struct reader *r, json_t *device, const char *where,
			 unsigned which)
{
	static const char *const known[] = { "major", "minor", "rate", NULL };
	uint64_t major = 0, minor = 0, rate = 0;
	char number[32];
	int n;

	if (!json_is_object(device))
		return read_refuse(r, "%s: not an object", where);
	n = read_only_known(r, device, where, known);
	n = n ? n : read_number(r, device, where, "major", 4095, &major);
	n = n ? n : read_number(r, device, where, "minor", 1048575, &minor);
	n = n ? n : read_number(r, device, where, "rate", INT64_MAX, &rate);
	snprintf(number, sizeof(number), "%u:%u", (unsigned)major, (unsigned)minor);
	n = n ? n : read_origin(r, "%s", where);
	return n ? n : spec_set_io_limit(r->s, number, which, rate);
}

static int load_block_io(struct reader *r, json_t *io)
{
	static const char where[] = "linux.resources.blockIO";
	static const char *const known[] = { OCI_THROTTLES, "weight", NULL };
	static const struct number weight = { "weight", MINC_LIMIT_IO_WEIGHT };
	int n = read_only_known(r, io, where, known);

	n = n ? n : load_limit(r, io, where, &weight, false);
	for (unsigned which = MINC_IO_READ_BPS; n == 0 && which <= MINC_IO_WRITE_IOPS;
	     which++) {
		const char *key = known[which - MINC_IO_READ_BPS];
		json_t *list = NULL, *device;
		char name[96];
		size_t i;

		n = read_value(r, io, where, key, JSON_ARRAY, &list);
		json_array_foreach(list, i, device)
		{
			snprintf(name, sizeof(name), "%s.%s[%zu]", where, key, i);
			n = n ? n : load_throttle(r, device, name, which);
		}
	}
	return n;
}

int read_resources(struct reader *r, json_t *linux_object)
{
	static const char *const known[] = { "memory", "cpu", "pids", "blockIO", NULL };
	static int (*const load[])(struct reader *, json_t *) = { load_memory, load_cpu,
								  load_pids,
								  load_block_io };
	json_t *resources, *part;
	int n = read_value(r, linux_object, "linux", "resources", JSON_OBJECT,
			   &resources);

	if (n < 0 || !resources)
		return n;
	n = read_only_known(r, resources, "linux.resources", known);
	for (size_t i = 0; n == 0 && known[i]; i++) {
		n = read_value(r, resources, "linux.resources", known[i], JSON_OBJECT,
			       &part);
		if (n == 0 && part)
			n = load[i](r, part);
	}
	return n;
}

/* "RLIMIT_NOFILE" */
static int load_rlimit(struct reader *r, json_t *rlimit, const char *where)
{
	static const char *const known[] = { "type", "soft", "hard", NULL };
	const char *type = NULL;
	uint64_t soft = UINT64_MAX, hard = UINT64_MAX;
	char name[32] = "";
	int n;

	if (!json_is_object(rlimit))
		return read_refuse(r, "%s: not an object", where);
	n = read_only_known(r, rlimit, where, known);
	n = n ? n : read_string(r, rlimit, where, "type", &type);
	n = n ? n : read_number(r, rlimit, where, "soft", INT64_MAX, &soft);
	n = n ? n : read_number(r, rlimit, where, "hard", INT64_MAX, &hard);
	if (n < 0)
		return n;
	if (!type || !str_starts_with(type, "RLIMIT_") || strlen(type) >= sizeof(name))
		return read_refuse(r, "%s.type: not RLIMIT_ and a name", where);
	if (soft == UINT64_MAX || hard == UINT64_MAX)
		return read_refuse(r, "%s: soft or hard is missing", where);
	for (size_t i = 0; type[7 + i]; i++)
		name[i] = (char)(type[7 + i] | 0x20);
	n = read_origin(r, "%s", where);
	/* the largest number of JSON stands for no limit */
	return n ? n
		 : spec_set_rlimit(r->s, name, soft == INT64_MAX ? UINT64_MAX : soft,
				   hard == INT64_MAX ? UINT64_MAX : hard);
}

int read_rlimits(struct reader *r, json_t *process)
{
	json_t *list = NULL, *rlimit;
	char where[64];
	size_t i;
	int n = read_value(r, process, "process", "rlimits", JSON_ARRAY, &list);

	json_array_foreach(list, i, rlimit)
	{
		snprintf(where, sizeof(where), "process.rlimits[%zu]", i);
		n = n ? n : load_rlimit(r, rlimit, where);
	}
	return n;
}
