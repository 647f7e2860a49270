/* SPDX-License-Identifier: MIT */
/*
 * needed - which files of a store images refer to. It may name too many (a digest in a
 * label counts), never too few: what is removed must not be needed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "content/digests.h"
#include "store/store.h"

struct needed {
	struct digest *v;
	size_t len, room;
	bool sorted;
	struct needed *only; /* or NULL: only these are added */
	char *text;          /* of the file that was read last */
	/* that were looked into: each is once */
	struct digests indexes, listed, manifests;
};

void needed_done(struct needed *r);
/* The digits are enough; "" is never there. */
bool needed_have(struct needed *r, const char *hex);
/* Sort, and keep each once. */
void needed_unique(struct needed *r);
/* Add what @from has; -ENOMEM. */
int needed_add_all(struct needed *r, const struct needed *from);
/* All digests in a JSON text, also with escaped characters; -ENOMEM. */
int needed_add_text(struct needed *r, const char *text, size_t len);
/*
 * What an entry of index.json needs: itself, manifests, configs, layers; of a damaged
 * one, what can be read.
 */
int needed_add_entry(struct needed *r, struct store *s, const struct index_entry *e);
/* Of all entries. */
int needed_add_index(struct needed *r, struct store *s, const struct index *index);
