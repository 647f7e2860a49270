/* SPDX-License-Identifier: MIT */
/*
 * find - an image by what a user calls it: a name before a digest before an id, the id
 * whole or its beginning. Several names of one image are not ambiguous.
 */
#include "store/find.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "content/ref.h"
#include "store/index.h"
#include "store/manifest.h"
#include "store/store-file.h"

/* A name with a digest means only an image or index with that digest. */
static bool means(const struct index_entry *e, const struct digest *d)
{
	return !*d->text || digest_equal(&e->digest, d) || digest_equal(&e->index, d);
}

/* Position of the entry named @r, or the length. */
static size_t by_name(const struct index *index, const struct ref *r)
{
	char name[REF_MAX], repository[REF_MAX], other[REF_MAX];
	size_t i = index->len, unnamed = i;
	struct ref has;

	ref_short(r, name);
	/* the newest first, should a foreign tool have given a name twice */
	while (i-- > 0)
		if (!index->entries[i].gone && str_equal(index->entries[i].name, name) &&
		    means(&index->entries[i], &r->digest))
			return i;
	if (!*r->digest.text)
		return index->len;
	ref_short_repository(r, repository);
	for (i = index->len; i-- > 0;) {
		const struct index_entry *e = &index->entries[i];

		if (e->gone || !means(e, &r->digest))
			continue;
		/* its tag has moved to another image: the digest says it is this one */
		if (!*e->name)
			unnamed = i;
		if (ref_parse(e->name, &has) < 0)
			continue;
		ref_short_repository(&has, other);
		if (str_equal(repository, other))
			return i;
	}
	return unnamed;
}

static size_t by_plain_name(const struct index *index, const char *name)
{
	size_t i = index->len;

	while (*name && i-- > 0)
		if (!index->entries[i].gone && str_equal(index->entries[i].name, name))
			return i;
	return index->len;
}

/* The id of an entry that does not say it: read the image; "" if that is damaged. */
static int id_of(struct store *s, const struct index_entry *e, struct digest *ret)
{
	struct err *err = s->err, ignored = { 0 };
	struct image *img;
	int r;

	*ret = e->config;
	if (*ret->text)
		return 0;
	s->err = &ignored;
	r = image_load(s, e, &img);
	s->err = err;
	if (r == -ENOMEM)
		return err_set(err, r, "image");
	if (r < 0)
		return 0;
	*ret = img->config;
	(void)image_free(img); /* returns NULL */
	return 0;
}

/* @prefix of the id or the digest; *ret is the length if there is none. */
static int by_prefix(struct store *s, const struct index *index, const char *prefix,
		     size_t *ret)
{
	struct digest found = { "" }, id;
	int r;

	*ret = index->len;
	for (size_t i = index->len; i-- > 0;) {
		const struct index_entry *e = &index->entries[i];

		if (e->gone)
			continue;
		r = id_of(s, e, &id);
		if (r < 0)
			return r;
		if (!(*id.text && str_starts_with(digest_hex(&id), prefix)) &&
		    !str_starts_with(digest_hex(&e->digest), prefix))
			continue;
		if (!*id.text)
			id = e->digest; /* damaged: it may still be removed */
		if (*ret < index->len && !digest_equal(&id, &found))
			return err_say(s->err, -ENOTUNIQ,
				       "image %s: several begin with it", prefix);
		found = id;
		*ret = i;
	}
	return 0;
}

int find_entry(struct store *s, const struct index *index, const char *name, size_t *ret,
	       bool *ret_by_name)
{
	const char *hex = str_starts_with(name, "sha256:") ? name + 7 : name;
	bool is_hex = *hex && strlen(hex) <= DIGEST_HEX &&
		      strspn(hex, "0123456789abcdef") == strlen(hex);
	struct ref ref;
	bool is_ref = ref_parse(name, &ref) == 0;
	/* a whole digest or id is one, whatever another tool has called an image */
	bool is_id = is_hex && (hex != name || strlen(hex) == DIGEST_HEX);
	size_t i = is_ref  ? by_name(index, &ref)
		   : is_id ? index->len
			   : by_plain_name(index, name);
	int r;

	*ret_by_name = i < index->len;
	if (i == index->len && is_hex) {
		r = by_prefix(s, index, hex, &i);
		if (r < 0)
			return r;
	}
	if (i == index->len && !is_ref && !is_hex)
		return err_say(s->err, -EINVAL, "image %s: neither a name nor an id",
			       name);
	if (i == index->len)
		return err_say(s->err, -ENOENT, "image %s: not in %s", name, s->path);
	*ret = i;
	return 0;
}

static bool is_child(struct store *s, struct arena *a, const struct index_entry *e,
		     const struct digest *manifest)
{
	struct err *err = s->err, ignored = { 0 };
	struct manifest_child *children;
	const char *text;
	size_t len, n;
	bool found = false;

	s->err = &ignored; /* a damaged index has no children */
	if (media_is_index(e->media_type) &&
	    store_read_blob(s, a, &e->digest, &text, &len) == 0 &&
	    image_parse_index(a, s->err, "index", text, len, &children, &n) == 0)
		for (size_t i = 0; i < n; i++)
			found |= digest_equal(&children[i].digest, manifest);
	s->err = err;
	return found;
}

int image_find_manifest(struct store *s, const char *digest, struct image **ret)
{
	const struct index_entry *e = NULL;
	struct arena a = { NULL };
	struct digest manifest;
	struct index index;
	int r = digest_parse(digest, &manifest);

	if (r < 0)
		return err_say(s->err, r, "image %.100s: not a digest", digest);
	r = store_index(s, &a, &index);
	if (r == 0)
		e = index_find(&index, &manifest);
	/* rare: only another tool lists an index of several images */
	for (size_t i = 0; r == 0 && !e && i < index.len; i++)
		if (is_child(s, &a, &index.entries[i], &manifest))
			e = &index.entries[i];
	if (r == 0 && !e)
		r = err_say(s->err, -ENOENT, "image %s: not in %s", digest, s->path);
	if (r == 0)
		r = image_load_manifest(s, e, &manifest, ret);
	arena_done(&a);
	return r;
}

/*
 * Another tool may have given a name to an image of each platform: the newest that fits.
 */
static int load_fitting(struct store *s, const struct index *index, size_t found,
			bool named, const char *platform, struct image **ret)
{
	const char *name = index->entries[found].name;
	int r = image_load_platform(s, &index->entries[found], platform, ret);

	for (size_t i = index->len; named && *name && i-- > 0 && r == -ENOENT;) {
		if (i == found || !str_equal(index->entries[i].name, name))
			continue;
		err_clear(s->err);
		r = image_load_platform(s, &index->entries[i], platform, ret);
	}
	return r;
}

int image_find_platform(struct store *s, const char *name, const char *platform,
			struct image **ret)
{
	struct arena a = { NULL };
	struct index index;
	bool named;
	size_t i;
	int r = store_index(s, &a, &index);

	if (r == 0)
		r = find_entry(s, &index, name, &i, &named);
	if (r == 0)
		r = load_fitting(s, &index, i, named, platform, ret);
	arena_done(&a);
	return r;
}

int image_find(struct store *s, const char *name, struct image **ret)
{
	return image_find_platform(s, name, NULL, ret);
}
