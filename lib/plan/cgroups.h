/* SPDX-License-Identifier: MIT */
/*
 * cgroups - host facts about control groups: which hierarchies are mounted, which
 * controllers each has, where the caller is in them and what it may make there. Probed
 * only for a container with limits: a start without them does not pay for it.
 *
 * See cgroups(7) and the kernel's admin-guide/cgroup-v2.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

enum cgroup_controller {
	CGROUP_CPU,
	CGROUP_CPUACCT, /* only v1; part of cpu in v2 */
	CGROUP_CPUSET,
	CGROUP_MEMORY,
	CGROUP_PIDS,
	CGROUP_IO,      /* blkio in v1 */
	CGROUP_FREEZER, /* only v1; v2 always can */
	CGROUP_DEVICES, /* the same: by bpf(2) */
	CGROUP_CONTROLLERS
};

/* Name in that version, or NULL. */
const char *cgroup_controller_name(enum cgroup_controller c, bool v2);
/* Bits 1 << enum cgroup_controller of the names in @text, which @separator parts. */
unsigned cgroup_controllers_parse(const char *text, char separator, bool v2);

enum { CGROUP_HIERARCHIES_MAX = 12, CGROUP_LEVELS_MAX = 8 };

/* A directory that could hold containers: the caller's own, or one above it. */
struct cgroup_level {
	const char *path;
	unsigned controllers; /* v2: may be given to children */
	unsigned enabled;     /* v2: are given to children */
	bool writable;        /* directories can be made in it */
	bool top;             /* v2: of the machine: processes in it do no harm */
	bool busy;            /* v2: has processes */
};

struct cgroup_hierarchy {
	bool v2;
	unsigned controllers; /* v1: of this mount */
	struct cgroup_level
		levels[CGROUP_LEVELS_MAX]; /* the caller's own first; v1: only one */
	size_t levels_len;
	bool deep; /* v2: there are more above, which are not looked at as places */
	/* another user can write one, so that it and those below it are left out */
	bool anothers;
};

struct host_cgroups {
	struct arena arena;
	struct cgroup_hierarchy list[CGROUP_HIERARCHIES_MAX];
	size_t len;
	bool in_userns;          /* not the machine's own; set before it is read */
	const char *cpus, *mems; /* what the caller's cpuset may use; NULL: unknown */
	bool swap;               /* swap is accounted for, or this cannot be seen */
	const char *io_weight;   /* the file for it in a v2 group, or NULL */
	unsigned
		/* what the user's systemd(1) can limit; 0: there is none */
		scope_controllers;
	const char *v2_mount; /* where v2 is mounted, or NULL */
	char name[32];        /* directory of the container to be planned */
};

/*
 * From the texts of /proc/self/mountinfo and /proc/self/cgroup, and the files below the
 * mount points named there. 0 or -ENOMEM.
 */
int cgroups_read(struct host_cgroups *g, char *mountinfo, char *self);

/*
 * The service manager of user @uid, whose runtime directory is @runtime (or NULL):
 * without privilege it alone can move a process to where limits are. 0 or -ENOMEM.
 */
int cgroups_find_systemd(struct host_cgroups *g, unsigned uid, const char *runtime);

/* "none", "v1", "v2" or "hybrid": both, with controllers in v1. */
const char *cgroups_layout(const struct host_cgroups *g);
