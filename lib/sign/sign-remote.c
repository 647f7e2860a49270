/* SPDX-License-Identifier: MIT */
/*
 * sign-remote - signatures in a registry, as cosign(1) has them: the tag sha256-HEX.sig
 * names a manifest whose layers are payloads, each with its signature as an annotation.
 * See cosign's SIGNATURE_SPEC.md.
 */
#include "sign/sign-remote.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"
#include "content/hash.h"
#include "content/json-digest.h"
#include "sign/sign.h"
#include "json/json.h"

#define MEDIA_PAYLOAD        "application/vnd.dev.cosign.simplesigning.v1+json"
#define SIGNATURE_ANNOTATION "dev.cosignproject.cosign/signature"

static void tag_of(const struct digest *manifest, char ret[80])
{
	snprintf(ret, 80, "sha256-%s.sig", digest_hex(manifest));
}

static int fetch_payload(const struct json_source *src, const struct registry_ops *ops,
			 struct registry *reg, const struct digest *d, uint64_t size,
			 struct signature *ret)
{
	cleanup_close int fd = memfd_create("payload", MFD_CLOEXEC);
	struct registry_blob blob = {
		.digest = *d, .size = size, .fd = fd, .media_type = MEDIA_PAYLOAD
	};
	char *text = arena_alloc(src->a, (size_t)size + 1);
	int r;

	if (fd < 0 || !text)
		return err_set(src->e, fd < 0 ? -errno : -ENOMEM, "%s", src->what);
	r = ops->get_blobs(reg, &blob, 1, NULL, NULL);
	if (r < 0)
		return r;
	if (io_read_at(fd, text, (size_t)size, 0) != (ssize_t)size)
		return json_refuse(src, "payload: truncated");
	ret->payload = text;
	ret->payload_len = (size_t)size;
	return 0;
}

/* @ret->bytes NULL: something else than a signature. */
static int parse_layer(const struct json_source *src, json_t *o, struct signature *ret,
		       struct digest *ret_digest, uint64_t *ret_size)
{
	const char *media = "", *text = NULL;
	json_t *annotations = NULL;
	int r;

	*ret = (struct signature){ .keyid = "" };
	*ret_size = 0;
	if (!json_is_object(o))
		return json_refuse(src, "layers: not an object");
	r = json_text(src, o, "layers.", "mediaType", &media);
	if (r == 0)
		r = json_digest(src, o, "layers.", "digest", ret_digest);
	if (r == 0)
		r = json_whole(src, o, "layers.", "size", PAYLOAD_MAX, ret_size);
	if (r == 0)
		r = json_annotations(src, o, "layers.", &annotations);
	if (r == 0 && annotations && str_equal(media, MEDIA_PAYLOAD))
		r = json_text(src, annotations, "layers.annotations.",
			      SIGNATURE_ANNOTATION, &text);
	if (r < 0 || !text)
		return r;
	ret->bytes = payload_decode(src->a, text, KEY_SIGNATURE_MAX, &ret->len);
	return 0; /* what is no base64, or too long, is by none of our kinds of keys */
}

static int fetch_all(const struct json_source *src, const struct registry_ops *ops,
		     struct registry *reg, const struct registry_text *top,
		     struct signatures *list)
{
	cleanup_json json_t *o = NULL;
	json_t *layers = NULL, *layer;
	struct signature one;
	struct digest d;
	uint64_t size;
	size_t i;
	int r = json_strict(src, top->text, top->len, &o);

	if (r == 0)
		r = json_field(src, o, "", "layers", JSON_ARRAY, &layers);
	if (r == 0 && json_array_size(layers) > SIGNATURES_MAX)
		r = json_refuse(src, "more than %d signatures", SIGNATURES_MAX);
	if (r < 0)
		return r;
	json_array_foreach(layers, i, layer)
	{
		r = parse_layer(src, layer, &one, &d, &size);
		if (r == 0 && one.bytes)
			r = fetch_payload(src, ops, reg, &d, size, &one);
		if (r == 0 && one.bytes && signatures_add(list, &one) < 0)
			r = json_refuse(src, "more than %d signatures", SIGNATURES_MAX);
		if (r < 0)
			return r;
	}
	return 0;
}

