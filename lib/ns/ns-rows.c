/* SPDX-License-Identifier: MIT */
/* ns-rows - see ns-rows.h. */
#include "ns/ns-rows.h"

#include <errno.h>

static const struct step_hint idmap_hints[] = {
	{ -EPERM, "a security module may forbid user namespaces" },
	{ -EACCES,
	  "a program that changed its ids must call prctl(PR_SET_DUMPABLE, 1) first" },
	{ 0 },
};

STEP_NAMED(join, "%s", d->name)

static const struct step_hint join_hints[] = {
	{ -EPERM, "entering a namespace needs CAP_SYS_ADMIN and CAP_SYS_CHROOT" },
	{ 0 },
};

STEP_NAMED(unshare, "%s namespace", d->flags &CLONE_NEWCGROUP ? "cgroup" : "mount")
STEP_NAMED(hostname, "%s", d->name)
STEP_NAMED(link_up, "%s", d->name)
STEP_NAMED(link_move, "%s", d->name)

static const struct step_hint link_move_hints[] = {
	{ -EPERM, "moving an interface needs root" },
	{ -EINVAL, "loopback, bridges and some others cannot be moved" },
	{ -ENODEV, "ip link lists the interfaces there are" },
	{ 0 },
};

static const struct step_hint affinity_hints[] = {
	{ -EINVAL, "none of these CPUs is online and allowed; see nproc(1)" },
	{ 0 },
};

const struct step_ops step_lifeline = {
	STEP_FACES("lifeline", lifeline),
};

const struct step_ops step_idmap = {
	STEP_FACES("map ids", idmap), .hints = idmap_hints, .say_clone = say_clone_idmap,
	.answer = answer_idmap,       .waits = idmap_waits,
};

const struct step_ops step_join = {
	STEP_FACES("join", join),
	.name_object = name_join,
	.hints = join_hints,
};

const struct step_ops step_rename = {
	STEP_FACES("rename", rename),
};

const struct step_ops step_unshare = {
	STEP_FACES("unshare", unshare),
	.name_object = name_unshare,
};

const struct step_ops step_hostname = {
	STEP_FACES("set hostname", hostname),
	.name_object = name_hostname,
};

const struct step_ops step_link_up = {
	STEP_FACES("bring up", link_up),
	.name_object = name_link_up,
};

const struct step_ops step_link_move = {
	STEP_FACES("move interface", link_move),
	.name_object = name_link_move,
	.hints = link_move_hints,
};

const struct step_ops step_affinity = {
	STEP_FACES("set CPUs", affinity),
	.hints = affinity_hints,
};

const struct step_ops step_session = {
	STEP_FACES_BARE("new session", session),
};

static const struct step_ops *const rows[] = {
	&step_lifeline, &step_idmap,    &step_join,    &step_rename,
	&step_unshare,  &step_hostname, &step_link_up, &step_link_move,
	&step_affinity, &step_session,  NULL
};

const struct mechanism ns_steps = { "ns", rows, NULL };
