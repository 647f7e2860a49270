/* SPDX-License-Identifier: MIT */
/*
 * limits - from limits and host facts to steps. Each limit needs a controller; it is
 * taken from v1 where it is mounted there, else from v2. A limit that this host or this
 * caller cannot enforce is refused with what to do about it, or with MINC_BEST_EFFORT
 * left out with a warning: never silently.
 */
#include <errno.h>
#include <minc/container.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/str.h"
#include "cgroup/cgroup-rows.h"
#include "cgroup/group-place.h"

static unsigned controllers_needed(const struct spec *s)
{
	static const enum cgroup_controller of[SPEC_GROUP_LIMITS] = {
		[MINC_LIMIT_MEMORY] = CGROUP_MEMORY,
		[MINC_LIMIT_MEMORY_SWAP] = CGROUP_MEMORY,
		[MINC_LIMIT_MEMORY_KERNEL] = CGROUP_MEMORY,
		[MINC_LIMIT_CPU_SHARES] = CGROUP_CPU,
		[MINC_LIMIT_CPU_QUOTA_US] = CGROUP_CPU,
		[MINC_LIMIT_CPU_PERIOD_US] = CGROUP_CPU,
		[MINC_LIMIT_PIDS] = CGROUP_PIDS,
		[MINC_LIMIT_IO_WEIGHT] = CGROUP_IO,
	};
	unsigned ret = 0;

	for (size_t i = MINC_LIMIT_MEMORY; i < SPEC_GROUP_LIMITS; i++)
		if (s->limits[i].set)
			ret |= 1u << of[i];
	if (s->cpuset_cpus || s->cpuset_mems)
		ret |= 1u << CGROUP_CPUSET;
	return s->io ? ret | 1u << CGROUP_IO : ret;
}

/* A number, or the word of that version for none. */
static const char *number(struct limiting *l, const struct place *place, int64_t value)
{
	if (value < 0)
		return place->h->v2 ? "max" : "-1";
	return plan_text(l->p, "%lld", (long long)value);
}

static int set_swap(struct limiting *l, const struct place *place)
{
	const struct spec_limit *memory = &l->s->limits[MINC_LIMIT_MEMORY];
	const struct spec_limit *swap = &l->s->limits[MINC_LIMIT_MEMORY_SWAP];
	const char *why = "memory and swap together";

	if (!l->g->swap)
		return place_cannot(
			l, -EOPNOTSUPP, swap->origin,
			"this kernel does not account for swap",
			"boot with swapaccount=1, or a kernel with CONFIG_MEMCG_SWAP");
	if (!place->h->v2)
		place_set(l, place, swap->origin, why, "memory.memsw.limit_in_bytes",
			  number(l, place, swap->value));
	else
		place_set(l, place, swap->origin, why, "memory.swap.max",
			  number(l, place,
				 swap->value < 0 ? -1 : swap->value - memory->value));
	return 0;
}

static int set_memory(struct limiting *l, const struct place *place)
{
	const struct spec_limit *const limits = l->s->limits;
	const struct spec_limit *kernel = &limits[MINC_LIMIT_MEMORY_KERNEL];
	int r = 0;

	if (limits[MINC_LIMIT_MEMORY].set)
		place_set(l, place, limits[MINC_LIMIT_MEMORY].origin,
			  "who needs more memory is killed",
			  place->h->v2 ? "memory.max" : "memory.limit_in_bytes",
			  number(l, place, limits[MINC_LIMIT_MEMORY].value));
	if (limits[MINC_LIMIT_MEMORY_SWAP].set)
		r = set_swap(l, place);
	if (r < 0 || !kernel->set)
		return r;
	/* 5.16 took it out; some later kernels accept the write and do nothing */
	if (place->h->v2 || l->h->kernel >= HOST_KERNEL(5, 16))
		return place_cannot(l, -EOPNOTSUPP, kernel->origin,
				    "this kernel has no limit for kernel memory alone",
				    "the limit on memory covers kernel memory, too");
	place_set(l, place, kernel->origin, "kernel memory on behalf of the container",
		  "memory.kmem.limit_in_bytes", number(l, place, kernel->value));
	return 0;
}

static void set_quota(struct limiting *l, const struct place *place)
{
	const struct spec_limit *quota = &l->s->limits[MINC_LIMIT_CPU_QUOTA_US];
	const struct spec_limit *period = &l->s->limits[MINC_LIMIT_CPU_PERIOD_US];
	const char *why = "no more CPU time than the quota in each period";
	int64_t us = period->set ? period->value : 100000;

	if (!place->h->v2) {
		if (period->set)
			place_set(l, place, period->origin, why, "cpu.cfs_period_us",
				  number(l, place, us));
		if (quota->set)
			place_set(l, place, quota->origin, why, "cpu.cfs_quota_us",
				  number(l, place, quota->value));
	} else if (period->set || quota->set) {
		place_set(l, place, quota->set ? quota->origin : period->origin, why,
			  "cpu.max",
			  plan_text(l->p, "%s %lld",
				    number(l, place, quota->set ? quota->value : -1),
				    (long long)us));
	}
}

