/* SPDX-License-Identifier: MIT */
/* kept - containers of the store; see minc/image.h. */
#include <errno.h>
#include <stdlib.h>

#include "api/api-store.h"

MINC_EXPORT int minc_store_create(minc_store *s, const minc_image *image,
				  const char *name, const char *note, char **ret_id)
{
	int r;

	if (!s || !ret_id)
		return -EINVAL;
	r = api_store_begin(s->c);
	if (r == 0 && image)
		r = s->ops->whole(image->image, &s->c->err);
	if (r == 0 && image)
		r = api_policy(s, image->image->asked, image->image);
	return r < 0 ? r
		     : s->ops->create(s->store, image ? image->image : NULL, name, note,
				      ret_id);
}

struct kept_visit {
	const struct image_ops *ops;
	minc_kept_fn fn;
	void *data;
};

static int visit(struct minc_kept *k, void *data)
{
	const struct kept_visit *v = data;

	k->ops = v->ops;
	return v->fn(k, v->data);
}

MINC_EXPORT int minc_store_containers(minc_store *s, minc_kept_fn fn, void *userdata)
{
	struct kept_visit v = { .fn = fn, .data = userdata };
	int r;

	if (!s || !fn)
		return -EINVAL;
	v.ops = s->ops;
	r = api_store_begin(s->c);
	return r < 0 ? r : s->ops->containers(s->store, visit, &v);
}

MINC_EXPORT int minc_store_container(minc_store *s, const char *name, minc_kept **ret)
{
	int r;

	if (!s || !name || !ret)
		return -EINVAL;
	r = api_store_begin(s->c);
	if (r == 0)
		r = s->ops->container(s->store, name, ret);
	if (r == 0)
		(*ret)->ops = s->ops;
	return r;
}

MINC_EXPORT minc_kept *minc_kept_free(minc_kept *k)
{
	return k ? k->ops->free_kept(k) : NULL;
}

MINC_EXPORT const char *minc_kept_id(const minc_kept *k)
{
	return k ? k->id : "";
}

MINC_EXPORT const char *minc_kept_name(const minc_kept *k)
{
	return k ? k->name : "";
}

MINC_EXPORT const char *minc_kept_dir(const minc_kept *k)
{
	return k ? k->dir : "";
}

MINC_EXPORT const char *minc_kept_note(const minc_kept *k)
{
	return k ? k->note : "";
}

MINC_EXPORT const char *minc_kept_image(const minc_kept *k)
{
	return k ? k->image : "";
}

MINC_EXPORT int64_t minc_kept_created_ms(const minc_kept *k)
{
	return k ? k->created_ms : 0;
}

MINC_EXPORT int minc_store_rename(minc_store *s, minc_kept *k, const char *name)
{
	int r;

	if (!s || !k || !name)
		return -EINVAL;
	r = api_store_begin(s->c);
	return r < 0 ? r : s->ops->rename(s->store, k, name);
}

MINC_EXPORT int minc_store_delete(minc_store *s, minc_kept *k)
{
	int r;

	if (!s || !k)
		return -EINVAL;
	r = api_store_begin(s->c);
	return r < 0 ? r : s->ops->delete (s->store, k);
}

MINC_EXPORT int minc_kept_find_image(minc_store *s, const minc_kept *k, minc_image **ret)
{
	struct image *image = NULL;
	int r;

	if (!s || !k || !ret)
		return -EINVAL;
	r = api_store_begin(s->c);
	if (r == 0)
		r = s->ops->kept_image(s->store, k, &image);
	return r < 0 ? r : api_give_image(s, image, ret);
}
