/* SPDX-License-Identifier: MIT */
/*
 * limits - from limits and host facts to steps. Each limit needs a controller; it is taken
 * from v1 where it is mounted there, else from v2. A limit that this host or this caller
 * cannot enforce is refused with what to do about it, or with MINC_BEST_EFFORT left out
 * with a warning: never silently.
 *
 * Beside the groups with limits there is always one in v2, if there is a v2 at all: the
 * child is born in it (CLONE_INTO_CGROUP), and it can be frozen and killed at once.
 *
 * In v2 only a group without processes can give controllers to its children ("no internal
 * processes", cgroups(7)), and the caller is a process in its own group: so the
 * container's is made beside the caller's group, or above, where that may be written.
 */
#include <errno.h>
#include <minc/container.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/str.h"
#include "cgroup/cgroup.h"

/* Where a hierarchy's group is made. */
struct place {
	const struct cgroup_hierarchy *h;
	const struct cgroup_level *level; /* NULL: not here */
	int slot;
	const char *path;
};

struct limiting {
	struct plan *p;
	const struct spec *s;
	const struct host *h;
	const struct host_cgroups *g;
	struct err *e;
	struct place places[CGROUP_HIERARCHIES_MAX];
	struct place *of[CGROUP_CONTROLLERS]; /* by controller; NULL: cannot be had */
	struct place scope; /* of systemd(1), stands for a directory */
	const char **properties; /* of the scope: arguments of busctl(1) */
	size_t properties_len, count;
};

enum { PROPERTY_WORDS_MAX = 32 };

static bool best_effort(const struct limiting *l)
{
	return spec_flag(l->s, MINC_BEST_EFFORT);
}

static const char delegation[] =
	"an ordinary user needs a control group of its own: systemd-run --user --scope "
	"-p Delegate=yes COMMAND, or root gives one with chown; see cgroups(7), delegation";

static const char delegation_v1[] =
	"on cgroup v1 an ordinary user needs one of root's making: mkdir and chown a directory "
	"in the hierarchy and start minc in it; systemd.unified_cgroup_hierarchy=1 boots with v2";

/* The limit of @origin cannot be had: 0 if that is only a warning. */
static int cannot(struct limiting *l, int r, const char *origin, const char *reason,
		  const char *hint)
{
	if (best_effort(l)) {
		plan_warn(l->p, "%s: not enforced: %s", origin, reason);
		return 0;
	}
	err_say(l->e, r, "%s: %s", origin, reason);
	snprintf(l->e->origin, sizeof(l->e->origin), "%s", origin);
	if (hint)
		err_hint(l->e, "%s", hint);
	return r;
}

