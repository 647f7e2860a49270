/* SPDX-License-Identifier: MIT */
/* report - the use that a container's groups count, and what enforces each limit. */
#include <errno.h>
#include <minc/container.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"
#include "cgroup/devices.h"
#include "cgroup/set.h"
#include "plan/host.h"

enum { FILE_MAX_BYTES = 1 << 20 };

/*
 * Of a set that was recalled: there is no directory to look into, version 1 comes first.
 */
static const struct cgroup_dir *recalled(const struct cgroup_set *set,
					 unsigned controller)
{
	const struct cgroup_dir *ret = NULL;

	for (size_t i = 0; set && i < set->len; i++)
		if (set->dirs[i].fd < 0 && set->dirs[i].controllers & 1u << controller &&
		    (!ret || ret->v2))
			ret = &set->dirs[i];
	return ret;
}

static const struct cgroup_dir *dir_of(const struct cgroup_set *set, unsigned controller)
{
	for (size_t i = 0; set && i < set->len; i++)
		if (set->dirs[i].fd >= 0 && set->dirs[i].controllers & 1u << controller)
			return &set->dirs[i];
	return NULL;
}

/* The number that @file is, or that follows @key in a line of it; else UINT64_MAX. */
static uint64_t read_number(const struct cgroup_dir *d, const char *file, const char *key)
{
	cleanup_free char *text = NULL;
	const char *p;
	uint64_t n;

	if (io_read_file(d->fd, file, FILE_MAX_BYTES, &text, NULL) < 0)
		return UINT64_MAX;
	p = text;
	while (key && !(str_starts_with(p, key) && p[strlen(key)] == ' ')) {
		p = strchr(p, '\n');
		if (!p)
			return UINT64_MAX;
		p++;
	}
	if (key)
		p += strlen(key) + 1;
	if (*p < '0' || *p > '9')
		return UINT64_MAX;
	errno = 0;
	n = strtoull(p, NULL, 10);
	return errno ? UINT64_MAX : n;
}

/* The same, for a controller that the container may not have. */
static uint64_t read_value(const struct cgroup_dir *d, const char *file, const char *key)
{
	return d ? read_number(d, file, key) : UINT64_MAX;
}

/* The sum over all devices: "8:0 rbytes=1 wbytes=2 ..." or, in v1, "8:0 Read 1". */
static uint64_t sum_io(const char *text, const char *mark)
{
	uint64_t sum = 0;

	while ((text = strstr(text, mark))) {
		text += strlen(mark);
		sum += strtoull(text, NULL, 10);
	}
	return sum;
}

static void read_io(const struct cgroup_dir *d, struct cgroup_usage *ret)
{
	const char *file =
		d->v2 ? "io.stat" : "blkio.throttle.io_service_bytes_recursive";
	cleanup_free char *text = NULL;

	if (io_read_file(d->fd, file, FILE_MAX_BYTES, &text, NULL) < 0)
		return;
	ret->read_bytes = sum_io(text, d->v2 ? " rbytes=" : " Read ");
	ret->write_bytes = sum_io(text, d->v2 ? " wbytes=" : " Write ");
}

/* In v2 every group counts CPU time, with the controller or without. */
static void read_cpu(const struct cgroup_set *set, struct cgroup_usage *ret)
{
	const struct cgroup_dir *cpu = dir_of(set, CGROUP_CPU),
				*acct = dir_of(set, CGROUP_CPUACCT);

	ret->throttled = read_value(cpu, "cpu.stat", "nr_throttled");
	if (acct) {
		ret->cpu_usec = read_value(acct, "cpuacct.usage", NULL);
		if (ret->cpu_usec != UINT64_MAX)
			ret->cpu_usec /= 1000;
		return;
	}
	for (size_t i = 0; i < set->len; i++)
		if (set->dirs[i].v2 && set->dirs[i].fd >= 0)
			ret->cpu_usec =
				read_value(&set->dirs[i], "cpu.stat", "usage_usec");
}

void cgroup_set_usage(const struct cgroup_set *set, struct cgroup_usage *ret)
{
	const struct cgroup_dir *memory = dir_of(set, CGROUP_MEMORY);
	const bool v2 = memory && memory->v2;

	memset(ret, 0xff, sizeof(*ret)); /* UINT64_MAX each */
	ret->memory_bytes =
		read_value(memory, v2 ? "memory.current" : "memory.usage_in_bytes", NULL);
	ret->memory_limit_bytes =
		read_value(memory, v2 ? "memory.max" : "memory.limit_in_bytes", NULL);
	if (ret->memory_limit_bytes >= 1ull << 62) /* how v1 says that there is none */
		ret->memory_limit_bytes = UINT64_MAX;
	ret->memory_peak_bytes =
		read_value(memory, v2 ? "memory.peak" : "memory.max_usage_in_bytes",
			   NULL);
	ret->oom_kills = read_value(memory, v2 ? "memory.events" : "memory.oom_control",
				    "oom_kill");
	ret->pids = read_value(dir_of(set, CGROUP_PIDS), "pids.current", NULL);
	read_cpu(set, ret);
	if (dir_of(set, CGROUP_IO))
		read_io(dir_of(set, CGROUP_IO), ret);
}

