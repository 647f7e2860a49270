/* SPDX-License-Identifier: MIT */
/*
 * image - the store and its images; see minc/image.h. The work is done in module "image",
 * which is loaded with the first store.
 */
#include <errno.h>
#include <stdlib.h>

#include "api/api-store.h"
#include "base/module.h"

int api_store_begin(minc_ctx *c)
{
	if (c->spec.sticky < 0)
		return c->spec.sticky;
	err_clear(&c->err);
	return 0;
}

int api_found(const struct image_visit *v, struct image *img)
{
	minc_image image = { .image = img, .ops = v->ops };

	return v->fn ? v->fn(&image, v->data) : 0;
}

static void warn(const char *line, void *data)
{
	const minc_ctx *c = data;

	if (c->log)
		c->log(line, c->log_data);
}

MINC_EXPORT int minc_store_open(minc_ctx *c, const char *dir, minc_store **ret)
{
	minc_store *s;
	void *ops;
	int r;

	if (!c || !ret)
		return -EINVAL;
	r = api_store_begin(c);
	if (r == 0)
		r = module_symbol("image", "image_ops", &c->err, &ops);
	if (r < 0)
		return r;
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(&c->err, -ENOMEM, "store");
	s->c = c;
	s->ops = ops;
	r = s->ops->open(&c->err, dir, &s->store);
	if (r < 0) {
		free(s);
		return r;
	}
	s->store->warn = warn;
	s->store->warn_data = c;
	*ret = s;
	return 0;
}

MINC_EXPORT minc_store *minc_store_free(minc_store *s)
{
	if (s)
		(void)s->ops->close(s->store); /* returns NULL */
	free(s);
	return NULL;
}

MINC_EXPORT const char *minc_store_path(const minc_store *s)
{
	return s ? s->store->path : NULL;
}

int api_give_image(minc_store *s, struct image *image, minc_image **ret)
{
	minc_image *given = calloc(1, sizeof(*given));

	if (!given) {
		err_set(&s->c->err, -ENOMEM, "image %s", image->name);
		(void)s->ops->free_image(image); /* returns NULL */
		return -ENOMEM;
	}
	*given = (minc_image){ .ops = s->ops, .image = image };
	*ret = given;
	return 0;
}

MINC_EXPORT int minc_image_find(minc_store *s, const char *name, minc_image **ret)
{
	return minc_image_find_platform(s, name, NULL, ret);
}

MINC_EXPORT int minc_image_find_platform(minc_store *s, const char *name,
					 const char *platform, minc_image **ret)
{
	struct image *image;
	int r;

	if (!s || !name || !ret)
		return -EINVAL;
	r = api_store_begin(s->c);
	if (r == 0)
		r = s->ops->find(s->store, name, platform, &image);
	return r < 0 ? r : api_give_image(s, image, ret);
}

static int visit_listed(struct image *img, void *data)
{
	return api_found(data, img);
}

MINC_EXPORT int minc_image_foreach(minc_store *s, minc_image_fn fn, void *userdata)
{
	struct image_visit v = { .fn = fn, .data = userdata };
	int r;

	if (!s || !fn)
		return -EINVAL;
	v.ops = s->ops;
	r = api_store_begin(s->c);
	return r < 0 ? r : s->ops->foreach(s->store, visit_listed, &v);
}

MINC_EXPORT minc_image *minc_image_free(minc_image *image)
{
	if (image)
		(void)image->ops->free_image(image->image); /* returns NULL */
	free(image);
	return NULL;
}

MINC_EXPORT const char *minc_image_id(const minc_image *image)
{
	return image ? digest_hex(&image->image->config) : "";
}

MINC_EXPORT const char *minc_image_digest(const minc_image *image)
{
	return image ? image->image->manifest.text : "";
}

MINC_EXPORT const char *minc_image_name(const minc_image *image)
{
	return image ? image->image->name : "";
}

MINC_EXPORT uint64_t minc_image_size(const minc_image *image)
{
	return image ? image->image->mounted_size : 0;
}

MINC_EXPORT int64_t minc_image_created_ms(const minc_image *image)
{
	return image ? image->image->created_ms : 0;
}

/* The image with all that its manifest and config say, or NULL if they cannot be read. */
static const struct image *whole(const minc_image *image)
{
	return image && image->ops->whole(image->image, NULL) == 0 ? image->image : NULL;
}

static const char *const no_words[] = { NULL };

MINC_EXPORT const char *const *minc_image_entrypoint(const minc_image *image)
{
	const struct image *img = whole(image);

	return img ? img->entrypoint : no_words;
}