static unsigned controllers_needed(const struct spec *s)
{
	static const enum cgroup_controller of[SPEC_LIMITS] = {
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

	for (size_t i = MINC_LIMIT_MEMORY; i < SPEC_LIMITS; i++)
		if (s->limits[i].set)
			ret |= 1u << of[i];
	if (s->cpuset_cpus || s->cpuset_mems)
		ret |= 1u << CGROUP_CPUSET;
	return s->io ? ret | 1u << CGROUP_IO : ret;
}

/* The nearest level that may get a child with the controllers @needed. */
static const struct cgroup_level *choose_level(const struct cgroup_hierarchy *h, unsigned needed)
{
	for (size_t i = 0; i < h->levels_len; i++) {
		const struct cgroup_level *v = &h->levels[i];

		if (!v->writable)
			return NULL; /* what is above is not the caller's either */
		if ((needed & ~v->controllers) == 0 &&
		    ((needed & ~v->enabled) == 0 || v->top || !v->busy))
			return v;
	}
	return NULL;
}

/* As much of @needed as any level can give: limits that cannot be had are named singly. */
static void choose_v2(struct place *place, unsigned needed, unsigned *ret_given)
{
	const struct cgroup_hierarchy *h = place->h;

	place->level = choose_level(h, needed);
	if (place->level) {
		*ret_given = needed;
		return;
	}
	*ret_given = 0;
	for (unsigned c = 0; c < CGROUP_CONTROLLERS; c++)
		if (needed & 1u << c && choose_level(h, *ret_given | 1u << c))
			*ret_given |= 1u << c;
	place->level = choose_level(h, *ret_given);
}

static struct place *place_of_v1(struct limiting *l, unsigned controller)
{
	for (size_t i = 0; l->g && i < l->g->len; i++)
		if (!l->g->list[i].v2 && l->g->list[i].controllers & 1u << controller)
			return &l->places[i];
	return NULL;
}

static struct place *place_of_v2(struct limiting *l)
{
	for (size_t i = 0; l->g && i < l->g->len; i++)
		if (l->g->list[i].v2)
			return &l->places[i];
	return NULL;
}

/* A hierarchy for each controller, a level for each hierarchy. */
static void choose_places(struct limiting *l, unsigned needed)
{
	struct place *v2 = place_of_v2(l);
	unsigned from_v2 = 0, given = 0;

	for (size_t i = 0; l->g && i < l->g->len; i++)
		l->places[i].h = &l->g->list[i];
	if (!v2)
		needed |= 1u << CGROUP_FREEZER; /* of no limit, but what would stop it? */
	for (unsigned c = 0; c < CGROUP_CONTROLLERS; c++) {
		struct place *v1 = needed & 1u << c ? place_of_v1(l, c) : NULL;

		if (v1 && v1->h->levels_len && v1->h->levels[0].writable) {
			v1->level = &v1->h->levels[0];
			l->of[c] = v1;
		} else if (needed & 1u << c && !v1) {
			from_v2 |= 1u << c;
		}
	}
	if (v2)
		choose_v2(v2, from_v2, &given);
	for (unsigned c = 0; c < CGROUP_CONTROLLERS; c++)
		if (given & 1u << c)
			l->of[c] = v2;
}

/*
 * An ordinary user without a delegated group: all that is left is to ask the user's own
 * service manager, which may move processes, for a scope with the limits.
 */
static void choose_scope(struct limiting *l, unsigned needed)
{
	static const struct cgroup_hierarchy v2 = { .v2 = true };

	for (unsigned c = 0; l->g && c < CGROUP_CONTROLLERS; c++) {
		if (!(needed & 1u << c) || place_of_v1(l, c))
			continue;
		if (l->of[c] && l->of[c] != &l->scope)
			return; /* there is a group of its own */
		if (l->g->scope_controllers & 1u << c)
			l->of[c] = &l->scope;
	}
	l->scope.h = &v2;
	l->properties = plan_alloc(l->p, (PROPERTY_WORDS_MAX + 1) * sizeof(*l->properties));
}

static void enter_scope(struct limiting *l)
{
	struct step *s;

	if (!l->count)
		return;
	s = plan_append(l->p, STEP_CGROUP_SCOPE, NULL,
			"only the service manager may move an ordinary user's process");
	s->flags = best_effort(l) ? STEP_OPTIONAL : 0;
	s->cgroup_scope.unit = plan_text(l->p, "%s.scope", l->g->name);
	s->cgroup_scope.properties = l->properties;
	s->cgroup_scope.count = (unsigned)l->count;
	s->cgroup_scope.mount = plan_text(l->p, "%s", l->g->v2_mount);
	for (unsigned c = 0; c < CGROUP_CONTROLLERS; c++)
		if (l->of[c] == &l->scope)
			s->cgroup_scope.controllers |= 1u << c;
	l->p->scope = true;
	l->p->scope_optional = best_effort(l);
	l->p->own_memory = true; /* the caller has work in the middle */
}

/* Why there is no place for @controller. */
static int no_place(struct limiting *l, unsigned controller, const char *origin)
{
	const char *name = cgroup_controller_name(controller, false);
	const struct place *v2 = place_of_v2(l);
	bool exists = place_of_v1(l, controller), permitted = false;

	for (size_t i = 0; v2 && i < v2->h->levels_len; i++) {
		exists = exists || v2->h->levels[i].controllers & 1u << controller;
		permitted = permitted || v2->h->levels[i].writable;
	}
	if (!exists)
		return cannot(l, -EOPNOTSUPP, origin,
			      plan_text(l->p, "this host (cgroup %s) has no %s controller",
					l->g ? cgroups_layout(l->g) : "none", name),
			      "cgroups(7) must be mounted below /sys/fs/cgroup, the kernel built "
			      "with the controller, and cgroup_disable= not name it");
	if (permitted && !place_of_v1(l, controller))
		return cannot(l, -EBUSY, origin,
			      plan_text(l->p, "no control group here can give away the %s "
					      "controller: each has processes or lacks it", name),
			      l->h->uid == 0 ? "start minc from a group beside which others may be "
					       "made; see cgroups(7), no internal processes" :
					       delegation);
	return cannot(l, -EACCES, origin,
		      plan_text(l->p, "no permission to make a control group with the %s "
				      "controller", name),
		      place_of_v1(l, controller) ? delegation_v1 : delegation);
}

static void enable(struct limiting *l, const struct place *place)
{
	unsigned missing = 0;
	const char *text = "";
	struct step *s;

	for (unsigned c = 0; place->h->v2 && c < CGROUP_CONTROLLERS; c++)
		if (l->of[c] == place && !(place->level->enabled & 1u << c))
			missing |= 1u << c;
	for (unsigned c = 0; c < CGROUP_CONTROLLERS; c++)
		if (missing & 1u << c)
			text = plan_text(l->p, "%s%s+%s", text, *text ? " " : "",
					 cgroup_controller_name(c, true));
	if (!missing)
		return;
	s = plan_append(l->p, STEP_CGROUP_SET, NULL,
			"groups beside the caller's get the controllers");
	s->flags = STEP_HOST | (best_effort(l) ? STEP_OPTIONAL : 0);
	s->cgroup_set.at = SLOT_CWD;
	s->cgroup_set.file = "cgroup.subtree_control";
	s->cgroup_set.value = text;
	s->cgroup_set.path = plan_text(l->p, "%s/cgroup.subtree_control", place->level->path);
}

static void make_group(struct limiting *l, struct place *place)
{
	const bool v2 = place->h->v2, by_clone = v2 && l->h->kernel >= HOST_KERNEL(5, 7);
	struct step *s;

	enable(l, place);
	place->slot = plan_slot(l->p);
	place->path = plan_text(l->p, "%s/%s", place->level->path, l->g->name);
	s = plan_append(l->p, STEP_CGROUP, NULL,
			v2 ? "a group to be born in, stopped and ended by" :
			     "a group for this hierarchy's limits");
	s->flags = STEP_HOST | (best_effort(l) ? STEP_OPTIONAL : 0);
	s->cgroup.parent = place->level->path;
	s->cgroup.path = place->path;
	s->cgroup.v2 = v2;
	s->cgroup.ret = place->slot;
	s->cgroup.ret_procs = by_clone ? SLOT_NONE : plan_slot(l->p);
	if (!v2)
		s->cgroup.controllers = place->h->controllers;
	for (unsigned c = 0; v2 && c < CGROUP_CONTROLLERS; c++)
		if (l->of[c] == place)
			s->cgroup.controllers |= 1u << c;
	l->p->cgroups++;
}

static void join_groups(struct limiting *l)
{
	for (size_t i = 0, steps = l->p->len; i < steps; i++) {
		const struct step made = l->p->steps[i];
		struct step *s;

		if (made.kind != STEP_CGROUP)
			continue;
		s = plan_append(l->p, STEP_CGROUP_JOIN, NULL,
				"every process of the container is in the group");
		s->flags = best_effort(l) ? STEP_OPTIONAL : 0;
		s->cgroup_join.by_clone = made.cgroup.ret_procs == SLOT_NONE;
		s->cgroup_join.slot = s->cgroup_join.by_clone ? made.cgroup.ret :
								made.cgroup.ret_procs;
		s->cgroup_join.path = plan_text(l->p, "%s/cgroup.procs", made.cgroup.path);
	}
}

static void add_property(struct limiting *l, const char *name, uint64_t value)
{
	if (l->properties_len + 4 > PROPERTY_WORDS_MAX || !l->properties)
		return; /* without memory plan_seal() fails */
	l->properties[l->properties_len++] = name;
	l->properties[l->properties_len++] = "t";
	l->properties[l->properties_len++] =
		plan_text(l->p, "%llu", (unsigned long long)value);
	l->count++;
}

/* What a v2 file is called by systemd.resource-control(5). */
static void set_property(struct limiting *l, const char *file, const char *value)
{
	static const struct {
		const char *file, *property;
	} names[] = { { "memory.max", "MemoryMax" },
		      { "memory.swap.max", "MemorySwapMax" },
		      { "cpu.weight", "CPUWeight" },
		      { "pids.max", "TasksMax" } };
	const bool none = str_starts_with(value, "max");
	uint64_t n = none ? UINT64_MAX : strtoull(value, NULL, 10), period;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_equal(file, names[i].file))
			add_property(l, names[i].property, n);
	if (!str_equal(file, "cpu.max"))
		return;
	period = strtoull(value + strcspn(value, " "), NULL, 10);
	add_property(l, "CPUQuotaPerSecUSec", none ? n : n * 1000000 / period);
	add_property(l, "CPUQuotaPeriodUSec", period);
}

