/* SPDX-License-Identifier: MIT */
/* image-root - an image as the root of containers; see minc/image.h. */
#include <errno.h>
#include <stdlib.h>

#include "api/api.h"
#include "api/store.h"

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
		.name = arena_printf(a, "image %s", shown),
	};

	if (!layers || !image.argv || !image.name)
		return spec_refuse(&c->spec, -ENOMEM, "minc_set_image", "");
	for (size_t i = 0; i < img->layers_len; i++) {
		layers[i] = arena_printf(a, "%s/layers/%s.sqfs", img->store_path,
					 digest_hex(&img->layers[i].diff_id));
		if (!layers[i])
			return spec_refuse(&c->spec, -ENOMEM, "minc_set_image", "");
	}
	image.layers = layers;
	return spec_set_image(&c->spec, &image);
}

MINC_EXPORT int minc_set_image(minc_ctx *c, const minc_image *image)
{
	struct arena a = { 0 };
	int r;

	if (!c || !image)
		return -EINVAL;
	r = image->ops->whole(image->image, &c->err);
	if (r < 0)
		return r;
	r = set_image(c, &a, image->image);
	arena_done(&a);
	c->changed = true;
	return r;
}
