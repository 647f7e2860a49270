/* SPDX-License-Identifier: MIT */
/* clock - time that only passes, for deadlines. */
#pragma once

#include <stdint.h>
#include <time.h>

/* Milliseconds of CLOCK_MONOTONIC, which no change of the date moves. */
static inline int64_t clock_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* this clock is always there */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
