/* SPDX-License-Identifier: MIT */
/* monitor-clock - the time, for the parts of the monitor's program: it has no libc. */
#pragma once

#include <stdint.h>
#include <time.h>

#include "base/sys.h"

#define NS_PER_S 1000000000ull

static inline uint64_t now(clockid_t clock)
{
	struct timespec t = { 0, 0 };

	(void)sys_call(SYS_clock_gettime, clock, &t, 0, 0, 0);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}
