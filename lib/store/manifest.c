/* SPDX-License-Identifier: MIT */
/*
 * manifest - manifests and indexes of the OCI image specification, and Docker's schema 2
 * of both. What could be read as either is refused: two readers would see two images
 * (CVE-2021-41190).
 */
#include "store/manifest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "content/json-digest.h"
#include "store/image.h"
#include "json/json.h"

enum { INDEX_CHILDREN_MAX = 4096 };

bool media_is_index(const char *media_type)
{
	return str_equal(media_type, MEDIA_OCI_INDEX) ||
	       str_equal(media_type, MEDIA_DOCKER_LIST);
}

bool media_is_manifest(const char *media_type)
{
	return str_equal(media_type, MEDIA_OCI_MANIFEST) ||
	       str_equal(media_type, MEDIA_DOCKER_MANIFEST);
}

static bool media_is_layer(const char *media_type)
{
	static const char *const known[] = {
		MEDIA_OCI_LAYER,
		MEDIA_OCI_LAYER_GZIP,
		MEDIA_OCI_LAYER_ZSTD,
		"application/vnd.oci.image.layer.nondistributable.v1.tar",
		"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
		"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
		MEDIA_DOCKER_LAYER,
		"application/vnd.docker.image.rootfs.diff.tar",
		"application/vnd.docker.image.rootfs.diff.tar.zstd",
		"application/vnd.docker.image.rootfs.foreign.diff.tar",
		"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_equal(known[i], media_type))
			return true;
	return false;
}

/*
 * The version, and the type: what came with the text, what it says itself, and @plain
 * agree.
 */
static int check_type(const struct json_source *src, json_t *o, const char *came,
		      const char *plain, const char **ret)
{
	const char *said = NULL;
	uint64_t version = 0;
	int r = json_whole(src, o, "", "schemaVersion", INT64_MAX, &version);

	if (r == 0)
		r = json_text(src, o, "", "mediaType", &said);
	if (r < 0)
		return r;
	if (version != 2)
		return json_refuse(src, "schemaVersion: not 2");
	if (said && came && !str_equal(said, came))
		return json_refuse(src, "mediaType: \"%s\", but it came as \"%s\"", said,
				   came);
	*ret = said ? said : came ? came : plain;
	return 0;
}

/* Keys that only the other kind of document has. */
static int refuse_keys(const struct json_source *src, json_t *o, const char *const *keys)
{
	for (; *keys; keys++)
		if (json_object_get(o, *keys))
			return json_refuse(src, "%s: makes it ambiguous", *keys);
	return 0;
}

static int read_descriptor(const struct json_source *src, json_t *o, const char *where,
			   const char **media_type, struct digest *digest, uint64_t *size)
{
	uint64_t bytes = UINT64_MAX;
	json_t *ignored;
	int r;

	if (!json_is_object(o))
		return json_refuse(src, "%.*s: not an object", (int)strlen(where) - 1,
				   where);
	r = json_text(src, o, where, "mediaType", media_type);
	if (r == 0)
		r = json_digest(src, o, where, "digest", digest);
	if (r == 0)
		r = json_whole(src, o, where, "size", INT64_MAX, &bytes);
	if (r == 0)
		r = json_annotations(src, o, where, &ignored);
	if (r < 0)
		return r;
	if (!*media_type)
		return json_refuse(src, "%smediaType: missing", where);
	if (bytes == UINT64_MAX)
		return json_refuse(src, "%ssize: missing", where);
	*size = bytes;
	return 0;
}

static int read_layers(const struct json_source *src, struct image *img, json_t *o)
{
	json_t *list, *item;
	char where[32];
	size_t i;
	int r = json_field(src, o, "", "layers", JSON_ARRAY, &list);

	if (r < 0)
		return r;
	if (!list)
		return json_refuse(src, "layers: missing");
	if (json_array_size(list) > CONTENT_LAYERS_MAX)
		return json_refuse(src, "layers: %zu are more than %d",
				   json_array_size(list), CONTENT_LAYERS_MAX);
	img->layers_len = json_array_size(list);
	img->layers = arena_alloc(src->a, (img->layers_len + 1) * sizeof(*img->layers));
	if (!img->layers)
		return json_no_memory(src);
	json_array_foreach(list, i, item)
	{
		struct image_layer *l = &img->layers[i];

		snprintf(where, sizeof(where), "layers[%zu].", i);
		r = read_descriptor(src, item, where, &l->media_type, &l->digest,
				    &l->size);
		if (r == 0)
			r = json_texts(src, item, where, "urls", &l->urls);
		if (r < 0)
			return r;
		if (!media_is_layer(l->media_type))
			return json_refuse(src, "%smediaType: \"%s\" is not a layer",
					   where, l->media_type);
	}
	return 0;
}

static int read_config(const struct json_source *src, struct image *img, json_t *o)
{
	json_t *config;
	int r = json_field(src, o, "", "config", JSON_OBJECT, &config);

	if (r < 0)
		return r;
	if (!config)
		return json_refuse(src, "config: missing");
	r = read_descriptor(src, config, "config.", &img->config_media_type, &img->config,
			    &img->config_size);
	if (r < 0)
		return r;
	if (!str_equal(img->config_media_type,
		       str_equal(img->media_type, MEDIA_OCI_MANIFEST)
			       ? MEDIA_OCI_CONFIG
			       : MEDIA_DOCKER_CONFIG))
		return json_refuse(src,
				   "config.mediaType: \"%s\" is not that of an image",
				   img->config_media_type);
	if (img->config_size > CONTENT_JSON_MAX)
		return json_refuse(src, "config.size: %llu is more than %d",
				   (unsigned long long)img->config_size,
				   CONTENT_JSON_MAX);
	return 0;
}

int image_parse_manifest(struct image *img, struct err *e, const char *what,
			 const char *text, size_t len, const char *media_type)
{
	static const char *const of_index[] = { "manifests", "fsLayers", NULL };
	const struct json_source src = { .e = e, .what = what, .a = &img->arena };
	cleanup_json json_t *o = NULL;
	json_t *ignored;
	int r;

	if (len > CONTENT_JSON_MAX)
		return json_refuse(&src, "larger than %d bytes", CONTENT_JSON_MAX);
	r = json_strict(&src, text, len, &o);
	if (r == 0)
		r = refuse_keys(&src, o, of_index);
	if (r == 0)
		r = check_type(&src, o, media_type, MEDIA_OCI_MANIFEST, &img->media_type);
	if (r < 0)
		return r;
	if (!media_is_manifest(img->media_type))
		return json_refuse(&src, "mediaType: \"%s\" is not that of a manifest",
				   img->media_type);
	r = json_annotations(&src, o, "", &ignored);
	if (r == 0)
		r = read_config(&src, img, o);
	if (r == 0)
		r = read_layers(&src, img, o);
	if (r < 0)
		return r;
	img->media_type = arena_strdup(src.a, img->media_type);
	img->manifest_json = arena_printf(src.a, "%.*s", (int)len, text);
	img->manifest_len = len;
	return img->media_type && img->manifest_json ? 0 : json_no_memory(&src);
}

static int read_child(const struct json_source *src, json_t *o, const char *where,
		      struct manifest_child *ret)
{
	char below[64];
	json_t *platform = NULL;
	int r = read_descriptor(src, o, where, &ret->media_type, &ret->digest,
				&ret->size);

	if (r == 0)
		r = json_field(src, o, where, "platform", JSON_OBJECT, &platform);
	if (r < 0)
		return r;
	ret->architecture = ret->os = ret->variant = "";
	snprintf(below, sizeof(below), "%splatform.", where);
	r = json_text(src, platform, below, "architecture", &ret->architecture);
	if (r == 0)
		r = json_text(src, platform, below, "os", &ret->os);
	return r < 0 ? r : json_text(src, platform, below, "variant", &ret->variant);
}

int image_parse_index(struct arena *a, struct err *e, const char *what, const char *text,
		      size_t len, struct manifest_child **ret, size_t *ret_len)
{
	static const char *const of_manifest[] = { "layers", "config", "fsLayers", NULL };
	const struct json_source src = { .e = e, .what = what, .a = a };
	struct manifest_child *children;
	cleanup_json json_t *o = NULL;
	const char *media_type = NULL;
	json_t *list = NULL, *item;
	char where[32];
	size_t i;
	int r;

	if (len > CONTENT_JSON_MAX)
		return json_refuse(&src, "larger than %d bytes", CONTENT_JSON_MAX);
	r = json_strict(&src, text, len, &o);
	if (r == 0)
		r = refuse_keys(&src, o, of_manifest);
	if (r == 0)
		r = check_type(&src, o, NULL, MEDIA_OCI_INDEX, &media_type);
	if (r == 0 && !media_is_index(media_type))
		r = json_refuse(&src, "mediaType: \"%s\" is not that of an index",
				media_type);
	if (r == 0)
		r = json_field(&src, o, "", "manifests", JSON_ARRAY, &list);
	if (r < 0)
		return r;
	if (!list)
		return json_refuse(&src, "manifests: missing");
	if (json_array_size(list) > INDEX_CHILDREN_MAX)
		return json_refuse(&src, "manifests: %zu are more than %d",
				   json_array_size(list), INDEX_CHILDREN_MAX);
	children = arena_alloc(a, (json_array_size(list) + 1) * sizeof(*children));
	if (!children)
		return json_no_memory(&src);
	json_array_foreach(list, i, item)
	{
		snprintf(where, sizeof(where), "manifests[%zu].", i);
		r = read_child(&src, item, where, &children[i]);
		if (r < 0)
			return r;
	}
	*ret = children;
	*ret_len = json_array_size(list);
	return 0;
}
