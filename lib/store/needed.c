/* SPDX-License-Identifier: MIT */
/*
 * needed - see needed.h. Texts are searched, not parsed: with a thousand images that is
 * the difference between an instant and a wait.
 */
#include "store/needed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/fd.h"
#include "store/image.h"
#include "store/manifest.h"
#include "store/store-file.h"

static const char prefix[] = "sha256:";
static const char digits[] = "0123456789abcdef";

void needed_done(struct needed *r)
{
	free(r->v);
	free(r->text);
	digests_done(&r->indexes);
	digests_done(&r->listed);
	digests_done(&r->manifests);
	*r = (struct needed){ .v = NULL };
}

static int add(struct needed *r, const struct digest *d)
{
	struct digest *more;

	if (r->only && !needed_have(r->only, digest_hex(d)))
		return 0;
	more = array_grow(r->v, &r->room, r->len + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	r->v = more;
	r->v[r->len++] = *d;
	r->sorted = false;
	return 0;
}

static void sort(struct needed *r)
{
	if (!r->sorted && r->len > 0)
		qsort(r->v, r->len, sizeof(*r->v), digest_compare);
	r->sorted = true;
}

void needed_unique(struct needed *r)
{
	size_t len = 0;

	sort(r);
	for (size_t i = 0; i < r->len; i++)
		if (len == 0 || !digest_equal(&r->v[len - 1], &r->v[i]))
			r->v[len++] = r->v[i];
	r->len = len;
}

int needed_add_all(struct needed *r, const struct needed *from)
{
	for (size_t i = 0; i < from->len; i++)
		if (add(r, &from->v[i]) < 0)
			return -ENOMEM;
	return 0;
}

bool needed_have(struct needed *r, const char *hex)
{
	struct digest key = { "sha256:" };

	if (strlen(hex) != DIGEST_HEX || r->len == 0)
		return false;
	strcpy(key.text + 7, hex);
	sort(r);
	return bsearch(&key, r->v, r->len, sizeof(*r->v), digest_compare) != NULL;
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

/* Every character looked at. */
static int add_escaped(struct needed *r, const char *text, size_t len)
{
	struct digest d;
	size_t have = 0; /* characters of @d */

	for (size_t i = 0; i < len;) {
		char c = next_char(text, len, &i);
		bool fits = have < sizeof(prefix) - 1 ? c == prefix[have]
						      : strchr(digits, c) && c != '\0';

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

/* Whether a character of a digest is written as "\u0061", which honest tools never do. */
static bool hides_digests(const char *text, size_t len)
{
	const char *p = text;

	while ((p = memmem(p, len - (size_t)(p - text), "\\u00", 4))) {
		size_t i = (size_t)(p - text);
		char c = next_char(text, len, &i);

		if (c != '\0' && (strchr(prefix, c) || strchr(digits, c)))
			return true;
		p += 4;
	}
	return false;
}

int needed_add_text(struct needed *r, const char *text, size_t len)
{
	const char *p = text, *end = text + len;
	char word[DIGEST_LEN + 1];
	struct digest d;

	if (hides_digests(text, len))
		return add_escaped(r, text, len);
	while ((p = memmem(p, (size_t)(end - p), prefix, sizeof(prefix) - 1))) {
		if (end - p < DIGEST_LEN)
			break;
		memcpy(word, p, DIGEST_LEN);
		word[DIGEST_LEN] = '\0';
		if (digest_parse(word, &d) == 0 && add(r, &d) < 0)
			return -ENOMEM;
		p += sizeof(prefix) - 1;
	}
	return 0;
}

/* The @size bytes of @fd into r->text; -EBADMSG: it is shorter. */
static int read_text(struct needed *r, int fd, size_t size)
{
	size_t used = 0;
	char *more = realloc(r->text, size + 1);

	if (!more)
		return -ENOMEM;
	r->text = more;
	while (used < size) {
		ssize_t n = read(fd, more + used, size - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EBADMSG;
		used += (size_t)n;
	}
	return 0;
}

/* A blob that is gone or damaged refers to nothing; other failures are returned. */
static int add_blob(struct needed *r, struct store *s, const struct digest *d,
		    size_t *ret_len)
{
	uint64_t size = 0;
	cleanup_close int fd = store_open_blob(s, d, &size);
	int n = fd < 0                    ? fd
		: size > CONTENT_JSON_MAX ? -EFBIG
					  : read_text(r, fd, (size_t)size);

	*ret_len = n == 0 ? (size_t)size : 0;
	if (n == -ENOENT || n == -EBADMSG || n == -EFBIG)
		return 0;
	if (n == 0)
		n = needed_add_text(r, r->text, *ret_len);
	return n < 0 ? err_set(s->err, n, "blob %s", digest_hex(d)) : 0;
}

/* The config's digest, of the manifest that was read; "" if it is none. */
static int find_config(struct needed *r, struct store *s, size_t len, struct digest *ret)
{
	struct image *img = image_new();
	struct err ignored = { 0 };
	int n = img ? image_parse_manifest(img, &ignored, "manifest", r->text, len, NULL)
		    : -ENOMEM;

	if (n == 0)
		*ret = img->config;
	(void)image_free(img); /* returns NULL */
	return n == -ENOMEM ? err_set(s->err, n, "store %s", s->path) : 0;
}

/* A manifest and its config, which @known names if that is known already. */
static int add_manifest(struct needed *r, struct store *s, const struct digest *d,
			const struct digest *known)
{
	struct digest config = *known;
	size_t len;
	int n = add_blob(r, s, d, &len);

	if (n == 0 && len > 0 && !*config.text)
		n = find_config(r, s, len, &config);
	return n == 0 && *config.text ? add_blob(r, s, &config, &len) : n;
}

/* All manifests of an index; indexes in it wait. */
static int add_children(struct needed *r, struct store *s, const struct digest *d)
{
	static const struct digest unknown;
	struct manifest_child *children;
	struct err ignored = { 0 };
	struct arena a = { NULL };
	size_t len, n = 0;
	int ret = add_blob(r, s, d, &len);

	if (ret == 0 && len > 0)
		ret = image_parse_index(&a, &ignored, "index", r->text, len, &children,
					&n);
	if (ret == -EBADMSG)
		ret = 0;
	for (size_t i = 0; ret == 0 && i < n; i++) {
		const bool index = media_is_index(children[i].media_type);

		ret = digests_add(index ? &r->listed : &r->manifests,
				  &children[i].digest);
		if (ret < 0)
			/* returns @ret */
			(void)err_set(s->err, ret, "store %s", s->path);
		if (ret > 0)
			ret = index ? 0
				    : add_manifest(r, s, &children[i].digest, &unknown);
	}
	arena_done(&a);
	return ret;
}

/* An index that index.json lists: any image of it may be chosen. */
static int add_index(struct needed *r, struct store *s, const struct digest *d)
{
	int ret = digests_add(&r->listed, d);

	if (ret < 0)
		return err_set(s->err, ret, "store %s", s->path);
	ret = 0;
	while (ret == 0 && (d = digests_next(&r->listed)))
		ret = add_children(r, s, d);
	return ret;
}

/* An index; those in it are added to the queue, each once. */
static int add_nested(struct needed *r, struct store *s, const struct digest *d)
{
	struct err *e = s->err, ignored = { 0 };
	struct manifest_child *children = NULL;
	struct arena a = { NULL };
	const char *text;
	size_t len, n = 0;
	int ret = add(r, d);

	s->err = &ignored;
	if (ret == 0)
		ret = store_read_blob(s, &a, d, &text, &len);
	if (ret == 0)
		ret = image_parse_index(&a, &ignored, "index", text, len, &children, &n);
	s->err = e;
	ret = ret == -ENOMEM ? ret : 0; /* a damaged one is kept */
	for (size_t i = 0; ret >= 0 && i < n; i++)
		if (media_is_index(children[i].media_type))
			ret = digests_add(&r->indexes, &children[i].digest);
	arena_done(&a);
	return ret < 0 ? ret : 0;
}

/* The index that an image was chosen from, and those in it, as it may be in one. */
static int add_origin(struct needed *r, struct store *s, const struct digest *d)
{
	int ret = digests_add(&r->indexes, d);

	while (ret >= 0 && (d = digests_next(&r->indexes)))
		ret = add_nested(r, s, d);
	return ret < 0 ? err_set(s->err, ret, "store %s", s->path) : 0;
}

int needed_add_entry(struct needed *r, struct store *s, const struct index_entry *e)
{
	int ret = *e->index.text ? add_origin(r, s, &e->index) : 0;

	if (ret < 0)
		return ret;
	if (add(r, &e->digest) < 0)
		return err_set(s->err, -ENOMEM, "store %s", s->path);
	return media_is_index(e->media_type) ? add_index(r, s, &e->digest)
					     : add_manifest(r, s, &e->digest, &e->config);
}

int needed_add_index(struct needed *r, struct store *s, const struct index *index)
{
	int n = 0;

	for (size_t i = 0; n == 0 && i < index->len; i++)
		n = needed_add_entry(r, s, &index->entries[i]);
	return n;
}
