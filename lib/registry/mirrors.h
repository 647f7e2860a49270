/* SPDX-License-Identifier: MIT */
/*
 * mirrors - where to ask for an image: registries.conf(5) of containers, its tables
 * [[registry]] and [[registry.mirror]]. Short names are not looked up: "alpine" is Docker
 * Hub's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "content/ref.h"

enum { MIRRORS_FILE_MAX = 1 << 20, MIRRORS_RULES_MAX = 1000, MIRRORS_PER_RULE_MAX = 16 };

enum mirror_use { MIRROR_ALWAYS, MIRROR_DIGESTS, MIRROR_TAGS };

struct mirror {
	const char *location;
	bool insecure;
	enum mirror_use use;
};

struct rule {
	const char *prefix;                   /* "HOST[/PATH]" or "*.DOMAIN" */
	const char *location;                 /* instead of the prefix, or NULL */
	bool insecure, blocked, digests_only; /* the last: use of all mirrors */
	struct mirror mirrors[MIRRORS_PER_RULE_MAX];
	size_t len;
	const char *file;
};

struct mirrors {
	struct rule **rules;
	size_t len, room;
};

/* Add what @text says; a rule with the prefix of an earlier one replaces it. */
int mirrors_parse(struct arena *a, struct err *e, const char *path, const char *text,
		  struct mirrors *m);
/* From the files of the system and of the user. */
int mirrors_load(struct arena *a, struct err *e, const char *etc, struct mirrors *ret);
/* The rule with the longest prefix that fits, or NULL. */
const struct rule *mirrors_find(const struct mirrors *m, const struct ref *r);
/*
 * The name of r's repository with the rule's prefix replaced by @location: host in
 * *ret_host, the rest in *ret_repository. -EINVAL: that is no valid name.
 */
int mirrors_rewrite(struct arena *a, const struct rule *rule, const struct ref *r,
		    const char *location, const char **ret_host,
		    const char **ret_repository);
