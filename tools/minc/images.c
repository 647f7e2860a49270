/* SPDX-License-Identifier: MIT */
/* images - see images.h. */
#include "images.h"

#include <errno.h>
#include <minc/image.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/complete.h"
#include "common/note.h"

/* "./x" and "/x" are paths, and so is any word that names a file. */
static bool is_path(const char *name)
{
	struct stat st;

	return *name == '/' || *name == '.' || !*name || stat(name, &st) == 0;
}

/* 1: open; 0: this libminc has no images, so a name is a path that is missing. */
static int open_store(struct options *o)
{
	int r = o->store ? 0 : minc_store_open(o->c, NULL, &o->store);

	return r == 0 ? 1 : r == -ENOSYS ? 0 : r;
}

static bool is_absent(int r)
{
	return r == -ENOENT || r == -EINVAL;
}

/* The store's directory of container @k is where it writes. */
static int use_container(struct options *o, const minc_kept *k)
{
	(void)snprintf(o->container, sizeof(o->container), "%s", minc_kept_id(k));
	return minc_set_storage(o->c, minc_kept_dir(k));
}

static int use_image(struct options *o, minc_image *image)
{
	int r = minc_set_image(o->c, image);
	minc_image_free(o->fresh_image);
	o->fresh_image = image;
	return r;
}

int images_root(struct options *o, const char *name)
{
	minc_image *image;
	int r = is_path(name) ? 0 : open_store(o);

	if (r <= 0)
		return r;
	r = minc_image_find(o->store, name, &image);
	if (is_absent(r))
		return 0;
	if (r == 0)
		r = use_image(o, image);
	return r < 0 ? r : 1;
}

int images_container(struct options *o, const char *name)
{
	minc_image *image;
	bool from_image;
	minc_kept *k;
	int r = is_path(name) ? 0 : open_store(o);

	if (r <= 0)
		return r;
	r = minc_store_container(o->store, name, &k);
	if (is_absent(r))
		return 0;
	if (r < 0)
		return r;
	from_image = *minc_kept_image(k) && !o->root;
	r = use_container(o, k);
	if (r == 0 && from_image)
		r = minc_kept_find_image(o->store, k, &image);
	if (r == 0 && from_image)
		r = use_image(o, image);
	minc_kept_free(k);
	return r < 0 ? r : 1;
}

/* What lists show: the image as it was typed. NULL without memory. */
static char *write_note(const struct options *o)
{
	const char *const *lists[] = { o->command, NULL };
	char *text = NULL;
	size_t len, i;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	if (!o->command) {
		lists[0] = minc_image_entrypoint(o->fresh_image);
		lists[1] = minc_image_command(o->fresh_image);
	}
	(void)fputs(NOTE_MINC "\n", out);
	note_put(out, "image", o->root);
	if (o->remove)
		(void)fputs("remove\n", out);
	for (i = 0; i < 2; i++)
		for (const char *const *w = lists[i]; w && *w; w++)
			note_put(out, "operand", *w);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

int images_begin(struct options *o)
{
	char *note;
	minc_kept *k;
	char *id;
	int r;

	if (!o->fresh_image || o->tempdir)
		return 0;
	/* -k keeps what is written, here as elsewhere */
	o->remove = o->remove && !o->keep;
	note = write_note(o);
	r = minc_store_create(o->store, o->fresh_image, NULL, note, &id);
	free(note);
	if (r < 0)
		return r;
	r = minc_store_container(o->store, id, &k);
	free(id);
	if (r < 0)
		return r;
	o->made = true;
	r = use_container(o, k);
	minc_kept_free(k);
	if (r == 0 && o->background)
		r = minc_set_id(o->c, o->container);
	if (r < 0)
		return r;
	if (!o->quiet && !o->remove) {
		(void)printf("%s\n", o->container);
		(void)fflush(stdout); /* a failure is noticed at the end */
	}
	return 0;
}

void images_abandon(struct options *o)
{
	minc_kept *k;

	if (!o->made || minc_store_container(o->store, o->container, &k) < 0)
		return;
	(void)minc_store_delete(o->store, k); /* what failed has been said */
	minc_kept_free(k);
}

/* All that was open is closed by then. */
int images_forget(struct options *o)
{
	minc_kept *k = NULL;
	int r;

	o->c = minc_ctx_new();
	r = o->c ? minc_store_open(o->c, NULL, &o->store) : -ENOMEM;
	if (r == 0)
		r = minc_store_container(o->store, o->container, &k);
	if (r < 0)
		return r;
	r = minc_store_delete(o->store, k);
	minc_kept_free(k);
	return r;
}

void images_done(struct options *o)
{
	minc_image_free(o->fresh_image);
	o->fresh_image = NULL;
	minc_store_free(o->store);
	o->store = NULL;
}

static int offer_image(minc_image *image, void *userdata)
{
	complete_name(userdata, minc_image_name(image), "image");
	return 0;
}

static int offer_container(minc_kept *k, void *userdata)
{
	complete_name(userdata, minc_kept_name(k), "container");
	return 0;
}

void images_names(const struct completion *c, unsigned kinds)
{
	minc_ctx *ctx = minc_ctx_new();
	minc_store *store = NULL;

	if (ctx && minc_store_open(ctx, NULL, &store) < 0)
		store = NULL; /* there are no names */
	if (store && (kinds & NAME_IMAGE))
		(void)minc_image_foreach(store, offer_image, (void *)c);
	if (store && (kinds & NAME_CONTAINER))
		(void)minc_store_containers(store, offer_container, (void *)c);
	minc_store_free(store);
	minc_ctx_free(ctx);
}
