/* SPDX-License-Identifier: MIT */
/* program-step - what program.c and the process between it and the program share. */
#pragma once

#include "process/clone.h"

/* Reports of the process between, in memory that it shares with the caller. */
struct program_report {
	int err;      /* the program could not be started */
	int status;   /* else: how it ended, as a shell has it */
	bool is_said; /* one of the two */
};

/*
 * All descriptors are above those that the process between has; their numbers are those
 * at the clone, whatever the caller, which goes on, has closed since.
 */
struct program_between {
	const char *const *paths; /* where the program may be, ends with NULL */
	const char *const *argv, *const *env;
	int stdio[3];
	int cancel;  /* readable: kill it */
	char *stack; /* for the program until it executes; NULL: a copy of the memory */
	bool plain;  /* without clone3(2) */
	int caller;  /* its process, and */
	int between; /* the one between, which notes it down before there is a program */
	struct program_report *report;
};

enum { PROGRAM_FDS_LOWEST = 8 };

/* Child code: start the program, wait for it, report. All signals are blocked. */
_Noreturn void program_between(void *arg); /* struct program_between */

/*
 * Child code: clone @fn with a pidfd; @exit_signal 0: for __WALL only. On @stack, beside
 * us or (@wait) instead of us until it has executed; or with a copy of the memory if that
 * is NULL.
 */
long program_clone(bool plain, int exit_signal, char *stack, bool wait, int *pidfd,
		   clone_fn *fn, void *arg);
