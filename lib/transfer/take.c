/* SPDX-License-Identifier: MIT */
/*
 * take - an image comes into the store, from wherever: manifest, config, blobs, layers,
 * and at last its line in index.json.
 */
#include "transfer/take.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "content/digests.h"
#include "content/hash.h"
#include "content/json-digest.h"
#include "content/ref.h"
#include "sign/policy-check.h"
#include "sign/sign.h"
#include "store/image-config.h"
#include "store/manifest.h"
#include "store/platform.h"
#include "store/store-file.h"
#include "tar/budget.h"
#include "transfer/convert.h"
#include "transfer/layer.h"
#include "transfer/listing.h"
#include "json/json.h"

void take_budget(const struct minc_transfer *t, struct budget *b)
{
	const bool bytes = t->given & 1U << MINC_TRANSFER_MAX_BYTES,
		   entries = t->given & 1U << MINC_TRANSFER_MAX_ENTRIES;

	budget_init(b, bytes ? &t->number[MINC_TRANSFER_MAX_BYTES] : NULL,
		    entries ? &t->number[MINC_TRANSFER_MAX_ENTRIES] : NULL);
}

static void leave(struct minc_transfer *t)
{
	budget_done(t->budget);
	t->budget = NULL;
	store_unshare(t->store);
}

int take_begin(struct minc_transfer *t, struct budget *b)
{
	int r = store_share(t->store);

	if (r < 0)
		return r;
	take_budget(t, b);
	t->budget = b;
	r = listing_begin(t);
	if (r < 0)
		leave(t);
	return r;
}

int take_end(struct minc_transfer *t, int r, image_found_fn *fn, void *data)
{
	r = listing_end(t, r, fn, data);
	leave(t);
	return r;
}

/* What no signature would help is said before anything is done. */
static int refuse_name(struct minc_transfer *t, const char *name)
{
	struct policy p;
	int r = policy_read(t->store, t->text[MINC_TRANSFER_POLICY], name, &p);

	policy_done(&p);
	return r;
}

int take_name(struct minc_transfer *t, const char *name, char ret[REF_MAX])
{
	const char *given = t->text[MINC_TRANSFER_NAME];
	struct ref ref;
	int r;

	if (given)
		name = given;
	if (!name || !*name) {
		*ret = '\0';
		return 0;
	}
	r = ref_parse(name, &ref);
	if (r < 0)
		return err_say(t->err, r, "%s: not a name of an image", name);
	ref_short(&ref, ret);
	return refuse_name(t, ret);
}

int take_check_digest(struct minc_transfer *t, const char *name,
		      const struct digest *manifest, const struct digest *index)
{
	struct ref ref;

	if (!*name || ref_parse(name, &ref) < 0 || !*ref.digest.text ||
	    digest_equal(&ref.digest, manifest) ||
	    (index && digest_equal(&ref.digest, index)))
		return 0;
	return err_say(t->err, -EBADMSG, "%s: the image's digest is %s", name,
		       manifest->text);
}

int take_counted(struct minc_transfer *t, const char *what, size_t n)
{
	const char *why = budget_images(t->budget, n);

	return why ? err_say(t->err, -EOVERFLOW, "%s: %s", what, why) : 0;
}

static json_t *make_manifest(const struct digest *config, uint64_t config_size,
			     const struct layer_made *layers, size_t len)
{
	json_t *list = json_array();
	int r = list ? 0 : -1;

	for (size_t i = 0; r == 0 && i < len; i++)
		r = json_array_append_new(list, json_descriptor(layers[i].media_type,
								&layers[i].blob,
								layers[i].blob_bytes));
	if (r < 0) {
		json_decref(list);
		return NULL;
	}
	return json_pack("{s:i, s:s, s:o, s:o}", "schemaVersion", 2, "mediaType",
			 MEDIA_OCI_MANIFEST, "config",
			 json_descriptor(MEDIA_OCI_CONFIG, config, config_size), "layers",
			 list);
}

/*
 * What was written must read as an image, before anybody is told. A config from elsewhere
 * may name other layers than came with it: those of another image in this store, if one
 * let it.
 */
