/* SPDX-License-Identifier: MIT */
/*
 * err - one failure, one message. The function that knows the object sets it; callers
 * above return the number untouched. Fixed buffers: a message survives -ENOMEM.
 */
#pragma once

#include <stdbool.h>

struct err {
	int code;          /* -errno of the failure, 0 when there is none */
	int step, steps;   /* 1-based place in the plan, 0 when no step failed */
	bool exec;         /* the command itself could not be executed */
	char message[768]; /* "subject object: reason" */
	char origin[128];  /* the option that caused the step, or "" */
	char hint[512];    /* what to do about a known cause, or "" */
};

void err_clear(struct err *e);

/*
 * Record "FORMAT: strerror(-r)" unless an earlier message stands; returns @r. @e may be
 * NULL.
 */
int err_set(struct err *e, int r, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same without the reason, for a message that already says why. */
int err_say(struct err *e, int r, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Add advice to the recorded failure. */
void err_hint(struct err *e, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
