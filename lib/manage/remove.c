/* SPDX-License-Identifier: MIT */
/*
 * remove - take images out of the store: all of them out of index.json first, with one
 * change of it; then, if nobody writes to the store, their files that no other image
 * refers to. While somebody does, a file that seems superfluous may be about to be
 * listed: then the files stay until prune.
 *
 * Each name is looked for in what those before it have left, as if it had been removed
 * alone. What is needed for that is read once: the index, and whose images the containers
 * are. No container is made from then on until the index is written: it would have no
 * image.
 */
#include "manage/remove.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/str.h"
#include "manage/containers.h"
#include "store/find.h"
#include "store/index.h"
#include "store/needed.h"
#include "store/store-file.h"

struct user {              /* a container */
	const char *image; /* hexadecimal digits */
	const char *id, *name;
	size_t number; /* in the order in which they were made */
};

struct removal {
	struct store *s;
	struct arena a;
	struct index index;
	struct user *users; /* by image; of all containers, once @users_read */
	size_t users_len, users_room;
	bool users_read;
	int held;            /* from containers_hold(), until the index is written */
	struct needed files; /* what those that go refer to */
	unsigned flags;
	minc_dependent_fn fn;
	void *data;
	bool changed;
	int stopped; /* what a function of the caller's returned */
};

/* One name of it. */
struct one {
	const char *name;
	struct index_entry *entry;
	bool by_name, last;
	size_t names;       /* how many entries the image has */
	struct needed mine; /* of the last one */
	size_t in_the_way;
};

static void report(struct removal *rm, struct one *o, const char *kind, const char *id,
		   const char *name)
{
	o->in_the_way++;
	if (rm->fn && rm->stopped == 0)
		rm->stopped = rm->fn(kind, id, name, rm->data);
}

static int add_user(struct minc_kept *k, void *data)
{
	struct removal *rm = data;
	struct user *u, *more;

	if (!str_starts_with(k->image, "sha256:"))
		return 0;
	more = array_grow(rm->users, &rm->users_room, rm->users_len + 1, sizeof(*more));
	if (!more)
		return err_set(rm->s->err, -ENOMEM, "containers");
	rm->users = more;
	u = &rm->users[rm->users_len];
	*u = (struct user){ .image = arena_strdup(&rm->a, k->image + 7),
			    .id = arena_strdup(&rm->a, k->id),
			    .name = arena_strdup(&rm->a, k->name),
			    .number = rm->users_len };
	if (!u->image || !u->id || !u->name)
		return err_set(rm->s->err, -ENOMEM, "containers");
	rm->users_len++;
	return 0;
}

static int by_image(const void *a, const void *b)
{
	const struct user *x = a, *y = b;
	int r = strcmp(x->image, y->image);

	return r ? r : x->number < y->number ? -1 : 1;
}

static int read_users(struct removal *rm)
{
	int r = 0;

	if (rm->held < 0)
		r = rm->held = containers_hold(rm->s);
	if (r >= 0)
		r = rm->users_read ? 0 : containers_foreach(rm->s, add_user, rm);
	if (r == 0 && !rm->users_read && rm->users_len > 0)
		qsort(rm->users, rm->users_len, sizeof(*rm->users), by_image);
	rm->users_read = rm->users_read || r == 0;
	return r;
}

