/* SPDX-License-Identifier: MIT */
/*
 * runner - what a step's run function may touch: slots and the channel to the caller.
 * Shared by the *-step.c files; all of it is child code (docs/architecture.md, "The
 * child").
 */
#pragma once

#include <errno.h>
#include <stdint.h>

#include "base/sys.h"
#include "plan/plan.h"

struct runner {
	const struct plan *plan;
	int *slots;    /* plan->slots descriptors, -EBADF when unset */
	uint32_t step; /* index of the one that is carried out */
	int channel;   /* to the caller: verdicts, descriptors; hangs up when it dies */
	int host_end;  /* the caller's end, to be closed in the child */
	int sealed_fd; /* memfd of the sealed program */
	int holder;    /* pidfd of the process with which the container ends, or -EBADF */
	int storage;   /* storage directory, checked and locked; or -EBADF */
	int ids;       /* socket for the listener of the filter that asks, or -EBADF */
	int tty;       /* for exec: the terminal that the process will control; 0: none */
	/* the caller's, given back to the command: RLIMIT_NOFILE, soft and hard */
	uint64_t files[2];
	char note[160]; /* the kernel's message about the failure, or "" */
};

/* Messages from the child to the caller. */
enum verdict_kind {
	VERDICT_FAILED,
	VERDICT_WARNING,
	VERDICT_TERMINAL, /* with the master of its pty */
	VERDICT_WAIT,     /* the step waits for the caller's part of it */
	VERDICT_PROCESS,  /* with the pidfd of the process that goes on; err is its pid */
	VERDICT_LOST,     /* that pid, without a pidfd: its failure follows */
	VERDICT_EXEC,     /* now the command: nothing follows but its failure */
	VERDICT_PID,      /* of the keeper, with the pidfd of process 1 */
	VERDICT_NO_CLONE, /* no process in new namespaces */
	VERDICT_NO_KEEPER, /* the keeper could not execute its program */
	VERDICT_NO_MONITOR /* nor the monitor */
};
struct verdict {
	uint32_t kind; /* enum verdict_kind */
	uint32_t step; /* index */
	int32_t err;   /* -errno */
	char note[160];
};

/* Sent with the listener of the filter that asks: the ids of the command. */
struct ids_begin {
	uint32_t uid, gid;
};

/*
 * Let the caller do its part of this step (step_ops.answer): 0, -ECANCELED if it could
 * not, or has died, or -errno.
 */
static inline int runner_wait(struct runner *r)
{
	const struct verdict v = { .kind = VERDICT_WAIT, .step = r->step };
	char done = 0;
	long n = sys_write(r->channel, &v, sizeof(v));

	if (n >= 0)
		n = sys_read(r->channel, &done, 1);
	if (n < 0)
		return (int)n;
	return n == 1 && done ? 0 : -ECANCELED;
}

/* Descriptor of slot @slot: AT_FDCWD for SLOT_CWD, -EBADF if unset. */
static inline int runner_fd(const struct runner *r, int slot)
{
	if (slot == SLOT_CWD)
		return AT_FDCWD;
	return slot < 0 ? -EBADF : r->slots[slot];
}

/*
 * Move a descriptor that has the number 0, 1 or 2, because the caller closed its own: the
 * terminal becomes those. Returns the new one or hands through a failure.
 */
static inline int runner_above_stdio(int fd)
{
	int up;

	if (fd < 0 || fd > 2)
		return fd;
	up = sys_fcntl(fd, F_DUPFD_CLOEXEC, 3);
	(void)sys_close(fd); /* the duplicate holds the file */
	return up;
}

/* Store a descriptor (or hand through a failure); returns 0 or -errno. */
static inline int runner_put(struct runner *r, int slot, int fd)
{
	fd = runner_above_stdio(fd);
	if (fd < 0)
		return fd;
	r->slots[slot] = fd;
	return 0;
}
