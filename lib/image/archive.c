/* SPDX-License-Identifier: MIT */
/*
 * archive - images in a tar: docker-archive, with manifest.json or of the time before it
 * ("repositories"), and an OCI layout. Read twice: first what there is, with the small files'
 * content; then the large ones that are needed, in the order they come in.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "image/members.h"
#include "image/sign.h"
#include "image/transfer.h"
#include "image/which.h"

/* A layer by the name of its member. */
struct wanted {
	const struct member *member;
	struct layer_made made;
	bool done;
};

struct entry_source {
	struct squash_source source;
	struct archive *a;
};

static ssize_t read_entry(struct squash_source *s, void *buf, size_t len)
{
	struct archive *a = ((struct entry_source *)s)->a;
	const ssize_t n = archive_read_data(a, buf, len);

	if (n < 0)
		s->why = archive_error_string(a);
	return n >= 0 ? n : -EBADMSG;
}

struct docker {
	struct minc_transfer *t;
	struct members *m;
	struct json_source src;
	struct wanted *layers;
	size_t len;
};

/* The member a name of manifest.json means, links resolved within the archive. */
static int find_member(struct docker *d, const char *name, const struct member **ret)
{
	*ret = members_find(d->m, name);
	if (*ret && (*ret)->link)
		return err_say(d->t->err, -EBADMSG, "%s: %s: a link that leads nowhere in the archive",
			       d->m->what, name);
	return *ret ? 0 :
		      err_say(d->t->err, -EBADMSG, "%s: %s is missing in the archive", d->m->what,
			      name);
}

static int want_layer(struct docker *d, const char *name)
{
	const struct member *m;
	int r = find_member(d, name, &m);

	if (r < 0)
		return r;
	d->layers[d->len++].member = m;
	return 0;
}

/* The second reading. */
static int take_members(struct docker *d)
{
	struct archive_entry *entry;
	struct entry_source source = { .source = { .read = read_entry } };
	size_t at = 0;
	int r = members_open(d->m, &source.a);

	if (r < 0)
		return r;
	for (; r == 0 && members_next(d->m, source.a, &entry) == ARCHIVE_OK; at++) {
		struct wanted *first = NULL;

		for (size_t i = 0; i < d->len; i++) {
			struct wanted *w = &d->layers[i];

			if (w->done || w->member->number != at)
				continue;
			if (!first) {
				char what[128];

				snprintf(what, sizeof(what), "layer %.64s", w->member->name);
				r = layer_from_stream(d->t, what, &source.source, NULL, NULL, &w->made);
				first = w;
			}
			w->made = first->made;
			w->done = r == 0;
		}
	}
	archive_read_free(source.a);
	if (r == 0)
		r = members_failed(d->m);
	for (size_t i = 0; r == 0 && i < d->len; i++)
		if (!d->layers[i].done) /* it was there a moment ago */
			r = err_say(d->t->err, -EBADMSG, "%s: %s: the archive changes while it is read",
				    d->m->what, d->layers[i].member->name);
	return r;
}

/* All are looked at before there is anything to list. */
static int list_first(struct docker *d, json_t *tags, const char **ret)
{
	char name[512];
	size_t i;
	json_t *tag;

	*ret = "";
	json_array_foreach(tags, i, tag)
	{
		int r = json_is_string(tag) ? 0 : json_refuse(&d->src, "RepoTags: not a string");

		if (r == 0)
			r = take_name(d->t, json_string_value(tag), name);
		if (r < 0)
			return r;
		if (i == 0)
			*ret = json_string_value(tag);
	}
	return 0;
}

/* The names after the first one. */
static int list_others(struct docker *d, json_t *tags, const char *first)
{
	struct image *img = NULL;
	char name[512];
	json_t *tag;
	size_t i;
	int r = 0;

	if (json_array_size(tags) < 2 || d->t->text[MINC_TRANSFER_NAME])
		return 0;
	r = take_name(d->t, first, name);
	if (r == 0)
		r = image_find(d->t->store, name, &img);
	json_array_foreach(tags, i, tag)
	{
		if (r == 0 && i > 0)
			r = take_name(d->t, json_string_value(tag), name);
		if (r == 0 && i > 0)
			r = take_check_digest(d->t, name, &img->manifest, &img->index);
		if (r == 0 && i > 0)
			r = policy_allows(d->t, name, &img->manifest, &img->index);
		if (r == 0 && i > 0)
			r = store_index_add(d->t->store, img->media_type, &img->manifest,
					    img->manifest_len, name, img->architecture, img->os,
					    img->variant);
	}
	image_free(img);
	return r;
}

