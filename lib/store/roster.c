/* SPDX-License-Identifier: MIT */
/* roster - see roster.h. */
#include "store/roster.h"

#include <errno.h>
#include <search.h>
#include <string.h>

#include "base/str.h"

enum { BY_NAME, BY_DIGEST, IN_ALL, CHAINS };

struct roster_row {
	json_t *entry;    /* with a reference of its own */
	const char *name; /* as index_name() has it, "" none */
	struct roster_key *key[CHAINS];
	struct roster_row *before[CHAINS], *next[CHAINS]; /* of the same key */
};

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct roster_key *)a)->text,
		      ((const struct roster_key *)b)->text);
}

static struct roster_key *find_key(void *const *tree, const char *text)
{
	const struct roster_key key = { .text = text };
	void *const *found = tfind(&key, tree, compare);

	return found ? *found : NULL;
}

/* NULL: no memory. */
static struct roster_key *make_key(struct roster *r, void **tree, const char *text)
{
	struct roster_key *key = find_key(tree, text);

	if (key)
		return key;
	key = arena_new(&r->a, struct roster_key);
	if (!key)
		return NULL;
	*key = (struct roster_key){ .text = arena_strdup(&r->a, text),
				    .tree = tree,
				    .other = r->keys };
	if (!key->text || !tsearch(key, tree, compare))
		return NULL;
	r->keys = key;
	return key;
}

static void join(struct roster_row *row, int by, struct roster_key *key)
{
	row->key[by] = key;
	row->before[by] = key->last;
	row->next[by] = NULL;
	*(key->last ? &key->last->next[by] : &key->first) = row;
	key->last = row;
	key->len++;
}

static void leave(struct roster_row *row, int by)
{
	struct roster_key *key = row->key[by];

	if (!key)
		return;
	*(row->before[by] ? &row->before[by]->next[by] : &key->first) = row->next[by];
	*(row->next[by] ? &row->next[by]->before[by] : &key->last) = row->before[by];
	row->key[by] = NULL;
	key->len--;
}

static void drop(struct roster_row *row)
{
	row->key[BY_DIGEST]->unnamed -= !*row->name;
	leave(row, BY_NAME);
	leave(row, BY_DIGEST);
	leave(row, IN_ALL);
	json_decref(row->entry);
}

static int add(struct roster *r, json_t *entry)
{
	struct roster_row *row = arena_new(&r->a, struct roster_row);
	const char *index = index_origin(entry);
	struct roster_key *name = NULL,
			  *digest = make_key(r, &r->digests, index_digest(entry));
	char buf[REF_MAX];

	if (*index_name(entry, buf))
		name = make_key(r, &r->names, buf);
	if (!row || !digest || (*buf && !name))
		return -ENOMEM;
	if (index && !digest->index)
		digest->index = arena_strdup(&r->a, index);
	if (index && !digest->index)
		return -ENOMEM;
	*row = (struct roster_row){ .entry = json_incref(entry),
				    .name = name ? name->text : "" };
	if (name)
		join(row, BY_NAME, name);
	join(row, BY_DIGEST, digest);
	join(row, IN_ALL, &r->all);
	digest->unnamed += !name;
	return 0;
}

int roster_read(struct roster *r, struct index_edit *edit)
{
	json_t *item;
	size_t i;
	int n = 0;

	*r = (struct roster){ .edit = edit };
	json_array_foreach(edit->manifests, i, item) if (n == 0) n = add(r, item);
	return n;
}

/* From those of other images. */
static int take_name(struct roster *r, const char *name, const char *digest)
{
	const struct roster_key *key = find_key(&r->names, name);
	struct roster_row *next, *row = key ? key->last : NULL;

	for (; row; row = next) {
		next = row->before[BY_NAME];
		if (str_equal(row->key[BY_DIGEST]->text, digest))
			continue;
		if (row->key[BY_DIGEST]->len > 1) {
			drop(row);
			continue;
		}
		if (index_annotate(row->entry, REF_NAME_ANNOTATION, NULL) < 0)
			return -ENOMEM;
		leave(row, BY_NAME);
		row->name = "";
		row->key[BY_DIGEST]->unnamed++;
	}
	return 0;
}

/* There are few: an entry of an image that has others goes instead of losing its name. */
static void drop_unnamed(struct roster_key *digest)
{
	struct roster_row *next;

	for (struct roster_row *row = digest->first; row && digest->unnamed > 0;
	     row = next) {
		next = row->next[BY_DIGEST];
		if (!*row->name)
			drop(row);
	}
}

static void drop_named(struct roster_key *name, const struct roster_key *digest)
{
	struct roster_row *next;

	for (struct roster_row *row = name->first; row; row = next) {
		next = row->next[BY_NAME];
		if (row->key[BY_DIGEST] == digest)
			drop(row);
	}
}

void roster_drop(struct roster *r, const char *digest, const char *name)
{
	struct roster_key *of = find_key(&r->digests, digest);
	struct roster_key *named = *name ? find_key(&r->names, name) : NULL;

	if (of && !*name)
		drop_unnamed(of);
	if (of && named)
		drop_named(named, of);
}

int roster_put(struct roster *r, json_t *entry)
{
	const char *digest = index_digest(entry);
	struct roster_key *key = make_key(r, &r->digests, digest);
	char name[REF_MAX];

	(void)index_name(entry, name); /* returns @name */
	if (!key || (*name && take_name(r, name, digest) < 0))
		return -ENOMEM;
	/* one that is loaded from a file does not have it, and a signature may be its */
	if (key->index && !index_origin(entry) && index_set_origin(entry, key->index) < 0)
		return -ENOMEM;
	/* entries that it replaces: of the same name, and without one */
	roster_drop(r, digest, name);
	roster_drop(r, digest, "");
	return !*name && key->len > 0 ? 0 : add(r, entry);
}

const char *roster_name(const struct roster *r, const char *digest)
{
	const struct roster_key *key = find_key(&r->digests, digest);

	return key && key->last ? key->last->name : "";
}

int roster_write(struct roster *r)
{
	json_t *list = json_array();
	int n = list ? 0 : -1;

	for (struct roster_row *row = r->all.first; row && n == 0;
	     row = row->next[IN_ALL])
		n = json_array_append(list, row->entry);
	if (n < 0) {
		json_decref(list);
		return -ENOMEM;
	}
	return index_replace(r->edit, list);
}

void roster_done(struct roster *r)
{
	for (struct roster_key *key = r->keys; key; key = key->other)
		(void)tdelete(key, key->tree, compare);
	for (struct roster_row *row = r->all.first; row; row = row->next[IN_ALL])
		json_decref(row->entry);
	arena_done(&r->a);
	*r = (struct roster){ .edit = NULL };
}
