/* SPDX-License-Identifier: MIT */
/* tty - the container's own terminal. */
#pragma once

#include "plan/plan.h"
#include "plan/runner.h"
#include "plan/spec.h"

/* The command's user, as seen by the caller. */
struct tty_user {
	uint32_t uid;    /* inside */
	bool same;       /* it is the caller's id, whatever it is called inside */
	bool own_userns; /* else @uid is the machine's, too */
	bool privileged; /* the caller can change what belongs to others */
};

/*
 * Make a pty in the container's devpts (slot @devpts), the command's user's, and hand its
 * master to the caller.
 */
void tty_plan(struct plan *p, const struct spec *s, int devpts,
	      const struct tty_user *user);
/*
 * Standard streams that the command's user can open by name (streams-step.c); with
 * MINC_COPY_OUTPUT also in place of files and terminals that it could not open. Before
 * the ids change, and before descriptors are closed.
 */
void tty_plan_streams(struct plan *p, const struct spec *s, const struct tty_user *user);
