/* SPDX-License-Identifier: MIT */
/*
 * image-config - the config of an image, as the OCI image specification and Docker have
 * it: what it runs, and the diff ids of its layers, of which there are as many as layers.
 */
#include "store/image-config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rfc3339.h"
#include "base/str.h"
#include "store/image.h"
#include "json/json.h"

enum { HISTORY_MAX = 100000 };

static int read_time(const struct json_source *src, json_t *o, const char *where,
		     int64_t *ret)
{
	const char *text = "";
	int r = json_text(src, o, where, "created", &text);

	if (r < 0)
		return r;
	if (*text && rfc3339_read_ms(text, ret) < 0)
		return json_refuse(src, "%screated: not a time", where);
	return 0;
}

static int read_diff_ids(const struct json_source *src, struct image *img, json_t *o)
{
	json_t *rootfs, *list = NULL, *item;
	const char *type = "";
	size_t i;
	int r = json_field(src, o, "", "rootfs", JSON_OBJECT, &rootfs);

	if (r < 0)
		return r;
	if (!rootfs)
		return json_refuse(src, "rootfs: missing");
	r = json_text(src, rootfs, "rootfs.", "type", &type);
	if (r == 0)
		r = json_field(src, rootfs, "rootfs.", "diff_ids", JSON_ARRAY, &list);
	if (r < 0)
		return r;
	if (!str_equal(type, "layers"))
		return json_refuse(src, "rootfs.type: not \"layers\"");
	if (json_array_size(list) != img->layers_len)
		return json_refuse(src, "rootfs.diff_ids: %zu for %zu layers",
				   json_array_size(list), img->layers_len);
	json_array_foreach(list, i, item) if (
		!json_is_string(item) ||
		digest_parse(json_string_value(item), &img->layers[i].diff_id) <
			0) return json_refuse(src,
					      "rootfs.diff_ids[%zu]: not a SHA-256 digest",
					      i);
	return 0;
}

static int read_step(const struct json_source *src, json_t *o, const char *where,
		     struct image_history *ret)
{
	json_t *empty;
	int r;

	ret->created_by = ret->author = ret->comment = "";
	r = read_time(src, o, where, &ret->created_ms);
	if (r == 0)
		r = json_text(src, o, where, "created_by", &ret->created_by);
	if (r == 0)
		r = json_text(src, o, where, "author", &ret->author);
	if (r == 0)
		r = json_text(src, o, where, "comment", &ret->comment);
	if (r == 0)
		r = json_field(src, o, where, "empty_layer", JSON_TRUE, &empty);
	if (r == 0)
		ret->empty_layer = json_is_true(empty);
	return r;
}