static int take_one(struct docker *d, json_t *item, image_found_fn *fn, void *data)
{
	const char *config_name = NULL, *const *layers, *name = "";
	cleanup_free char *text = NULL;
	const struct member *config;
	json_t *tags = NULL;
	struct layer_made *made;
	int r = json_text(&d->src, item, "", "Config", &config_name);

	if (r == 0 && !config_name)
		r = json_refuse(&d->src, "Config is missing");
	if (r == 0)
		r = json_texts(&d->src, item, "", "Layers", &layers);
	if (r == 0)
		r = json_field(&d->src, item, "", "RepoTags", JSON_ARRAY, &tags);
	if (r == 0)
		r = list_first(d, tags, &name);
	if (r == 0)
		r = find_member(d, config_name, &config);
	if (r == 0)
		r = members_text(d->m, config, &text);
	if (r < 0)
		return r;
	if (!text)
		return err_say(d->t->err, -EBADMSG, "%s: %s: not a config", d->m->what, config_name);
	for (d->len = 0; layers[d->len];)
		d->len++;
	if (d->len > STORE_LAYERS_MAX)
		return err_say(d->t->err, -EBADMSG, "%s: more than %d layers", d->m->what,
			       STORE_LAYERS_MAX);
	d->layers = calloc(d->len + 1, sizeof(*d->layers));
	made = calloc(d->len + 1, sizeof(*made));
	if (!d->layers || !made)
		r = err_set(d->t->err, -ENOMEM, "%s", d->m->what);
	d->len = 0;
	for (size_t i = 0; r == 0 && layers[i]; i++)
		r = want_layer(d, layers[i]);
	if (r == 0)
		r = take_members(d);
	for (size_t i = 0; r == 0 && i < d->len; i++)
		made[i] = d->layers[i].made;
	if (r == 0)
		r = take_config(d->t, text, config->size, made, d->len, name, fn, data);
	if (r == 0)
		r = list_others(d, tags, name);
	free(d->layers);
	free(made);
	return r;
}

static int count_images(struct docker *d, json_t *list)
{
	size_t n = 0, i;
	json_t *item;

	json_array_foreach(list, i, item)
		n += 1 + json_array_size(json_object_get(item, "RepoTags"));
	return take_counted(d->t, d->m->what, n);
}

static int import_docker(struct minc_transfer *t, struct members *m, const struct member *manifest,
			 image_found_fn *fn, void *data)
{
	struct arena a = { NULL };
	struct docker d = { .t = t, .m = m, .src = { t->err, m->what, &a } };
	cleanup_json json_t *root = NULL;
	char *wrapped = NULL;
	json_t *list = NULL, *item;
	size_t i;
	int r;

	/* json_strict() takes an object; this is an array */
	d.src.what = arena_printf(&a, "%s: manifest.json", m->what);
	wrapped = d.src.what ? arena_printf(&a, "{\"manifest\":%s}", manifest->content) : NULL;
	r = !wrapped ? err_set(t->err, -ENOMEM, "%s", m->what) :
	    strlen(manifest->content) != manifest->size ? json_refuse(&d.src, "a NUL in it") :
							  json_strict(&d.src, wrapped, strlen(wrapped), &root);
	if (r == 0 && (json_object_size(root) > 1 || !json_is_array(json_object_get(root, "manifest"))))
		r = json_refuse(&d.src, "not a list of images, as docker-save(1) writes it");
	if (r == 0)
		r = json_field(&d.src, root, "", "manifest", JSON_ARRAY, &list);
	if (r == 0 && json_array_size(list) == 0)
		r = json_refuse(&d.src, "no image in it");
	if (r == 0)
		r = count_images(&d, list);
	json_array_foreach(list, i, item)
	{
		if (r == 0 && !json_is_object(item))
			r = json_refuse(&d.src, "not an object");
		if (r == 0)
			r = take_one(&d, item, fn, data);
	}
	arena_done(&a);
	return r;
}

