/* SPDX-License-Identifier: MIT */
/*
 * index - index.json, which names the images; see store.h. Other tools write it too
 * (skopeo, umoci): what they put there is kept, and what has no name or is no image does
 * no harm. Entries of ours carry what a listing needs, so that it reads no other file.
 */
#include "store/index.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"
#include "content/json-digest.h"
#include "content/ref.h"
#include "store/manifest.h"
#include "store/roster.h"
#include "store/store-file.h"

#define CONFIG_ANNOTATION  "org.libminc.config"
#define CREATED_ANNOTATION "org.libminc.created"
#define SIZE_ANNOTATION    "org.libminc.size"
#define INDEX_ANNOTATION   "org.libminc.index"
#define SUM_ANNOTATION     "org.libminc.sum"

enum { SUM_TEXT = 17 };

/*
 * A checksum of all but itself, in the annotations of the list, so that it is replaced
 * with what it is of. It shows damage, not attacks. Other programs keep it when they
 * change the file, and it shows that, too.
 */
static int make_sum(const json_t *root, char ret[SUM_TEXT])
{
	cleanup_json json_t *copy = json_copy((json_t *)root);
	cleanup_json json_t *notes = json_copy(json_object_get(root, "annotations"));
	/* FNV-1a: no change of a single byte is lost */
	uint64_t sum = 0xcbf29ce484222325;
	cleanup_free char *text = NULL;
	int r = 0;

	if (!copy)
		return -ENOMEM;
	if (json_is_object(notes)) {
		(void)json_object_del(notes, SUM_ANNOTATION); /* it may not be there */
		r = json_object_size(notes) > 0
			    ? json_object_set(copy, "annotations", notes)
			    : json_object_del(copy, "annotations");
	}
	if (r < 0 ||
	    json_text_write(copy, JSON_COMPACT | JSON_SORT_KEYS, &text, NULL) < 0)
		return -ENOMEM;
	for (const char *p = text; *p; p++)
		sum = (sum ^ (unsigned char)*p) * 0x100000001b3;
	snprintf(ret, SUM_TEXT, "%016llx", (unsigned long long)sum);
	return 0;
}

bool index_differs(const json_t *root)
{
	const json_t *notes = json_object_get(root, "annotations");
	const char *kept = json_string_value(json_object_get(notes, SUM_ANNOTATION));
	char sum[SUM_TEXT];

	return kept && (make_sum(root, sum) < 0 || !str_equal(kept, sum));
}

void index_accept(struct index_edit *edit)
{
	edit->differs = false;
}

/* The old sum stays after a change by another program, for fsck to see. */
static int set_sum(struct index_edit *edit)
{
	char sum[SUM_TEXT];

	if (edit->differs)
		return 0;
	return make_sum(edit->root, sum) < 0
		       ? -ENOMEM
		       : index_annotate(edit->root, SUM_ANNOTATION, sum);
}

void index_normal_name(const char *name, char ret[REF_MAX])
{
	struct ref r;

	if (ref_parse(name, &r) == 0)
		ref_short(&r, ret);
	else
		snprintf(ret, REF_MAX, "%s", name);
}

static const char *annotation(json_t *entry, const char *key)
{
	return json_string_value(json_object_get(json_object_get(entry, "annotations"),
						 key));
}

const char *index_digest(json_t *entry)
{
	const char *text = json_string_value(json_object_get(entry, "digest"));

	return text ? text : "";
}

const char *index_name(json_t *entry, char buf[REF_MAX])
{
	const char *text = annotation(entry, REF_NAME_ANNOTATION);

	*buf = '\0';
	if (text)
		index_normal_name(text, buf);
	return buf;
}

const char *index_origin(json_t *entry)
{
	return annotation(entry, INDEX_ANNOTATION);
}

int index_set_origin(json_t *entry, const char *digest)
{
	return index_annotate(entry, INDEX_ANNOTATION, digest);
}

