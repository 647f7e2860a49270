/* SPDX-License-Identifier: MIT */
/* sec-rows - arguments of the steps of rights; see struct step_ops. */
#pragma once

#include <linux/filter.h>

#include "plan/plan.h"
#include "plan/runner.h"

struct step_ids {
	uint32_t uid, gid;
	const uint32_t *groups;
	size_t groups_len;
	bool set_groups; /* false in a user namespace that denies it */
	bool set_ids;    /* false: already there */
};

struct step_caps {
	uint64_t keep;      /* bounding set; the rest goes */
	uint64_t permitted; /* of the command */
	uint64_t known;
	uint64_t ambient; /* given to a command that is not root */
};

struct step_seccomp {
	const struct sock_filter *filter;
	unsigned short len;
	const char *name;
	/*
	 * It asks a process outside, which gets the listener and these
	 * ids, what a change of ids means. Where an outer filter asks
	 * already: @spare.
	 */
	bool asks;
	uint32_t uid, gid;
	const struct sock_filter *spare;
	unsigned short spare_len;
};

STEP_KIND(keyring);
STEP_KIND(ids);
STEP_KIND(caps);
STEP_KIND(no_new_privs);
STEP_KIND(seccomp);
extern const struct mechanism sec_steps;
