/* SPDX-License-Identifier: MIT */
/* tty-rows - arguments of the steps of terminals and streams; see struct step_ops. */
#pragma once

#include "plan/plan.h"
#include "plan/runner.h"

struct step_terminal {
	int devpts; /* slot of the container's devpts */
	/* bits 1<<0..1<<2: stdio that becomes the pty */
	unsigned replace;
	unsigned short rows, cols;
	/* slot that gets a mount of the terminal, for ATTACH */
	int console;
	uint32_t owner; /* user who gets it; UINT32_MAX: its maker */
};

/* Of output that the caller copies. */
struct step_pipe {
	/* 1 or 2: whose place it takes, and where its contents go */
	int fd;
	int ret_read, ret_write;
};

/* Standard streams that can be opened by name. */
struct step_streams {
	int replace[3]; /* slots that become 0, 1, 2; or SLOT_NONE */
};

STEP_KIND(terminal);
STEP_KIND(pipe);
STEP_KIND(streams);
extern const struct mechanism tty_steps;

/*
 * A place for the read end of a step's pipe, until the handle is freed or it is copied
 * from (outputs.c).
 */
struct held *hold_pipe(struct held_list *l, const struct step *s);