static int check_built(struct minc_transfer *t, struct image *img, const char *manifest,
		       const char *config, size_t config_len,
		       const struct layer_made *layers)
{
	int r = image_parse_manifest(img, t->err, "manifest", manifest, strlen(manifest),
				     NULL);

	if (r == 0)
		r = image_parse_config(img, t->err, "config", config, config_len);
	for (size_t i = 0; r == 0 && i < img->layers_len; i++)
		if (!digest_equal(&img->layers[i].diff_id, &layers[i].diff_id))
			r = err_say(
				t->err, -EBADMSG,
				"config: rootfs.diff_ids[%zu]: %.19s..., but the layer is %.19s...",
				i, img->layers[i].diff_id.text, layers[i].diff_id.text);
	return r;
}

/* What is made here may be signed here, so that a policy which asks for it takes it. */
static int sign_new(struct minc_transfer *t, const char *name,
		    const struct digest *manifest)
{
	struct ref ref;
	int r = ref_parse(name, &ref);

	return r < 0 ? err_say(t->err, r, "%s: not a name of an image", name)
		     : sign_as(t, &ref, manifest, t->text[MINC_TRANSFER_SIGN_KEY]);
}

int take_config(struct minc_transfer *t, const char *config, size_t config_len,
		const struct layer_made *layers, size_t layers_len, const char *name)
{
	struct image *img = image_new();
	struct digest config_digest, digest;
	cleanup_json json_t *manifest = NULL;
	cleanup_free char *text = NULL;
	char listed[REF_MAX];
	int r = img ? take_name(t, name, listed) : -ENOMEM;

	hash_buffer(config, config_len, &config_digest);
	if (r == 0) {
		manifest = make_manifest(&config_digest, config_len, layers, layers_len);
		r = manifest ? json_text_write(manifest, JSON_COMPACT, &text, NULL)
			     : -ENOMEM;
		if (r < 0)
			(void)err_set(t->err, r, "manifest"); /* returns @r */
	}
	if (r == 0)
		r = check_built(t, img, text, config, config_len, layers);
	if (r == 0)
		r = store_write_blob(t->store, &config_digest, config, config_len);
	if (r == 0) {
		hash_buffer(text, strlen(text), &digest);
		r = store_write_blob(t->store, &digest, text, strlen(text));
	}
	if (r == 0 && t->text[MINC_TRANSFER_SIGN_KEY] && *listed)
		r = sign_new(t, listed, &digest);
	if (r == 0)
		r = listing_add(t, MEDIA_OCI_MANIFEST, &digest, strlen(text), img,
				listed);
	image_free(img);
	return r;
}

int take_built(struct minc_transfer *t, json_t *config, const struct layer_made *layers,
	       size_t layers_len, const char *name)
{
	cleanup_free char *text = NULL;
	size_t len = 0;
	int r = json_text_write(config, JSON_COMPACT, &text, &len);

	return r < 0 ? err_set(t->err, r, "config")
		     : take_config(t, text, len, layers, layers_len, name);
}

static size_t count_missing(struct minc_transfer *t, const struct image *img,
			    size_t *ret_last)
{
	size_t n = 0;

	for (size_t i = 0; i < img->layers_len; i++)
		if (img->layers[i].fresh ||
		    !store_has_layer(t->store, &img->layers[i].diff_id)) {
			n++;
			*ret_last = i;
		}
	return n;
}

int take_layers(struct minc_transfer *t, const struct image *img)
{
	size_t last = 0, missing = count_missing(t, img, &last);
	struct converter *c;
	int r;

	if (missing == 0)
		return 0;
	if (missing == 1)
		return layer_from_blob(t, &img->layers[last].digest,
				       &img->layers[last].diff_id, 0);
	r = converter_new(t, &c);
	if (r < 0)
		return r;
	for (size_t i = 0; i < img->layers_len; i++)
		converter_add(c, &img->layers[i]);
	return converter_free(c, t->err);
}

int take_open_layers(struct minc_transfer *t, const struct image *img,
		     int fds[CONTENT_LAYERS_MAX], size_t *ret_len)
{
	int r;

	*ret_len = 0;
	if (img->layers_len > CONTENT_LAYERS_MAX)
		return err_set(t->err, -E2BIG, "%s", img->name);
	r = take_layers(t, img); /* those that another tool has brought */
	for (size_t i = 0; r == 0 && i < img->layers_len; i++) {
		fds[i] = store_open_layer(t->store, &img->layers[i].diff_id, NULL);
		if (fds[i] < 0)
			return fds[i];
		*ret_len = i + 1;
	}
	return r;
}

