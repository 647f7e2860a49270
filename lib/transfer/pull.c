/* SPDX-License-Identifier: MIT */
/* pull - images from a registry, and to one. The talking is done by module registry. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/module.h"
#include "base/str.h"
#include "registry/registry.h"
#include "sign/sign.h"
#include "tar/budget.h"
#include "transfer/convert.h"
#include "transfer/transfer.h"

struct remote {
	struct origin origin;
	struct minc_transfer *t;
	const struct registry_ops *ops;
	struct registry *reg;
	struct registry_text top; /* the manifest that was asked for */
	struct converter *converter;
};

static int tell(const char *what, uint64_t done, uint64_t total, void *data)
{
	const struct minc_transfer *t = data;

	return t->progress ? t->progress(what, done, total, t->data) : 0;
}

static void say(const char *line, void *data)
{
	const struct minc_transfer *t = data;

	if (t->store->warn)
		t->store->warn(line, t->store->warn_data);
}

static void options_of(struct minc_transfer *t, struct registry_options *ret)
{
	*ret = (struct registry_options){ .user = t->text[MINC_TRANSFER_USER],
					  .authfile = t->text[MINC_TRANSFER_AUTHFILE],
					  .cert_dir = t->text[MINC_TRANSFER_CERT_DIR],
					  .realm = t->text[MINC_TRANSFER_REALM],
					  .insecure = t->number[MINC_TRANSFER_INSECURE] != 0,
					  .retries = (unsigned)t->number[MINC_TRANSFER_RETRIES],
					  .progress = tell,
					  .say = say,
					  .data = t };
}

static int load_registry(struct minc_transfer *t, const struct registry_ops **ret)
{
	void *ops = NULL;
	int r = module_symbol("registry", "registry_ops", t->err, &ops);

	if (r == 0)
		*ret = ops;
	return r;
}

static int parse(struct minc_transfer *t, const char *name, struct ref *ret)
{
	int r = ref_parse(name, ret);

	return r < 0 ? err_say(t->err, r, "%s: not a name of an image", name) : 0;
}

static int remote_text(struct origin *o, const struct digest *d, uint64_t size, char **ret,
		       size_t *ret_len)
{
	struct remote *m = (struct remote *)o;
	struct registry_text text;
	int r;

	(void)size; /* the caller compares */
	if (m->top.text && digest_equal(&m->top.digest, d)) {
		*ret = m->top.text;
		*ret_len = m->top.len;
		m->top.text = NULL;
		return 0;
	}
	r = m->ops->get_manifest(m->reg, d->text, &text);
	if (r == 0) {
		*ret = text.text;
		*ret_len = text.len;
	}
	return r;
}

/* A config is a blob: fetched to a file without a name, of which not more than a config is read. */
static int remote_config(struct origin *o, const struct digest *d, uint64_t size, char **ret,
			 size_t *ret_len)
{
	struct remote *m = (struct remote *)o;
	struct store_file f;
	struct registry_blob blob = { .digest = *d, .size = size };
	char *text = malloc((size_t)size + 1);
	int r = text ? store_file_new(m->t->store, "blobs/sha256", &f) :
		       err_set(m->t->err, -ENOMEM, "%s", o->what);

	if (r < 0) {
		free(text);
		return r;
	}
	blob.fd = f.fd;
	r = m->ops->get_blobs(m->reg, &blob, 1, NULL, NULL);
	if (r == 0 && pread(f.fd, text, (size_t)size, 0) != (ssize_t)size)
		r = err_say(m->t->err, -EBADMSG, "%s: config: truncated", o->what);
	store_file_abandon(&f);
	if (r < 0) {
		free(text);
		return r;
	}
	text[size] = '\0';
	*ret = text;
	*ret_len = (size_t)size;
	return 0;
}

struct arriving {
	struct remote *m;
	struct image_layer *const *list;
	struct registry_blob *blobs;
	struct store_file *files;
};

/* One is whole: it gets its name, and its layer is made while others still come. */
static int arrived(struct registry_blob *b, void *data)
{
	struct arriving *a = data;
	const size_t i = (size_t)(b - a->blobs);
	int r = store_file_commit(a->m->t->store, &a->files[i], digest_hex(&b->digest), false);

	if (r == 0)
		converter_add(a->m->converter, a->list[i]);
	return r < 0 ? r : converter_failed(a->m->converter);
}