/* The first that is not before @image. */
static size_t first_user(const struct removal *rm, const char *image)
{
	size_t low = 0, high = rm->users_len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(rm->users[middle].image, image) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A container may be made of any image of an index. */
static int report_users(struct removal *rm, struct one *o)
{
	int r = read_users(rm);

	needed_unique(&o->mine);
	for (size_t i = 0; r == 0 && i < o->mine.len; i++) {
		const char *hex = digest_hex(&o->mine.v[i]);

		for (size_t u = first_user(rm, hex);
		     u < rm->users_len && str_equal(rm->users[u].image, hex); u++)
			report(rm, o, "container", rm->users[u].id, rm->users[u].name);
	}
	return r;
}

static bool is_same(const struct index_entry *a, const struct index_entry *b)
{
	return !a->gone && digest_equal(&a->digest, &b->digest);
}

/* -EBUSY: other names or containers are in the way, unless it is forced. */
static int check_dependents(struct removal *rm, struct one *o)
{
	struct store *s = rm->s;
	int r;

	if (rm->flags & MINC_REMOVE_FORCE)
		return 0;
	for (size_t i = 0; !o->by_name && o->names > 1 && i < rm->index.len; i++)
		if (is_same(&rm->index.entries[i], o->entry))
			report(rm, o, "image", digest_hex(&o->entry->digest),
			       rm->index.entries[i].name);
	if (o->in_the_way)
		return err_say(s->err, -EBUSY, "image %s: it has %zu names", o->name,
			       o->names);
	if (!o->last || (rm->flags & MINC_REMOVE_UNTAG))
		return 0;
	r = report_users(rm, o);
	if (r < 0 || o->in_the_way == 0)
		return r;
	return err_say(s->err, -EBUSY, "image %s: used by %zu container%s", o->name,
		       o->in_the_way, o->in_the_way == 1 ? "" : "s");
}

/* With MINC_REMOVE_UNTAG the first entry of an image stays, without a name. */
static void drop_entries(struct removal *rm, const struct one *o)
{
	size_t left = o->names;

	for (size_t i = rm->index.len; i-- > 0;) {
		struct index_entry *e = &rm->index.entries[i];

		if (!is_same(e, o->entry) ||
		    (o->by_name && !str_equal(e->name, o->entry->name)))
			continue;
		if ((rm->flags & MINC_REMOVE_UNTAG) && left == 1) {
			e->unnamed = true;
			e->name = "";
		} else {
			e->gone = true;
		}
		left--;
	}
	rm->changed = true;
}

/* Find the name, and drop it if nothing is in the way. */
static int take(struct removal *rm, struct one *o)
{
	size_t i;
	int r = find_entry(rm->s, &rm->index, o->name, &i, &o->by_name);

	if (r < 0)
		return r;
	o->entry = &rm->index.entries[i];
	for (i = 0; i < rm->index.len; i++)
		o->names += is_same(&rm->index.entries[i], o->entry);
	o->last = !o->by_name || o->names == 1;
	if (o->last)
		r = needed_add_entry(&o->mine, rm->s, o->entry);
	if (r == 0)
		r = check_dependents(rm, o);
	if (r == 0 && rm->stopped == 0 && o->last && !(rm->flags & MINC_REMOVE_UNTAG))
		r = needed_add_all(&rm->files, &o->mine) < 0
			    ? err_set(rm->s->err, -ENOMEM, "image %s", o->name)
			    : 0;
	if (r == 0 && rm->stopped == 0)
		drop_entries(rm, o);
	return r;
}

/* @each is called for each name, until it does not return 0. */
static int take_all(struct removal *rm, const char *const *names, minc_removal_fn each,
		    void *data)
{
	int r = 0;

	for (; *names && r == 0 && rm->stopped == 0; names++) {
		struct one o = { .name = *names };

		r = take(rm, &o);
		needed_done(&o.mine);
		if (r == -ENOMEM || rm->stopped)
			break;
		rm->stopped = each(*names, r, data);
		if (rm->stopped == 0 && r < 0)
			err_clear(rm->s->err);
		r = 0;
	}
	return rm->stopped ? rm->stopped : r;
}

static int write_index(struct removal *rm, struct index_edit *edit)
{
	json_t *item, *left = json_array();
	size_t i, at = 0;
	int r = left ? 0 : -ENOMEM;

	json_array_foreach(edit->manifests, i, item)
	{
		const struct index_entry *e =
			at < rm->index.len && rm->index.entries[at].place == i
				? &rm->index.entries[at++]
				: NULL;

		if (r == 0 && e && e->unnamed)
			r = index_annotate(item, REF_NAME_ANNOTATION, NULL);
		if (r == 0 && !(e && e->gone))
			r = json_array_append(left, item) < 0 ? -ENOMEM : 0;
	}
	if (r == 0)
		r = index_replace(edit, json_incref(left));
	json_decref(left);
	return r < 0 ? err_set(rm->s->err, r, "index.json") : index_write(rm->s, edit);
}

/* The digest is that of a blob, of a layer, or of what is signed: all are tried. */
static int remove_files(struct store *s, const char *hex)
{
	char path[3][STORE_PATH_LEN];

	store_blob_path(hex, path[0]);
	store_layer_path(hex, path[1]);
	snprintf(path[2], sizeof(path[2]), "signatures/%s", hex);
	for (size_t i = 0; i < 3; i++)
		if (unlinkat(s->dir, path[i], 0) < 0 && errno != ENOENT)
			return err_set(s->err, -errno, "store %s: %s", s->path, path[i]);
	return 0;
}

/* After the index was written: what is listed now decides. */
static int drop_files(struct removal *rm)
{
	struct needed others = { .only = &rm->files };
	struct index index;
	int r = store_own_now(rm->s);

	if (r == -EWOULDBLOCK)
		/* somebody may be about to list them again: prune removes them */
		return 0;
	if (r < 0)
		return r;
	needed_unique(&rm->files);
	r = store_index(rm->s, &rm->a, &index);
	if (r == 0)
		r = needed_add_index(&others, rm->s, &index);
	for (size_t i = 0; r == 0 && i < rm->files.len; i++)
		if (!needed_have(&others, digest_hex(&rm->files.v[i])))
			r = remove_files(rm->s, digest_hex(&rm->files.v[i]));
	needed_done(&others);
	store_disown(rm->s);
	return r;
}

static int change_index(struct removal *rm, const char *const *names,
			minc_removal_fn each, void *data)
{
	struct index_edit edit;
	int r = index_begin(rm->s, &edit);

	if (r < 0)
		return r;
	r = index_entries(rm->s, &edit, &rm->a, &rm->index);
	if (r == 0)
		r = take_all(rm, names, each, data);
	if (r == 0 && rm->changed)
		r = write_index(rm, &edit);
	if (rm->held >= 0)
		containers_release(rm->s, rm->held);
	index_end(rm->s, &edit);
	return r;
}

int images_remove(struct store *s, const char *const *names, unsigned flags,
		  minc_dependent_fn fn, minc_removal_fn each, void *data)
{
	struct removal rm = {
		.s = s, .flags = flags, .held = -EBADF, .fn = fn, .data = data
	};
	int r = store_look(s);

	if (r == 0)
		r = change_index(&rm, names, each, data);
	else if (r == -ENOENT) /* no store has none */
		r = take_all(&rm, names, each, data);
	if (r == 0 && rm.files.len > 0)
		r = drop_files(&rm);
	needed_done(&rm.files);
	free(rm.users);
	arena_done(&rm.a);
	return r;
}

/* Not 0 ends it. */
static int give_back(const char *name, int error, void *data)
{
	(void)name, (void)data;
	return error;
}

int image_remove(struct store *s, const char *name, unsigned flags, minc_dependent_fn fn,
		 void *data)
{
	return images_remove(s, (const char *const[]){ name, NULL }, flags, fn, give_back,
			     data);
}