/* A text by its digest, checked before anything looks into it. */
static int get_text(struct minc_transfer *t, struct origin *o, bool config,
		    const struct digest *d, uint64_t size, char **ret, size_t *ret_len)
{
	struct digest found;
	int r;

	if (size > CONTENT_JSON_MAX)
		return err_say(t->err, -EBADMSG,
			       "%s: %.19s...: a manifest or config of %llu bytes",
			       o->what, d->text, (unsigned long long)size);
	r = (config && o->config ? o->config : o->text)(o, d, size, ret, ret_len);
	if (r < 0)
		return r;
	hash_buffer(*ret, *ret_len, &found);
	if (digest_equal(&found, d) && *ret_len == size)
		return 0;
	free(*ret);
	*ret = NULL;
	return err_say(t->err, -EBADMSG,
		       "%s: %.19s...: its content has another digest or size", o->what,
		       d->text);
}

static int get_blobs(struct minc_transfer *t, struct origin *o, const struct image *img)
{
	struct image_layer **list = calloc(img->layers_len + 1, sizeof(*list));
	size_t len = 0;
	int r = 0;

	if (!list)
		return err_set(t->err, -ENOMEM, "%s", o->what);
	for (size_t i = 0; i < img->layers_len && r == 0; i++) {
		struct image_layer *l = &img->layers[i];

		if (*l->urls && !t->number[MINC_TRANSFER_FOREIGN])
			r = err_say(
				t->err, -EACCES,
				"%s: layer %.19s... is kept at a foreign place, %s: not fetched unless asked for",
				o->what, l->digest.text, l->urls[0]);
		for (size_t k = 0; k < len; k++)
			if (digest_equal(&list[k]->digest, &l->digest))
				goto next;
		if (r == 0 && !store_has_blob(t->store, &l->digest, l->size))
			(list[len++] = l)->fresh = true;
	next:;
	}
	if (r == 0 && len > 0)
		r = o->blobs(o, list, len);
	free(list);
	return r;
}

/*
 * From an index to the manifest that is meant, through others if need be: each is looked
 * into once.
 */
struct descent {
	struct minc_transfer *t;
	struct origin *o;
	struct arena a; /* of the one that is meant */
	struct digests seen;
	unsigned depth;
};

static int choose(struct descent *d, const char *text, size_t len,
		  struct manifest_child *ret);

/* @child is it: what it is called stays when its index goes. */
static int keep(struct descent *d, const struct manifest_child *child,
		struct manifest_child *ret)
{
	*ret = (struct manifest_child){ .media_type =
						arena_strdup(&d->a, child->media_type),
					.digest = child->digest,
					.size = child->size };
	return ret->media_type ? 0 : err_set(d->t->err, -ENOMEM, "%s", d->o->what);
}

/* An index that has it is kept: a signature of the first one is one of it. */
static int follow(struct descent *d, const struct manifest_child *child,
		  struct manifest_child *ret)
{
	cleanup_free char *text = NULL;
	size_t len = 0;
	int r;

	if (!media_is_index(child->media_type))
		return keep(d, child, ret);
	if (d->depth == INDEX_DEPTH_MAX || d->seen.len >= INDEXES_MAX)
		return err_say(d->t->err, -EBADMSG,
			       "%s: more than %d indexes in one another, or %d of them",
			       d->o->what, INDEX_DEPTH_MAX, INDEXES_MAX);
	r = digests_add(&d->seen, &child->digest);
	if (r <= 0) /* it was looked into, in vain */
		return r < 0 ? err_set(d->t->err, r, "%s", d->o->what) : -ENOENT;
	r = get_text(d->t, d->o, false, &child->digest, child->size, &text, &len);
	if (r == -ENOENT) /* which means something else to who asks */
		r = -EBADMSG;
	d->depth++;
	if (r == 0)
		r = choose(d, text, len, ret);
	d->depth--;
	return r == 0 ? store_write_blob(d->t->store, &child->digest, text, len) : r;
}

/* One that does not say for which platform it is, may have what is wanted. */
static int look_into(struct descent *d, const struct manifest_child *children, size_t len,
		     struct manifest_child *ret)
{
	struct err *e = d->t->err, why = { 0 };
	int r = -ENOENT;

