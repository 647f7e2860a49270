/* SPDX-License-Identifier: MIT */
#pragma once

#include "base/err.h"

/*
 * Remove @name in @dir, whatever it is, also what belongs to other ids of the caller's
 * containers. 0 or -errno; a message only if these ids cannot be had.
 */
int discard(struct err *e, int dir, const char *name);
