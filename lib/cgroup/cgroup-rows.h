/* SPDX-License-Identifier: MIT */
/* cgroup-rows - arguments of the steps of groups and limits; see struct step_ops. */
#pragma once

#include "plan/plan.h"
#include "plan/runner.h"

struct bpf_insn; /* linux/bpf.h */

/* Make a control group. */
struct step_cgroup {
	const char *parent, *path; /* absolute */
	bool v2;
	unsigned controllers; /* bits 1 << enum cgroup_controller */
	/* slot of the directory, whose lock is the lease */
	int ret;
	int ret_procs; /* slot of its cgroup.procs, or SLOT_NONE */
};

/* Write one of its files. */
struct step_cgroup_set {
	int at; /* slot of the directory, or SLOT_CWD: @path is used */
	const char *file, *value;
	const char *path; /* absolute */
};

/* Give it a list of devices. */
struct step_cgroup_devices {
	int at;           /* slot of the directory */
	const char *path; /* of it */
	bool v2;
	const char *const *rules;       /* "c 1:3 rwm", NULL-terminated */
	const struct bpf_insn *program; /* the same for v2 */
	unsigned len;
};

/* Enter it. */
struct step_cgroup_join {
	/*
	 * of cgroup.procs, or with @by_clone of the directory; SLOT_NONE:
	 * @path
	 */
	int slot;
	bool by_clone;    /* clone3(2) has done it */
	const char *path; /* of cgroup.procs */
};

/* Let the user's systemd(1) make one and move us into it. */
struct step_cgroup_scope {
	const char *unit; /* "minc-x.scope" */
	/* busctl(1)'s arguments for the limits, number of limits */
	const char *const *properties;
	unsigned count;
	const char *mount; /* of cgroup2 */
	unsigned controllers;
};

struct step_rlimit {
	int resource; /* RLIMIT_* */
	const char *name;
	uint64_t soft, hard;
};

STEP_KIND(cgroup);
STEP_KIND(cgroup_set);
STEP_KIND(cgroup_devices);
STEP_KIND(cgroup_join);
STEP_KIND(cgroup_scope);
STEP_KIND(rlimit);
extern const struct mechanism cgroup_steps;

/* The group to be born in: not entering one costs less than leaving the other. */
void clone_cgroup_join(struct sys_clone_args *a, const struct step *s, const int *slots);
int answer_cgroup_scope(struct answer *a, const struct step *s);
/*
 * A place for the group. At the end of the container what is still in it is killed, and
 * it is removed; it is left, to a later start, if it is not empty when the handle is
 * freed.
 */
struct held *hold_cgroup(struct held_list *l, const struct step *s);
