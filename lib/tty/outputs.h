/* SPDX-License-Identifier: MIT */
/*
 * outputs - copies the output of a container from pipes to the caller's standard output
 * and error (streams.c). Part of the caller's poll loop: nothing here waits.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "plan/held.h"
#include "plan/plan.h"

struct output {
	int from; /* read end; negative: none, or no more */
	int to;
	size_t start, len; /* of the data in its buffer */
};

enum { OUTPUTS = 2, OUTPUT_BYTES = 16384 };
struct outputs {
	struct output list[OUTPUTS];
	int failed;  /* -errno of the first write that did, beside EPIPE */
	bool broken; /* there was a SIGPIPE */
	char data[OUTPUTS][OUTPUT_BYTES]; /* untouched until it is needed */
};

/* Whether there is any. */
bool outputs_are_held(const struct held_list *l);
/* Take the pipes out of @l. */
void outputs_begin(struct outputs *o, struct held_list *l);
void outputs_watch(const struct outputs *o, struct pollfd p[OUTPUTS]);
void outputs_copy(struct outputs *o, const struct pollfd p[OUTPUTS]);
/* All writers have ended: whether nothing is left; else poll again. */
bool outputs_are_empty(struct outputs *o);
/* Close the pipes; data that is not copied is lost. */
void outputs_drop(struct outputs *o);