/* ID/json of the old form. */
static int read_old_layer(struct docker *d, const char *id, json_t **ret)
{
	cleanup_free char *text = NULL;
	char name[128];
	const struct member *m;
	int r;

	if (strlen(id) != DIGEST_HEX || strspn(id, "0123456789abcdef") != DIGEST_HEX)
		return err_say(d->t->err, -EBADMSG, "%s: repositories: %.80s is no id", d->m->what, id);
	snprintf(name, sizeof(name), "%s/json", id);
	r = find_member(d, name, &m);
	if (r == 0)
		r = members_text(d->m, m, &text);
	if (r == 0 && !text)
		r = err_say(d->t->err, -EBADMSG, "%s: %s: not a file", d->m->what, name);
	if (r < 0)
		return r;
	d->src.what = arena_printf(d->src.a, "%s: %s", d->m->what, name);
	return d->src.what ? json_strict(&d->src, text, m->size, ret) :
			     err_set(d->t->err, -ENOMEM, "%s", d->m->what);
}

static json_t *old_config(json_t *top, const struct wanted *layers, size_t len)
{
	static const char *const keys[] = { "architecture", "os", "created", "author", "config" };
	json_t *ret = json_object(), *ids = json_array();

	for (size_t i = 0; ret && i < sizeof(keys) / sizeof(keys[0]); i++)
		if (json_object_get(top, keys[i]))
			(void)json_object_set(ret, keys[i], json_object_get(top, keys[i]));
	if (ret && !json_object_get(ret, "os"))
		(void)json_object_set_new(ret, "os", json_string("linux"));
	for (size_t i = 0; ids && i < len; i++)
		(void)json_array_append_new(ids, json_string(layers[i].made.diff_id.text));
	if (!ret || json_object_set_new(ret, "rootfs", json_pack("{s:s, s:o}", "type", "layers",
								 "diff_ids", ids)) < 0) {
		json_decref(ret);
		return NULL;
	}
	return ret;
}

static int take_old(struct docker *d, const char *name, const char *id, image_found_fn *fn,
		    void *data)
{
	cleanup_json json_t *top = NULL, *config = NULL;
	struct layer_made *made = calloc(STORE_LAYERS_MAX, sizeof(*made));
	const char *at = id, *list = d->src.what;
	int r = 0;

	d->layers = calloc(STORE_LAYERS_MAX, sizeof(*d->layers));
	d->len = 0;
	if (!d->layers || !made)
		r = err_set(d->t->err, -ENOMEM, "%s", d->m->what);
	while (r == 0 && at) {
		cleanup_json json_t *layer = NULL;
		char file[128];

		if (d->len == STORE_LAYERS_MAX) {
			r = err_say(d->t->err, -EBADMSG, "%s: more than %d layers, or a circle of parents",
				    d->m->what, STORE_LAYERS_MAX);
			break;
		}
		r = read_old_layer(d, at, &layer);
		snprintf(file, sizeof(file), "%s/layer.tar", at);
		if (r == 0)
			r = want_layer(d, file);
		at = NULL;
		if (r == 0)
			r = json_text(&d->src, layer, "", "parent", &at);
		if (!top)
			top = take_json(&layer);
	}
	d->src.what = list;
	for (size_t i = 0; r == 0 && i < d->len / 2; i++) { /* the lowest first */
		struct wanted w = d->layers[i];

		d->layers[i] = d->layers[d->len - 1 - i];
		d->layers[d->len - 1 - i] = w;
	}
	if (r == 0)
		r = take_members(d);
	for (size_t i = 0; r == 0 && i < d->len; i++)
		made[i] = d->layers[i].made;
	if (r == 0) {
		config = old_config(top, d->layers, d->len);
		r = config ? take_built(d->t, config, made, d->len, name, fn, data) :
			     err_set(d->t->err, -ENOMEM, "%s", d->m->what);
	}
	free(d->layers);
	free(made);
	return r;
}

static int import_old(struct minc_transfer *t, struct members *m, const struct member *file,
		      image_found_fn *fn, void *data)
{
	struct arena a = { NULL };
	struct docker d = { .t = t, .m = m, .src = { t->err, m->what, &a } };
	cleanup_json json_t *root = NULL;
	const char *repository, *tag;
	json_t *tags, *id;
	size_t n = 0;
	int r;

	d.src.what = arena_printf(&a, "%s: repositories", m->what);
	r = d.src.what ? json_strict(&d.src, file->content, file->size, &root) :
			 err_set(t->err, -ENOMEM, "%s", m->what);

	json_object_foreach(root, repository, tags)
		n += json_object_size(tags);
	if (r == 0)
		r = take_counted(t, m->what, n);
	json_object_foreach(root, repository, tags)
	{
		if (r == 0 && !json_is_object(tags))
			r = json_refuse(&d.src, "not an object");
		json_object_foreach(tags, tag, id)
		{
			char name[512];

			if (r == 0 && !json_is_string(id))
				r = json_refuse(&d.src, "not a string");
			if (r != 0)
				break;
			snprintf(name, sizeof(name), "%s:%s", repository, tag);
			r = take_old(&d, name, json_string_value(id), fn, data);
		}
	}
	arena_done(&a);
	return r;
}