int sign_fetch(struct err *e, const struct registry_ops *ops, struct registry *reg,
	       struct arena *a, const struct digest *manifest, struct signatures *list)
{
	struct registry_text top = { 0 };
	struct json_source src = { e, NULL, a };
	char tag[80];
	int r;

	tag_of(manifest, tag);
	src.what = tag;
	r = ops->get_manifest(reg, tag, &top);
	if (r == -ENOENT) {
		err_clear(e); /* it is not signed: the caller says so */
		return 0;
	}
	if (r < 0)
		return r;
	r = fetch_all(&src, ops, reg, &top, list);
	free(top.text);
	return r;
}

static int add_blob(struct registry_blob *b, const char *media_type, const void *data,
		    size_t len)
{
	*b = (struct registry_blob){ .size = len, .media_type = media_type };
	hash_buffer(data, len, &b->digest);
	b->fd = memfd_create("signature", MFD_CLOEXEC);
	return b->fd < 0 ? -errno : io_write_all(b->fd, data, len);
}

static json_t *describe(const struct registry_blob *b, const char *signature)
{
	json_t *o = json_descriptor(b->media_type, &b->digest, b->size);

	if (o && signature &&
	    json_object_set_new(o, "annotations",
				json_pack("{ss}", SIGNATURE_ANNOTATION, signature)) < 0) {
		json_decref(o);
		return NULL;
	}
	return o;
}

/*
 * Blobs of all payloads, and at the end the config that lists them; the manifest's text.
 */
static int make_manifest(struct arena *a, const struct signatures *list,
			 struct registry_blob *blobs, char **ret)
{
	cleanup_json json_t *layers = json_array(), *ids = json_array(), *top = NULL;
	cleanup_free char *config = NULL;
	int r = layers && ids ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < list->len; i++) {
		const struct signature *one = &list->v[i];
		const char *text = payload_encode(a, one->bytes, one->len);

		r = text ? add_blob(&blobs[i], MEDIA_PAYLOAD, one->payload,
				    one->payload_len)
			 : -ENOMEM;
		if (r == 0 &&
		    (json_array_append_new(layers, describe(&blobs[i], text)) < 0 ||
		     json_array_append_new(ids, json_string(blobs[i].digest.text)) < 0))
			r = -ENOMEM;
	}
	if (r < 0)
		return r;
	top = json_pack("{sssss{sssO}}", "architecture", "", "os", "", "rootfs", "type",
			"layers", "diff_ids", ids);
	r = top ? json_text_write(top, JSON_COMPACT, &config, NULL) : -ENOMEM;
	if (r == 0)
		r = add_blob(&blobs[list->len], MEDIA_OCI_CONFIG, config, strlen(config));
	json_dropp(&top);
	if (r < 0)
		return r;
	top = json_pack("{sisssosO}", "schemaVersion", 2, "mediaType", MEDIA_OCI_MANIFEST,
			"config", describe(&blobs[list->len], NULL), "layers", layers);
	return top ? json_text_write(top, JSON_COMPACT, ret, NULL) : -ENOMEM;
}

int sign_push(struct err *e, const struct registry_ops *ops, struct registry *reg,
	      const struct digest *manifest, const struct signatures *list)
{
	struct registry_blob blobs[SIGNATURES_MAX + 1];
	cleanup_free char *text = NULL;
	struct arena a = { 0 };
	char tag[80];
	int r;

	tag_of(manifest, tag);
	for (size_t i = 0; i <= SIGNATURES_MAX; i++)
		blobs[i].fd = -EBADF;
	r = make_manifest(&a, list, blobs, &text);
	if (r < 0)
		(void)err_set(e, r, "%s", tag);
	if (r == 0)
		r = ops->put_blobs(reg, blobs, list->len + 1);
	if (r == 0)
		r = ops->put_manifest(reg, tag, MEDIA_OCI_MANIFEST, text, strlen(text));
	for (size_t i = 0; i <= SIGNATURES_MAX; i++)
		fd_closep(&blobs[i].fd);
	arena_done(&a);
	return r;
}
