/* SPDX-License-Identifier: MIT */
/* policy-check - whether a policy lets an image be used. */
#pragma once

#include "sign/payload.h"
#include "store/handles.h"

/* Adds to @list the signatures of @d that are elsewhere. */
typedef int sign_bring_fn(struct arena *a, const struct digest *d,
			  struct signatures *list, void *data);

/* May @manifest be used as @name? */
struct policy_question {
	const char *name;                      /* as index.json has it, or "" */
	const struct digest *manifest, *index; /* chosen from; NULL or "" without one */
	bool chosen;          /* from the index just now: it is known to be in it */
	sign_bring_fn *bring; /* or NULL */
	void *data;
};

/*
 * By all policies that count, see policy.h; 0, -EKEYREJECTED, -ENOKEY or what is wrong
 * with them.
 */
int policy_check(struct minc_transfer *t, const struct policy_question *q);
/* The same for what the store has. */
int policy_allows(struct minc_transfer *t, const char *name,
		  const struct digest *manifest, const struct digest *index);