/* An OCI layout in a tar. */
struct oci {
	struct origin origin;
	struct minc_transfer *t;
	struct members *m;
};

static int oci_text(struct origin *o, const struct digest *d, uint64_t size, char **ret,
		    size_t *ret_len)
{
	struct oci *oci = (struct oci *)o;
	char name[128];
	const struct member *m;
	int r = 0;

	(void)size; /* the caller compares */
	*ret = NULL;
	snprintf(name, sizeof(name), "blobs/sha256/%s", digest_hex(d));
	m = members_find(oci->m, name);
	if (m)
		r = members_text(oci->m, m, ret);
	if (r == 0 && !*ret)
		return err_say(oci->t->err, -EBADMSG, "%s: %s is missing in the archive", o->what, name);
	*ret_len = r == 0 ? m->size : 0;
	return r;
}

static int oci_blobs(struct origin *o, struct image_layer *const *list, size_t len)
{
	struct oci *oci = (struct oci *)o;
	struct entry_source source = { .source = { .read = read_entry } };
	struct archive_entry *entry;
	size_t taken = 0;
	int r = members_open(oci->m, &source.a);

	if (r < 0)
		return r;
	while (r == 0 && members_next(oci->m, source.a, &entry) == ARCHIVE_OK) {
		const char *name = members_clean(archive_entry_pathname(entry));

		for (size_t i = 0; r == 0 && i < len; i++) {
			char what[64];

			if (!str_starts_with(name, "blobs/sha256/") ||
			    !str_equal(name + 13, digest_hex(&list[i]->digest)))
				continue;
			snprintf(what, sizeof(what), "blob %.12s", digest_hex(&list[i]->digest));
			r = blob_from_stream(oci->t, what, &source.source, &list[i]->digest,
					     list[i]->size);
			taken++;
		}
	}
	archive_read_free(source.a);
	if (r == 0)
		r = members_failed(oci->m);
	if (r == 0 && taken < len)
		r = err_say(oci->t->err, -EBADMSG, "%s: a layer is missing in the archive", o->what);
	return r;
}

/* OCI's list and docker's may be both there: OCI's has the digests, unless only docker's has names. */
static int is_oci(const struct members *m, const struct member *index, const struct member *manifest)
{
	int named, docker;

	if (!index || !index->content || !(members_find(m, "oci-layout") || members_below(m, "blobs/")))
		return 0;
	if (!manifest || !manifest->content)
		return 1;
	named = which_has_name(index->content, index->size);
	if (named != 0)
		return named;
	docker = which_is_docker(manifest->content, manifest->size);
	return docker < 0 ? docker : !docker;
}

static int import_members(struct minc_transfer *t, struct members *m, image_found_fn *fn, void *data)
{
	const struct member *index = members_find(m, "index.json"), *old = members_find(m, "repositories");
	const struct member *manifest = members_find(m, "manifest.json");
	const int oci = is_oci(m, index, manifest);

	if (oci < 0)
		return err_set(t->err, oci, "%s", m->what);
	if (oci) {
		struct oci o = { .origin = { .text = oci_text, .blobs = oci_blobs, .what = m->what },
				 .t = t,
				 .m = m };

		return import_index(t, &o.origin, index->content, index->size, fn, data);
	}
	if (manifest && manifest->content)
		return import_docker(t, m, manifest, fn, data);
	if (old && old->content)
		return import_old(t, m, old, fn, data);
	return err_say(t->err, -EBADMSG, "%s: neither manifest.json nor index.json is in it", m->what);
}

int import_archive(struct minc_transfer *t, const char *source, int fd, bool known, image_found_fn *fn,
		   void *data)
{
	struct members m;
	int r = members_read(&m, t, source, fd, known ? MEMBERS_ALL : MEMBERS_GUESS);

	if (r < 0)
		return r;
	r = import_refuse_changes(t, source);
	if (r == 0)
		r = import_members(t, &m, fn, data);
	members_done(&m);
	return r;
}
