/* SPDX-License-Identifier: MIT */
/*
 * foreground - wait for a container as a terminal's foreground program does: signals are
 * carried on, and with an own terminal its bytes, window size and job control too.
 */
#pragma once

#include <sys/types.h>

#include "plan/held.h"

/* The facts of a container that this room needs; borrowed for the call. */
struct foreground {
	int pidfd; /* of process 1 */
	/* it cannot go on when what is watched hangs up; pipes are taken over */
	struct held_list *held;
	int terminal; /* master of its own terminal, or negative */
	pid_t pid;    /* of process 1, in the caller's view */
	/* Send @sig; where process 1 would not notice it, do what the signal means. */
	int (*kill)(void *userdata, int sig);
	/*
	 * Process 1 was sent @sig by its terminal. If it neither catches nor ignores it,
	 * do what the signal means and return 1; else return 0. -errno on failure.
	 */
	int (*default_action)(void *userdata, int sig);
	/* Reap process 1, without a time limit; 0 or -errno. */
	int (*wait)(void *userdata, int *ret_status);
	void *userdata;
};

/*
 * Wait for the container's end. The caller's terminal is restored, and its signal mask,
 * at every return. 0 with @ret_status (may be NULL), or -errno of wait, poll(2),
 * signalfd(2), or of writing what came through the pipes.
 */
int foreground_wait(const struct foreground *ct, int *ret_status);