/* What a listing needs, if all of it is there. */
static void read_listing(json_t *o, struct index_entry *ret)
{
	const char *config = annotation(o, CONFIG_ANNOTATION);
	const char *created = annotation(o, CREATED_ANNOTATION);
	const char *size = annotation(o, SIZE_ANNOTATION);
	const char *index = annotation(o, INDEX_ANNOTATION);
	uint64_t ms, bytes;
	struct digest d;

	if (index && digest_parse(index, &d) == 0)
		ret->index = d;
	if (!config || !created || !size || digest_parse(config, &d) < 0 ||
	    str_to_u64(created, INT64_MAX, &ms) < 0 ||
	    str_to_u64(size, INT64_MAX, &bytes) < 0)
		return;
	ret->config = d;
	ret->created_ms = (int64_t)ms;
	ret->mounted_size = bytes;
}

/* 1: an image; 0: something else. */
static int read_entry(const struct json_source *src, json_t *o, size_t i,
		      struct index_entry *ret)
{
	const char *digest = "";
	json_t *platform, *notes;
	char where[40], name[REF_MAX];
	int r;

	if (!json_is_object(o))
		return json_refuse(src, "manifests[%zu]: not an object", i);
	snprintf(where, sizeof(where), "manifests[%zu].", i);
	*ret = (struct index_entry){
		.media_type = "", .architecture = "", .os = "", .variant = "", .place = i
	};
	r = json_text(src, o, where, "mediaType", &ret->media_type);
	if (r == 0)
		r = json_text(src, o, where, "digest", &digest);
	if (r == 0)
		r = json_whole(src, o, where, "size", INT64_MAX, &ret->size);
	if (r == 0)
		r = json_annotations(src, o, where, &notes);
	if (r == 0)
		r = json_field(src, o, where, "platform", JSON_OBJECT, &platform);
	if (r == 0)
		r = json_text(src, platform, where, "architecture", &ret->architecture);
	if (r == 0)
		r = json_text(src, platform, where, "os", &ret->os);
	if (r == 0)
		r = json_text(src, platform, where, "variant", &ret->variant);
	if (r < 0)
		return r;
	r = digest_parse(digest, &ret->digest);
	if (r == -EINVAL)
		return json_refuse(src, "%sdigest: not a digest", where);
	if (r < 0 ||
	    !(media_is_manifest(ret->media_type) || media_is_index(ret->media_type)))
		return 0;
	ret->name = arena_strdup(src->a, index_name(o, name));
	read_listing(o, ret);
	return ret->name ? 1 : json_no_memory(src);
}

static int read_root(const struct json_source *src, const char *text, size_t len,
		     json_t **root, json_t **manifests)
{
	cleanup_json json_t *o = NULL;
	uint64_t version = 0;
	int r = json_strict(src, text, len, &o);

	*manifests = NULL;
	if (r == 0)
		r = json_whole(src, o, "", "schemaVersion", INT64_MAX, &version);
	if (r == 0)
		r = json_field(src, o, "", "manifests", JSON_ARRAY, manifests);
	if (r < 0)
		return r;
	if (version != 2)
		return json_refuse(src, "schemaVersion: not 2");
	if (!*manifests) { /* Go's nil slice */
		*manifests = json_array();
		if (!*manifests || json_object_set_new(o, "manifests", *manifests) < 0)
			return json_no_memory(src);
	}
	*root = take_json(&o);
	return 0;
}

static int read_entries(const struct json_source *src, json_t *list, struct index *ret)
{
	struct index_entry *entries;
	json_t *item;
	size_t i, used = 0;
	int r;

	entries = arena_alloc(src->a, (json_array_size(list) + 1) * sizeof(*entries));
	if (!entries)
		return json_no_memory(src);
	json_array_foreach(list, i, item)
	{
		r = read_entry(src, item, i, &entries[used]);
		if (r < 0)
			return r;
		used += (size_t)r;
	}
	ret->entries = entries;
	ret->len = used;
	return 0;
}

int index_parse(struct arena *a, struct err *e, const char *what, const char *text,
		size_t len, struct index *ret)
{
	const struct json_source src = { .e = e, .what = what, .a = a };
	cleanup_json json_t *root = NULL;
	json_t *list;
	int r = read_root(&src, text, len, &root, &list);

	return r < 0 ? r : read_entries(&src, list, ret);
}

int index_entries(struct store *s, const struct index_edit *edit, struct arena *a,
		  struct index *ret)
{
	const struct json_source src = { .e = s->err, .what = "index.json", .a = a };

	return read_entries(&src, edit->manifests, ret);
}