static void set_file(struct limiting *l, const struct place *place, const char *origin,
		     const char *why, const char *file, const char *value)
{
	struct step *s;

	if (place == &l->scope) {
		set_property(l, file, value);
		return;
	}
	s = plan_append(l->p, STEP_CGROUP_SET, origin, why);
	s->flags = STEP_HOST | (best_effort(l) ? STEP_OPTIONAL : 0);
	s->cgroup_set.at = place->slot;
	s->cgroup_set.file = file;
	s->cgroup_set.value = value;
	s->cgroup_set.path = plan_text(l->p, "%s/%s", place->path, file);
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
		return cannot(l, -EOPNOTSUPP, swap->origin,
			      "this kernel does not account for swap",
			      "boot with swapaccount=1, or a kernel with CONFIG_MEMCG_SWAP");
	if (!place->h->v2)
		set_file(l, place, swap->origin, why, "memory.memsw.limit_in_bytes",
			 number(l, place, swap->value));
	else
		set_file(l, place, swap->origin, why, "memory.swap.max",
			 number(l, place, swap->value < 0 ? -1 : swap->value - memory->value));
	return 0;
}

static int set_memory(struct limiting *l, const struct place *place)
{
	const struct spec_limit *const limits = l->s->limits;
	const struct spec_limit *kernel = &limits[MINC_LIMIT_MEMORY_KERNEL];
	int r = 0;

	if (limits[MINC_LIMIT_MEMORY].set)
		set_file(l, place, limits[MINC_LIMIT_MEMORY].origin,
			 "who needs more memory is killed",
			 place->h->v2 ? "memory.max" : "memory.limit_in_bytes",
			 number(l, place, limits[MINC_LIMIT_MEMORY].value));
	if (limits[MINC_LIMIT_MEMORY_SWAP].set)
		r = set_swap(l, place);
	if (r < 0 || !kernel->set)
		return r;
	/* 5.16 took it out; some later kernels accept the write and do nothing */
	if (place->h->v2 || l->h->kernel >= HOST_KERNEL(5, 16))
		return cannot(l, -EOPNOTSUPP, kernel->origin,
			      "this kernel has no limit for kernel memory alone",
			      "the limit on memory covers kernel memory, too");
	set_file(l, place, kernel->origin, "kernel memory on behalf of the container",
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
			set_file(l, place, period->origin, why, "cpu.cfs_period_us",
				 number(l, place, us));
		if (quota->set)
			set_file(l, place, quota->origin, why, "cpu.cfs_quota_us",
				 number(l, place, quota->value));
	} else if (period->set || quota->set) {
		set_file(l, place, quota->set ? quota->origin : period->origin, why, "cpu.max",
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
		set_file(l, place, shares->origin, "its part of the CPUs when they are short",
			 place->h->v2 ? "cpu.weight" : "cpu.shares",
			 number(l, place, (int64_t)value));
	}
	set_quota(l, place);
	return 0;
}

static int set_pids(struct limiting *l, const struct place *place)
{
	const struct spec_limit *pids = &l->s->limits[MINC_LIMIT_PIDS];

	set_file(l, place, pids->origin, "no more processes and threads", "pids.max",
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
			return err_say(l->e, -EINVAL, "%s: not among the %s %s of the caller",
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
		/* joining moves the memory policy of what the child shares with the caller */
		l->p->own_memory = l->p->own_memory || mems;
		/* a new group of v1 has neither, and then nobody can join */
		if (!cpus && l->g->cpus)
			cpus = plan_text(l->p, "%s", l->g->cpus);
		if (!mems && l->g->mems)
			mems = plan_text(l->p, "%s", l->g->mems);
	}
	if (cpus)
		set_file(l, place, origin, "only these CPUs", "cpuset.cpus", cpus);
	if (mems)
		set_file(l, place, origin, "only these memory nodes", "cpuset.mems", mems);
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

static int set_io_limit(struct limiting *l, const struct place *place, const struct spec_io *io)
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
		set_file(l, place, io->origin, why, "io.max",
			 plan_text(l->p, "%s %s=%llu", device, keys[io->which],
				   (unsigned long long)io->value));
	else
		set_file(l, place, io->origin, why, files[io->which],
			 plan_text(l->p, "%s %llu", device, (unsigned long long)io->value));
	return 0;
}

static int set_io_weight(struct limiting *l, const struct place *place)
{
	const struct spec_limit *weight = &l->s->limits[MINC_LIMIT_IO_WEIGHT];
	const char *why = "its part of a disk when it is short", *file = l->g->io_weight;
	uint64_t value = (uint64_t)weight->value;

	if (!place->h->v2) /* 5.0 took the CFQ scheduler out, and its file */
		file = l->h->kernel >= HOST_KERNEL(5, 0) ? "blkio.bfq.weight" : "blkio.weight";
	else if (!file)
		return cannot(l, -EOPNOTSUPP, weight->origin, "this kernel has no weights for I/O",
			      "modprobe bfq, or a kernel with CONFIG_BLK_CGROUP_IOCOST");
	else if (str_equal(file, "io.weight"))
		value = cgroup_io_weight(value);
	set_file(l, place, weight->origin, why, file, number(l, place, (int64_t)value));
	return 0;
}

static int set_io(struct limiting *l, const struct place *place)
{
	int r = l->s->limits[MINC_LIMIT_IO_WEIGHT].set ? set_io_weight(l, place) : 0;

	for (const struct spec_io *io = l->s->io; io && r == 0; io = io->next)
		r = set_io_limit(l, place, io);
	return r;
}

/* What the user called the limits of @controller; "" once all were returned. */
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
	for (const struct spec_io *io = s->io; controller == CGROUP_IO && io; io = io->next)
		if (n-- == 0)
			return io->origin;
	return controller == CGROUP_CPUSET && n == 0 ? s->cpuset_origin : NULL;
}

static int set_limits(struct limiting *l, unsigned needed)
{
	static int (*const set[CGROUP_CONTROLLERS])(struct limiting *, const struct place *) = {
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
		for (size_t n = 0; !l->of[c] && r == 0 && (origin = origin_of(l->s, c, n)); n++)
			r = no_place(l, c, origin);
	}
	return r;
}

/* What is wrong on every host. */
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
		return err_say(l->e, -EINVAL, "%s: less than the limit on memory, which is part "
					      "of it", swap->origin);
	return 0;
}

