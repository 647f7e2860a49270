/* SPDX-License-Identifier: MIT */
/*
 * archive - images in a tar: docker-archive, with manifest.json or of the time before it
 * ("repositories"), and an OCI layout. Read twice: first what there is, with the small
 * files' content; then the large ones that are needed, in the order they come in.
 */
#include "import/archive.h"

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
#include "import/import.h"
#include "import/layout.h"
#include "import/members.h"
#include "import/which.h"
#include "sign/sign.h"
#include "store/store-file.h"
#include "transfer/layer.h"
#include "transfer/listing.h"
#include "transfer/take.h"
#include "json/json.h"

struct entry_source {
	struct byte_source source;
	struct archive *a;
};

static ssize_t read_entry(struct byte_source *s, void *buf, size_t len)
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
	const struct member **layers; /* of the image at hand, the lowest first */
	size_t len;
	/* by the places of their members: each once, whatever has it */
	struct layer_made **made;
};

/* The member a name of manifest.json means, links resolved within the archive. */
static int find_member(struct docker *d, const char *name, const struct member **ret)
{
	*ret = members_find(d->m, name);
	if (*ret && (*ret)->link)
		return err_say(d->t->err, -EBADMSG,
			       "%s: %s: a link that leads nowhere in the archive",
			       d->m->what, name);
	return *ret ? 0
		    : err_say(d->t->err, -EBADMSG, "%s: %s is missing in the archive",
			      d->m->what, name);
}

static int want_layer(struct docker *d, const char *name)
{
	const struct member *m;
	int r = find_member(d, name, &m);

	if (r < 0)
		return r;
	d->layers[d->len++] = m;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct member *x = *(const struct member *const *)a,
			    *y = *(const struct member *const *)b;

	return (x->number > y->number) - (x->number < y->number);
}

static struct layer_made **place(const struct docker *d, const struct member *one)
{
	return &d->made[one - d->m->v];
}

static int make_layer(struct docker *d, struct members_reader *reader,
		      const struct member *one)
{
	struct entry_source source = { .source = { .read = read_entry } };
	struct layer_made *made = arena_new(d->src.a, struct layer_made);
	char what[128];
	int r = made ? members_to(d->m, reader, one)
		     : err_set(d->t->err, -ENOMEM, "%s", d->m->what);

	if (r < 0)
		return r;
	source.a = reader->a;
	snprintf(what, sizeof(what), "layer %.64s", one->name);
	r = layer_from_stream(d->t, what, &source.source, NULL, NULL, made);
	if (r == 0)
		*place(d, one) = made;
	return r;
}

/* The second reading: what no image before had, in the order in which it comes. */
static int take_members(struct docker *d, struct layer_made *ret)
{
	const struct member **list = calloc(d->len + 1, sizeof(*list));
	struct members_reader reader = { .a = NULL };
	int r = list ? 0 : err_set(d->t->err, -ENOMEM, "%s", d->m->what);

	for (size_t i = 0; r == 0 && i < d->len; i++)
		list[i] = d->layers[i];
	if (r == 0)
		qsort(list, d->len, sizeof(*list), by_number);
	for (size_t i = 0; r == 0 && i < d->len; i++)
		if (!*place(d, list[i]))
			r = make_layer(d, &reader, list[i]);
	members_close(&reader);
	for (size_t i = 0; r == 0 && i < d->len; i++)
		ret[i] = **place(d, d->layers[i]);
	free(list);
	return r;
}

