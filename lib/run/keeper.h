/* SPDX-License-Identifier: MIT */
/* keeper - what holds a container, or a process that entered one; see keeper-step.c. */
#pragma once

#include <errno.h>
#include <stdbool.h>

#include "run/run.h"

/* What lies between a holder and process 1. */
struct keeper_args {
	/* its runner has the holder and the sealed program */
	struct child_args *child;
	struct sys_clone_args container; /* how process 1 is cloned */
	char *stack; /* its lowest address; NULL: process 1 has a copy of the memory */
	size_t stack_bytes;
	int lock; /* descriptor that the keeper keeps open, or -EBADF */
	int ids;  /* socket from which the listener of a filter comes, or -EBADF */
	/* whose hang-up means that the container has lost what it needs */
	const int *watched;
	size_t watched_len; /* at most KEEPER_WATCHED_MAX */
};

/*
 * Whether a keeper can do without the pidfd that pidfd_open(2) has refused with @err:
 * where there are none, as a filter says or a kernel without the call, it ends with its
 * parent.
 */
static inline bool keeper_may_lack_holder(int err)
{
	return err == -ENOSYS || err == -EPERM || err == -EACCES || err == -ENODEV;
}

/* Child code: clone process 1, tell the caller, become the keeper. */
_Noreturn void keeper_begin(void *arg); /* struct keeper_args */

/*
 * Child code: see how children end. Where the caller ignores SIGCHLD, which a clone
 * inherits, the kernel would reap them, and their status be lost.
 */
void keeper_hear_ends(void);

/* What watches over a process that entered a container. */
struct watcher_args {
	int sealed_fd;
	/* pidfds: the first is killed when the second ends, unless -EBADF */
	int process, holder;
	int ids; /* as a keeper's */
	int err; /* set if it does not come to that, and the memory is shared */
};

/* Child code: become the watcher. */
_Noreturn void keeper_watch(void *arg); /* struct watcher_args */
