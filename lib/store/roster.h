/* SPDX-License-Identifier: MIT */
/*
 * roster - the entries of index.json by name and by digest, while some of them come or
 * move: work grows with the number of changes, not with that of changes times entries.
 */
#pragma once

#include "base/arena.h"
#include "store/index.h"

struct roster_row;

/* Entries with the same name or digest, oldest first. */
struct roster_key {
	const char *text;
	struct roster_row *first, *last;
	size_t len, unnamed;
	const char *index;        /* that its image was chosen from, or NULL */
	void **tree;              /* that it is in */
	struct roster_key *other; /* the one that was made before it */
};

struct roster {
	struct index_edit *edit;
	struct arena a;
	struct roster_key all, *keys; /* all rows; all keys in the trees */
	void *names, *digests;        /* of tsearch(3) */
};

/* Of what @edit has; roster_done() in any case. -ENOMEM. */
int roster_read(struct roster *r, struct index_edit *edit);
/*
 * Add an entry. Another image that has its name loses it; that entry goes if its image
 * has others. An entry of the same image without a name goes, too. One without a name is
 * added only if its image has no entry. It inherits the index that its image was chosen
 * from. -ENOMEM.
 */
int roster_put(struct roster *r, json_t *entry);
/* Entries of @digest that have this name, or none with "", go. */
void roster_drop(struct roster *r, const char *digest, const char *name);
/* The name of the newest entry of @digest, or "". */
const char *roster_name(const struct roster *r, const char *digest);
/* Back into @edit; -ENOMEM. */
int roster_write(struct roster *r);
void roster_done(struct roster *r);
