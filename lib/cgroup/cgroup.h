/* SPDX-License-Identifier: MIT */
/*
 * cgroup - limits on resources: control groups for all processes of a container together,
 * setrlimit(2) for each. Planning chooses a hierarchy for each limit; the groups of a
 * container (struct cgroup_set) can then be read, frozen, killed and removed.
 *
 * A directory is named minc- and a random number. The process that keeps the container
 * holds an flock(2) on it, the lease. A directory without a lease and without processes
 * was left by a killed process, and a later start removes it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/host.h"
#include "plan/plan.h"
#include "plan/runner.h"
#include "plan/spec.h"

/* Why a container has a list of devices: the options, or NULL. */
struct cgroup_devices {
	const char *mknod;  /* lets the command make device files that work */
	const char *rdonly; /* shows a device that may only be read */
};

/*
 * Append the steps for all limits but rlimits. -EINVAL, -EOPNOTSUPP, -EACCES or the like
 * with a message for what cannot be enforced, unless MINC_BEST_EFFORT: a warning.
 */
int cgroup_plan(struct plan *p, const struct spec *s, const struct host *h,
		const struct cgroup_devices *devices, struct err *e);
/*
 * From @m on, the first read-only bind of a device, except devices that every container
 * may write; or NULL. A read-only mount does not stop writing to a device file: only a
 * list of devices does.
 */
const struct spec_mount *cgroup_rdonly_device(const struct spec_mount *m);
/*
 * The same for a terminal. No list can deny it: a list has numbers, and
 * the container's own terminals, of its own devpts, have the same numbers.
 */
const struct spec_mount *cgroup_rdonly_terminal(const struct spec_mount *m);
/*
 * Append the step that enters the group with the list. It comes after the file tree is
 * made, because for that the child opens loop devices and /dev/fuse.
 */
void cgroup_plan_devices(struct plan *p, const struct spec *s);
void cgroup_plan_rlimits(struct plan *p, const struct spec *s);

/* cpu.weight of v2 for cpu.shares of v1; io.weight for blkio.weight (10 to 1000). */
uint64_t cgroup_weight_of_shares(uint64_t shares);
uint64_t cgroup_io_weight(uint64_t blkio_weight);
