/* SPDX-License-Identifier: MIT */
/*
 * sign - signatures of images: made and checked with nothing but a key, kept in the store as
 * signatures/HEX (of the manifest), carried to registries and from them as cosign(1) does.
 */
#pragma once

#include "image/ops.h"
#include "image/payload.h"
#include "image/registry.h"

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

/* policy.c */

/* Brings signatures of elsewhere, when the policy asks for some; adds to @list. */
typedef int sign_bring_fn(struct arena *a, struct signatures *list, void *data);
/*
 * May @manifest be used as @r's? Reads the policy of @t's store. 0, -EKEYREJECTED, -ENOKEY or
 * what is wrong with the policy; nothing may be taken then. @bring may be NULL.
 */
int policy_check(struct minc_transfer *t, const struct ref *r, const struct digest *manifest,
		 sign_bring_fn *bring, void *data);
/* The text of a policy for @r; 0: no signature is needed. For the fuzzer and policy_check(). */
struct policy_rule {
	const char *path, *data; /* of a public key: one of both; data in base64 */
	const char *refusal;	 /* why nothing is accepted, or NULL */
};
enum { POLICY_MAX = 1 << 20, POLICY_RULES_MAX = 16 };
int policy_find(struct arena *a, struct err *e, const char *what, const char *text, size_t len,
		const struct ref *r, struct policy_rule ret[POLICY_RULES_MAX], size_t *ret_len);
