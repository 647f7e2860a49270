/* SPDX-License-Identifier: MIT */
/*
 * blobs - getting them: several at once, straight into the caller's files, hashed as they
 * come. A broken connection is taken up where it broke; nothing beyond a blob's size is
 * ever written.
 */
#include "registry/blobs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "content/hash.h"
#include "registry/exchange.h"

enum { PARALLEL = 6 };

struct fetch {
	struct registry_blob *blob;
	struct exchange *x;
	struct hash *hash;
	uint64_t have;
	const char *const *url; /* of a foreign layer, being asked; or NULL */
	bool begun;             /* the body of this request has */
	bool whole_only;        /* the server cannot resume */
	int (*done)(struct registry_blob *b, void *data);
	void *data;
};

static int restart(struct fetch *f)
{
	hash_free(f->hash);
	f->hash = hash_new();
	f->have = 0;
	f->x->done = 0; /* what comes a second time is no progress */
	return f->hash ? 0 : -ENOMEM;
}

/* The first bytes of an answer: do they continue what there is? */
static int check_beginning(struct fetch *f)
{
	struct http *h = &f->x->http;

	f->begun = true;
	if (f->have == 0)
		return h->status == 206
			       ? exchange_fail(f->x, -EBADMSG, "a part came unasked")
			       : 0;
	if (h->status == 206 && h->partial)
		return 0;
	if (h->status == 206)
		return exchange_fail(f->x, -EBADMSG,
				     "another part came than was asked for");
	return restart(f);
}

static int take(void *data, const void *p, size_t len)
{
	struct fetch *f = data;
	int r = f->begun ? 0 : check_beginning(f);

	if (r < 0)
		return r;
	if (len > f->blob->size - f->have)
		return exchange_fail(f->x, -EBADMSG, "it is longer than its %llu bytes",
				     (unsigned long long)f->blob->size);
	r = io_write_all_at(f->blob->fd, p, len, f->have);
	if (r < 0)
		return exchange_fail(f->x, r, "writing: %s", strerror(-r));
	hash_update(f->hash, p, len);
	f->have += len;
	f->x->done = f->have;
	return 0;
}

static int begin(struct exchange *x, bool again)
{
	struct fetch *f = x->data;
	struct http *h = &x->http;

	free(h->url);
	h->url = NULL;
	if (f->url) {
		h->insecure = x->reg->o.insecure;
		h->trust = NULL;
		if (http_resolve(*f->url, *f->url, NULL, &h->url) < 0 ||
		    (!http_is_tls(h->url) && !h->insecure)) {
			free(h->url);
			h->url = NULL;
			return -EINVAL;
		}
	} else {
		h->url = place_url(x->at, "%s/blobs/%s", x->at->repository,
				   f->blob->digest.text);
	}
	if (f->whole_only && f->have > 0 && restart(f) < 0)
		return -ENOMEM;
	h->method = "GET";
	h->range_from = f->have;
	h->sink = take;
	h->sink_data = f;
	f->begun = false;
	return 0;
}

static int finish(struct exchange *x)
{
	struct fetch *f = x->data;
	struct digest d;

	if (x->http.status == 416 && f->have > 0 && !f->whole_only) {
		f->whole_only = true;
		return 1;
	}
	if (x->http.status >= 300)
		return exchange_refused(x);
	if (f->have < f->blob->size) {
		x->http.why = "it is shorter than its size";
		return -EAGAIN;
	}
	hash_end(f->hash, &d);
	f->hash = NULL; /* next() makes another */
	if (!digest_equal(&d, &f->blob->digest))
		return exchange_fail(x, -EBADMSG, "what came has digest %s", d.text);
	return 0;
}

/*
 * The URLs of a foreign layer first, then the places. What one of them sent is not
 * believed.
 */
static bool next(struct exchange *x)
{
	struct fetch *f = x->data;
	struct registry *reg = x->reg;

	if (restart(f) < 0)
		return false;
	f->whole_only = false;
	if (f->url) {
		f->url = f->url[1] ? f->url + 1 : NULL;
		if (!f->url)
			x->at = reg->places + reg->first;
		return true;
	}
	if (x->at + 1 >= reg->places + reg->len)
		return false;
	x->at++;
	return true;
}

static int ended(struct exchange *x, void *data)
{
	struct fetch *f = x->data;

	exchange_done(x);
	return f->done ? f->done(f->blob, f->data) : 0;
}

static int prepare(struct registry *reg, struct fetch *f, struct exchange *x,
		   struct registry_blob *b)
{
	exchange_init(x, reg, "blob %.12s", digest_hex(&b->digest));
	x->at = reg->places + reg->first;
	if (b->urls && b->urls[0]) {
		f->url = b->urls;
		x->at = NULL;
	}
	x->begin = begin;
	x->finish = finish;
	x->next = next;
	x->any_status = true;
	x->data = f;
	x->total = b->size;
	f->blob = b;
	f->x = x;
	return restart(f);
}

int blobs_get(struct registry *reg, struct registry_blob *blobs, size_t len,
	      int (*done)(struct registry_blob *b, void *data), void *data)
{
	struct fetch *fs = calloc(len ? len : 1, sizeof(*fs));
	struct exchange *xs = calloc(len ? len : 1, sizeof(*xs));
	int r = fs && xs ? 0 : -ENOMEM;
	size_t n = 0;

	for (; r == 0 && n < len; n++) {
		fs[n].done = done;
		fs[n].data = data;
		r = prepare(reg, &fs[n], &xs[n], &blobs[n]);
	}
	r = r < 0 ? err_set(reg->err, r, "%s", reg->name)
		  : exchange_run(reg, reg->multi, xs, len, PARALLEL, ended, NULL);
	for (size_t i = 0; i < n; i++) {
		exchange_done(&xs[i]);
		hash_free(fs[i].hash);
	}
	free(fs);
	free(xs);
	return r;
}
