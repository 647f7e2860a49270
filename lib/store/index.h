/* SPDX-License-Identifier: MIT */
/* index - changes of index.json: read under the lock, changed as JSON, replaced. */
#pragma once

#include "content/ref.h"
#include "store/image.h"
#include "json/json.h"

struct index_edit {
	json_t *root, *manifests; /* "manifests" is borrowed from the root */
	bool differs; /* from what was written by us last, see index_differs() */
};

/*
 * Lock and read; index_end() in any case afterwards, if this succeeded. The store is
 * shared meanwhile, unless it is owned: what is written has a temporary name for a
 * moment, which an owner of the store would remove.
 */
int index_begin(struct store *s, struct index_edit *ret);
/* The entries as store_index() has them. */
int index_entries(struct store *s, const struct index_edit *edit, struct arena *a,
		  struct index *ret);
/* The first entry of @d, or NULL. */
struct index_entry *index_find(const struct index *index, const struct digest *d);
/* Write what was changed; durable when it returns. */
int index_write(struct store *s, struct index_edit *edit);
void index_end(struct store *s, struct index_edit *edit);

/*
 * Whether it differs from what was written by us last: it is damaged, or another program
 * changed it. index_write() keeps that fact, for fsck, until index_accept(). False if we
 * never wrote it.
 */
bool index_differs(const json_t *root);
void index_accept(struct index_edit *edit);

/* Of an entry: its digest, borrowed, and its name in its usual form, in @buf; "" none. */
const char *index_digest(json_t *entry);
const char *index_name(json_t *entry, char buf[REF_MAX]);
/* Set or (NULL) remove an annotation; -ENOMEM. */
int index_annotate(json_t *entry, const char *key, const char *value);
/* Other entries instead; @list is taken. -ENOMEM. */
int index_replace(struct index_edit *edit, json_t *list);
/* The digest of the index that its image was chosen from, borrowed, or NULL. */
const char *index_origin(json_t *entry);
int index_set_origin(json_t *entry, const char *digest); /* -ENOMEM */
/* Make names that mean the same equal: "deb" is "deb:latest"; others are copied. */
void index_normal_name(const char *name, char ret[REF_MAX]);
/* Parse the text of an index.json, as store_index() does. */
int index_parse(struct arena *a, struct err *e, const char *what, const char *text,
		size_t len, struct index *ret);
