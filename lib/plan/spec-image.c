/* SPDX-License-Identifier: MIT */
/* spec-image - a root made of layers; see spec.h. */
#include <errno.h>
#include <string.h>

#include "plan/spec.h"

static int copy_text(struct spec *s, const char *text, const char **ret)
{
	*ret = text && *text ? arena_strdup(&s->arena, text) : NULL;
	return text && *text && !*ret ? -ENOMEM : 0;
}

static int copy_list(struct spec *s, const char *const *list, const char *const **ret)
{
	*ret = list && *list ? arena_strv(&s->arena, list) : NULL;
	return list && *list && !*ret ? -ENOMEM : 0;
}

int spec_set_image(struct spec *s, const struct spec_image *image)
{
	static const char call[] = "minc_set_image";
	struct spec_image copy = { .layers_len = image->layers_len };
	const char **layers;
	size_t volumes = 0;
	int r = 0;

	if (image->layers_len == 0)
		return spec_refuse(s, -EINVAL, call, "image without layers");
	if (image->layers_len > SPEC_LAYERS_MAX)
		return spec_refuse(s, -EINVAL, call, "more than 500 layers");
	while (image->volumes && image->volumes[volumes])
		if (++volumes > SPEC_VOLUMES_MAX)
			return spec_refuse(s, -EINVAL, image->name ? image->name : call,
					   "it names more than 10000 volumes");
	layers = arena_alloc(&s->arena, image->layers_len * sizeof(*layers));
	if (!layers)
		return spec_refuse(s, -ENOMEM, call, "");
	for (size_t i = 0; i < image->layers_len && r == 0; i++) {
		if (image->layers[i][0] != '/')
			return spec_refuse(s, -EINVAL, call,
					   "a layer's path is not absolute");
		r = copy_text(s, image->layers[i], &layers[i]);
	}
	copy.layers = layers;
	if (r == 0)
		r = copy_text(s, image->name ? image->name : "image", &copy.name);
	if (r == 0)
		r = copy_text(s, image->user, &copy.user);
	if (r == 0)
		r = copy_text(s, image->cwd, &copy.cwd);
	if (r == 0)
		r = copy_list(s, image->env, &copy.env);
	if (r == 0)
		r = copy_list(s, image->argv, &copy.argv);
	if (r == 0)
		r = copy_list(s, image->volumes, &copy.volumes);
	if (r < 0)
		return spec_refuse(s, r, call, "");
	s->image = copy;
	return 0;
}

const char *spec_user(const struct spec *s, const char **ret_origin)
{
	const char *user = s->user ? s->user : s->image.user;

	if (ret_origin)
		*ret_origin = s->user ? s->user_origin : user ? s->image.name : NULL;
	return user;
}
