/* SPDX-License-Identifier: MIT */
/* usage - what takes how much space in a store. */
#include "manage/usage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "change/subtree.h"
#include "manage/containers.h"
#include "store/contents.h"
#include "store/needed.h"
#include "store/store-file.h"

struct usage {
	struct store *s;
	struct needed listed, used; /* by images, by containers */
	minc_report_fn fn;
	void *data;
};

static int add_used(struct minc_kept *k, void *data)
{
	struct usage *u = data;

	/* "" where it has no image */
	return needed_add_text(&u->used, k->image, strlen(k->image)) < 0
		       ? err_set(u->s->err, -ENOMEM, "containers")
		       : 0;
}

static int count(const struct object *o, void *data)
{
	*(uint64_t *)data += (uint64_t)o->st.st_blocks * 512;
	return 0;
}

static int report_container(struct minc_kept *k, void *data)
{
	struct usage *u = data;
	uint64_t bytes = 0;
	cleanup_close int room =
		openat(u->s->dir, "containers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = subtree_visit(room, k->id, count, &bytes);

	if (r == -ENOMEM)
		return err_set(u->s->err, r, "container %.12s", k->id);
	return u->fn("container", k->id, bytes, containers_in_use(k) ? "" : "unused",
		     u->data);
}

static int report_image(struct image *img, void *data)
{
	struct usage *u = data;
	bool needed = *img->name || needed_have(&u->used, digest_hex(&img->manifest));

	return u->fn("image", digest_hex(&img->config), img->mounted_size,
		     needed ? "" : "unused", u->data);
}

static int report_file(const struct contents_file *f, void *data)
{
	struct usage *u = data;

	if (str_equal(f->what, "temporary"))
		return 0;
	return u->fn(f->what, f->hex, f->bytes,
		     needed_have(&u->listed, f->hex) ? "" : "unused", u->data);
}

int store_usage(struct store *s, minc_report_fn fn, void *data)
{
	struct usage u = { .s = s, .fn = fn, .data = data };
	struct arena a = { NULL };
	struct index index;
	int r = store_index(s, &a, &index);

	if (r == 0)
		r = needed_add_index(&u.listed, s, &index);
	if (r == 0)
		r = containers_foreach(s, add_used, &u);
	if (r == 0)
		r = image_foreach(s, report_image, &u);
	if (r == 0)
		r = contents_foreach(s, report_file, &u);
	if (r == 0)
		r = containers_foreach(s, report_container, &u);
	needed_done(&u.listed);
	needed_done(&u.used);
	arena_done(&a);
	return r;
}
