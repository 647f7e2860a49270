/* SPDX-License-Identifier: MIT */
/* transfer - what the verbs that bring images in or out have in common. */
#ifndef TRANSFER_H
#define TRANSFER_H

#include <stddef.h>

#include "call.h"
#include "marten/print/progress.h"
#include "values.h"

struct budget {
	struct given_number bytes, entries;
};

// clang-format off
// NOLINTBEGIN(bugprone-macro-parentheses): a type and a member cannot be in parentheses
#define OPTIONS_BUDGET(type, field) \
	{ "--max-bytes", "SIZE", "Of what is unpacked, 0: any", \
	  .offset = offsetof(type, field.bytes), .read = read_size }, \
	{ "--max-entries", "N", "Files of all layers, 0: any", \
	  .offset = offsetof(type, field.entries), .read = read_count }

#define OPTION_INSECURE_POLICY(type) \
	{ "--insecure-policy", NULL, "Take it whatever a policy asks for", \
	  .offset = offsetof(type, insecure_policy) }

#define OPTION_NO_PROGRESS(type) \
	{ "-q --quiet", NULL, "No progress", .offset = offsetof(type, quiet) }
// NOLINTEND(bugprone-macro-parentheses)
// clang-format on

struct transfer {
	struct call *call;
	minc_transfer *t;
	struct progress progress;
	bool failed; /* an option was refused, and somebody complained */
};

/* False after a complaint. transfer_end() in either case. */
bool transfer_begin(struct transfer *x, struct call *call, bool quiet);
/* @value NULL: nothing. */
void transfer_text(struct transfer *x, enum minc_transfer_option option,
		   const char *value);
void transfer_number(struct transfer *x, enum minc_transfer_number option,
		     uint64_t value);
void transfer_budget(struct transfer *x, const struct budget *b);
/* A minc_image_fn that prints the id; @userdata: the transfer. */
int transfer_say_id(minc_image *image, void *userdata);
/* Of the call that returned @r: an exit status, after a complaint if it failed. */
int transfer_end(struct transfer *x, int r);

/* False after a complaint. */
bool transfer_policy(struct call *call, bool insecure);

/*
 * verbs/registry.c: get @name from its registry. @platform, @policy: NULL for the
 * default.
 */
int pull_image(struct call *call, const char *name, const char *platform, bool quiet);

#endif