uint64_t cgroup_weight_of_shares(uint64_t shares)
{
	return 1 + (shares - 2) * 9999 / 262142;
}

uint64_t cgroup_io_weight(uint64_t blkio_weight)
{
	return 1 + (blkio_weight - 10) * 9999 / 990;
}

static int set_cpu(struct limiting *l, const struct place *place)
{
	const struct spec_limit *shares = &l->s->limits[MINC_LIMIT_CPU_SHARES];

	if (shares->set) {
		uint64_t value = (uint64_t)shares->value;

		if (place->h->v2)
			value = cgroup_weight_of_shares(value);
		place_set(l, place, shares->origin,
			  "its part of the CPUs when they are short",
			  place->h->v2 ? "cpu.weight" : "cpu.shares",
			  number(l, place, (int64_t)value));
	}
	set_quota(l, place);
	return 0;
}

static int set_pids(struct limiting *l, const struct place *place)
{
	const struct spec_limit *pids = &l->s->limits[MINC_LIMIT_PIDS];

	place_set(l, place, pids->origin, "no more processes and threads", "pids.max",
		  pids->value < 0 ? "max" : number(l, place, pids->value));
	return 0;
}

/* Nodes or CPUs that the caller's group lacks would be left out silently by v2. */
static int check_available(struct limiting *l, const char *list, const char *available,
			   const char *what)
{
	uint64_t wanted[16], have[16];

	if (!list || !available || spec_parse_list(available, have) < 0 ||
	    spec_parse_list(list, wanted) < 0)
		return 0;
	for (size_t i = 0; i < 16; i++)
		if (wanted[i] & ~have[i])
			return err_say(l->e, -EINVAL,
				       "%s: not among the %s %s of the caller",
				       l->s->cpuset_origin, what, available);
	return 0;
}

static int set_cpuset(struct limiting *l, const struct place *place)
{
	const char *cpus = l->s->cpuset_cpus, *mems = l->s->cpuset_mems;
	const char *origin = l->s->cpuset_origin;
	int r = check_available(l, cpus, l->g->cpus, "CPUs");

	if (r == 0)
		r = check_available(l, mems, l->g->mems, "memory nodes");
	if (r < 0)
		return r;
	if (!place->h->v2) {
		/*
		 * joining moves the memory policy of what the child shares with the
		 * caller
		 */
		l->p->own_memory = l->p->own_memory || mems;
		/* a new group of v1 has neither, and then nobody can join */
		if (!cpus && l->g->cpus)
			cpus = plan_text(l->p, "%s", l->g->cpus);
		if (!mems && l->g->mems)
			mems = plan_text(l->p, "%s", l->g->mems);
	}
	if (cpus)
		place_set(l, place, origin, "only these CPUs", "cpuset.cpus", cpus);
	if (mems)
		place_set(l, place, origin, "only these memory nodes", "cpuset.mems",
			  mems);
	return 0;
}

/* "8:0" of a device; -errno with a message. */
static int device_number(struct limiting *l, const struct spec_io *io, const char **ret)
{
	struct stat st;

	*ret = io->device;
	if (*io->device != '/')
		return 0;
	if (stat(io->device, &st) < 0)
		return err_set(l->e, -errno, "%s", io->origin);
	if (!S_ISBLK(st.st_mode))
		return err_say(l->e, -ENOTBLK, "%s: not a block device", io->origin);
	*ret = plan_text(l->p, "%u:%u", major(st.st_rdev), minor(st.st_rdev));
	return 0;
}

static int set_io_limit(struct limiting *l, const struct place *place,
			const struct spec_io *io)
{
	static const char *const files[] = {
		[MINC_IO_READ_BPS] = "blkio.throttle.read_bps_device",
		[MINC_IO_WRITE_BPS] = "blkio.throttle.write_bps_device",
		[MINC_IO_READ_IOPS] = "blkio.throttle.read_iops_device",
		[MINC_IO_WRITE_IOPS] = "blkio.throttle.write_iops_device",
	};
	static const char *const keys[] = {
		[MINC_IO_READ_BPS] = "rbps",
		[MINC_IO_WRITE_BPS] = "wbps",
		[MINC_IO_READ_IOPS] = "riops",
		[MINC_IO_WRITE_IOPS] = "wiops",
	};
	const char *why = "no more input or output per second", *device;
	int r = device_number(l, io, &device);

	if (r < 0)
		return r;
	if (place->h->v2)
		place_set(l, place, io->origin, why, "io.max",
			  plan_text(l->p, "%s %s=%llu", device, keys[io->which],
				    (unsigned long long)io->value));
	else
		place_set(l, place, io->origin, why, files[io->which],
			  plan_text(l->p, "%s %llu", device,
				    (unsigned long long)io->value));
	return 0;
}

