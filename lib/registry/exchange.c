/* SPDX-License-Identifier: MIT */
/*
 * exchange - see exchange.h. What is tried again: broken connections, stalls (once), and
 * the answers 408, 429 and 5xx; never what was refused. Credentials go only to the origin
 * that the place names, and only that origin's challenges are answered.
 */
#include "registry/exchange.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "registry/token.h"
#include "json/json-text.h"

enum {
	STALL_SECONDS = 30,
	BACKOFF_MS = 250,
	BACKOFF_MAX_MS = 10 * 1000,
	RETRY_AFTER_MAX = 60, /* seconds that a server may ask for */
	LOGINS_MAX = 2,       /* in a row */
	TOLD_MS = 200,        /* between calls of progress */
	IDLE_MS = 1000,
	SILENT_MS = 3000,       /* until it is said that nothing comes */
	REASON_BYTES = 240,     /* of a server's own words */
	ADVANCE_BYTES = 1 << 20 /* new ones, that make a connection worth its retry */
};

char *place_url(const struct place *p, const char *format, ...)
{
	char path[1024], *url;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(path, sizeof(path), format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(path))
		return NULL;
	if (asprintf(&url, "%s://%s/v2/%s", p->plain ? "http" : "https", p->host, path) <
	    0)
		return NULL;
	return url;
}

bool place_is_own(const struct place *p, const char *url)
{
	char *base = place_url(p, "%s", "");
	bool own = base && http_same_origin(base, url);

	free(base);
	return own;
}

void exchange_init(struct exchange *x, struct registry *reg, const char *format, ...)
{
	va_list ap;

	*x = (struct exchange){ .reg = reg };
	http_init(&x->http);
	va_start(ap, format);
	vsnprintf(x->what, sizeof(x->what), format, ap);
	va_end(ap);
}

void exchange_done(struct exchange *x)
{
	http_done(&x->http);
}

int exchange_fail(struct exchange *x, int r, const char *format, ...)
{
	bool mirror = x->at && x->at != &x->reg->places[x->reg->len - 1];
	char why[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, sizeof(why), format, ap);
	va_end(ap);
	return err_say(&x->err, r, "%s%s%s: %s: %s", x->reg->name, mirror ? " at " : "",
		       mirror ? x->at->host : "", x->what, why);
}

/* The server's own words: errors[] of the specification, or what token servers say. */
static void own_words(const struct http *h, char *ret, size_t size)
{
	json_t *body = NULL, *first;
	const char *code, *message;
	char text[2 * REASON_BYTES];

	if (h->text) /* anything else than JSON says nothing */
		(void)json_text_read(h->text, h->text_len, &body, NULL);
	first = json_array_get(json_object_get(body, "errors"), 0);
	code = json_string_value(json_object_get(first, "code"));
	message = json_string_value(json_object_get(first, "message"));
	if (!message)
		message = json_string_value(json_object_get(body, "details"));
	if (!message)
		message = json_string_value(json_object_get(body, "error_description"));
	if (!message)
		message = json_string_value(json_object_get(body, "message"));
	if (snprintf(text, sizeof(text), "%s%s%s%s", code || message ? ": " : "",
		     code ? code : "", code && message ? ": " : "",
		     message ? message : "") < 0)
		text[0] = '\0';
	http_printable(text, strlen(text), ret, size);
	json_decref(body);
}

static int meaning(long status)
{
	switch (status) {
	case 401:
	case 403:
		return -EACCES;
	case 404:
	case 410:
		return -ENOENT;
	case 408:
	case 504:
		return -ETIMEDOUT;
	case 413:
		return -EFBIG;
	case 429:
		return -EBUSY;
	default:
		return status >= 500 ? -EREMOTEIO : -EPROTO;
	}
}

/* Why a registry refuses one who has credentials. */
static void hint_withheld(struct exchange *x)
{
	const char *to = x->at ? x->at->withheld : NULL;

	if (to)
		err_hint(&x->err,
			 "%s has its tokens from %s, which sees no credentials unless "
			 "certs.d/%s/token-realm or --token-realm names it",
			 x->at->host, to, x->at->host);
}

static bool may_try_again(long status)
{
	return status == 408 || status == 429 || (status >= 500 && status != 501);
}