/* All are looked at before there is anything to list. */
static int list_first(struct docker *d, json_t *tags, const char **ret)
{
	char name[REF_MAX];
	size_t i;
	json_t *tag;

	*ret = "";
	json_array_foreach(tags, i, tag)
	{
		int r = json_is_string(tag)
				? 0
				: json_refuse(&d->src, "RepoTags: not a string");

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
static int list_others(struct docker *d, json_t *tags)
{
	char name[REF_MAX];
	json_t *tag;
	size_t i;
	int r = 0;

	if (d->t->text[MINC_TRANSFER_NAME])
		return 0;
	json_array_foreach(tags, i, tag)
	{
		if (r == 0 && i > 0)
			r = take_name(d->t, json_string_value(tag), name);
		if (r == 0 && i > 0)
			r = listing_add_name(d->t, name);
	}
	return r;
}

static int take_one(struct docker *d, json_t *item)
{
	const char *config_name = NULL, *const * layers, *name = "";
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
		return err_say(d->t->err, -EBADMSG, "%s: %s: not a config", d->m->what,
			       config_name);
	for (d->len = 0; layers[d->len];)
		d->len++;
	if (d->len > CONTENT_LAYERS_MAX)
		return err_say(d->t->err, -EBADMSG, "%s: more than %d layers", d->m->what,
			       CONTENT_LAYERS_MAX);
	d->layers = calloc(d->len + 1, sizeof(*d->layers));
	made = calloc(d->len + 1, sizeof(*made));
	if (!d->layers || !made)
		r = err_set(d->t->err, -ENOMEM, "%s", d->m->what);
	d->len = 0;
	for (size_t i = 0; r == 0 && layers[i]; i++)
		r = want_layer(d, layers[i]);
	if (r == 0)
		r = take_members(d, made);
	if (r == 0)
		r = take_config(d->t, text, config->size, made, d->len, name);
	if (r == 0)
		r = list_others(d, tags);
	free(d->layers);
	free(made);
	return r;
}

static int count_images(struct docker *d, json_t *list)
{
	size_t n = 0, i;
	json_t *item;

	json_array_foreach(list, i, item)
	{
		const size_t names = json_array_size(json_object_get(item, "RepoTags"));

		n += names > 1 ? names : 1; /* the first one goes with the image */
	}
	return take_counted(d->t, d->m->what, n);
}

static int import_docker(struct minc_transfer *t, struct members *m,
			 const struct member *manifest)
{
	struct arena a = { NULL };
	struct docker d = { .t = t, .m = m, .src = { t->err, m->what, &a } };
	cleanup_free struct layer_made **made = calloc(m->len + 1, sizeof(*made));
	cleanup_json json_t *root = NULL;
	char *wrapped = NULL;
	json_t *list = NULL, *item;
	size_t i;
	int r;

	d.made = made;
	/* json_strict() takes an object; this is an array */
	d.src.what = arena_printf(&a, "%s: manifest.json", m->what);
	wrapped = d.src.what ? arena_printf(&a, "{\"manifest\":%s}", manifest->content)
			     : NULL;
	r = !wrapped || !made ? err_set(t->err, -ENOMEM, "%s", m->what)
	    : strlen(manifest->content) != manifest->size
		    ? json_refuse(&d.src, "a NUL in it")
		    : json_strict(&d.src, wrapped, strlen(wrapped), &root);
	if (r == 0 && (json_object_size(root) > 1 ||
		       !json_is_array(json_object_get(root, "manifest"))))
		r = json_refuse(&d.src,
				"not a list of images, as docker-save(1) writes it");
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
			r = take_one(&d, item);
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

	if (!str_is_hex(id, DIGEST_HEX))
		return err_say(d->t->err, -EBADMSG, "%s: repositories: %.80s is no id",
			       d->m->what, id);
	snprintf(name, sizeof(name), "%s/json", id);
	r = find_member(d, name, &m);
	if (r == 0)
		r = members_text(d->m, m, &text);
	if (r == 0 && !text)
		r = err_say(d->t->err, -EBADMSG, "%s: %s: not a file", d->m->what, name);
	if (r < 0)
		return r;
	d->src.what = arena_printf(d->src.a, "%s: %s", d->m->what, name);
	return d->src.what ? json_strict(&d->src, text, m->size, ret)
			   : err_set(d->t->err, -ENOMEM, "%s", d->m->what);
}

static json_t *old_config(json_t *top, const struct layer_made *layers, size_t len)
{
	static const char *const keys[] = { "architecture", "os", "created", "author",
					    "config" };
	json_t *ret = json_object(), *ids = json_array();

	for (size_t i = 0; ret && i < sizeof(keys) / sizeof(keys[0]); i++)
		if (json_object_get(top, keys[i]))
			(void)json_object_set(ret, keys[i],
					      json_object_get(top, keys[i]));
	if (ret && !json_object_get(ret, "os"))
		(void)json_object_set_new(ret, "os", json_string("linux"));
	for (size_t i = 0; ids && i < len; i++)
		(void)json_array_append_new(ids, json_string(layers[i].diff_id.text));
	if (!ret || json_object_set_new(ret, "rootfs",
					json_pack("{s:s, s:o}", "type", "layers",
						  "diff_ids", ids)) < 0) {
		json_decref(ret);
		return NULL;
	}
	return ret;
}

static int take_old(struct docker *d, const char *name, const char *id)
{
	cleanup_json json_t *top = NULL, *config = NULL;
	struct layer_made *made = calloc(CONTENT_LAYERS_MAX, sizeof(*made));
	const char *at = id, *list = d->src.what;
	int r = 0;

	d->layers = calloc(CONTENT_LAYERS_MAX, sizeof(*d->layers));
	d->len = 0;
	if (!d->layers || !made)
		r = err_set(d->t->err, -ENOMEM, "%s", d->m->what);
	while (r == 0 && at) {
		cleanup_json json_t *layer = NULL;
		char file[128];

		if (d->len == CONTENT_LAYERS_MAX) {
			r = err_say(d->t->err, -EBADMSG,
				    "%s: more than %d layers, or a circle of parents",
				    d->m->what, CONTENT_LAYERS_MAX);
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
		const struct member *w = d->layers[i];

		d->layers[i] = d->layers[d->len - 1 - i];
		d->layers[d->len - 1 - i] = w;
	}
	if (r == 0)
		r = take_members(d, made);
	if (r == 0) {
		config = old_config(top, made, d->len);
		r = config ? take_built(d->t, config, made, d->len, name)
			   : err_set(d->t->err, -ENOMEM, "%s", d->m->what);
	}
	free(d->layers);
	free(made);
	return r;
}

static int import_old(struct minc_transfer *t, struct members *m,
		      const struct member *file)
{
	struct arena a = { NULL };
	struct docker d = { .t = t, .m = m, .src = { t->err, m->what, &a } };
	cleanup_free struct layer_made **made = calloc(m->len + 1, sizeof(*made));
	cleanup_json json_t *root = NULL;
	const char *repository, *tag;
	json_t *tags, *id;
	size_t n = 0;
	int r;

	d.made = made;
	d.src.what = arena_printf(&a, "%s: repositories", m->what);
	r = d.src.what && made ? json_strict(&d.src, file->content, file->size, &root)
			       : err_set(t->err, -ENOMEM, "%s", m->what);

	json_object_foreach(root, repository, tags) n += json_object_size(tags);
	if (r == 0)
		r = take_counted(t, m->what, n);
	json_object_foreach(root, repository, tags)
	{
		if (r == 0 && !json_is_object(tags))
			r = json_refuse(&d.src, "not an object");
		json_object_foreach(tags, tag, id)
		{
			char name[REF_MAX];

			if (r == 0 && !json_is_string(id))
				r = json_refuse(&d.src, "not a string");
			if (r != 0)
				break;
			snprintf(name, sizeof(name), "%s:%s", repository, tag);
			r = take_old(&d, name, json_string_value(id));
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
	char name[STORE_PATH_LEN];
	const struct member *m;
	int r = 0;

	(void)size; /* the caller compares */
	*ret = NULL;
	store_blob_path(digest_hex(d), name);
	m = members_find(oci->m, name);
	if (m)
		r = members_text(oci->m, m, ret);
	if (r == 0 && !*ret)
		return err_say(oci->t->err, -EBADMSG, "%s: %s is missing in the archive",
			       o->what, name);
	*ret_len = r == 0 ? m->size : 0;
	return r;
}

struct oci_blob {
	const struct member *member;
	const struct image_layer *layer;
};

static int by_place(const void *a, const void *b)
{
	const struct oci_blob *x = a, *y = b;

	return by_number(&x->member, &y->member);
}

static int find_blobs(const struct oci *oci, struct image_layer *const *list, size_t len,
		      struct oci_blob *ret)
{
	char name[STORE_PATH_LEN];

	for (size_t i = 0; i < len; i++) {
		store_blob_path(digest_hex(&list[i]->digest), name);
		ret[i] = (struct oci_blob){ members_find(oci->m, name), list[i] };
		if (!ret[i].member || ret[i].member->link)
			return err_say(oci->t->err, -EBADMSG,
				       "%s: %s: a layer is missing in the archive",
				       oci->m->what, name);
	}
	qsort(ret, len, sizeof(*ret), by_place);
	return 0;
}

static int oci_blobs(struct origin *o, struct image_layer *const *list, size_t len)
{
	struct oci *oci = (struct oci *)o;
	struct entry_source source = { .source = { .read = read_entry } };
	struct members_reader reader = { .a = NULL };
	struct oci_blob *blobs = calloc(len, sizeof(*blobs));
	int r = blobs ? find_blobs(oci, list, len, blobs)
		      : err_set(oci->t->err, -ENOMEM, "%s", o->what);

	for (size_t i = 0; r == 0 && i < len; i++) {
		const struct image_layer *l = blobs[i].layer;
		char what[64];

		snprintf(what, sizeof(what), "blob %.12s", digest_hex(&l->digest));
		r = members_to(oci->m, &reader, blobs[i].member);
		source.a = reader.a;
		if (r == 0)
			r = blob_from_stream(oci->t, what, &source.source, &l->digest,
					     l->size);
	}
	members_close(&reader);
	free(blobs);
	return r;
}

/*
 * OCI's list and docker's may be both there: OCI's has the digests, unless only docker's
 * has names.
 */
static int is_oci(const struct members *m, const struct member *index,
		  const struct member *manifest)
{
	int named, docker;

	if (!index || !index->content ||
	    !(members_find(m, "oci-layout") || members_below(m, "blobs/")))
		return 0;
	if (!manifest || !manifest->content)
		return 1;
	named = which_has_name(index->content, index->size);
	if (named != 0)
		return named;
	docker = which_is_docker(manifest->content, manifest->size);
	return docker < 0 ? docker : !docker;
}

/* No list that is one was found: the one that is there may be too large. */
static int refuse_lists(struct minc_transfer *t, const struct members *m,
			const struct member *const lists[3])
{
	for (size_t i = 0; i < 3; i++)
		if (lists[i] && lists[i]->size > CONTENT_JSON_MAX)
			return err_say(t->err, -EBADMSG, "%s: %s: larger than %d bytes",
				       m->what, lists[i]->name, CONTENT_JSON_MAX);
	return err_say(t->err, -EBADMSG,
		       "%s: neither manifest.json nor index.json is in it", m->what);
}

static int import_members(struct minc_transfer *t, struct members *m)
{
	const struct member *index = members_find(m, "index.json"),
			    *old = members_find(m, "repositories");
	const struct member *manifest = members_find(m, "manifest.json");
	const int oci = is_oci(m, index, manifest);

	if (oci < 0)
		return err_set(t->err, oci, "%s", m->what);
	if (oci) {
		struct oci o = { .origin = { .text = oci_text,
					     .blobs = oci_blobs,
					     .what = m->what },
				 .t = t,
				 .m = m };

		return import_index(t, &o.origin, index->content, index->size);
	}
	if (manifest && manifest->content)
		return import_docker(t, m, manifest);
	if (old && old->content)
		return import_old(t, m, old);
	return refuse_lists(t, m, (const struct member *const[]){ index, manifest, old });
}

int import_archive(struct minc_transfer *t, const char *source, int fd, bool known)
{
	struct members m;
	int r = members_read(&m, t, source, fd, known ? MEMBERS_ALL : MEMBERS_GUESS);

	if (r < 0)
		return r;
	r = import_refuse_changes(t, source);
	if (r == 0)
		r = import_members(t, &m);
	members_done(&m);
	return r;
}
