/* SPDX-License-Identifier: MIT */
/*
 * answer - arguments of the caller's part of a step, while the child waits. That part is
 * no child code: it may allocate, run programs and wait for them.
 */
#pragma once

#include <sys/types.h>

#include "base/err.h"

struct held_list;

struct answer {
	pid_t pid;              /* of the child */
	struct held_list *held; /* gets a place for a thing that lasts */
	struct err *err;        /* for the message of a failure */
};
