/* SPDX-License-Identifier: MIT */
/* image-root - an image as the root of containers; see minc/image.h. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/api-store.h"
#include "api/api.h"
#include "base/module.h"

static const char *const *join_lists(struct arena *a, const char *const *x,
				     const char *const *y)
{
	const char **list;
	size_t n = 0, len = 0;

	while (x && x[len])
		len++;
	for (const char *const *i = y; i && *i; i++)
		n++;
	list = arena_alloc(a, (len + n + 1) * sizeof(*list));
	if (!list)
		return NULL;
	for (size_t i = 0; i < len; i++)
		list[i] = x[i];
	for (size_t i = 0; i < n; i++)
		list[len + i] = y[i];
	list[len + n] = NULL;
	return list;
}

static const char *layer_path(struct arena *a, const struct image *img, size_t i)
{
	return arena_printf(a, "%s/layers/%s.sqfs", img->store_path,
			    digest_hex(&img->layers[i].diff_id));
}

static int set_image(minc_ctx *c, struct arena *a, const struct image *img)
{
	const char **layers = arena_alloc(a, (img->layers_len + 1) * sizeof(*layers));
	const char *shown = *img->name ? img->name : img->config.text;
	struct spec_image image = {
		.layers_len = img->layers_len,
		.user = img->user,
		.cwd = img->cwd,
		.env = img->env,
		.argv = join_lists(a, img->entrypoint, img->cmd),
		.volumes = img->volumes,
		.name = arena_printf(a, "image %s", shown),
	};

	if (!layers || !image.argv || !image.name)
		return spec_refuse(&c->spec, -ENOMEM, "minc_set_image", "");
	for (size_t i = 0; i < img->layers_len; i++) {
		layers[i] = layer_path(a, img, i);
		if (!layers[i])
			return spec_refuse(&c->spec, -ENOMEM, "minc_set_image", "");
	}
	image.layers = layers;
	return spec_set_image(&c->spec, &image);
}

/*
 * Whether only the blob of a layer is there: another tool filled the store, or a damaged
 * layer was removed. 0, 1 or -ENOMEM.
 */
static int lacks_layer(struct arena *a, const struct image *img)
{
	for (size_t i = 0; i < img->layers_len; i++) {
		const char *path = layer_path(a, img, i);

		if (!path)
			return -ENOMEM;
		if (access(path, F_OK) < 0 && errno == ENOENT)
			return 1;
	}
	return 0;
}

static int complete(minc_ctx *c, struct image *img)
{
	minc_store *store = NULL;
	minc_transfer *t = NULL;
	void *ops;
	int r = minc_store_open(c, img->store_path, &store);

	if (r == 0)
		r = module_symbol("import", "import_ops", &c->err, &ops);
	if (r == 0) {
		t = minc_transfer_new(store);
		r = t ? ((const struct import_ops *)ops)->complete(t, img)
		      : err_set(&c->err, -ENOMEM, "image");
	}
	minc_transfer_free(t);
	minc_store_free(store);
	return r;
}

/* Only for signatures the store is opened, which takes longer than all the rest. */
static int ask_policy(minc_ctx *c, const struct image_ops *ops, const struct image *img)
{
	minc_store *store = NULL;
	int r;

	if (spec_flag(&c->spec, MINC_INSECURE_POLICY))
		return 0;
	r = ops->policy(&c->err, img->store_path, img->asked);
	if (r <= 0)
		return api_policy_hint(c, r);
	r = minc_store_open(c, img->store_path, &store);
	if (r == 0)
		r = api_policy(store, img->asked, img);
	minc_store_free(store);
	return r;
}

MINC_EXPORT int minc_set_image(minc_ctx *c, const minc_image *image)
{
	struct arena a = { 0 };
	int r;

	if (!c)
		return -EINVAL;
	c->changed = true;
	/* one that was not found: without it the command would run on the host's root */
	if (!image)
		return spec_refuse(&c->spec, -EINVAL, "minc_set_image", "no image");
	spec_begin(&c->spec);
	r = image->ops->whole(image->image, &c->err);
	if (r == 0)
		r = ask_policy(c, image->ops, image->image);
	if (r == 0)
		r = lacks_layer(&a, image->image);
	if (r > 0)
		r = complete(c, image->image);
	if (r == 0)
		r = set_image(c, &a, image->image);
	arena_done(&a);
	if (r == -ENOMEM)
		(void)err_set(&c->err, r, "minc_set_image"); /* if there is no message */
	return spec_stick(&c->spec, r);
}
