/* SPDX-License-Identifier: MIT */
/* spawn - a start under way: what spawn.c, which begins it, and follow.c share. */
#pragma once

#include "run/run.h"

struct spawn {
	const struct plan *plan;
	const struct spawn_options *options;
	struct err *err;
	int channel, child_end;
	int sealed_fd; /* memfd of the sealed program */
	int holder;    /* pidfd of the caller, if it holds what it starts; or -EBADF */
	int lock;      /* what the keeper is to keep open, or -EBADF */
	/* whose hang-up ends the container: the keeper's */
	int watched[HELD_WATCHED_MAX];
	size_t watched_len;
	int ids, ids_end;       /* for the listener: who is asked, the child; or -EBADF */
	int *slots;             /* ours; the child has a copy */
	struct verdict *unsent; /* see struct child_args */
	struct minc_container *ret;
	int middle; /* pidfd of the process that forked, or -EBADF */
	bool failed;
	uint32_t expected; /* bits 1 << enum verdict_kind: what may still come */
	bool executing;    /* VERDICT_EXEC has come */
	/* the step in which the child waits for us, or NULL */
	const struct step *waiting;
	/* index of the first step that may: none does so twice, or late */
	size_t next_wait;
};

/* Record the failure of a step; of a clone3(2). */
void spawn_step_failed(struct spawn *w, size_t index, int err, const char *note);
int spawn_no_clone(struct spawn *w, int r);
/* An optional step failed. */
void spawn_step_warned(struct spawn *w, size_t index, int err);

/*
 * Let what entered be watched, so that it ends with the holder: 0, or -errno with a
 * message.
 */
int spawn_watcher(struct spawn *w);

/* What may come over the channel of @p. */
uint32_t follow_expected(const struct plan *p, bool monitor);
/* Listen to the child until its command runs: 0, or -errno with a message. */
int follow_child(struct spawn *w);
/* Reap a child that has ended or is about to. */
void follow_reap(int pidfd);
/*
 * The same for one that a container can get at, of which the end is awaited for
 * @timeout_ms (-1: for ever): 1 with *ret, or 0 if somebody who traces it does not let it
 * go, which may be for ever; -errno.
 */
int follow_reap_entered(int pidfd, int timeout_ms, siginfo_t *ret);
