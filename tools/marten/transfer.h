/* SPDX-License-Identifier: MIT */
/* transfer - what the verbs that bring images in or out have in common. */
#ifndef TRANSFER_H
#define TRANSFER_H

#include "progress.h"
#include "verb.h"

struct transfer {
	struct call *call;
	minc_transfer *t;
	struct progress progress;
	bool failed; /* an option was refused, and somebody complained */
};

/* False after a complaint. transfer_end() in either case. */
bool transfer_begin(struct transfer *x, struct call *call, bool quiet);
/* @value NULL: nothing. */
void transfer_text(struct transfer *x, enum minc_transfer_option option, const char *value);
void transfer_number(struct transfer *x, enum minc_transfer_number option, uint64_t value);
/* Of the call that returned @r: an exit status, after a complaint if it failed. */
int transfer_end(struct transfer *x, int r);

/* registry.c: get @name from its registry. @platform, @policy: NULL for the default. */
int pull_image(struct call *call, const char *name, const char *platform, bool quiet);

#endif