MINC_EXPORT const char *const *minc_image_command(const minc_image *image)
{
	const struct image *img = whole(image);

	return img ? img->cmd : no_words;
}

MINC_EXPORT const char *const *minc_image_volumes(const minc_image *image)
{
	const struct image *img = whole(image);

	return img ? img->volumes : no_words;
}

MINC_EXPORT const char *minc_image_stop_signal(const minc_image *image)
{
	const struct image *img = whole(image);

	return img ? img->stop_signal : "";
}

MINC_EXPORT int minc_image_inspect(minc_image *image, char **ret)
{
	return image && ret ? image->ops->inspect(image->image, ret) : -EINVAL;
}

MINC_EXPORT const char *minc_image_platform(const minc_image *image)
{
	const struct image *img = whole(image);

	return img ? img->platform : "";
}

/* Sizes are those of layers, which belong to the steps that are not empty, in order. */
MINC_EXPORT int minc_image_history(minc_image *image, minc_history_fn fn, void *userdata)
{
	const struct image *img = whole(image);
	size_t layer;
	int r = 0;

	if (!image || !fn)
		return -EINVAL;
	if (!img)
		return -EBADMSG;
	layer = img->layers_len;
	for (size_t i = img->history_len; i-- > 0 && r == 0;) {
		const struct image_history *h = &img->history[i];
		uint64_t size = 0;

		if (!h->empty_layer && layer > 0)
			size = img->layers[--layer].mounted_size;
		r = fn(h->created_ms, h->created_by, h->comment, size, h->empty_layer,
		       userdata);
	}
	return r;
}

MINC_EXPORT int minc_image_tag(minc_store *s, minc_image *image, const char *name)
{
	int r;

	if (!s || !image || !name)
		return -EINVAL;
	r = api_store_begin(s->c);
	if (r == 0)
		r = s->ops->whole(image->image, &s->c->err);
	if (r == 0)
		r = api_policy(s, name, image->image);
	return r < 0 ? r : s->ops->tag(s->store, image->image, name);
}

enum { REMOVE_FLAGS = MINC_REMOVE_FORCE | MINC_REMOVE_UNTAG };

MINC_EXPORT int minc_image_remove(minc_store *s, const char *name, unsigned flags,
				  minc_dependent_fn fn, void *userdata)
{
	int r;

	if (!s || !name || (flags & ~(unsigned)REMOVE_FLAGS))
		return -EINVAL;
	r = api_store_begin(s->c);
	return r < 0 ? r : s->ops->remove(s->store, name, flags, fn, userdata);
}

MINC_EXPORT int minc_images_remove(minc_store *s, const char *const *names,
				   unsigned flags, minc_dependent_fn fn,
				   minc_removal_fn each, void *userdata)
{
	int r;

	if (!s || !names || !each || (flags & ~(unsigned)REMOVE_FLAGS))
		return -EINVAL;
	r = api_store_begin(s->c);
	return r < 0 ? r : s->ops->remove_all(s->store, names, flags, fn, each, userdata);
}

static int ignore(const char *what, const char *name, uint64_t bytes, const char *reason,
		  void *userdata)
{
	(void)what;
	(void)name;
	(void)bytes;
	(void)reason;
	(void)userdata;
	return 0;
}

MINC_EXPORT int minc_store_prune(minc_store *s, unsigned flags, minc_report_fn fn,
				 void *userdata)
{
	const unsigned known = MINC_PRUNE_UNNAMED | MINC_PRUNE_UNUSED |
			       MINC_PRUNE_CONTAINERS | MINC_PRUNE_DRY;
	int r;

	if (!s || (flags & ~known))
		return -EINVAL;
	r = api_store_begin(s->c);
	return r < 0 ? r : s->ops->prune(s->store, flags, fn ? fn : ignore, userdata);
}

MINC_EXPORT int minc_store_usage(minc_store *s, minc_report_fn fn, void *userdata)
{
	int r;

	if (!s || !fn)
		return -EINVAL;
	r = api_store_begin(s->c);
	return r < 0 ? r : s->ops->usage(s->store, fn, userdata);
}

MINC_EXPORT int minc_store_fsck(minc_store *s, unsigned flags, minc_report_fn fn,
				void *userdata)
{
	void *ops;
	int r;

	if (!s || (flags & ~(unsigned)MINC_FSCK_REPAIR))
		return -EINVAL;
	r = api_store_begin(s->c);
	if (r == 0)
		r = module_symbol("import", "import_ops", &s->c->err, &ops);
	if (r < 0)
		return r;
	return ((const struct import_ops *)ops)
		->fsck(s->store, flags, fn ? fn : ignore, userdata);
}
