/* SPDX-License-Identifier: MIT */
/*
 * refs - see refs.h. Texts are searched, not parsed: with a thousand images that is the
 * difference between an instant and a wait.
 */
#include "image/refs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image/image.h"

void refs_done(struct refs *r)
{
	free(r->v);
	*r = (struct refs){ .v = NULL };
}

static int add(struct refs *r, const struct digest *d)
{
	if (r->len == r->room) {
		size_t room = r->room ? r->room * 2 : 256;
		struct digest *more = reallocarray(r->v, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		r->v = more;
		r->room = room;
	}
	r->v[r->len++] = *d;
	r->sorted = false;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct digest *)a)->text, ((const struct digest *)b)->text);
}

bool refs_have(struct refs *r, const char *hex)
{
	struct digest key = { "sha256:" };

	if (strlen(hex) != DIGEST_HEX || r->len == 0)
		return false;
	strcpy(key.text + 7, hex);
	if (!r->sorted)
		qsort(r->v, r->len, sizeof(*r->v), compare);
	r->sorted = true;
	return bsearch(&key, r->v, r->len, sizeof(*r->v), compare) != NULL;
}

/* The character at *@i, "\u0073" being one too; *@i moves behind it. */
static char next_char(const char *text, size_t len, size_t *i)
{
	char c = text[(*i)++];
	char hex[5] = "";

	if (c != '\\' || len - *i < 5 || text[*i] != 'u')
		return c;
	memcpy(hex, text + *i + 1, 4);
	if (strspn(hex, "0123456789abcdefABCDEF") != 4 || strncmp(hex, "00", 2) != 0)
		return c;
	*i += 5;
	return (char)strtol(hex, NULL, 16);
}

int refs_add_text(struct refs *r, const char *text, size_t len)
{
	static const char prefix[] = "sha256:";
	struct digest d;
	size_t have = 0; /* characters of @d */

	for (size_t i = 0; i < len;) {
		char c = next_char(text, len, &i);
		bool fits = have < sizeof(prefix) - 1 ?
				    c == prefix[have] :
				    (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');

		if (!fits)
			have = c == prefix[0];
		else
			have++;
		if (have > 0)
			d.text[have - 1] = c;
		if (have < DIGEST_LEN)
			continue;
		d.text[DIGEST_LEN] = '\0';
		have = 0;
		if (add(r, &d) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* What cannot be read for being gone or damaged refers to nothing; other failures count. */
static int add_blob(struct refs *r, struct store *s, struct arena *a, const struct digest *d,
		    const char **ret, size_t *ret_len)
{
	struct err *err = s->err, said = { 0 };
	int n;

	*ret = NULL;
	s->err = &said;
	n = store_read_blob(s, a, d, ret, ret_len);
	s->err = err;
	if (n == -ENOENT || n == -EBADMSG || n == -EFBIG)
		return 0;
	if (n < 0)
		return err_say(err, n, "%s", said.message);
	return refs_add_text(r, *ret, *ret_len) < 0 ? err_set(err, -ENOMEM, "store %s", s->path) : 0;
}

/* A manifest and its config, which @config names if that is known already. */
static int add_manifest(struct refs *r, struct store *s, const struct digest *d,
			const struct digest *config)
{
	struct image *img = image_new();
	struct err ignored = { 0 };
	const char *text;
	size_t len;
	int n;

	if (!img)
		return err_set(s->err, -ENOMEM, "store %s", s->path);
	n = add_blob(r, s, &img->arena, d, &text, &len);
	if (n == 0 && *config->text)
		img->config = *config;
	else if (n == 0 && text)
		n = image_parse_manifest(img, &ignored, "manifest", text, len, NULL) == -ENOMEM ?
			    err_set(s->err, -ENOMEM, "store %s", s->path) :
			    0;
	if (n == 0 && *img->config.text)
		n = add_blob(r, s, &img->arena, &img->config, &text, &len);
	(void)image_free(img); /* returns NULL */
	return n;
}

static int add_index(struct refs *r, struct store *s, const struct index_entry *e)
{
	static const struct digest unknown;
	struct manifest_child *children;
	struct err ignored = { 0 };
	struct arena a = { NULL };
	const char *text;
	size_t len, n = 0;
	int ret = add_blob(r, s, &a, &e->digest, &text, &len);

	if (ret == 0 && text)
		ret = image_parse_index(&a, &ignored, "index", text, len, &children, &n);
	if (ret == -EBADMSG)
		ret = 0;
	for (size_t i = 0; ret == 0 && i < n; i++)
		ret = add_manifest(r, s, &children[i].digest, &unknown);
	arena_done(&a);
	return ret;
}

int refs_add_entry(struct refs *r, struct store *s, const struct index_entry *e)
{
	if (add(r, &e->digest) < 0)
		return err_set(s->err, -ENOMEM, "store %s", s->path);
	return media_is_index(e->media_type) ? add_index(r, s, e) :
					       add_manifest(r, s, &e->digest, &e->config);
}

int refs_add_index(struct refs *r, struct store *s, const struct index *index)
{
	int n = 0;

	for (size_t i = 0; n == 0 && i < index->len; i++)
		n = refs_add_entry(r, s, &index->entries[i]);
	return n;
}
