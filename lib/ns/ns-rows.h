/* SPDX-License-Identifier: MIT */
/* ns-rows - arguments of the steps of namespaces; see struct step_ops. */
#pragma once

#include "plan/plan.h"
#include "plan/runner.h"

/* End with the caller. */
struct step_lifeline {
	/* for the steps; any change of ids ends it */
	bool die_with_parent;
};

/* Write or await the user namespace's maps. */
struct step_idmap {
	/*
	 * lines for /proc/self/uid_map and gid_map, written by the child, or
	 * before it by its keeper; or
	 */
	const char *uid_map, *gid_map;
	/* newuidmap(1)'s and newgidmap(1)'s arguments after the pid */
	const char *const *uid_args, *const *gid_args;
};

/* Enter a namespace. */
struct step_join {
	int fd;   /* of a namespace or a pidfd; inherited */
	int type; /* CLONE_NEW*; several with a pidfd */
	/* or NULL: the user namespace that owns this one */
	const char *owner_of;
	const char *name; /* its name, for people */
};

/* Give the one id that is there another number. */
struct step_rename {
	int proc; /* slot of our directory in the host's proc */
	const char *uid_map, *gid_map;
};

/* Make a namespace. */
struct step_unshare {
	uint64_t flags; /* CLONE_NEW* */
};

struct step_hostname {
	const char *name;
};

struct step_link_up {
	const char *name; /* interface */
};

struct step_link_move {
	/* interface; the step makes the namespace, too */
	const char *name;
};

struct step_affinity {
	const uint64_t *mask; /* 16 words */
};

STEP_KIND(lifeline);
STEP_KIND(idmap);
STEP_KIND(join);
STEP_KIND(rename);
STEP_KIND(unshare);
STEP_KIND(hostname);
STEP_KIND(link_up);
STEP_KIND(link_move);
STEP_KIND(affinity);
STEP_KIND(session);
extern const struct mechanism ns_steps;

/* By newuidmap(1), which the caller runs. */
static inline bool idmap_waits(const struct step *s)
{
	return STEP_DATA(s, idmap)->uid_args;
}
int answer_idmap(struct answer *a, const struct step *s);
void say_clone_idmap(FILE *out, const struct step *s);