	d->t->err = &why;
	for (size_t i = 0; r == -ENOENT && i < len; i++) {
		if (!media_is_index(children[i].media_type) || *children[i].os)
			continue;
		err_clear(&why);
		r = follow(d, &children[i], ret);
	}
	d->t->err = e;
	if (r < 0 && r != -ENOENT && why.code) /* else a registry has said it, to @e */
		*e = why;
	return r;
}

static int choose(struct descent *d, const char *text, size_t len,
		  struct manifest_child *ret)
{
	const char *platform = d->t->text[MINC_TRANSFER_PLATFORM], *what = d->o->what;
	struct manifest_child *children = NULL;
	struct arena a = { NULL };
	struct err why = { 0 };
	size_t n = 0, which = 0;
	int r = image_parse_index(&a, d->t->err, what, text, len, &children, &n);

	if (r < 0) {
		arena_done(&a);
		return r;
	}
	r = image_choose_platform(&why, what, children, n, platform, &which);
	if (r == 0) {
		r = follow(d, &children[which], ret);
	} else {
		if (r == -ENOENT)
			r = look_into(d, children, n, ret);
		if (r == -ENOENT || (r < 0 && !d->t->err->code))
			*d->t->err = why;
	}
	arena_done(&a);
	return r;
}

/* Before any layer is fetched. */
static int ask_policy(struct minc_transfer *t, struct origin *o, const char *name,
		      const struct digest *manifest, const struct digest *index)
{
	const struct policy_question q = { .name = name,
					   .manifest = manifest,
					   .index = index,
					   .chosen = true,
					   .bring = o->signatures,
					   .data = o };
	int r = take_check_digest(t, name, manifest, index);

	return r == 0 && *name ? policy_check(t, &q) : r;
}

static int take_manifest(struct minc_transfer *t, struct origin *o,
			 const char *media_type, const struct digest *d,
			 const struct digest *index, const char *text, size_t len,
			 const char *name)
{
	struct image *img = image_new();
	cleanup_free char *config = NULL;
	size_t config_len = 0;
	int r = img ? image_parse_manifest(img, t->err, o->what, text, len, media_type)
		    : err_set(t->err, -ENOMEM, "%s", o->what);

	if (r == 0)
		r = ask_policy(t, o, name, d, index);
	if (r == 0)
		img->index = *index;
	if (r == 0)
		r = get_text(t, o, true, &img->config, img->config_size, &config,
			     &config_len);
	if (r == 0)
		r = image_parse_config(img, t->err, o->what, config, config_len);
	if (r == 0)
		r = get_blobs(t, o, img);
	if (r == 0)
		r = take_layers(t, img);
	if (r == 0)
		r = store_write_blob(t->store, &img->config, config, config_len);
	if (r == 0)
		r = store_write_blob(t->store, d, text, len);
	if (r == 0)
		r = listing_add(t, img->media_type, d, len, img, name);
	image_free(img);
	return r;
}

int take_image(struct minc_transfer *t, struct origin *o, const char *media_type,
	       const struct digest *d, uint64_t size, const char *name)
{
	struct manifest_child child = { .media_type = media_type,
					.digest = *d,
					.size = size };
	cleanup_free char *text = NULL, *index_text = NULL;
	struct descent descent = { .t = t, .o = o };
	struct digest index = { "" };
	size_t len = 0, index_len = 0;
	char listed[REF_MAX];
	int r = take_name(t, name, listed);

	if (r == 0)
		r = get_text(t, o, false, d, size, &text, &len);
	if (r == 0 && media_is_index(media_type)) {
		index = *d;
		index_text = take_ptr(&text);
		index_len = len;
		r = choose(&descent, index_text, index_len, &child);
		if (r == 0)
			r = get_text(t, o, false, &child.digest, child.size, &text, &len);
	}
	/* It stays with its image: whose signature it has shows who signed the image. */
	if (r == 0 && index_text)
		r = store_write_blob(t->store, &index, index_text, index_len);
	if (r == 0)
		r = take_manifest(t, o, child.media_type, &child.digest, &index, text,
				  len, listed);
	digests_done(&descent.seen);
	arena_done(&descent.a);
	return r;
}
