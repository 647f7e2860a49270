/* SPDX-License-Identifier: MIT */
/*
 * upload - sending blobs: asked for first (HEAD), mounted from another repository if
 * there is one, else sent in one piece (POST, PATCH, PUT) as every registry takes it.
 * What breaks is begun again by asking, since it may have arrived.
 */
#include "registry/upload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry/exchange.h"

enum { PARALLEL = 4, MOUNTS_MAX = 8, COMMIT_SECONDS = 600 };

enum stage { STAGE_HEAD, STAGE_MOUNT, STAGE_POST, STAGE_PATCH, STAGE_PUT };

struct sending {
	struct registry_blob *blob;
	enum stage stage;
	char *location; /* of the upload */
};

static int mount_url(struct exchange *x, const struct registry_blob *b, char **ret)
{
	char *from = curl_easy_escape(NULL, b->mount_from, 0);

	*ret = from ? place_url(x->at, "%s/blobs/uploads/?mount=%s&from=%s",
				x->at->repository, b->digest.text, from)
		    : NULL;
	curl_free(from);
	return *ret ? 0 : -ENOMEM;
}

static int set_url(struct exchange *x, struct sending *s)
{
	const struct registry_blob *b = s->blob;
	const char *repository = x->at->repository;
	char **url = &x->http.url;
	char query[DIGEST_LEN + 8];

	free(*url);
	*url = NULL;
	switch (s->stage) {
	case STAGE_HEAD:
		*url = place_url(x->at, "%s/blobs/%s", repository, b->digest.text);
		break;
	case STAGE_MOUNT:
		return mount_url(x, b, url);
	case STAGE_POST:
		*url = place_url(x->at, "%s/blobs/uploads/", repository);
		break;
	case STAGE_PATCH:
		*url = strdup(s->location);
		break;
	case STAGE_PUT:
		snprintf(query, sizeof(query), "digest=%s", b->digest.text);
		return http_resolve(s->location, s->location, query, url);
	}
	return *url ? 0 : -ENOMEM;
}

static int begin(struct exchange *x, bool again)
{
	static const char *const methods[] = { "HEAD", "POST", "POST", "PATCH", "PUT" };
	struct sending *s = x->data;
	struct http *h = &x->http;

	if (again && (s->stage == STAGE_PATCH || s->stage == STAGE_PUT)) {
		s->stage = STAGE_HEAD;
		x->stages = 0;
	}
	h->method = methods[s->stage];
	h->content_type = NULL;
	h->body_fd = -EBADF;
	h->text_max = HTTP_REFUSAL_BYTES;
	if (s->stage == STAGE_PATCH) {
		h->content_type = "application/octet-stream";
		h->body_fd = s->blob->fd;
		h->body_len = s->blob->size;
	}
	/* Registries may read it all once more before they say that they have it. */
	if (s->stage == STAGE_PUT)
		h->stall_seconds = COMMIT_SECONDS;
	return set_url(x, s);
}

static int take_location(struct exchange *x, struct sending *s)
{
	char *location;
	int r;

	if (!x->http.location)
		return exchange_fail(x, -EBADMSG, "the answer has no Location");
	r = http_resolve(x->http.url, x->http.location, NULL, &location);
	if (r < 0)
		return exchange_fail(x, r == -EINVAL ? -EBADMSG : r,
				     "the answer's Location is no URL of http or https");
	free(s->location);
	s->location = location;
	if (!http_is_tls(location) && !x->at->insecure)
		return exchange_fail(x, -EACCES, "it is to be sent without TLS");
	if (http_leads_inside(x->http.url, location))
		return exchange_fail(x, -EACCES, "it is to be sent to this machine");
	return 1;
}

static int finish(struct exchange *x)
{
	struct sending *s = x->data;
	const long status = x->http.status;
	const bool good = status >= 200 && status < 300;
	int r;

	switch (s->stage) {
	case STAGE_HEAD:
		if (good)
			return 0;
		s->stage = s->blob->mount_from ? STAGE_MOUNT : STAGE_POST;
		return 1;
	case STAGE_MOUNT:
		if (status == 201)
			return 0;
		s->stage = STAGE_POST; /* others may not be allowed to be read */
		if (!good)
			return 1;
		break; /* not there: the upload has begun */
	case STAGE_POST:
	case STAGE_PATCH:
		if (!good)
			return exchange_refused(x);
		break;
	case STAGE_PUT:
		return good ? 0 : exchange_refused(x);
	}
	r = take_location(x, s);
	if (r == 1)
		s->stage = s->stage == STAGE_PATCH ? STAGE_PUT : STAGE_PATCH;
	return r;
}

static int ended(struct exchange *x, void *data)
{
	exchange_done(x);
	return 0;
}

/* Whoever logs in from now on asks for the right to read these too. */
static int name_mounts(struct registry *reg, const struct registry_blob *blobs,
		       size_t len)
{
	const char **list = arena_alloc(&reg->arena, (MOUNTS_MAX + 1) * sizeof(*list));
	size_t n = 0, k;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < len && n < MOUNTS_MAX; i++) {
		const char *from = blobs[i].mount_from;

		for (k = 0; from && k < n && strcmp(list[k], from) != 0; k++)
			;
		if (!from || k < n)
			continue;
		list[n] = arena_strdup(&reg->arena, from);
		if (!list[n++])
			return -ENOMEM;
	}
	reg->mounts = list;
	if (n > 0)
		reg->places[reg->len - 1].authorization = NULL;
	return 0;
}

int blobs_put(struct registry *reg, struct registry_blob *blobs, size_t len)
{
	struct sending *ss = calloc(len ? len : 1, sizeof(*ss));
	struct exchange *xs = calloc(len ? len : 1, sizeof(*xs));
	int r = ss && xs ? name_mounts(reg, blobs, len) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < len; i++) {
		ss[i].blob = &blobs[i];
		exchange_init(&xs[i], reg, "blob %.12s", digest_hex(&blobs[i].digest));
		xs[i].at = reg->places + reg->len - 1;
		xs[i].begin = begin;
		xs[i].finish = finish;
		xs[i].any_status = xs[i].sends = true;
		xs[i].data = &ss[i];
		xs[i].total = blobs[i].size;
	}
	r = r < 0 ? err_set(reg->err, r, "%s", reg->name)
		  : exchange_run(reg, reg->multi, xs, len, PARALLEL, ended, NULL);
	for (size_t i = 0; ss && xs && i < len; i++) {
		exchange_done(&xs[i]);
		free(ss[i].location);
	}
	free(ss);
	free(xs);
	return r;
}
