/* SPDX-License-Identifier: MIT */
/* pull - images from a registry; see pull.h. */
#include "transfer/pull.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/module.h"
#include "base/str.h"
#include "registry/registry-module.h"
#include "sign/sign-remote.h"
#include "sign/sign.h"
#include "store/store-file.h"
#include "tar/budget.h"
#include "transfer/convert.h"
#include "transfer/listing.h"
#include "transfer/remote.h"
#include "transfer/take.h"

struct remote {
	struct origin origin;
	struct minc_transfer *t;
	const struct registry_ops *ops;
	struct registry *reg;
	struct registry_text top; /* the manifest that was asked for */
	struct converter *converter;
};

static int pull_text(struct origin *o, const struct digest *d, uint64_t size, char **ret,
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

/*
 * A config is a blob: fetched to a file without a name, of which not more than a config
 * is read.
 */
static int pull_config(struct origin *o, const struct digest *d, uint64_t size,
		       char **ret, size_t *ret_len)
{
	struct remote *m = (struct remote *)o;
	struct store_file f;
	struct registry_blob blob = { .digest = *d, .size = size };
	char *text = malloc((size_t)size + 1);
	int r = text ? store_file_new(m->t->store, STORE_BLOBS, &f)
		     : err_set(m->t->err, -ENOMEM, "%s", o->what);

	if (r < 0) {
		free(text);
		return r;
	}
	blob.fd = f.fd;
	r = m->ops->get_blobs(m->reg, &blob, 1, NULL, NULL);
	if (r == 0 && io_read_at(f.fd, text, (size_t)size, 0) != (ssize_t)size)
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
	int r = store_blob_commit(a->m->t->store, &a->files[i], &b->digest);

	if (r == 0)
		converter_add(a->m->converter, a->list[i]);
	return r < 0 ? r : converter_failed(a->m->converter);
}

static int pull_blobs(struct origin *o, struct image_layer *const *list, size_t len)
{
	struct remote *m = (struct remote *)o;
	struct arriving a = { m, list, calloc(len, sizeof(*a.blobs)),
			      calloc(len, sizeof(*a.files)) };
	int r = a.blobs && a.files ? 0 : err_set(m->t->err, -ENOMEM, "%s", o->what), s;

	for (size_t i = 0; a.files && i < len; i++)
		a.files[i].fd = -EBADF;
	if (r == 0)
		r = converter_new(m->t, &m->converter);
	for (size_t i = 0; r == 0 && i < len; i++) {
		r = store_file_new(m->t->store, STORE_BLOBS, &a.files[i]);
		a.blobs[i] = (struct registry_blob){ .digest = list[i]->digest,
						     .size = list[i]->size,
						     .urls = list[i]->urls,
						     .fd = a.files[i].fd,
						     .media_type = list[i]->media_type };
	}
	if (r == 0)
		r = m->ops->get_blobs(m->reg, a.blobs, len, arrived, &a);
	if (m->converter) {
		/* waits for what was begun */
		s = converter_free(m->converter, m->t->err);
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

/*
 * They stay in the store, with what is signed: the image is used later, under the same
 * policy.
 */
static int pull_signatures(struct arena *a, const struct digest *d,
			   struct signatures *list, void *data)
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
	int r = remote_name(m->t, name, &ref);

	if (r == 0) {
		ref_short(&ref, listed);
		/* nobody is asked for what is rejected */
		r = take_name(m->t, listed, called);
	}
	if (r < 0)
		return r;
	r = remote_ops(m->t, &m->ops);
	if (r < 0)
		return r;
	remote_options(m->t, &options);
	r = m->ops->open(m->t->err, &ref, &options, false, &m->reg);
	if (r < 0)
		return r;
	r = m->ops->get_manifest(m->reg, *ref.digest.text ? ref.digest.text : ref.tag,
				 &m->top);
	if (r == 0) {
		const struct digest d = m->top.digest;

		r = take_image(m->t, &m->origin, m->top.media_type, &d, m->top.len,
			       listed);
	}
	free(m->top.text);
	m->ops->close(m->reg);
	return r;
}

int pull_image(struct minc_transfer *t, const char *name, image_found_fn *fn, void *data)
{
	struct remote m = { .origin = { .text = pull_text,
					.config = pull_config,
					.blobs = pull_blobs,
					.signatures = pull_signatures,
					.what = name },
			    .t = t };
	struct budget budget;
	int r = take_begin(t, &budget);

	return r < 0 ? r : take_end(t, pull_open(&m, name), fn, data);
}
