/* SPDX-License-Identifier: MIT */
/*
 * background - starting a monitor and talking to it, from outside; see monitor.h,
 * state.h.
 */
#pragma once

#include <sys/un.h>

#include "cgroup/set.h"
#include "live/monitor.h"
#include "live/state.h"
#include "run/run.h"

struct state;
struct minc_ctx;

/*
 * What lies between a starter and a container in the background; monitor.h, monitor-
 * step.c.
 */
struct monitor_args {
	struct spawn_parent parent; /* the first member: what monitor_begin() is given */
	/* what the container, and the monitor, have as 0, 1, 2 */
	int stdio[3], null;
	int fds[MONITOR_FDS_END]; /* what becomes the fixed numbers; negative: nothing */
	const char *const *argv;
};
_Noreturn void monitor_begin(void *arg); /* struct monitor_args */

/* All that a start in the background has beside a plan. */
struct background {
	struct monitor_args args;
	int control;       /* to the monitor */
	int input;         /* standard input of one that is attached, or -EBADF */
	int write_ends[2]; /* of the pipes that become standard output and error */
	char flags[8], log_bytes[24];
	const char *argv[6 + CGROUP_HIERARCHIES_MAX];
	char numbers[STATE_NUMBERS_LEN];
};

/* Open what the monitor will have; 0 or -errno. background_done() in either case. */
int background_prepare(struct background *b, const struct state *s,
		       const struct spec *spec, const struct plan *p, int storage_lock);
/*
 * The container runs and is known on disk: the monitor takes over. @terminal or negative.
 */
int background_go(struct background *b, int terminal, bool attached);
/* Close everything; after a failure wait until the monitor has given up. */
void background_done(struct background *b, bool failed);

/* Make @ct a handle on what @s describes; takes @s over. */
void background_adopt(struct minc_container *ct, struct state *s);
/* A handle on what @s describes; takes @s over, also on failure. */
int background_open(struct state *s, struct minc_container **ret);
/* The monitor's end of "attach"; its greeting is read. */
int background_connect(struct minc_container *ct, bool *ret_terminal);
/* As minc_wait(). */
int background_wait(struct minc_container *ct, int timeout_ms, int *ret_status);
int background_state(const struct minc_container *ct);
/*
 * The same, of what was killed: what is waited for is said to c's log when it takes its
 * time.
 */
int background_await(const struct minc_ctx *c, struct minc_container *ct, int timeout_ms,
		     int *ret_status);
/*
 * Have it end by @sig, or, after @grace_ms (-1: never), by SIGKILL; 0 when it has, as
 * minc_wait().
 */
int background_stop(const struct minc_ctx *c, struct minc_container *ct, int sig,
		    int grace_ms, int *ret_status);
/* The container's groups, as cgroup_set_of(); none if it fails: 0, or -errno. */
int background_groups(struct minc_container *ct, struct cgroup_set *ret);
int background_resize(struct minc_container *ct, unsigned rows, unsigned cols);

int attach_address(const struct state *s, struct sockaddr_un *ret);