struct index_entry *index_find(const struct index *index, const struct digest *d)
{
	for (size_t i = 0; i < index->len; i++)
		if (digest_equal(&index->entries[i].digest, d))
			return &index->entries[i];
	return NULL;
}

/* 0 and NULL: there is none. */
static int read_text(struct store *s, char **ret, size_t *ret_len)
{
	int r = store_look(s);

	*ret = NULL;
	if (r == 0)
		r = io_read_own_file(s->dir, "index.json", STORE_INDEX_MAX, ret, ret_len);
	if (r == -ENOENT)
		return 0;
	return r < 0 ? err_set(s->err, r, "store %s: index.json", s->path) : 0;
}

int store_index(struct store *s, struct arena *a, struct index *ret)
{
	char *text;
	size_t len = 0;
	int r = read_text(s, &text, &len);

	if (r < 0)
		return r;
	if (!text) {
		*ret = (struct index){ .entries = NULL };
		return 0;
	}
	r = index_parse(a, s->err, "index.json", text, len, ret);
	free(text);
	return r;
}

static void unlock(struct store *s)
{
	store_unlock_index(s);
	if (!s->owned)
		store_unshare(s);
}

int index_begin(struct store *s, struct index_edit *ret)
{
	const struct json_source src = { .e = s->err, .what = "index.json" };
	char *text;
	size_t len;
	int r = s->owned ? 0 : store_share(s);

	*ret = (struct index_edit){ .root = NULL };
	if (r < 0)
		return r;
	r = store_lock_index(s);
	if (r == 0)
		r = read_text(s, &text, &len);
	if (r == 0) {
		r = text ? read_root(&src, text, len, &ret->root, &ret->manifests)
			 : read_root(&src, store_no_images, strlen(store_no_images),
				     &ret->root, &ret->manifests);
		free(text);
	}
	if (r < 0)
		unlock(s);
	else
		ret->differs = index_differs(ret->root);
	return r;
}

int index_write(struct store *s, struct index_edit *edit)
{
	cleanup_free char *text = NULL;
	size_t len = 0;
	int r = set_sum(edit);

	if (r == 0)
		r = json_text_write(edit->root, JSON_COMPACT, &text, &len);
	if (r < 0)
		return err_set(s->err, r, "index.json");
	if (len > STORE_INDEX_MAX)
		return err_say(
			s->err, -EFBIG,
			"store %s: index.json: more than %d bytes of names, which nobody could read",
			s->path, STORE_INDEX_MAX);
	r = store_put(s, "", "index.json", text, len, true);
	return r < 0 ? r : store_sync_dir(s, ".");
}

void index_end(struct store *s, struct index_edit *edit)
{
	json_decref(edit->root);
	unlock(s);
}

int index_annotate(json_t *entry, const char *key, const char *value)
{
	json_t *notes = json_object_get(entry, "annotations");

	if (!value) {
		(void)json_object_del(notes, key); /* it may not be there */
		if (json_is_object(notes) && json_object_size(notes) == 0)
			(void)json_object_del(entry, "annotations");
		return 0;
	}
	if (!json_is_object(notes)) {
		notes = json_object();
		if (json_object_set_new(entry, "annotations", notes) < 0)
			return -ENOMEM;
	}
	return json_object_set_new(notes, key, json_string(value)) < 0 ? -ENOMEM : 0;
}

int index_replace(struct index_edit *edit, json_t *list)
{
	if (json_object_set_new(edit->root, "manifests", list) < 0)
		return -ENOMEM;
	edit->manifests = list;
	return 0;
}

/*
 * Add what a listing needs. An image that cannot be read, or lacks layers, has none of
 * it, and each listing reads it.
 */
static int add_listing(struct store *s, json_t *entry, const struct index_entry *e)
{
	struct err *err = s->err, ignored = { 0 };
	struct image *img;
	char number[32];
	bool whole = true;
	int r;

	s->err = &ignored;
	r = image_load(s, e, &img);
	s->err = err;
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	for (size_t i = 0; i < img->layers_len; i++)
		whole = whole && img->layers[i].mounted_size > 0;
	if (whole) {
		r = index_annotate(entry, CONFIG_ANNOTATION, img->config.text);
		snprintf(number, sizeof(number), "%lld", (long long)img->created_ms);
		if (r == 0)
			r = index_annotate(entry, CREATED_ANNOTATION, number);
		snprintf(number, sizeof(number), "%llu",
			 (unsigned long long)img->mounted_size);
		if (r == 0)
			r = index_annotate(entry, SIZE_ANNOTATION, number);
	}
	(void)image_free(img); /* returns NULL */
	return r;
}

