/* SPDX-License-Identifier: MIT */
/*
 * volume - directories that begin as what the image has there; see minc/container.h and
 * image.h.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/api-store.h"
#include "base/module.h"
#include "base/name.h"
#include "manage/volumes.h"
#include "transfer/volume-fill.h"

/* Whether it is there and has been used: then no module has to be loaded. */
static bool is_begun(const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	char mark[PATH_MAX];

	return access(path, F_OK) == 0 &&
	       snprintf(mark, sizeof(mark), "%.*s" VOLUME_NEW "%s", (int)(name - path),
			path, name) < (int)sizeof(mark) &&
	       access(mark, F_OK) < 0 && errno == ENOENT;
}

/* Whether volumes @path and @other (or NULL) are in one directory. */
static bool is_beside(const char *path, const char *other)
{
	const size_t len = (size_t)(strrchr(path, '/') - path);

	return other && strncmp(path, other, len + 1) == 0 &&
	       !strchr(other + len + 1, '/');
}

int api_fill_volumes(minc_ctx *c)
{
	const struct spec_image *image = &c->spec.image;
	const char *before = NULL;
	void *ops;
	int r = 0;

	for (const struct spec_mount *i = c->spec.mounts; i && r == 0; i = i->next) {
		const size_t copied = i->flags & MINC_BIND_NOCOPY ? 0 : image->layers_len;
		struct volume v = { .path = i->src,
				    .part = { .what = image->layers_len ? image->name
									: "volume",
					      .layers = image->layers,
					      .layers_len = copied,
					      .inside = i->dst,
					      .single = c->plan.owners.single,
					      .range = c->plan.owners.range,
					      .few = c->plan.owners.few,
					      .uid = c->plan.owners.uid,
					      .gid = c->plan.owners.gid } };

		if (!(i->flags & MINC_BIND_VOLUME) || is_begun(i->src))
			continue;
		v.swept = is_beside(i->src, before);
		r = module_symbol("import", "import_ops", &c->err, &ops);
		if (r == 0)
			r = ((const struct import_ops *)ops)->fill(&c->err, &v);
		before = i->src;
		if (r < 0)
			snprintf(c->err.origin, sizeof(c->err.origin), "%s",
				 i->origin ? i->origin : "");
	}
	return r;
}

MINC_EXPORT int minc_volume_check_name(const char *name)
{
	return name && name_is_volume(name) ? 0 : -EINVAL;
}

MINC_EXPORT int minc_volume_create(minc_store *s, const char *name)
{
	int r;

	if (!s || !name)
		return -EINVAL;
	r = api_store_begin(s->c);
	return r < 0 ? r : s->ops->volume_create(s->store, name);
}

MINC_EXPORT int minc_volume_remove(minc_store *s, const char *name)
{
	int r;

	if (!s || !name)
		return -EINVAL;
	r = api_store_begin(s->c);
	return r < 0 ? r : s->ops->volume_remove(s->store, name);
}
