/* SPDX-License-Identifier: MIT */
#pragma once

#include "base/err.h"

/*
 * Remove @name in @dir, whatever it is; what a container wrote with other ids than the
 * caller's, too. The message, if any, is why there is no right to these.
 */
int discard(struct err *e, int dir, const char *name);