static json_t *make_entry(struct store *s, const struct index_entry *e)
{
	cleanup_json json_t *o = json_descriptor(e->media_type, &e->digest, e->size);
	json_t *platform;

	if (!o)
		return NULL;
	if (*e->architecture && *e->os) {
		platform = json_pack("{s:s, s:s}", "architecture", e->architecture, "os",
				     e->os);
		if (!platform || json_object_set_new(o, "platform", platform) < 0 ||
		    (*e->variant && json_object_set_new(platform, "variant",
							json_string(e->variant)) < 0))
			return NULL;
	}
	if (*e->name && index_annotate(o, REF_NAME_ANNOTATION, e->name) < 0)
		return NULL;
	if (*e->index.text && index_annotate(o, INDEX_ANNOTATION, e->index.text) < 0)
		return NULL;
	return add_listing(s, o, e) < 0 ? NULL : take_json(&o);
}

/* @before: the entry before it, or NULL; copied if it is of the same image. */
static json_t *next_entry(struct store *s, const struct index_entry *e, json_t *before)
{
	const char *index = before ? annotation(before, INDEX_ANNOTATION) : NULL;
	cleanup_json json_t *copy = NULL;

	if (!before || !*e->name || !str_equal(index_digest(before), e->digest.text) ||
	    !str_equal(index ? index : "", e->index.text))
		return make_entry(s, e);
	copy = json_deep_copy(before);
	return copy && index_annotate(copy, REF_NAME_ANNOTATION, e->name) == 0
		       ? take_json(&copy)
		       : NULL;
}

static int make_entries(struct store *s, const struct index_entry *list, size_t len,
			json_t *ret)
{
	for (size_t i = 0; i < len; i++) {
		struct index_entry e = list[i];
		char normal[REF_MAX];
		json_t *entry;

		index_normal_name(e.name, normal);
		e.name = normal;
		entry = next_entry(s, &e, i > 0 ? json_array_get(ret, i - 1) : NULL);
		if (!entry || json_array_append_new(ret, entry) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Give those that came without a name the one that their image has. */
static int name_entries(const struct roster *r, struct arena *a, struct index_entry *list,
			size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!*list[i].name)
			list[i].name =
				arena_strdup(a, roster_name(r, list[i].digest.text));
		if (!list[i].name)
			return -ENOMEM;
	}
	return 0;
}

static int put_entries(struct index_edit *edit, json_t *entries, struct arena *a,
		       struct index_entry *list, size_t len)
{
	struct roster roster;
	json_t *entry;
	size_t i;
	int r = roster_read(&roster, edit);

	json_array_foreach(entries, i, entry) if (r == 0) r = roster_put(&roster, entry);
	if (r == 0)
		r = name_entries(&roster, a, list, len);
	if (r == 0)
		r = roster_write(&roster);
	roster_done(&roster);
	return r;
}

int store_index_put(struct store *s, struct arena *a, struct index_entry *list,
		    size_t len)
{
	cleanup_json json_t *entries = json_array();
	struct index_edit edit;
	int r = entries ? make_entries(s, list, len, entries) : -ENOMEM;

	if (r < 0)
		return err_set(s->err, r, "index.json");
	r = index_begin(s, &edit);
	if (r == 0) {
		r = put_entries(&edit, entries, a, list, len);
		r = r < 0 ? err_set(s->err, r, "index.json") : index_write(s, &edit);
		index_end(s, &edit);
	}
	return r;
}

int store_index_add(struct store *s, const char *media_type,
		    const struct digest *manifest, uint64_t size, const char *name,
		    const char *architecture, const char *os, const char *variant)
{
	struct index_entry e = { .media_type = media_type,
				 .digest = *manifest,
				 .size = size,
				 .name = name ? name : "",
				 .architecture = architecture ? architecture : "",
				 .os = os ? os : "",
				 .variant = variant ? variant : "" };
	struct arena a = { NULL };
	int r = store_index_put(s, &a, &e, 1);

	arena_done(&a);
	return r;
}
