/* SPDX-License-Identifier: MIT */
/*
 * set - the control groups of one container, in as many hierarchies as it has limits in.
 * As text (cgroup_set_text) they can be kept in a file, and opened by another process.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/cgroups.h"
#include "plan/held.h"
#include "plan/plan.h"
#include "plan/spec.h"

struct cgroup_dir {
	int fd; /* of the directory; in the starting process its lock is the lease */
	char *path;
	bool v2;
	unsigned controllers; /* bits 1 << enum cgroup_controller */
};

struct cgroup_set {
	size_t len;
	struct cgroup_dir dirs[CGROUP_HIERARCHIES_MAX];
};

/* Use at this moment; UINT64_MAX: not known here. */
struct cgroup_usage {
	uint64_t memory_bytes, memory_limit_bytes, memory_peak_bytes, oom_kills;
	uint64_t cpu_usec, throttled; /* how often it had to wait for its quota */
	uint64_t pids;
	uint64_t read_bytes, write_bytes;
};

/* Close; the groups stay. Returns NULL; NULL is fine. */
struct cgroup_set *cgroup_set_free(struct cgroup_set *set);

/*
 * Hold the group that process @pid is in, of cgroup2 mounted at @mount, which another
 * makes and removes; its controllers in @ret. 0 or -errno.
 */
int cgroup_hold_foreign(struct held_list *l, const char *mount, int pid, unsigned *ret);
/*
 * Hold groups that others keep, by their lines as cgroup_set_open() takes them; 0 or
 * -errno.
 */
int cgroup_hold_opened(struct held_list *l, const char *const *lines);
/*
 * The groups that are held, none perhaps, as a set whose descriptors and paths stay the
 * list's: not to be freed, and good until that changes. Returns @ret.
 */
struct cgroup_set *cgroup_set_of(const struct held_list *l, struct cgroup_set *ret);
/* Paths of the groups that @p makes; how many. */
size_t cgroup_paths(const struct plan *p, const char *ret[CGROUP_HIERARCHIES_MAX]);

/* Group @i in one line, "v2:PATH" or "memory:PATH"; 0, or -ENAMETOOLONG. */
int cgroup_set_text(const struct cgroup_set *set, size_t i, char *buf, size_t len);
/*
 * From such lines, NULL-terminated, without taking the lease. -EINVAL: not such a line;
 * -ENOENT: gone; -errno.
 */
int cgroup_set_open(const char *const *lines, struct cgroup_set **ret);
/* The same without opening them: of what has ended, for cgroup_report() alone. */
int cgroup_set_recall(const char *const *lines, struct cgroup_set **ret);

void cgroup_set_usage(const struct cgroup_set *set, struct cgroup_usage *ret);
/* To all processes; they are gone (frozen, running) on return. -ETIMEDOUT after 10 s. */
int cgroup_set_kill(const struct cgroup_set *set);
int cgroup_set_freeze(const struct cgroup_set *set);
int cgroup_set_thaw(const struct cgroup_set *set);
bool cgroup_set_is_frozen(const struct cgroup_set *set);

/* Whether a list of devices confines the processes in the groups. */
bool cgroup_set_confines_devices(const struct cgroup_set *set);

/*
 * For each limit of @s, and for a list of devices if @devices says that there should be
 * one, what enforces it: @fn is called with the user's words for the limit and "cgroup v1
 * memory", "cgroup v2 cpu", "tmpfs", "rlimit" or "nothing". @kernel is HOST_KERNEL();
 * @set may be NULL. Of a set that was recalled, what enforced it: as no start goes on
 * without, unless it was told to.
 */
typedef void cgroup_report_fn(const char *origin, const char *enforced_by,
			      void *userdata);
void cgroup_report(const struct spec *s, unsigned kernel, const struct cgroup_set *set,
		   bool devices, cgroup_report_fn *fn, void *userdata);
