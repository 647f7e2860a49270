/* SPDX-License-Identifier: MIT */
/* payload - see payload.h. */
#include "sign/payload.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "content/json-digest.h"
#include "json/json.h"

#define PAYLOAD_TYPE "cosign container image signature"

const char *payload_write(struct arena *a, const struct ref *r,
			  const struct digest *manifest)
{
	/*
	 * names of registries and repositories have no character that JSON would escape
	 */
	return arena_printf(
		a,
		"{\"critical\":{\"identity\":{\"docker-reference\":\"%s/%s\"},"
		"\"image\":{\"docker-manifest-digest\":\"%s\"},"
		"\"type\":\"" PAYLOAD_TYPE "\"},\"optional\":null}",
		r->registry, r->repository, manifest->text);
}

/* ref_parse() also knows Docker Hub as cosign writes it: "index.docker.io". */
static bool same_repository(const char *name, const struct ref *r)
{
	struct ref named;

	return ref_parse(name, &named) == 0 &&
	       str_equal(named.repository, r->repository) &&
	       str_equal(named.registry, r->registry);
}

static int check_critical(const struct json_source *src, json_t *critical,
			  const struct ref *r, const struct digest *manifest)
{
	static const char *const keys[] = { "identity", "image", "type", NULL };
	const char *type = "", *name = "";
	json_t *identity = NULL, *image = NULL;
	struct digest d;
	int s = json_only(src, critical, "critical.", keys);

	if (s == 0)
		s = json_text(src, critical, "critical.", "type", &type);
	if (s == 0)
		s = json_field(src, critical, "critical.", "identity", JSON_OBJECT,
			       &identity);
	if (s == 0)
		s = json_field(src, critical, "critical.", "image", JSON_OBJECT, &image);
	if (s == 0 && (!identity || !image || !str_equal(type, PAYLOAD_TYPE)))
		s = json_refuse(src, "not the payload of a signature of an image");
	if (s == 0)
		s = json_text(src, identity, "critical.identity.", "docker-reference",
			      &name);
	if (s == 0)
		s = json_digest(src, image, "critical.image.", "docker-manifest-digest",
				&d);
	if (s < 0)
		return s;
	if (!digest_equal(&d, manifest))
		return err_say(src->e, -EKEYREJECTED,
			       "%s: signed for another manifest, %.19s...", src->what,
			       d.text);
	if (r && !same_repository(name, r))
		return err_say(src->e, -EKEYREJECTED, "%s: signed as %.128s", src->what,
			       str_is_printable_utf8(name) ? name : "something else");
	return 0;
}

int payload_check(struct err *e, const char *what, const char *text, size_t len,
		  const struct ref *r, const struct digest *manifest)
{
	static const char *const keys[] = { "critical", "optional", NULL };
	struct arena a = { 0 };
	struct json_source src = { e, what, &a };
	cleanup_json json_t *top = NULL;
	json_t *critical = NULL, *optional = NULL;
	int s = len > PAYLOAD_MAX ? err_set(e, -EFBIG, "%s: payload", what)
				  : json_strict(&src, text, len, &top);

	if (s == 0)
		s = json_only(&src, top, "", keys);
	if (s == 0)
		s = json_field(&src, top, "", "critical", JSON_OBJECT, &critical);
	if (s == 0)
		s = json_field(&src, top, "", "optional", JSON_OBJECT, &optional);
	if (s == 0 && !critical)
		s = json_refuse(&src, "not the payload of a signature of an image");
	if (s == 0)
		s = check_critical(&src, critical, r, manifest);
	arena_done(&a);
	return s;
}

const void *payload_decode(struct arena *a, const char *text, size_t max, size_t *ret_len)
{
	const size_t len = strlen(text);
	size_t digits =
		strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			     "0123456789+/");
	unsigned char *to;

	if (len % 4 || len - digits > 2 || strspn(text + digits, "=") != len - digits ||
	    len / 4 * 3 > max + 2)
		return NULL;
	to = arena_alloc(a, len / 4 * 3 + 1);
	if (!to ||
	    (len && EVP_DecodeBlock(to, (const unsigned char *)text, (int)len) < 0))
		return NULL;
	*ret_len = len / 4 * 3 - (len - digits);
	to[*ret_len] = '\0';
	return *ret_len > max ? NULL : to;
}

char *payload_encode(struct arena *a, const void *data, size_t len)
{
	char *to = arena_alloc(a, (len + 2) / 3 * 4 + 1);

	if (to)
		/* returns its length */
		(void)EVP_EncodeBlock((unsigned char *)to, data, (int)len);
	return to;
}

