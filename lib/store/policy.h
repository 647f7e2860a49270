/* SPDX-License-Identifier: MIT */
/*
 * policy - whether an image may have a name, and be used: asked when a name is given
 * (pull, import, load, tag, commit) and when an image becomes a container's root. What
 * needs no key is decided here; sign/policy-check.c, in module import, checks signatures.
 */
#pragma once

#include "content/ref.h"
#include "store/store.h"

struct policy_rule {
	const char *path, *data; /* of a public key: one of both; data in base64 */
	const char *refusal;     /* why nothing is accepted, or NULL */
	const char *where;       /* the file that asks for it */
};
enum { POLICY_MAX = 1 << 20, POLICY_RULES_MAX = 16 };

/* The signatures that are needed, of all files that count. */
struct policy {
	struct arena arena;
	struct policy_rule rules[2 * POLICY_RULES_MAX];
	size_t len;
};

/*
 * @name: as index.json has it; "" or anything that is no name: the defaults count.
 * @given: a file instead of the store's and the user's, or NULL. -EKEYREJECTED, -ENOKEY,
 * or what is wrong with a file; nothing may be taken then. policy_done() in any case.
 */
int policy_read(struct store *s, const char *given, const char *name, struct policy *ret);
void policy_done(struct policy *p);
/*
 * For the store at path @store. 0: accepted as it is; 1: a signature is needed; as
 * policy_read().
 */
int policy_ask(struct err *e, const char *store, const char *name);
/* One text of a policy, for @r or (NULL) what has no name; also for the fuzzer. */
int policy_find(struct arena *a, struct err *e, const char *what, const char *text,
		size_t len, const struct ref *r, struct policy_rule ret[POLICY_RULES_MAX],
		size_t *ret_len);