static int remote_blobs(struct origin *o, struct image_layer *const *list, size_t len)
{
	struct remote *m = (struct remote *)o;
	struct arriving a = { m, list, calloc(len, sizeof(*a.blobs)), calloc(len, sizeof(*a.files)) };
	int r = a.blobs && a.files ? 0 : err_set(m->t->err, -ENOMEM, "%s", o->what), s;

	for (size_t i = 0; a.files && i < len; i++)
		a.files[i].fd = -EBADF;
	if (r == 0)
		r = converter_new(m->t, &m->converter);
	for (size_t i = 0; r == 0 && i < len; i++) {
		r = store_file_new(m->t->store, "blobs/sha256", &a.files[i]);
		a.blobs[i] = (struct registry_blob){ .digest = list[i]->digest,
						     .size = list[i]->size,
						     .urls = list[i]->urls,
						     .fd = a.files[i].fd,
						     .media_type = list[i]->media_type };
	}
	if (r == 0)
		r = m->ops->get_blobs(m->reg, a.blobs, len, arrived, &a);
	if (m->converter) {
		s = converter_free(m->converter, m->t->err); /* waits for what was begun */
		m->converter = NULL;
		r = r < 0 ? r : s;
		for (size_t i = 0; r == 0 && i < len; i++)
			list[i]->fresh = false; /* it is what it has to be */
	}
	for (size_t i = 0; a.files && i < len; i++)
		store_file_abandon(&a.files[i]);
	free(a.blobs);
	free(a.files);
	return r;
}

/* They stay in the store, with what is signed: the image is used later, under the same policy. */
static int remote_signatures(struct arena *a, const struct digest *d, struct signatures *list,
			     void *data)
{
	struct remote *m = data;
	int r = sign_fetch(m->t->err, m->ops, m->reg, a, d, list);

	return r == 0 && list->len > 0 ? signatures_keep(m->t->store, d, list) : r;
}

static int pull_open(struct remote *m, const char *name)
{
	struct registry_options options;
	char listed[REF_MAX], called[REF_MAX];
	struct ref ref;
	int r = parse(m->t, name, &ref);

	if (r == 0) {
		ref_short(&ref, listed);
		r = take_name(m->t, listed, called); /* nobody is asked for what is rejected */
	}
	if (r == 0)
		r = load_registry(m->t, &m->ops);
	if (r < 0)
		return r;
	options_of(m->t, &options);
	r = m->ops->open(m->t->err, &ref, &options, false, &m->reg);
	if (r < 0)
		return r;
	r = m->ops->get_manifest(m->reg, *ref.digest.text ? ref.digest.text : ref.tag, &m->top);
	if (r == 0) {
		const struct digest d = m->top.digest;

		r = take_image(m->t, &m->origin, m->top.media_type, &d, m->top.len, listed);
	}
	free(m->top.text);
	m->ops->close(m->reg);
	return r;
}

int pull_image(struct minc_transfer *t, const char *name, image_found_fn *fn, void *data)
{
	struct remote m = { .origin = { .text = remote_text, .config = remote_config,
					.blobs = remote_blobs, .signatures = remote_signatures,
				.what = name },
			    .t = t };
	struct budget budget;
	int r = store_share(t->store);

	if (r < 0)
		return r;
	take_budget(t, &budget);
	t->budget = &budget;
	r = listing_begin(t);
	if (r == 0)
		r = listing_end(t, pull_open(&m, name), fn, data);
	t->budget = NULL;
	budget_done(&budget);
	store_unshare(t->store);
	return r;
}

/* All blobs of an image, the config last. */
static int open_blobs(struct minc_transfer *t, const struct image *img, const char *mount_from,
		      struct registry_blob *blobs, size_t *ret_len)
{
	size_t len = 0;
	int r = 0;

