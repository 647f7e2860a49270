/* SPDX-License-Identifier: MIT */
/* push - images to a registry; see push.h. */
#include "transfer/push.h"

#include <errno.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/str.h"
#include "registry/registry-module.h"
#include "sign/sign-remote.h"
#include "sign/sign.h"
#include "store/find.h"
#include "store/store-file.h"
#include "transfer/remote.h"

/* All blobs of an image, the config last. */
static int open_blobs(struct minc_transfer *t, const struct image *img,
		      const char *mount_from, struct registry_blob *blobs,
		      size_t *ret_len)
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
			r = err_say(
				t->err, -EBADMSG,
				"%s: %.19s... has another size than its manifest says",
				img->name, d->text);
		b->media_type =
			config ? img->config_media_type : img->layers[i].media_type;
	}
	return r;
}

/*
 * What is there stays; what the store has for that name, and by the key given, comes to
 * it.
 */
static int push_signatures(struct minc_transfer *t, const struct image *img,
			   const struct ref *to, const struct registry_ops *ops,
			   struct registry *reg)
{
	const char *key = t->text[MINC_TRANSFER_SIGN_KEY];
	struct arena a = { 0 };
	struct signatures list = { .len = 0 };
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

static int push_open(struct minc_transfer *t, const struct image *img,
		     const struct ref *to, const char *mount_from)
{
	struct registry_blob *blobs = calloc(img->layers_len + 1, sizeof(*blobs));
	const struct registry_ops *ops = NULL;
	struct registry_options options;
	struct registry *reg = NULL;
	size_t len = 0;
	int r = blobs ? remote_ops(t, &ops) : err_set(t->err, -ENOMEM, "%s", img->name);

	remote_options(t, &options);
	if (r == 0)
		r = open_blobs(t, img, mount_from, blobs, &len);
	if (r == 0)
		r = ops->open(t->err, to, &options, true, &reg);
	if (r == 0)
		r = ops->put_blobs(reg, blobs, len);
	if (r == 0)
		r = ops->put_manifest(reg, *to->tag ? to->tag : img->manifest.text,
				      img->media_type, img->manifest_json,
				      img->manifest_len);
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
		r = remote_name(t, target, &to);
		/*
		 * what came from another repository of the same registry is there already
		 */
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
