/* SPDX-License-Identifier: MIT */
/*
 * digests - digests that are waiting, each of them once for ever: what refers to one
 * another again and again is looked at once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "content/digest.h"

struct digests {
	struct digest **v; /* all that were added, in their order */
	size_t len, room;
	size_t at;  /* the first of those that wait */
	void *seen; /* the same, for tsearch(3) */
};

void digests_done(struct digests *q);
/* It waits, unless it was there before. 1: it is new; 0: it is not; -ENOMEM. */
int digests_add(struct digests *q, const struct digest *d);
/* The next one that waits; NULL: there is none. It is valid until the end. */
const struct digest *digests_next(struct digests *q);
