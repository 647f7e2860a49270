/* SPDX-License-Identifier: MIT */
/*
 * refs - which files of a store images refer to. More than they do is possible (a digest in a
 * label counts), less is not: what is removed must not be needed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "content/digests.h"
#include "store/store.h"

struct refs {
	struct digest *v;
	size_t len, room;
	bool sorted;
	struct refs *only; /* or NULL: what is not in these is of no interest */
	char *text;	   /* of the file that was read last */
	struct digests indexes, listed, manifests; /* that were looked into: each is once */
};

void refs_done(struct refs *r);
/* The digits are enough; "" is never there. */
bool refs_have(struct refs *r, const char *hex);
/* In order, and each once. */
void refs_unique(struct refs *r);
/* What @from has, too; -ENOMEM. */
int refs_add_all(struct refs *r, const struct refs *from);
/* All digests in a JSON text, also with escaped characters; -ENOMEM. */
int refs_add_text(struct refs *r, const char *text, size_t len);
/* What an entry of index.json needs: itself, manifests, configs, layers. Damaged: what is left. */
int refs_add_entry(struct refs *r, struct store *s, const struct index_entry *e);
/* Of all entries. */
int refs_add_index(struct refs *r, struct store *s, const struct index *index);
