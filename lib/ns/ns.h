/* SPDX-License-Identifier: MIT */
/*
 * ns - user, pid, ipc, uts and network namespaces, and who the command is in them.
 * Planning functions append steps; the run_ and say_ functions are their two faces.
 */
#pragma once

#include "ns/userns.h"
#include "plan/host.h"
#include "plan/identity.h"
#include "plan/plan.h"
#include "plan/runner.h"
#include "plan/spec.h"

/* Which user namespace, if any. */
struct idmap {
	bool own;    /* a new user namespace */
	bool single; /* with one id; else with the caller's subordinate ranges */
	struct id_ranges ranges;
};

/* Choose it; -EPERM or -ENOENT with a message if the request cannot be met. */
int idmap_choose(const struct spec *s, const struct host *h, struct idmap *ret,
		 struct err *e);

/*
 * Resolve s->user in etc/passwd and etc/group below @root (a descriptor), or first below
 * @upper (-EBADF: none). -ENOENT with a message for an unknown name.
 */
int passwd_resolve(const struct spec *s, int root, int upper, struct identity *ret,
		   struct err *e);

void ns_plan_lifeline(struct plan *p, const struct spec *s);
/* After the child has joined its control groups: these are the top that it sees. */
void ns_plan_cgroup(struct plan *p);
int ns_plan_user(struct plan *p, const struct spec *s, const struct host *h,
		 const struct idmap *map, const struct identity *id);
void ns_plan_net_move(struct plan *p, const struct spec *s);
void ns_plan_uts(struct plan *p, const struct spec *s);
void ns_plan_net_up(struct plan *p, const struct spec *s);
void ns_plan_cpus(struct plan *p, const struct spec *s);
void ns_plan_session(struct plan *p);
/*
 * Instead of a namespace of mounts from the clone: a copy of the nearly empty one that
 * the host has.
 */
void ns_plan_template(struct plan *p, const struct host *h);