int exchange_refused(struct exchange *x)
{
	char words[REASON_BYTES], later[64] = "";
	long status = x->http.status;

	own_words(&x->http, words, sizeof(words));
	if (may_try_again(status) && x->http.retry_after > RETRY_AFTER_MAX)
		snprintf(later, sizeof(later), ": to be asked again in %u seconds",
			 x->http.retry_after);
	exchange_fail(x, meaning(status), "%s%ld%s%s",
		      status == 404                    ? "not found: "
		      : status == 401 || status == 403 ? "access is refused: "
						       : "the answer is ",
		      status, words, later);
	if (status == 401 || status == 403)
		hint_withheld(x);
	return x->err.code;
}

/* Elsewhere if there is an elsewhere: what happened here does not count there. */
static void give_up(struct exchange *x, int r)
{
	if (r != -ENOMEM && r != -ECANCELED && x->next && x->next(x)) {
		err_clear(&x->err);
		x->tries = x->logins = 0;
		x->stages = x->most_stages = 0;
		x->most_done = 0;
		x->next_stage = x->moved = false;
		x->due_ms = 0;
		x->state = EXCHANGE_WAITS;
		return;
	}
	x->state = EXCHANGE_ENDED;
	x->result = r;
}

/* At once, from the beginning of the stage. */
static void repeat(struct exchange *x)
{
	x->next_stage = x->moved = false;
	x->due_ms = 0;
	x->state = EXCHANGE_WAITS;
}

__attribute__((format(printf, 2, 3))) static void say(const struct exchange *x,
						      const char *format, ...)
{
	const struct registry_options *o = &x->reg->o;
	char text[400], line[700];
	va_list ap;

	if (!o->say)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	snprintf(line, sizeof(line), "%.150s: %s: %s", x->reg->name, x->what, text);
	o->say(line, o->data);
}

/* Why it is tried again: @r with http's own words, or 0: the answer. */
static void say_retry(const struct exchange *x, int r, int64_t pause)
{
	const char *why = x->http.why ? x->http.why : strerror(-r);
	char status[32], wait[64] = "";

	snprintf(status, sizeof(status), "the answer is %ld", x->http.status);
	if (pause >= 1000)
		snprintf(wait, sizeof(wait), " in %lld seconds",
			 (long long)(pause + 500) / 1000);
	say(x, "%s: asked again%s (%u of %u)", r < 0 ? why : status, wait, x->tries,
	    x->reg->o.retries);
}

/* Later, if it may be; @cost of the retries that are left. @r: as say_retry(). */
static bool retry(struct exchange *x, int r, unsigned cost)
{
	const struct registry_options *o = &x->reg->o;
	int64_t pause = o->backoff_ms ? o->backoff_ms : BACKOFF_MS;

	if (!x->sends && x->done >= x->most_done + ADVANCE_BYTES)
		x->tries = 0;
	if (x->done > x->most_done)
		x->most_done = x->done;
	if (x->tries + cost > o->retries || x->http.retry_after > RETRY_AFTER_MAX)
		return false;
	for (unsigned i = 0; i < x->tries && pause < BACKOFF_MAX_MS; i++)
		pause *= 2;
	x->tries += cost;
	if (pause > BACKOFF_MAX_MS)
		pause = BACKOFF_MAX_MS;
	if (pause < (int64_t)x->http.retry_after * 1000)
		pause = (int64_t)x->http.retry_after * 1000;
	say_retry(x, r, pause);
	repeat(x);
	x->due_ms = clock_ms() + pause;
	return true;
}

/* Once for each request, when nothing comes: until when is http's business. */
static void note_silence(struct exchange *x, int64_t now)
{
	unsigned most = x->http.stall_seconds;

	if (x->http.moved != x->heard) {
		x->heard = x->http.moved;
		x->heard_ms = now;
	}
	if (x->silent || now - x->heard_ms < SILENT_MS)
		return;
	x->silent = true;
	if (x->http.total_seconds && x->http.total_seconds < most)
		most = x->http.total_seconds;
	say(x, "nothing comes: waits up to %u seconds", most);
}

/* Registries that were asked for without security, and have no TLS at all. */
static bool fall_back(struct exchange *x, int r)
{
	struct place *p = x->at;

	/* One of several at once may have found out before. */
	if (!p || !p->insecure || !http_is_tls(x->http.url) || (p->settled && !p->plain))
		return false;
	if (r != -EPROTO && r != -ECONNREFUSED && r != -ECONNRESET)
		return false;
	p->plain = true;
	repeat(x);
	return true;
}

