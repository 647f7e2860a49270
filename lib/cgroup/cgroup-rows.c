/* SPDX-License-Identifier: MIT */
/* cgroup-rows - see cgroup-rows.h. */
#include "cgroup/cgroup-rows.h"

#include <errno.h>

STEP_NAMED(cgroup, "%s", d->path)
STEP_NAMED(cgroup_set, "%s to %s", d->file, d->value)
STEP_NAMED(cgroup_devices, "%s", d->path)
STEP_NAMED(cgroup_join, "%s", d->path)
STEP_NAMED(cgroup_scope, "%s", d->unit)
STEP_NAMED(rlimit, "%s", d->name)

static const char *path_of_group(const struct step *s)
{
	return STEP_DATA(s, cgroup)->path;
}

static const struct step_hint cgroup_hints[] = {
	{ -EAGAIN, "there are too many groups: cgroup.max.descendants" },
	{ 0 },
};

static const struct step_hint cgroup_set_hints[] = {
	{ -ENOENT, "this kernel cannot enforce that limit" },
	{ -ENODEV, "limits are for whole disks, not for partitions" },
	{ -ENXIO, "limits are for whole disks, not for partitions" },
	{ -EINVAL, "the group above may allow less" },
	{ 0 },
};

static const struct step_hint cgroup_devices_hints[] = {
	{ -EPERM, "the group above allows less, or keeps its own list for itself" },
	{ 0 },
};

static void hint_devices(struct err *e, const struct plan *p, const struct step *s,
			 int err, const char *note)
{
	const struct step_cgroup_devices *d = s->data;

	(void)p;
	(void)note;
	if (d->v2 && (err == -EINVAL || err == -ENOSYS))
		err_hint(e, "this kernel may lack CONFIG_CGROUP_BPF");
}

static const struct step_hint rlimit_hints[] = {
	{ -EPERM, "raising a hard limit needs CAP_SYS_RESOURCE; see prlimit(1)" },
	{ -EINVAL, "more than the kernel allows; for nofile see /proc/sys/fs/nr_open" },
	{ 0 },
};

const struct step_ops step_cgroup = {
	STEP_FACES("make cgroup", cgroup),
	.name_object = name_cgroup,
	.hints = cgroup_hints,
	.first = true,
	.leaves = path_of_group,
	.hold = hold_cgroup,
};

const struct step_ops step_cgroup_set = {
	STEP_FACES("set", cgroup_set),
	.name_object = name_cgroup_set,
	.hints = cgroup_set_hints,
	.first = true,
};

const struct step_ops step_cgroup_devices = {
	STEP_FACES("confine devices of", cgroup_devices),
	.name_object = name_cgroup_devices,
	.hints = cgroup_devices_hints,
	.hint = hint_devices,
	.first = true,
};

const struct step_ops step_cgroup_join = {
	STEP_FACES("join group", cgroup_join),
	.name_object = name_cgroup_join,
	.clone = clone_cgroup_join,
};

const struct step_ops step_cgroup_scope = {
	STEP_FACES("enter scope", cgroup_scope),
	.name_object = name_cgroup_scope,
	.answer = answer_cgroup_scope,
};

const struct step_ops step_rlimit = {
	STEP_FACES("limit", rlimit),
	.name_object = name_rlimit,
	.hints = rlimit_hints,
};

static const struct step_ops *const rows[] = { &step_cgroup,
					       &step_cgroup_set,
					       &step_cgroup_devices,
					       &step_cgroup_join,
					       &step_cgroup_scope,
					       &step_rlimit,
					       NULL };

const struct mechanism cgroup_steps = { "cgroup", rows, NULL };
