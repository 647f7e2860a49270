/* SPDX-License-Identifier: MIT */
/*
 * answer - what the caller's part of a step may touch, while the child waits in it. It is
 * no child code: it may allocate, run programs and wait for them.
 */
#pragma once

#include <sys/types.h>

#include "base/err.h"

struct held_list;

struct answer {
	pid_t pid;              /* of the child */
	struct held_list *held; /* what is made here and lasts gets a place in it */
	struct err *err;        /* for the message of a failure */
};
