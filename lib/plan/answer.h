/* SPDX-License-Identifier: MIT */
/*
 * answer - what the caller's part of a step may touch, while the child waits in it. It is no child
 * code: it may allocate, run programs and wait for them.
 */
#pragma once

#include <sys/types.h>

#include "base/err.h"

struct cgroup_set;

struct answer {
	pid_t pid;		   /* of the child */
	struct cgroup_set *groups; /* of the container; NULL without limits */
	struct err *err;	   /* for the message of a failure */
};
