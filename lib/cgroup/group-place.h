/* SPDX-License-Identifier: MIT */
/*
 * group-place - where the groups of a container are made: a hierarchy for each
 * controller, a directory in each hierarchy, or a scope of the user's service manager
 * instead.
 */
#pragma once

#include "cgroup/cgroup.h"

/* Where a hierarchy's group is made. */
struct place {
	const struct cgroup_hierarchy *h;
	const struct cgroup_level *level; /* NULL: not here */
	int slot;
	const char *path;
};

/* Planning of one container's limits. */
struct limiting {
	struct plan *p;
	const struct spec *s;
	const struct host *h;
	const struct host_cgroups *g; /* NULL: not known */
	struct err *e;
	struct place places[CGROUP_HIERARCHIES_MAX];
	struct place *of[CGROUP_CONTROLLERS]; /* by controller; NULL: cannot be had */
	struct place scope;                   /* of systemd(1), stands for a directory */
	const char **properties;              /* of the scope: arguments of busctl(1) */
	size_t properties_len, count;
};

/*
 * Fill l->places and l->of for the controllers @needed, and append what makes the groups.
 */
void place_make(struct limiting *l, unsigned needed);
/* The list of devices (devices.c). */
int device_plan(struct limiting *l, const struct cgroup_devices *why);
/* There is no place for @controller: refuse the limit of @origin, or warn: 0. */
int place_missing(struct limiting *l, unsigned controller, const char *origin);
/* The limit of @origin cannot be had: 0 if that is only a warning. @hint may be NULL. */
int place_cannot(struct limiting *l, int r, const char *origin, const char *reason,
		 const char *hint);
/* Append what writes @value, with static @file, to the group at @place. */
void place_set(struct limiting *l, const struct place *place, const char *origin,
	       const char *why, const char *file, const char *value);
/* Append what puts the child into the groups. */
void place_join(struct limiting *l);
