/* SPDX-License-Identifier: MIT */
/*
 * contracts - what an analyser does not know, for it reads one file at a time: the
 * results of functions that are in another one. tests/lint/analyse-file includes it.
 */
#pragma once

#include "base/err.h"

/* err.h: "returns @r", and that is a failure. */
#define FAILS_WITH(say, e, r, ...)                       \
	({                                               \
		const int failure_ = (r);                \
		(void)(say)((e), failure_, __VA_ARGS__); \
		if (failure_ >= 0)                       \
			__builtin_unreachable();         \
		failure_;                                \
	})

#define err_set(e, r, ...) FAILS_WITH(err_set, e, r, __VA_ARGS__)
#define err_say(e, r, ...) FAILS_WITH(err_say, e, r, __VA_ARGS__)
