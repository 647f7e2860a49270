/* SPDX-License-Identifier: MIT */
/*
 * token - answering 401: Basic, or a bearer token from the server that the registry
 * names. See the token and oauth2 specifications of distribution. Credentials are shown
 * to that server only if realm.c says so; without TLS only if the registry itself has
 * none and that was asked for.
 */
#include "registry/token.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "registry/challenge.h"
#include "registry/exchange.h"
#include "registry/realm.h"
#include "json/json-text.h"

enum { TOKEN_MAX = 32 << 10, ANSWER_MAX = 256 << 10, TOKEN_SECONDS = 60 };

struct asking {
	struct registry *reg;
	struct place *place;
	const struct challenge *challenge;
	const char *url;   /* of the token server */
	const char *query; /* service, scopes */
	bool own;          /* it is the registry */
	char *form;        /* of a POST, or NULL */
	const char *basic; /* or NULL */
	const char *token; /* the result */
};

static int fail(const struct registry *reg, struct err *e, int r, const char *why,
		const char *more)
{
	return err_say(e, r, "%s: login: %s%s", reg->name, why, more);
}

/* It becomes a line of a request: one visible word. */
static bool is_token(const char *s)
{
	size_t n = strlen(s);

	for (const char *p = s; *p; p++)
		if (*p <= ' ' || *p >= 0x7f)
			return false;
	return n > 0 && n <= TOKEN_MAX;
}

int token_parse(struct arena *a, const char *text, size_t len, const char **ret)
{
	const char *token, *copy = NULL;
	json_t *answer = NULL;
	int r = json_text_read(text, len, &answer, NULL);

	if (r < 0)
		return r;
	r = -EBADMSG;
	token = json_string_value(json_object_get(answer, "token"));
	if (!token || !*token)
		token = json_string_value(json_object_get(answer, "access_token"));
	if (token && is_token(token)) {
		copy = arena_strdup(a, token);
		r = copy ? 0 : -ENOMEM;
	}
	json_decref(answer);
	if (r == 0)
		*ret = copy;
	return r;
}

/* "&NAME=VALUE", or "NAME=VALUE" at the beginning. */
static int add(char **query, const char *name, const char *value)
{
	char *escaped = curl_easy_escape(NULL, value, 0), *more;
	int n;

	if (!escaped)
		return -ENOMEM;
	n = asprintf(&more, "%s%s%s=%s", *query ? *query : "", *query ? "&" : "", name,
		     escaped);
	curl_free(escaped);
	if (n < 0)
		return -ENOMEM;
	free(*query);
	*query = more;
	return 0;
}

static int add_scope(char **query, char **words, const char *repository,
		     const char *actions)
{
	cleanup_free char *scope = NULL;
	char *more;
	int r;

	if (asprintf(&scope, "repository:%s:%s", repository, actions) < 0)
		return -ENOMEM;
	r = add(query, "scope", scope);
	if (r < 0 ||
	    asprintf(&more, "%s%s%s", *words ? *words : "", *words ? " " : "", scope) < 0)
		return -ENOMEM;
	free(*words);
	*words = more;
	return 0;
}

/* As parameters of a GET, and as the words of a POST. */
static int add_scopes(const struct registry *reg, const struct place *p, char **query,
		      char **words)
{
	int r = 0;

	if (*p->repository)
		r = add_scope(query, words, p->repository,
			      reg->push ? "pull,push" : "pull");
	for (const char *const *m = reg->mounts; r == 0 && m && *m; m++)
		r = add_scope(query, words, *m, "pull");
	return r;
}

static int make_form(const struct challenge *c, const char *words, const char *identity,
		     char **ret)
{
	int r = add(ret, "grant_type", "refresh_token");

	if (r == 0 && *c->service)
		r = add(ret, "service", c->service);
	if (r == 0)
		r = add(ret, "client_id", "minc");
	if (r == 0 && words)
		r = add(ret, "scope", words);
	if (r == 0)
		r = add(ret, "refresh_token", identity);
	return r;
}

static int begin(struct exchange *x, bool again)
{
	struct asking *q = x->data;
	struct http *h = &x->http;

	free(h->url);
	h->url = NULL;
	h->insecure = q->place->insecure;
	h->own_host = q->own;
	h->trust = &q->place->trust;
	h->accept = "application/json";
	h->text_max = ANSWER_MAX;
	h->total_seconds = TOKEN_SECONDS;
	if (!q->form) {
		h->method = "GET";
		h->authorization = q->basic;
		return http_resolve(q->url, q->url, q->query, &h->url);
	}
	h->method = "POST";
	h->content_type = "application/x-www-form-urlencoded";
	h->body = q->form;
	h->body_len = strlen(q->form);
	return http_resolve(q->url, q->url, NULL, &h->url);
}

static int finish(struct exchange *x)
{
	struct asking *q = x->data;
	const char *text = x->http.text ? x->http.text : "";
	int r = token_parse(&q->reg->arena, text, x->http.text_len, &q->token);

	return r < 0 ? exchange_fail(x, r, "the answer has no token") : 0;
}

/* "https://HOST:PORT/..." -> HOST:PORT, printable. */
static void say_host(const char *url, char *ret, size_t size)
{
	const char *from = strstr(url, "//");

	from = from ? from + 2 : url;
	http_printable(from, strcspn(from, "/?#"), ret, size);
}

