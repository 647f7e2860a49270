/* SPDX-License-Identifier: MIT */
/* inspect-image - all that is known of an image, as JSON. */
#include "manage/inspect-image.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/rfc3339.h"
#include "json/json.h"

static json_t *names(const struct image *img)
{
	json_t *ret = json_array();
	struct arena a = { NULL };
	struct err ignored = { 0 };
	struct index index;
	struct store *s;

	if (!ret || store_open(&ignored, img->store_path, &s) < 0)
		return ret;
	if (store_index(s, &a, &index) == 0)
		for (size_t i = 0; i < index.len; i++)
			if (digest_equal(&index.entries[i].digest, &img->listed_digest) &&
			    *index.entries[i].name)
				(void)json_array_append_new(
					ret, json_string(index.entries[i].name));
	arena_done(&a);
	(void)store_free(s); /* returns NULL */
	return ret;
}

static json_t *time_text(int64_t ms)
{
	char text[RFC3339_MAX];

	return rfc3339_write(ms / 1000, (int)(ms % 1000), text) < 0 ? json_null()
								    : json_string(text);
}

static json_t *layers(const struct image *img)
{
	json_t *ret = json_array();

	for (size_t i = 0; ret && i < img->layers_len; i++) {
		const struct image_layer *l = &img->layers[i];

		if (json_array_append_new(ret,
					  json_pack("{s:s, s:s, s:s, s:I, s:I}",
						    "diff_id", l->diff_id.text, "digest",
						    l->digest.text, "media_type",
						    l->media_type, "size",
						    (json_int_t)l->size, "mounted_size",
						    (json_int_t)l->mounted_size)) < 0) {
			json_decref(ret);
			return NULL;
		}
	}
	return ret;
}

/* A part of the config as it is, or an empty one. */
static json_t *part(json_t *config, const char *key, json_t *empty)
{
	json_t *v = json_object_get(config, key);

	if (!v || json_is_null(v))
		return empty;
	json_decref(empty);
	return json_incref(v);
}

int image_inspect(struct image *img, char **ret)
{
	cleanup_json json_t *config = NULL, *o = NULL;
	int r = image_whole(img, NULL);

	if (r < 0)
		return r;
	r = json_text_read(img->config_json, img->config_len, &config, NULL);
	if (r < 0)
		return r;
	o = json_pack("{s:s, s:s, s:o, s:o, s:I, s:s, s:s, s:s, s:s, s:o, s:o, s:o}",
		      "id", digest_hex(&img->config), "digest", img->manifest.text,
		      "names", names(img), "created", time_text(img->created_ms), "size",
		      (json_int_t)img->mounted_size, "architecture", img->architecture,
		      "os", img->os, "variant", img->variant, "author", img->author,
		      "layers", layers(img), "config",
		      part(config, "config", json_object()), "history",
		      part(config, "history", json_array()));
	return o ? json_text_write(o, JSON_INDENT(2), ret, NULL) : -ENOMEM;
}
