/* SPDX-License-Identifier: MIT */
/* sign - see sign.h. */
#include "sign/sign.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/io.h"
#include "sign/policy-check.h"
#include "store/find.h"
#include "store/store-file.h"

int signatures_read(struct store *s, struct arena *a, const struct digest *manifest,
		    struct signatures *ret)
{
	cleanup_free char *text = NULL;
	char path[128];
	size_t len = 0;
	int r = store_look(s);

	ret->len = 0;
	snprintf(path, sizeof(path), "signatures/%s", digest_hex(manifest));
	if (r == 0)
		r = io_read_own_file(s->dir, path, SIGNATURES_FILE_MAX, &text, &len);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_set(s->err, r, "store %s: %s", s->path, path);
	return signatures_parse(a, s->err, path, text, len, ret);
}

static int write_list(struct store *s, const struct digest *manifest,
		      const struct signatures *list)
{
	cleanup_free char *text = NULL;
	int r = signatures_write(list, &text);

	if (r < 0)
		return err_set(s->err, r, "store %s: signatures", s->path);
	r = store_put(s, "signatures", digest_hex(manifest), text, strlen(text), true);
	return r < 0 ? r : store_sync_dir(s, "signatures");
}

int signatures_keep(struct store *s, const struct digest *manifest,
		    const struct signatures *list)
{
	struct signatures all;
	struct arena a = { 0 };
	int r = store_lock_index(s); /* others may sign it as well */

	if (r < 0)
		return r;
	r = signatures_read(s, &a, manifest, &all);
	for (size_t i = 0; r == 0 && i < list->len; i++) {
		/* a registry may have one of another manifest in the list */
		if (payload_check(s->err, "payload", list->v[i].payload,
				  list->v[i].payload_len, NULL, manifest) < 0) {
			err_clear(s->err);
			continue;
		}
		r = signatures_add(&all, &list->v[i]);
		if (r < 0)
			(void)err_say(s->err, r, "%s: has %d signatures already",
				      manifest->text, SIGNATURES_MAX);
	}
	if (r == 0 && all.len > 0)
		r = write_list(s, manifest, &all);
	store_unlock_index(s);
	arena_done(&a);
	return r;
}

static int sign_with(struct minc_transfer *t, struct arena *a, const struct ref *r,
		     const struct digest *manifest, const struct key *key)
{
	unsigned char bytes[KEY_SIGNATURE_MAX];
	struct signature one = { 0 };
	struct signatures list;
	struct digest id;
	int s;

	one.payload = payload_write(a, r, manifest);
	if (!one.payload || key_id(key, &id) < 0)
		return err_set(t->err, -ENOMEM, "%s", r->repository);
	one.payload_len = strlen(one.payload);
	one.bytes = bytes;
	one.keyid = digest_hex(&id);
	s = key_sign(key, one.payload, one.payload_len, bytes, &one.len);
	if (s < 0)
		return err_set(t->err, s, "%s: sign", r->repository);
	list.v[0] = one;
	list.len = 1;
	return signatures_keep(t->store, manifest, &list);
}

int sign_as(struct minc_transfer *t, const struct ref *r, const struct digest *manifest,
	    const char *key)
{
	cleanup_key struct key *k = NULL;
	struct arena a = { 0 };
	int s = key_private(t->err, key, &k);

	if (s == 0)
		s = sign_with(t, &a, r, manifest, k);
	arena_done(&a);
	return s;
}

/* A signature is for a name: for an image that is named by its id, its entry has it. */
static int find(struct minc_transfer *t, const char *name, struct ref *ret,
		struct image **ret_img)
{
	struct image *img;
	int r = image_find(t->store, name, &img);

	if (r < 0)
		return r;
	if (!*img->name || ref_parse(img->name, ret) < 0) {
		image_free(img);
		return err_say(t->err, -EINVAL,
			       "%s: has no name, and a signature is for one", name);
	}
	*ret_img = img;
	return 0;
}

int sign_image(struct minc_transfer *t, const char *name, const char *key)
{
	struct image *img;
	struct ref ref;
	int r = store_share(t->store);

	if (r < 0)
		return r;
	r = find(t, name, &ref, &img);
	if (r == 0) {
		r = sign_as(t, &ref, &img->manifest, key);
		image_free(img);
	}
	store_unshare(t->store);
	return r;
}

static int verify_by(struct minc_transfer *t, const struct ref *ref,
		     const struct digest *manifest, const char *key)
{
	cleanup_key struct key *k = NULL;
	struct arena a = { 0 };
	struct signatures list;
	char what[REF_MAX];
	int r = key_public(t->err, key, &k);

	ref_short(ref, what);
	if (r == 0)
		r = signatures_read(t->store, &a, manifest, &list);
	if (r == 0 && list.len == 0)
		r = err_say(t->err, -ENOKEY, "%s: not signed", what);
	if (r == 0)
		r = signatures_check(t->err, what, &list, k, key, ref, manifest);
	arena_done(&a);
	return r;
}

int sign_verify(struct minc_transfer *t, const char *name, const char *key)
{
	struct image *img;
	struct ref ref;
	int r = find(t, name, &ref, &img);

	if (r < 0)
		return r;
	r = key ? verify_by(t, &ref, &img->manifest, key)
		: policy_allows(t, img->asked, &img->manifest, &img->index);
	image_free(img);
	return r;
}