static int ask(struct asking *q, struct err *e)
{
	struct err *outer = q->reg->err;
	struct exchange x;
	char host[48];
	int r;

	say_host(q->url, host, sizeof(host));
	exchange_init(&x, q->reg, "token of %s", host);
	x.begin = begin;
	x.finish = finish;
	x.data = q;
	q->reg->err =
		e; /* whether it matters, the caller knows: there may be another mirror */
	r = exchange_run(q->reg, q->reg->side, &x, 1, 1, NULL, NULL);
	q->reg->err = outer;
	exchange_done(&x);
	return r;
}

static int fetch(struct asking *q, struct err *e)
{
	static const struct credentials none;
	const struct credentials *c = q->place->withheld ? &none : &q->place->credentials;
	cleanup_free char *query = NULL, *words = NULL;
	int r = 0;

	if (*q->challenge->service)
		r = add(&query, "service", q->challenge->service);
	if (r == 0)
		r = add_scopes(q->reg, q->place, &query, &words);
	if (r == 0 && c->identity) {
		r = make_form(q->challenge, words, c->identity, &q->form);
	} else if (r == 0 && c->user) {
		q->basic = auth_basic(&q->reg->arena, c);
		r = q->basic ? add(&query, "account", c->user) : -ENOMEM;
	}
	if (r < 0)
		return fail(q->reg, e, r, strerror(-r), "");
	q->query = query;
	return ask(q, e);
}

static int refuse_url(const struct registry *reg, struct err *e, const char *url)
{
	char said[128];

	http_printable(url, strlen(url), said, sizeof(said));
	return fail(reg, e, -EACCES,
		    "tokens are to come from what is no https URL: ", said);
}

static bool leads_inside(const struct place *p, const char *url)
{
	cleanup_free char *base = place_url(p, "%s", "");

	return !base || http_leads_inside(base, url);
}

/* Whether the server may be asked, and may see the credentials: p->withheld says not. */
static int check_realm(struct registry *reg, struct place *p, const char *url,
		       struct err *e)
{
	const struct credentials *c = &p->credentials;
	char host[280];

	if (!http_is_tls(url) && !p->plain)
		return refuse_url(reg, e, url);
	if (realm_may_know(reg, p, url))
		return 0;
	say_host(url, host, sizeof(host));
	if (leads_inside(p, url))
		return fail(reg, e, -EACCES,
			    "tokens are to come from this machine: ", host);
	if (!c->user && !c->identity)
		return 0;
	p->withheld = arena_strdup(&reg->arena, host);
	if (!p->withheld)
		return fail(reg, e, -ENOMEM, strerror(ENOMEM), "");
	return p->demanded
		       ? fail(reg, e, -EACCES, "the credentials are not shown to ", host)
		       : 0;
}

static int bearer(struct registry *reg, struct place *p, const struct challenge *c,
		  struct err *e)
{
	struct asking q = { .reg = reg, .place = p, .challenge = c };
	cleanup_free char *url = NULL;
	int r;

	if (http_resolve(c->realm, c->realm, NULL, &url) < 0)
		return refuse_url(reg, e, c->realm);
	r = check_realm(reg, p, url, e);
	if (r < 0)
		return r;
	q.url = url;
	q.own = place_is_own(p, url);
	r = fetch(&q, e);
	if (q.form)
		explicit_bzero(q.form, strlen(q.form));
	free(q.form);
	if (r < 0)
		return r;
	p->authorization = arena_printf(&reg->arena, "Bearer %s", q.token);
	return p->authorization ? 0 : fail(reg, e, -ENOMEM, strerror(ENOMEM), "");
}

static int basic(struct registry *reg, struct place *p, struct err *e)
{
	const struct credentials *c = &p->credentials;
	const char *value;

	if (!c->user)
		return fail(reg, e, -EACCES, p->registry, " wants a user and a password");
	value = auth_basic(&reg->arena, c);
	if (!value)
		return fail(reg, e, -ENOMEM, strerror(ENOMEM), "");
	if (p->authorization && strcmp(p->authorization, value) == 0)
		return fail(reg, e, -EACCES, "the registry refuses the credentials of ",
			    c->where);
	p->authorization = value;
	return 0;
}

static int look_up(struct registry *reg, struct place *p, struct err *e)
{
	int r = 0;

	/* What the caller says is for the registry, not for mirrors that files name. */
	if (reg->o.user && p == &reg->places[reg->len - 1]) {
		r = auth_split(&reg->arena, e, reg->o.user, &p->credentials);
		p->credentials.where = "the options";
		p->demanded = true;
	} else if (!p->looked_up) {
		r = auth_find(&reg->arena, e, &reg->o, reg->o.authfile, p->registry,
			      p->repository, &p->credentials);
	}
	p->looked_up = true;
	return r;
}

int token_answer(struct registry *reg, struct place *p, const char *challenges,
		 struct err *e)
{
	struct challenge c;
	int r = challenge_parse(challenges, &c);

	if (r < 0)
		return fail(reg, e, -EBADMSG, "WWW-Authenticate cannot be read", "");
	if (c.kind == CHALLENGE_NONE)
		return fail(reg, e, -EACCES,
			    "the registry asks for neither Basic nor Bearer", "");
	p->withheld = NULL;
	r = look_up(reg, p, e);
	if (r < 0)
		return fail(reg, e, r, strerror(-r), "");
	r = c.kind == CHALLENGE_BEARER ? bearer(reg, p, &c, e) : basic(reg, p, e);
	if (r == 0)
		p->generation++;
	return r;
}