static int parse_one(const struct json_source *src, json_t *o, struct signature *ret)
{
	const char *payload = "", *bytes = "";
	int r;

	*ret = (struct signature){ .keyid = "" };
	if (!json_is_object(o))
		return json_refuse(src, "signatures: not an object");
	r = json_text(src, o, "signatures.", "payload", &payload);
	if (r == 0)
		r = json_text(src, o, "signatures.", "signature", &bytes);
	if (r == 0)
		r = json_text(src, o, "signatures.", "keyid", &ret->keyid);
	if (r < 0)
		return r;
	ret->payload = payload_decode(src->a, payload, PAYLOAD_MAX, &ret->payload_len);
	ret->bytes = payload_decode(src->a, bytes, KEY_SIGNATURE_MAX, &ret->len);
	return ret->payload && ret->bytes
		       ? 0
		       : json_refuse(src, "signatures: not base64 of one");
}

int signatures_parse(struct arena *a, struct err *e, const char *what, const char *text,
		     size_t len, struct signatures *ret)
{
	struct json_source src = { e, what, a };
	cleanup_json json_t *top = NULL;
	json_t *list = NULL, *o;
	size_t i;
	int r = json_strict(&src, text, len, &top);

	ret->len = 0;
	if (r == 0)
		r = json_field(&src, top, "", "signatures", JSON_ARRAY, &list);
	if (r == 0 && json_array_size(list) > SIGNATURES_MAX)
		r = json_refuse(&src, "signatures: more than %d", SIGNATURES_MAX);
	if (r < 0)
		return r;
	json_array_foreach(list, i, o)
	{
		r = parse_one(&src, o, &ret->v[i]);
		if (r < 0)
			return r;
	}
	ret->len = json_array_size(list);
	return 0;
}

int signatures_write(const struct signatures *s, char **ret)
{
	cleanup_json json_t *list = json_array(), *top = NULL;
	struct arena a = { 0 };
	int r = list ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < s->len; i++) {
		const char *payload =
			payload_encode(&a, s->v[i].payload, s->v[i].payload_len);
		const char *bytes = payload_encode(&a, s->v[i].bytes, s->v[i].len);
		json_t *o = payload && bytes ? json_pack("{ssssss}", "payload", payload,
							 "signature", bytes, "keyid",
							 s->v[i].keyid)
					     : NULL;

		if (!o || json_array_append_new(list, o) < 0)
			r = -ENOMEM;
	}
	if (r == 0) {
		top = json_pack("{sO}", "signatures", list);
		r = top ? json_text_write(top, JSON_COMPACT, ret, NULL) : -ENOMEM;
	}
	arena_done(&a);
	return r;
}

static bool same(const void *a, size_t a_len, const void *b, size_t b_len)
{
	return a_len == b_len && memcmp(a, b, a_len) == 0;
}

int signatures_add(struct signatures *s, const struct signature *one)
{
	size_t i = 0;

	for (; i < s->len; i++) {
		const struct signature *old = &s->v[i];

		if (same(old->payload, old->payload_len, one->payload,
			 one->payload_len) &&
		    (same(old->bytes, old->len, one->bytes, one->len) ||
		     (*one->keyid && str_equal(old->keyid, one->keyid))))
			break;
	}
	if (i == SIGNATURES_MAX)
		return -E2BIG;
	if (i < s->len && !*one->keyid)
		return 0; /* there already, and more is known of it */
	s->v[i] = *one;
	if (i == s->len)
		s->len++;
	return 0;
}

void signatures_only(struct signatures *s, const struct ref *r,
		     const struct digest *manifest)
{
	struct err ignored = { 0 };
	size_t len = 0;

	for (size_t i = 0; i < s->len; i++)
		if (payload_check(&ignored, "", s->v[i].payload, s->v[i].payload_len, r,
				  manifest) == 0)
			s->v[len++] = s->v[i];
	s->len = len;
}

int signatures_check(struct err *e, const char *what, const struct signatures *s,
		     const struct key *k, const char *key_name, const struct ref *r,
		     const struct digest *manifest)
{
	struct err last = { 0 };

	for (size_t i = 0; i < s->len; i++) {
		const struct signature *one = &s->v[i];

		/* what the key has not signed is not even parsed */
		if (!key_holds(k, one->payload, one->payload_len, one->bytes, one->len))
			continue;
		err_clear(&last);
		if (payload_check(&last, what, one->payload, one->payload_len, r,
				  manifest) == 0)
			return 0;
	}
	if (last.code == -ENOMEM)
		return err_set(e, -ENOMEM, "%s", what);
	if (last.code)
		return err_say(e, -EKEYREJECTED, "%s", last.message);
	return err_say(e, -EKEYREJECTED, "%s: no valid signature by %s", what, key_name);
}