	for (size_t i = 0; i <= img->layers_len && r == 0; i++) {
		const bool config = i == img->layers_len;
		const struct digest *d = config ? &img->config : &img->layers[i].digest;
		struct registry_blob *b = &blobs[len];
		bool twice = false;

		for (size_t k = 0; k < len; k++)
			twice |= digest_equal(&blobs[k].digest, d);
		if (twice)
			continue;
		*b = (struct registry_blob){ .digest = *d, .mount_from = mount_from };
		b->fd = store_open_blob(t->store, d, &b->size);
		if (b->fd < 0)
			return b->fd;
		len++;
		*ret_len = len;
		if (b->size != (config ? img->config_size : img->layers[i].size))
			r = err_say(t->err, -EBADMSG, "%s: %.19s... has another size than its manifest says",
				    img->name, d->text);
		b->media_type = config ? img->config_media_type : img->layers[i].media_type;
	}
	return r;
}

/* What is there stays; what the store has for that name, and by the key given, comes to it. */
static int push_signatures(struct minc_transfer *t, const struct image *img, const struct ref *to,
			   const struct registry_ops *ops, struct registry *reg)
{
	const char *key = t->text[MINC_TRANSFER_SIGN_KEY];
	struct arena a = { 0 };
	struct signatures list;
	int r = key ? sign_as(t, to, &img->manifest, key) : 0;

	if (r == 0)
		r = signatures_read(t->store, &a, &img->manifest, &list);
	if (r == 0)
		signatures_only(&list, to, &img->manifest);
	if (r == 0 && list.len > 0)
		r = sign_fetch(t->err, ops, reg, &a, &img->manifest, &list);
	if (r == 0 && list.len > 0)
		r = sign_push(t->err, ops, reg, &img->manifest, &list);
	arena_done(&a);
	return r;
}

static int push_open(struct minc_transfer *t, const struct image *img, const struct ref *to,
		     const char *mount_from)
{
	struct registry_blob *blobs = calloc(img->layers_len + 1, sizeof(*blobs));
	const struct registry_ops *ops = NULL;
	struct registry_options options;
	struct registry *reg = NULL;
	size_t len = 0;
	int r = blobs ? load_registry(t, &ops) : err_set(t->err, -ENOMEM, "%s", img->name);

	options_of(t, &options);
	if (r == 0)
		r = open_blobs(t, img, mount_from, blobs, &len);
	if (r == 0)
		r = ops->open(t->err, to, &options, true, &reg);
	if (r == 0)
		r = ops->put_blobs(reg, blobs, len);
	if (r == 0)
		r = ops->put_manifest(reg, *to->tag ? to->tag : img->manifest.text, img->media_type,
				      img->manifest_json, img->manifest_len);
	if (r == 0)
		r = push_signatures(t, img, to, ops, reg);
	if (reg)
		ops->close(reg);
	for (size_t i = 0; blobs && i < len; i++)
		fd_closep(&blobs[i].fd);
	free(blobs);
	return r;
}

int push_image(struct minc_transfer *t, const char *name, const char *target)
{
	struct image *img;
	struct ref to, from;
	const char *mount_from = NULL;
	int r = store_share(t->store);

	if (r < 0)
		return r;
	r = image_find(t->store, name, &img);
	if (r == 0) {
		if (!target)
			target = *img->name ? img->name : name;
		r = parse(t, target, &to);
		/* what came from another repository of the same registry is there already */
		if (r == 0 && *img->name && ref_parse(img->name, &from) == 0 &&
		    str_equal(from.registry, to.registry) &&
		    !str_equal(from.repository, to.repository))
			mount_from = from.repository;
		if (r == 0)
			r = push_open(t, img, &to, mount_from);
		image_free(img);
	}
	store_unshare(t->store);
	return r;
}

int registry_login(struct minc_transfer *t, const char *registry, const char *user,
		   const char *password)
{
	struct registry_options options;
	const struct registry_ops *ops = NULL;
	int r = load_registry(t, &ops);

	options_of(t, &options);
	return r < 0 ? r : ops->login(t->err, registry, user, password, &options);
}

int registry_logout(struct minc_transfer *t, const char *registry)
{
	struct registry_options options;
	const struct registry_ops *ops = NULL;
	int r = load_registry(t, &ops);

	options_of(t, &options);
	return r < 0 ? r : ops->logout(t->err, registry, &options);
}