static int read_history(const struct json_source *src, struct image *img, json_t *o)
{
	json_t *list, *item;
	char where[32];
	size_t i;
	int r = json_field(src, o, "", "history", JSON_ARRAY, &list);

	if (r < 0)
		return r;
	if (json_array_size(list) > HISTORY_MAX)
		return json_refuse(src, "history: too long");
	img->history_len = json_array_size(list);
	img->history =
		arena_alloc(src->a, (img->history_len + 1) * sizeof(*img->history));
	if (!img->history)
		return json_no_memory(src);
	json_array_foreach(list, i, item)
	{
		snprintf(where, sizeof(where), "history[%zu].", i);
		if (!json_is_object(item))
			return json_refuse(src, "history[%zu]: not an object", i);
		r = read_step(src, item, where, &img->history[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * From the root, without ".", ".." and double slashes, as docker(1) has it: a path with
 * ".." could lead out of the image. NULL without memory.
 */
static const char *clean_path(const struct json_source *src, const char *path)
{
	char *clean = arena_printf(src->a, "/%s", path);

	if (clean)
		str_clean_path(clean);
	return clean;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Absolute, in order, and each once: an image may name hundreds of thousands. */
static int clean_volumes(const struct json_source *src, struct image *img)
{
	size_t len = 0, n = 0;
	const char **list;

	while (img->volumes[len])
		len++;
	list = arena_alloc(src->a, (len + 1) * sizeof(*list));
	if (!list)
		return json_no_memory(src);
	for (size_t i = 0; i < len; i++) {
		list[i] = clean_path(src, img->volumes[i]);
		if (!list[i])
			return json_no_memory(src);
	}
	qsort(list, len, sizeof(*list), compare_texts);
	for (size_t i = 0; i < len; i++)
		if (n == 0 || strcmp(list[n - 1], list[i]) != 0)
			list[n++] = list[i];
	list[n] = NULL;
	img->volumes = list;
	return 0;
}

/*
 * What docker(1) takes: a list, or one word as a string. Of an entry point an empty word
 * says that there is none.
 */
static int read_words(const struct json_source *src, json_t *c, const char *where,
		      const char *key, const char *const **ret)
{
	const json_t *v = json_object_get(c, key);
	const char **list;

	if (!json_is_string(v))
		return json_texts(src, c, where, key, ret);
	list = arena_alloc(src->a, 2 * sizeof(*list));
	if (!list || !(list[0] = arena_strdup(src->a, json_string_value(v))))
		return json_no_memory(src);
	*ret = list;
	return 0;
}

static int read_command(const struct json_source *src, struct image *img, json_t *c,
			const char *where)
{
	int r = read_words(src, c, where, "Entrypoint", &img->entrypoint);

	if (r == 0 && img->entrypoint[0] && !*img->entrypoint[0] && !img->entrypoint[1])
		img->entrypoint++;
	return r < 0 ? r : read_words(src, c, where, "Cmd", &img->cmd);
}

static int read_run(const struct json_source *src, struct image *img, json_t *o)
{
	static const char where[] = "config.";
	json_t *c;
	int r = json_field(src, o, "", "config", JSON_OBJECT, &c);

	if (r == 0)
		r = json_text(src, c, where, "User", &img->user);
	if (r == 0)
		r = json_text(src, c, where, "WorkingDir", &img->cwd);
	if (r == 0)
		r = json_text(src, c, where, "StopSignal", &img->stop_signal);
	if (r == 0)
		r = json_texts(src, c, where, "Env", &img->env);
	if (r == 0)
		r = read_command(src, img, c, where);
	if (r == 0)
		r = json_keys(src, c, where, "Volumes", false, &img->volumes);
	if (r == 0)
		r = json_keys(src, c, where, "ExposedPorts", false, &img->ports);
	if (r == 0)
		r = json_keys(src, c, where, "Labels", true, &img->labels);
	if (r == 0 && *img->cwd == '/' && !(img->cwd = clean_path(src, img->cwd)))
		r = json_no_memory(src);
	return r < 0 ? r : clean_volumes(src, img);
}

/* "linux/arm64/v8", as the three words say it. */
static int join_platform(const struct json_source *src, struct image *img)
{
	if (!*img->os && !*img->architecture)
		return 0;
	img->platform = arena_printf(src->a, "%s/%s%s%s", img->os, img->architecture,
				     *img->variant ? "/" : "", img->variant);
	return img->platform ? 0 : json_no_memory(src);
}

int image_parse_config(struct image *img, struct err *e, const char *what,
		       const char *text, size_t len)
{
	const struct json_source src = { .e = e, .what = what, .a = &img->arena };
	cleanup_json json_t *o = NULL;
	int r;

	if (len > CONTENT_JSON_MAX)
		return json_refuse(&src, "larger than %d bytes", CONTENT_JSON_MAX);
	if (img->config_size != len)
		return json_refuse(&src, "%zu bytes, but the manifest says %llu", len,
				   (unsigned long long)img->config_size);
	r = json_strict(&src, text, len, &o);
	if (r == 0)
		r = json_text(&src, o, "", "architecture", &img->architecture);
	if (r == 0)
		r = json_text(&src, o, "", "os", &img->os);
	if (r == 0)
		r = json_text(&src, o, "", "variant", &img->variant);
	if (r == 0)
		r = join_platform(&src, img);
	if (r == 0)
		r = json_text(&src, o, "", "author", &img->author);
	if (r == 0)
		r = read_time(&src, o, "", &img->created_ms);
	if (r == 0)
		r = read_diff_ids(&src, img, o);
	if (r == 0)
		r = read_history(&src, img, o);
	if (r == 0)
		r = read_run(&src, img, o);
	if (r < 0)
		return r;
	img->config_json = arena_printf(src.a, "%.*s", (int)len, text);
	img->config_len = len;
	return img->config_json ? 0 : json_no_memory(&src);
}
