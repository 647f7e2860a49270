/* SPDX-License-Identifier: MIT */
/*
 * digests - a queue that takes each digest only once, so that blobs that refer to one
 * another are looked at once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "content/digest.h"

struct digests {
	struct digest **v; /* all that were added, in order */
	size_t len, room;
	size_t at;  /* the next one */
	void *seen; /* all of them, for tsearch(3) */
};

void digests_done(struct digests *q);
/* 1: added; 0: it was there before; -ENOMEM. */
int digests_add(struct digests *q, const struct digest *d);
/* The next one, valid until digests_done(), or NULL. */
const struct digest *digests_next(struct digests *q);
