/* SPDX-License-Identifier: MIT */
/*
 * listing - what a command brings is listed at its end, all of it or nothing: index.json
 * is read and written once, however many images and names there are.
 */
#include "transfer/listing.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "sign/policy-check.h"
#include "sign/sign.h"
#include "store/store-file.h"
#include "transfer/take.h"

struct listing {
	struct arena a;
	struct index_entry *entries;
	bool *further; /* a name beside that of the entry before it */
	size_t len, room, further_room;
};

int listing_begin(struct minc_transfer *t)
{
	t->listing = calloc(1, sizeof(*t->listing));
	return t->listing ? 0 : err_set(t->err, -ENOMEM, "store %s", t->store->path);
}

static int make_room(struct listing *l)
{
	void *entries = array_grow(l->entries, &l->room, l->len + 1, sizeof(*l->entries));
	void *further =
		array_grow(l->further, &l->further_room, l->len + 1, sizeof(*l->further));

	if (entries)
		l->entries = entries;
	if (further)
		l->further = further;
	return entries && further ? 0 : -ENOMEM;
}

/* Its strings are the caller's for the moment. */
static int note(struct listing *l, const struct index_entry *e, bool further)
{
	struct index_entry *to;
	int r = make_room(l);

	if (r < 0)
		return r;
	to = &l->entries[l->len];
	*to = *e;
	to->media_type = arena_strdup(&l->a, e->media_type);
	to->name = arena_strdup(&l->a, e->name);
	to->architecture = arena_strdup(&l->a, e->architecture);
	to->os = arena_strdup(&l->a, e->os);
	to->variant = arena_strdup(&l->a, e->variant);
	if (!to->media_type || !to->name || !to->architecture || !to->os || !to->variant)
		return -ENOMEM;
	l->further[l->len++] = further;
	return 0;
}

static int note_checked(struct minc_transfer *t, const struct index_entry *e,
			bool further)
{
	int r = take_check_digest(t, e->name, &e->digest, &e->index);

	if (r < 0)
		return r;
	return note(t->listing, e, further) < 0
		       ? err_set(t->err, -ENOMEM, "store %s", t->store->path)
		       : 0;
}

int listing_add(struct minc_transfer *t, const char *media_type,
		const struct digest *manifest, uint64_t size, const struct image *img,
		const char *name)
{
	const struct index_entry e = { .media_type = media_type,
				       .digest = *manifest,
				       .size = size,
				       .name = name,
				       .architecture = img->architecture,
				       .os = img->os,
				       .variant = img->variant,
				       .index = img->index };

	return note_checked(t, &e, false);
}

int listing_add_name(struct minc_transfer *t, const char *name)
{
	struct index_entry e = t->listing->entries[t->listing->len - 1];

	e.name = name;
	return note_checked(t, &e, true);
}

/* What a policy says of the names, which may have changed meanwhile. */
static int ask_policy(struct minc_transfer *t)
{
	const struct listing *l = t->listing;
	int r = 0;

	for (size_t i = 0; r == 0 && i < l->len; i++)
		if (*l->entries[i].name)
			r = policy_allows(t, l->entries[i].name, &l->entries[i].digest,
					  &l->entries[i].index);
	return r;
}

static int hand_on(struct minc_transfer *t, image_found_fn *fn, void *data)
{
	const struct listing *l = t->listing;
	struct image *img;
	int r = 0;

	for (size_t i = 0; r == 0 && fn && i < l->len; i++) {
		if (l->further[i])
			continue;
		r = image_load(t->store, &l->entries[i], &img);
		if (r == 0)
			r = fn(img, data); /* which takes it */
	}
	return r;
}

int listing_end(struct minc_transfer *t, int r, image_found_fn *fn, void *data)
{
	struct listing *l = t->listing;

	if (r == 0)
		r = ask_policy(t);
	if (r == 0)
		r = store_sync(t->store);
	if (r == 0 && l->len > 0)
		r = store_index_put(t->store, &l->a, l->entries, l->len);
	if (r == 0)
		r = hand_on(t, fn, data);
	arena_done(&l->a);
	free(l->entries);
	free(l->further);
	free(l);
	t->listing = NULL;
	return r;
}
