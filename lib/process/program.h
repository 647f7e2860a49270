/* SPDX-License-Identifier: MIT */
/*
 * program - run another program to its end: newuidmap(1), busctl(1), fsck.erofs(1),
 * credential helpers, the server of an image.
 *
 * It starts with no signal blocked and all by default (but what nohup(1) or a shell
 * ignores: SIGHUP, SIGINT, SIGQUIT), with three descriptors and no other. How it ended is
 * known whatever the caller does with its children: it may ignore SIGCHLD, have a handler
 * that waits for all, or threads that do. It ends with the caller. For execve(2) makes
 * each child one that SIGCHLD tells of, so the program is not our child but that of a
 * process between, which never executes anything: a child that sends no signal, that
 * wait(2) without __WALL does not see and that the kernel does not reap unasked.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Time for a program that neither uses the network nor asks a user. */
enum { PROGRAM_WAIT_MS = 60000 };

struct program {
	const char *const *argv;
	/* NULL: argv[0], which is a path or a name to look for in PATH */
	const char *path;
	const char *const *env; /* NULL: the caller's */
	int in;                 /* stdin, or -EBADF: @input */
	/* a string, from memory: a program need not read it; NULL: nothing */
	const char *input;
	/* bytes of stdout that are wanted; 0: none, it is /dev/null */
	size_t out_max;
	bool own_err;   /* stderr is the caller's; else its last line is read */
	int timeout_ms; /* 0: for ever */
	/* called again and again; a failure kills the program. May be NULL */
	int (*watch)(void *);
	void *watch_data;
};

struct program_end {
	int status;     /* as a shell has it: 128 + the signal's number */
	char *out;      /* stdout as a string, to be freed; NULL where none was wanted */
	char said[256]; /* the last line of stderr, or "" */
};

/*
 * Run @p to its end: 0, whatever its status is. -errno if it could not be started:
 * -ENOENT, there is no such program. -EFBIG: it printed more than out_max; -ETIMEDOUT: it
 * took longer than timeout_ms; or the failure of @watch; in these cases it is killed.
 * -ECHILD: the process that waited for it was killed.
 */
int program_run(const struct program *p, struct program_end *ret);

/*
 * The same for two at the same time, which must not depend on each other: one after
 * the other, if the caller has too few descriptors for both.
 */
void program_run_both(const struct program p[2], struct program_end ret[2],
		      int results[2]);

/*
 * Set the message for a failure @r of one of them, and return @r; @name: the program.
 */
int program_fail(struct err *e, int r, const struct program *p, const char *name);