static void broken(struct exchange *x, int r)
{
	const char *why = x->http.why;

	if (x->err.code) { /* a sink has said it */
		give_up(x, r);
		return;
	}
	if (fall_back(x, r))
		return;
	if (r == -ECONNRESET && retry(x, r, 1))
		return;
	if (r == -ETIMEDOUT && retry(x, r, x->reg->o.retries > 1 ? x->reg->o.retries : 1))
		return;
	exchange_fail(x, r, "%s", why ? why : strerror(-r));
	if (x->at && r == -EPROTO && !x->at->insecure)
		err_hint(&x->err,
			 "%s may speak plain HTTP, which is used only when asked for",
			 x->at->host);
	if (x->at && r == -EKEYREJECTED)
		err_hint(&x->err,
			 "a private authority belongs in "
			 "/etc/containers/certs.d/%s/ca.crt",
			 x->at->host);
	give_up(x, r);
}

static bool is_own(const struct exchange *x)
{
	return x->at && place_is_own(x->at, x->http.url);
}

/* 401: show what is wanted, and ask again. */
static void log_in(struct exchange *x)
{
	struct err e = { 0 };
	int r;

	if (x->logins++ >= LOGINS_MAX) {
		give_up(x, exchange_refused(x));
		return;
	}
	/* Somebody else's request may have brought a newer one meanwhile. */
	if (x->generation == x->at->generation) {
		r = token_answer(x->reg, x->at, x->http.challenges, &e);
		if (r < 0) {
			err_say(&x->err, r, "%s", e.message);
			hint_withheld(x);
			give_up(x, r);
			return;
		}
	}
	repeat(x);
}

static void answered(struct exchange *x)
{
	const long status = x->http.status;
	int r = http_redirect(&x->http);

	if (x->at && !x->moved)
		x->at->settled = true;
	if (r < 0) {
		give_up(x, exchange_fail(x, r, "%s", x->http.why));
	} else if (r > 0) {
		x->moved = true;
		x->due_ms = 0;
		x->state = EXCHANGE_WAITS;
	} else if (status == 401 && x->http.challenges && is_own(x) &&
		   !(x->any_status && x->logins >= LOGINS_MAX)) {
		log_in(x);
	} else if (may_try_again(status) && retry(x, 0, 1)) {
		;
	} else if (status >= 500 || status == 429 || (!x->any_status && status >= 300)) {
		give_up(x, exchange_refused(x));
	} else {
		x->logins = 0;
		r = x->finish(x);
		if (r == 1) {
			repeat(x);
			x->next_stage = true;
			if (++x->stages > x->most_stages) {
				x->most_stages = x->stages;
				x->tries = 0;
			}
		} else if (r == -EAGAIN) {
			broken(x, -ECONNRESET);
		} else if (r < 0) {
			give_up(x, r);
		} else {
			x->state = EXCHANGE_ENDED;
			x->result = 0;
		}
	}
}

static int start(struct exchange *x, CURLM *multi)
{
	const struct registry_options *o = &x->reg->o;
	int r;

	if (!x->moved) {
		x->http.authorization = NULL;
		x->http.redirects = 0;
		x->http.range_from = 0;
		x->http.body_len = 0;
		x->http.stall_seconds =
			o->stall_seconds ? o->stall_seconds : STALL_SECONDS;
		r = x->begin(x, !x->next_stage);
		if (r < 0)
			return exchange_fail(x, r, "%s", strerror(-r));
		if (!x->http.url)
			return exchange_fail(x, -ENOMEM, "%s", strerror(ENOMEM));
		if (x->at) {
			x->http.insecure = x->at->insecure;
			x->http.trust = &x->at->trust;
			x->http.own_host = is_own(x);
			x->http.authorization =
				x->http.own_host ? x->at->authorization : NULL;
			x->generation = x->at->generation;
		}
	}
	r = http_start(&x->http, multi, x);
	if (r < 0)
		return exchange_fail(x, r, "%s", strerror(-r));
	x->state = EXCHANGE_RUNS;
	x->heard = 0;
	x->heard_ms = clock_ms();
	x->silent = false;
	return 0;
}

static void collect(CURLM *multi)
{
	struct exchange *x;
	CURLMsg *m;
	int left, r;

	while ((m = curl_multi_info_read(multi, &left))) {
		if (m->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&x) ||
		    !x)
			continue;
		r = http_end(&x->http, multi, m->data.result);
		if (r < 0)
			broken(x, r);
		else
			answered(x);
	}
}

/* The one whose pause is told of when none runs: who is told can cancel. */
static const struct exchange *one_that_waits(const struct exchange *xs, size_t len)
{
	const struct exchange *ret = NULL;

	for (size_t i = 0; i < len; i++) {
		if (xs[i].state == EXCHANGE_RUNS)
			return NULL;
		if (!ret && xs[i].state == EXCHANGE_WAITS)
			ret = &xs[i];
	}
	return ret;
}

