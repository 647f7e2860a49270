/* SPDX-License-Identifier: MIT */
/*
 * remove - take an image out of the store: out of index.json first, then, if nobody writes to
 * the store, its files that no other image refers to. While somebody does, a file that seems
 * superfluous may be about to be listed: then the files stay until prune.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "manage/manage.h"
#include "store/find.h"
#include "store/index.h"
#include "store/refs.h"
#include "store/store-file.h"

struct removal {
	struct store *s;
	struct arena a;
	struct index index;
	struct refs mine;
	const struct index_entry *entry;
	bool by_name;
	size_t names; /* how many entries the image has */
	unsigned flags;
	minc_dependent_fn fn;
	void *data;
	size_t in_the_way;
	int stopped;
};

static void report(struct removal *rm, const char *kind, const char *id, const char *name)
{
	rm->in_the_way++;
	if (rm->fn && rm->stopped == 0)
		rm->stopped = rm->fn(kind, id, name, rm->data);
}

static int see_container(struct minc_kept *k, void *data)
{
	struct removal *rm = data;

	if (str_starts_with(k->image, "sha256:") && refs_have(&rm->mine, k->image + 7))
		report(rm, "container", k->id, k->name);
	return 0;
}

/* What must not be, unless it is forced. */
static int check_dependents(struct removal *rm, bool last, const char *name)
{
	struct store *s = rm->s;
	int r;

	if (rm->flags & MINC_REMOVE_FORCE)
		return 0;
	for (size_t i = 0; !rm->by_name && rm->names > 1 && i < rm->index.len; i++)
		if (digest_equal(&rm->index.entries[i].digest, &rm->entry->digest))
			report(rm, "image", digest_hex(&rm->entry->digest), rm->index.entries[i].name);
	if (rm->in_the_way)
		return rm->stopped ? rm->stopped :
				     err_say(s->err, -EBUSY, "image %s: it has %zu names", name,
					     rm->names);
	if (!last || (rm->flags & MINC_REMOVE_UNTAG))
		return 0;
	r = containers_foreach(s, see_container, rm);
	if (r < 0 || rm->in_the_way == 0)
		return r;
	return rm->stopped ? rm->stopped :
			     err_say(s->err, -EBUSY, "image %s: used by %zu container%s", name,
				     rm->in_the_way, rm->in_the_way == 1 ? "" : "s");
}

static int drop_entries(struct removal *rm, struct index_edit *edit)
{
	const char *digest = rm->entry->digest.text;
	char buf[512];

	for (size_t i = json_array_size(edit->manifests); i-- > 0;) {
		json_t *item = json_array_get(edit->manifests, i);

		if (!str_equal(index_digest(item), digest) ||
		    (rm->by_name && !str_equal(index_name(item, buf), rm->entry->name)))
			continue;
		if ((rm->flags & MINC_REMOVE_UNTAG) && index_count(edit, digest) == 1) {
			if (index_annotate(item, REF_NAME_ANNOTATION, NULL) < 0)
				return err_set(rm->s->err, -ENOMEM, "index.json");
		} else {
			(void)json_array_remove(edit->manifests, i); /* @i is in it */
		}
	}
	return index_write(rm->s, edit);
}

/* Every digest is tried in every place. */
static int remove_files(struct store *s, const char *hex)
{
	char path[3][128];

	snprintf(path[0], sizeof(path[0]), "blobs/sha256/%s", hex);
	snprintf(path[1], sizeof(path[1]), "layers/%s.sqfs", hex);
	snprintf(path[2], sizeof(path[2]), "signatures/%s", hex);
	for (size_t i = 0; i < 3; i++)
		if (unlinkat(s->dir, path[i], 0) < 0 && errno != ENOENT)
			return err_set(s->err, -errno, "store %s: %s", s->path, path[i]);
	return 0;
}

/* After the index was written: what is listed now decides. */
static int drop_files(struct removal *rm)
{
	struct refs others = { .only = &rm->mine };
	struct index index;
	int r = store_own_now(rm->s);

	if (r == -EWOULDBLOCK)
		return 0; /* somebody may be about to list them again: prune removes them */
	if (r < 0)
		return r;
	r = store_index(rm->s, &rm->a, &index);
	if (r == 0)
		r = refs_add_index(&others, rm->s, &index);
	for (size_t i = 0; r == 0 && i < rm->mine.len; i++)
		if (!refs_have(&others, digest_hex(&rm->mine.v[i])))
			r = remove_files(rm->s, digest_hex(&rm->mine.v[i]));
	refs_done(&others);
	store_disown(rm->s);
	return r;
}

static int change_index(struct removal *rm, const char *name, bool *ret_last)
{
	struct index_edit edit;
	size_t i;
	int r = index_begin(rm->s, &edit);

	if (r < 0)
		return r;
	r = index_entries(rm->s, &edit, &rm->a, &rm->index);
	if (r == 0)
		r = find_entry(rm->s, &rm->index, name, &i, &rm->by_name);
	if (r == 0) {
		rm->entry = &rm->index.entries[i];
		rm->names = index_count(&edit, rm->entry->digest.text);
		*ret_last = !rm->by_name || rm->names == 1;
		if (*ret_last)
			r = refs_add_entry(&rm->mine, rm->s, rm->entry);
	}
	if (r == 0)
		r = check_dependents(rm, *ret_last, name);
	if (r == 0)
		r = drop_entries(rm, &edit);
	index_end(rm->s, &edit);
	return r;
}

int image_remove(struct store *s, const char *name, unsigned flags, minc_dependent_fn fn, void *data)
{
	struct removal rm = { .s = s, .flags = flags, .fn = fn, .data = data };
	bool last = false;
	int r = store_look(s);

	if (r == -ENOENT)
		return err_say(s->err, r, "image %s: not in %s", name, s->path);
	if (r == 0)
		r = change_index(&rm, name, &last);
	if (r == 0 && last && !(flags & MINC_REMOVE_UNTAG))
		r = drop_files(&rm);
	refs_done(&rm.mine);
	arena_done(&rm.a);
	return r;
}