/* The file that is the limit: it says whether the kernel has it in this group. */
static const struct limit_files {
	unsigned controller;
	const char *v1[2], *v2[2]; /* one of them */
} files[SPEC_GROUP_LIMITS] = {
	[MINC_LIMIT_MEMORY] = { CGROUP_MEMORY,
				{ "memory.limit_in_bytes" },
				{ "memory.max" } },
	[MINC_LIMIT_MEMORY_SWAP] = { CGROUP_MEMORY,
				     { "memory.memsw.limit_in_bytes" },
				     { "memory.swap.max" } },
	[MINC_LIMIT_MEMORY_KERNEL] = { CGROUP_MEMORY,
				       { "memory.kmem.limit_in_bytes" },
				       { NULL } },
	[MINC_LIMIT_CPU_SHARES] = { CGROUP_CPU, { "cpu.shares" }, { "cpu.weight" } },
	[MINC_LIMIT_CPU_QUOTA_US] = { CGROUP_CPU, { "cpu.cfs_quota_us" }, { "cpu.max" } },
	[MINC_LIMIT_CPU_PERIOD_US] = { CGROUP_CPU,
				       { "cpu.cfs_period_us" },
				       { "cpu.max" } },
	[MINC_LIMIT_PIDS] = { CGROUP_PIDS, { "pids.max" }, { "pids.max" } },
	[MINC_LIMIT_IO_WEIGHT] = { CGROUP_IO,
				   { "blkio.bfq.weight", "blkio.weight" },
				   { "io.bfq.weight", "io.weight" } },
};
static const struct limit_files cpuset = { CGROUP_CPUSET,
					   { "cpuset.cpus" },
					   { "cpuset.cpus" } };
static const struct limit_files io_limit = { CGROUP_IO,
					     { "blkio.throttle.read_bps_device" },
					     { "io.max" } };

static void report_one(const struct cgroup_set *set, const struct limit_files *f,
		       const char *origin, cgroup_report_fn *fn, void *userdata)
{
	const struct cgroup_dir *d = dir_of(set, f->controller);
	bool there = false;
	char text[64];

	if (!d) {
		d = recalled(set, f->controller);
		there = d && (d->v2 ? f->v2[0] : f->v1[0]);
	}
	for (size_t i = 0; d && d->fd >= 0 && i < 2; i++) {
		const char *file = d->v2 ? f->v2[i] : f->v1[i];

		there = there || (file && faccessat(d->fd, file, F_OK, 0) == 0);
	}
	if (!there) {
		fn(origin, "nothing", userdata);
		return;
	}
	snprintf(text, sizeof(text), "cgroup %s %s", d->v2 ? "v2" : "v1",
		 cgroup_controller_name(f->controller, d->v2));
	fn(origin, text, userdata);
}

/* A new group of v1 allows "a *:* rwm", everything; of v2 it has no program. */
static bool has_list(const struct cgroup_dir *d)
{
	cleanup_free char *text = NULL;

	if (d->fd < 0 || d->v2)
		return d->fd >= 0 && device_attached(d->fd) > 0;
	return io_read_file(d->fd, "devices.list", FILE_MAX_BYTES, &text, NULL) == 0 &&
	       !str_starts_with(text, "a ");
}

/* The group with a list of devices, or NULL. */
static const struct cgroup_dir *device_dir(const struct cgroup_set *set)
{
	for (size_t i = 0; set && i < set->len; i++)
		if (has_list(&set->dirs[i]))
			return &set->dirs[i];
	return NULL;
}

bool cgroup_set_confines_devices(const struct cgroup_set *set)
{
	return device_dir(set);
}

static void report_devices(const struct cgroup_set *set, cgroup_report_fn *fn,
			   void *userdata)
{
	const struct cgroup_dir *d = device_dir(set);

	if (!d)
		d = recalled(set, CGROUP_DEVICES);
	fn("devices",
	   !d      ? "nothing"
	   : d->v2 ? "cgroup v2 devices"
		   : "cgroup v1 devices",
	   userdata);
}

void cgroup_report(const struct spec *s, unsigned kernel, const struct cgroup_set *set,
		   bool devices, cgroup_report_fn *fn, void *userdata)
{
	if (devices)
		report_devices(set, fn, userdata);
	for (size_t i = MINC_LIMIT_MEMORY; i < SPEC_GROUP_LIMITS; i++) {
		/* the file is there, and does nothing */
		const bool sham =
			i == MINC_LIMIT_MEMORY_KERNEL && kernel >= HOST_KERNEL(5, 16);

		if (s->limits[i].set)
			report_one(sham ? NULL : set, &files[i], s->limits[i].origin, fn,
				   userdata);
	}
	if (s->limits[MINC_LIMIT_SCRATCH].set)
		fn(s->limits[MINC_LIMIT_SCRATCH].origin, "tmpfs", userdata);
	if (s->cpuset_origin)
		report_one(set, &cpuset, s->cpuset_origin, fn, userdata);
	for (const struct spec_io *io = s->io; io; io = io->next)
		report_one(set, &io_limit, io->origin, fn, userdata);
	for (const struct spec_rlimit *l = s->rlimits; l; l = l->next)
		fn(l->origin, "rlimit", userdata);
}