static int set_io_weight(struct limiting *l, const struct place *place)
{
	const struct spec_limit *weight = &l->s->limits[MINC_LIMIT_IO_WEIGHT];
	const char *why = "its part of a disk when it is short", *file = l->g->io_weight;
	uint64_t value = (uint64_t)weight->value;

	if (!place->h->v2) /* 5.0 took the CFQ scheduler out, and its file */
		file = l->h->kernel >= HOST_KERNEL(5, 0) ? "blkio.bfq.weight"
							 : "blkio.weight";
	else if (!file)
		return place_cannot(
			l, -EOPNOTSUPP, weight->origin,
			"this kernel has no weights for I/O",
			"modprobe bfq, or a kernel with CONFIG_BLK_CGROUP_IOCOST");
	else if (str_equal(file, "io.weight"))
		value = cgroup_io_weight(value);
	place_set(l, place, weight->origin, why, file, number(l, place, (int64_t)value));
	return 0;
}

static int set_io(struct limiting *l, const struct place *place)
{
	int r = l->s->limits[MINC_LIMIT_IO_WEIGHT].set ? set_io_weight(l, place) : 0;

	for (const struct spec_io *io = l->s->io; io && r == 0; io = io->next)
		r = set_io_limit(l, place, io);
	return r;
}

/* The options for the limits of @controller, one by one; "" after the last. */
static const char *origin_of(const struct spec *s, unsigned controller, size_t n)
{
	static const enum minc_limit limits[][4] = {
		[CGROUP_MEMORY] = { MINC_LIMIT_MEMORY, MINC_LIMIT_MEMORY_SWAP,
				    MINC_LIMIT_MEMORY_KERNEL },
		[CGROUP_CPU] = { MINC_LIMIT_CPU_SHARES, MINC_LIMIT_CPU_QUOTA_US,
				 MINC_LIMIT_CPU_PERIOD_US },
		[CGROUP_PIDS] = { MINC_LIMIT_PIDS },
		[CGROUP_IO] = { MINC_LIMIT_IO_WEIGHT },
	};

	for (size_t i = 0; controller <= CGROUP_IO && limits[controller][i]; i++)
		if (s->limits[limits[controller][i]].set && n-- == 0)
			return s->limits[limits[controller][i]].origin;
	for (const struct spec_io *io = s->io; controller == CGROUP_IO && io;
	     io = io->next)
		if (n-- == 0)
			return io->origin;
	return controller == CGROUP_CPUSET && n == 0 ? s->cpuset_origin : NULL;
}

static int set_limits(struct limiting *l, unsigned needed)
{
	static int (*const set[CGROUP_CONTROLLERS])(struct limiting *,
						    const struct place *) = {
		[CGROUP_MEMORY] = set_memory, [CGROUP_CPU] = set_cpu,
		[CGROUP_PIDS] = set_pids,     [CGROUP_IO] = set_io,
		[CGROUP_CPUSET] = set_cpuset,
	};
	int r = 0;

	for (unsigned c = 0; c < CGROUP_CONTROLLERS && r == 0; c++) {
		const char *origin;

		if (!(needed & 1u << c) || !set[c])
			continue;
		if (l->of[c])
			r = set[c](l, l->of[c]);
		for (size_t n = 0;
		     !l->of[c] && r == 0 && (origin = origin_of(l->s, c, n)); n++)
			r = place_missing(l, c, origin);
	}
	return r;
}

/* Limits that are wrong on every host. */
static int check_limits(struct limiting *l)
{
	const struct spec_limit *memory = &l->s->limits[MINC_LIMIT_MEMORY];
	const struct spec_limit *swap = &l->s->limits[MINC_LIMIT_MEMORY_SWAP];

	if (!swap->set || swap->value < 0)
		return 0;
	if (!memory->set || memory->value < 0)
		return err_say(l->e, -EINVAL, "%s: needs a limit on memory as well",
			       swap->origin);
	if (swap->value < memory->value)
		return err_say(l->e, -EINVAL,
			       "%s: less than the limit on memory, which is part "
			       "of it",
			       swap->origin);
	return 0;
}

int cgroup_plan(struct plan *p, const struct spec *s, const struct host *h,
		const struct cgroup_devices *devices, struct err *e)
{
	struct limiting l = { .p = p, .s = s, .h = h, .g = h->cgroups, .e = e };
	const bool list = devices->mknod || devices->rdonly;
	unsigned needed;
	int r;

	if (!spec_limits_group(s) && !list)
		return 0;
	r = check_limits(&l);
	if (r < 0)
		return r;
	needed = controllers_needed(s) | (list ? 1u << CGROUP_DEVICES : 0);
	place_make(&l, needed);
	r = set_limits(&l, needed);
	if (r == 0 && list)
		r = device_plan(&l, devices);
	if (r < 0)
		return r;
	place_join(&l);
	return 0;
}

void cgroup_plan_rlimits(struct plan *p, const struct spec *s)
{
	for (const struct spec_rlimit *i = s->rlimits; i; i = i->next) {
		struct step_rlimit *d =
			plan_append(p, &step_rlimit, i->origin,
				    "each process of the command on its own")
				->data;

		d->resource = i->resource;
		d->name = i->name;
		d->soft = i->soft;
		d->hard = i->hard;
	}
}
