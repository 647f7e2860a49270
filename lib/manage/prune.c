/* SPDX-License-Identifier: MIT */
/*
 * prune - remove what nothing needs: containers, then images, then files that no image
 * which is left refers to. Nobody writes to the store meanwhile.
 */
#include "manage/prune.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "manage/containers.h"
#include "store/contents.h"
#include "store/discard.h"
#include "store/index.h"
#include "store/needed.h"
#include "store/roster.h"
#include "store/store-file.h"

struct prune {
	struct store *s;
	unsigned flags;
	struct needed used, kept; /* by containers that stay, by images that stay */
	minc_report_fn fn;
	void *data;
	struct err failure; /* of the first container that could not be removed */
};

static int keep_container(struct prune *p, struct minc_kept *k)
{
	/* "" where it has no image */
	return needed_add_text(&p->used, k->image, strlen(k->image)) < 0
		       ? err_set(p->s->err, -ENOMEM, "containers")
		       : 0;
}

/*
 * One that cannot be removed keeps its image. Others are removed first, then that is the
 * failure.
 */
static int prune_container(struct minc_kept *k, void *data)
{
	struct prune *p = data;
	int r = 0;

	if (!(p->flags & MINC_PRUNE_CONTAINERS) || containers_in_use(k))
		return keep_container(p, k);
	if (!(p->flags & MINC_PRUNE_DRY))
		r = containers_delete_owned(p->s, k);
	if (r == -EBUSY || r == -ENOENT) { /* started, or gone, since */
		err_clear(p->s->err);
		return keep_container(p, k);
	}
	if (r == -ENOMEM)
		return r;
	if (r == 0)
		return p->fn("container", k->id, 0, "", p->data);
	if (!p->failure.code)
		p->failure = *p->s->err;
	err_clear(p->s->err);
	return keep_container(p, k);
}

/* Whether containers run from the entry: of an index, from one of its manifests. */
static int is_used(struct prune *p, const struct index_entry *e, bool *ret)
{
	struct needed all = { .v = NULL };
	int r = p->used.len > 0 ? needed_add_entry(&all, p->s, e) : 0;

	*ret = false;
	for (size_t i = 0; i < all.len && !*ret; i++)
		*ret = needed_have(&p->used, digest_hex(&all.v[i]));
	needed_done(&all);
	return r;
}

static int is_needed(struct prune *p, const struct index_entry *e, bool *ret)
{
	bool choose = (p->flags & MINC_PRUNE_UNUSED) ||
		      ((p->flags & MINC_PRUNE_UNNAMED) && !*e->name);

	*ret = true;
	return choose ? is_used(p, e, ret) : 0;
}

/* Decide for every image, write the index once. */
static int prune_images(struct prune *p)
{
	struct arena a = { NULL };
	struct index_edit edit;
	struct roster roster;
	struct index index;
	bool changed = false, needed;
	int r = index_begin(p->s, &edit);

	if (r < 0)
		return r;
	r = index_entries(p->s, &edit, &a, &index);
	if (roster_read(&roster, &edit) < 0)
		r = err_set(p->s->err, -ENOMEM, "index.json");
	for (size_t i = 0; r == 0 && i < index.len; i++) {
		const struct index_entry *e = &index.entries[i];

		r = is_needed(p, e, &needed);
		if (r == 0 && needed)
			r = needed_add_entry(&p->kept, p->s, e);
		if (r < 0 || needed)
			continue;
		roster_drop(&roster, e->digest.text, e->name);
		changed = true;
		r = p->fn("image", *e->name ? e->name : digest_hex(&e->digest),
			  e->mounted_size, "", p->data);
	}
	if (changed && r >= 0 && !(p->flags & MINC_PRUNE_DRY)) {
		int n = roster_write(&roster) < 0
				? err_set(p->s->err, -ENOMEM, "index.json")
				: index_write(p->s, &edit);

		r = n < 0 ? n : r;
	}
	roster_done(&roster);
	index_end(p->s, &edit);
	arena_done(&a);
	return r;
}

static int prune_file(const struct contents_file *f, void *data)
{
	struct prune *p = data;
	char path[128];
	int r = 0;

	if (*f->hex && needed_have(&p->kept, f->hex))
		return 0;
	if (!(p->flags & MINC_PRUNE_DRY)) {
		snprintf(path, sizeof(path), "%s/%.100s", f->where, f->name);
		if (*f->hex && unlinkat(p->s->dir, path, 0) < 0 && errno != ENOENT)
			r = -errno;
		if (!*f->hex) {
			cleanup_close int at = openat(p->s->dir, f->where,
						      O_RDONLY | O_DIRECTORY | O_CLOEXEC);

			r = at < 0 ? -errno : discard(p->s->err, at, f->name);
		}
		if (r < 0)
			return err_set(p->s->err, r, "store %s: %s", p->s->path, path);
	}
	return p->fn(f->what, *f->hex ? f->hex : f->name, f->bytes, "", p->data);
}

int store_prune(struct store *s, unsigned flags, minc_report_fn fn, void *data)
{
	struct prune p = { .s = s, .flags = flags, .fn = fn, .data = data };
	int r = store_look(s);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = store_own_unswept(s);
	if (r < 0)
		return r;
	r = containers_foreach(s, prune_container, &p);
	if (r == 0)
		r = prune_images(&p);
	if (r == 0)
		r = contents_foreach(s, prune_file, &p);
	if (r == 0 && p.failure.code) {
		*s->err = p.failure;
		r = p.failure.code;
	}
	store_disown(s);
	needed_done(&p.used);
	needed_done(&p.kept);
	return r;
}