static int tell(struct registry *reg, struct exchange *xs, size_t len)
{
	const struct registry_options *o = &reg->o;
	const struct exchange *waits;
	int64_t now = clock_ms();

	if (now < reg->told_ms + TOLD_MS)
		return 0;
	reg->told_ms = now;
	waits = one_that_waits(xs, len);
	for (size_t i = 0; i < len; i++) {
		struct exchange *x = &xs[i];

		if (x->state != EXCHANGE_RUNS && x != waits)
			continue;
		if (x->state == EXCHANGE_RUNS)
			note_silence(x, now);
		if (x->http.body_fd >= 0)
			x->done = x->http.body_sent;
		if (o->progress && o->progress(x->what, x->done, x->total, o->data))
			return err_say(reg->err, -ECANCELED, "%s: %s: cancelled",
				       reg->name, x->what);
	}
	return 0;
}

static void start_some(CURLM *multi, struct exchange *xs, size_t len, unsigned most)
{
	int64_t now = clock_ms();
	unsigned running = 0;

	for (size_t i = 0; i < len; i++)
		running += xs[i].state == EXCHANGE_RUNS;
	for (size_t i = 0; i < len && running < most; i++) {
		struct exchange *x = &xs[i];
		int r;

		if (x->state != EXCHANGE_WAITS || x->due_ms > now)
			continue;
		r = start(x, multi);
		if (r < 0)
			give_up(x, r);
		else
			running++;
	}
}

/* Hand on what has ended; the first failure ends it all. */
static int report(struct registry *reg, struct exchange *xs, size_t len,
		  int (*ended)(struct exchange *x, void *data), void *data,
		  size_t *ret_left)
{
	size_t left = 0;

	for (size_t i = 0; i < len; i++) {
		struct exchange *x = &xs[i];
		int r;

		left += x->state != EXCHANGE_ENDED;
		if (x->state != EXCHANGE_ENDED || x->reported)
			continue;
		x->reported = true;
		if (x->result < 0) {
			err_say(reg->err, x->result, "%s", x->err.message);
			if (x->err.hint[0])
				err_hint(reg->err, "%s", x->err.hint);
			return x->result;
		}
		r = ended ? ended(x, data) : 0;
		if (r != 0)
			return r;
	}
	*ret_left = left;
	return 0;
}

/* How long nothing needs to be done, unless something comes. */
static int pause_ms(const struct registry *reg, const struct exchange *xs, size_t len,
		    unsigned most)
{
	int64_t pause = reg->o.progress ? TOLD_MS : IDLE_MS, now = clock_ms();
	unsigned running = 0;

	for (size_t i = 0; i < len; i++)
		running += xs[i].state == EXCHANGE_RUNS;
	for (size_t i = 0; running < most && i < len; i++)
		if (xs[i].state == EXCHANGE_WAITS && xs[i].due_ms - now < pause)
			pause = xs[i].due_ms > now ? xs[i].due_ms - now : 0;
	return (int)pause;
}

static int loop(struct registry *reg, CURLM *multi, struct exchange *xs, size_t len,
		unsigned most, int (*ended)(struct exchange *x, void *data), void *data)
{
	for (;;) {
		int running = 0, r;
		size_t left = 0;

		start_some(multi, xs, len, most);
		if (curl_multi_perform(multi, &running) != CURLM_OK)
			return err_set(reg->err, -ENOMEM, "%s", reg->name);
		collect(multi);
		r = report(reg, xs, len, ended, data, &left);
		if (r == 0)
			r = tell(reg, xs, len);
		if (r != 0 || left == 0)
			return r;
		r = pause_ms(reg, xs, len, most);
		if (r > 0)
			(void)curl_multi_poll(multi, NULL, 0, r, NULL);
	}
}

int exchange_run(struct registry *reg, CURLM *multi, struct exchange *xs, size_t len,
		 unsigned most, int (*ended)(struct exchange *x, void *data), void *data)
{
	struct io_sigpipe pipe;
	int r;

	/* writes to a connection that the other side has closed */
	io_block_sigpipe(&pipe);
	r = loop(reg, multi, xs, len, most, ended, data);

	for (size_t i = 0; i < len; i++)
		if (xs[i].state == EXCHANGE_RUNS)
			http_abandon(&xs[i].http, multi);
	io_unblock_sigpipe(&pipe);
	return r;
}