int cgroup_plan(struct plan *p, const struct spec *s, const struct host *h, struct err *e)
{
	struct limiting l = { .p = p, .s = s, .h = h, .g = h->cgroups, .e = e };
	unsigned needed;
	int r;

	if (!spec_limits_group(s))
		return 0;
	r = check_limits(&l);
	if (r < 0)
		return r;
	needed = controllers_needed(s);
	choose_places(&l, needed);
	if (l.g && l.g->scope_controllers)
		choose_scope(&l, needed);
	for (size_t i = 0; l.g && i < l.g->len; i++)
		if (l.places[i].level)
			make_group(&l, &l.places[i]);
	r = set_limits(&l, needed);
	if (r < 0)
		return r;
	join_groups(&l);
	enter_scope(&l);
	return 0;
}

void cgroup_plan_rlimits(struct plan *p, const struct spec *s)
{
	for (const struct spec_rlimit *i = s->rlimits; i; i = i->next) {
		struct step *step = plan_append(p, STEP_RLIMIT, i->origin,
						"each process of the command on its own");

		step->rlimit.resource = i->resource;
		step->rlimit.name = i->name;
		step->rlimit.soft = i->soft;
		step->rlimit.hard = i->hard;
	}
}

const char *cgroup_hint(const struct step *s, int err)
{
	if (s->kind == STEP_RLIMIT && err == -EPERM)
		return "raising a hard limit needs CAP_SYS_RESOURCE; see prlimit(1)";
	if (s->kind == STEP_RLIMIT && err == -EINVAL)
		return "more than the kernel allows; for nofile see /proc/sys/fs/nr_open";
	if (s->kind == STEP_CGROUP_SET && err == -ENOENT)
		return "this kernel cannot enforce that limit";
	if (s->kind == STEP_CGROUP_SET && (err == -ENODEV || err == -ENXIO))
		return "limits are for whole disks, not for partitions";
	if (s->kind == STEP_CGROUP_SET && err == -EINVAL)
		return "the group above may allow less";
	if (s->kind == STEP_CGROUP && err == -EAGAIN)
		return "there are too many groups: cgroup.max.descendants";
	return NULL;
}
