/* SPDX-License-Identifier: MIT */
/*
 * sign - signatures of images: made and checked with nothing but a key, kept in the store as
 * signatures/HEX (of the manifest), carried to registries and from them as cosign(1) does.
 */
#pragma once

#include "registry/registry.h"
#include "sign/payload.h"
#include "store/handles.h"
#include "store/policy.h"

int sign_keygen(struct minc_transfer *t, const char *key);
int sign_image(struct minc_transfer *t, const char *name, const char *key);
int sign_verify(struct minc_transfer *t, const char *name, const char *key);
/* Sign @manifest, which is in the store, as @r's. */
int sign_as(struct minc_transfer *t, const struct ref *r, const struct digest *manifest,
	    const char *key);

/* What the store has; none: an empty list. */
int signatures_read(struct store *s, struct arena *a, const struct digest *manifest,
		    struct signatures *ret);
/* Add @list to what the store has; while shared; synced. */
int signatures_keep(struct store *s, const struct digest *manifest, const struct signatures *list);

/* sign-remote.c */

/* Add what is at the tag sha256-HEX.sig, if it is there; strings in @a. */
int sign_fetch(struct err *e, const struct registry_ops *ops, struct registry *reg,
	       struct arena *a, const struct digest *manifest, struct signatures *list);
/* Write all of @list there. */
int sign_push(struct err *e, const struct registry_ops *ops, struct registry *reg,
	      const struct digest *manifest, const struct signatures *list);

/* policy-check.c */

/* Adds signatures of @d that are elsewhere to @list. */
typedef int sign_bring_fn(struct arena *a, const struct digest *d, struct signatures *list,
			  void *data);
/* May @manifest be used as @name? */
struct policy_question {
	const char *name; /* as index.json has it, or "" */
	const struct digest *manifest, *index; /* chosen from; NULL or "" without one */
	bool chosen;	     /* just now: it is known to be in the index */
	sign_bring_fn *bring; /* or NULL */
	void *data;
};
/* By all policies that count, see policy.h; 0, -EKEYREJECTED, -ENOKEY or what is wrong with them. */
int policy_check(struct minc_transfer *t, const struct policy_question *q);
/* The same for what the store has. */
int policy_allows(struct minc_transfer *t, const char *name, const struct digest *manifest,
		  const struct digest *index);
