/* SPDX-License-Identifier: MIT */
/*
 * registry - see registry.h and registry-module.h: opening, manifests, login. Bodies are
 * in blobs.c and upload.c, what makes requests succeed in exchange.c.
 */
#include "registry/registry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/hash.h"
#include "registry/exchange.h"
#include "registry/realm.h"

enum { MANIFEST_SECONDS = 120 };

static const char docker_host[] = "registry-1.docker.io";

/* Docker Hub's name is not its host. */
static const char *host_of(const char *registry)
{
	return strcmp(registry, "docker.io") == 0 ||
			       strcmp(registry, "index.docker.io") == 0
		       ? docker_host
		       : registry;
}

static int add_place(struct registry *reg, const char *registry, const char *repository,
		     bool insecure, enum mirror_use use)
{
	const char *etc = reg->o.etc ? reg->o.etc : "/etc";
	struct place *p = &reg->places[reg->len];

	*p = (struct place){ .registry = registry,
			     .host = host_of(registry),
			     .repository = repository,
			     .insecure = insecure,
			     .use = use };
	reg->len++;
	return certs_load(&reg->arena, reg->err, reg->o.cert_dir, etc, p->host,
			  &p->trust);
}

static int add_mirrors(struct registry *reg, const struct rule *rule)
{
	const char *host, *repository;
	int r = 0;

	for (size_t i = 0; r == 0 && i < rule->len; i++) {
		const struct mirror *m = &rule->mirrors[i];
		enum mirror_use use = rule->digests_only ? MIRROR_DIGESTS : m->use;

		r = mirrors_rewrite(&reg->arena, rule, &reg->ref, m->location, &host,
				    &repository);
		if (r == -EINVAL)
			return err_say(reg->err, r,
				       "%s: mirror %s: it does not give a valid name",
				       rule->file, m->location);
		if (r == 0)
			r = add_place(reg, host, repository,
				      m->insecure || reg->o.insecure, use);
	}
	return r;
}

static int add_places(struct registry *reg, const struct rule *rule)
{
	const char *host = reg->ref.registry, *repository = reg->ref.repository;
	size_t most = rule ? rule->len + 1 : 1;
	bool insecure = reg->o.insecure;
	int r = 0;

	reg->places = arena_alloc(&reg->arena, most * sizeof(*reg->places));
	if (!reg->places)
		return -ENOMEM;
	if (rule) {
		if (rule->blocked)
			return err_say(reg->err, -EACCES, "%s: blocked by %s", reg->name,
				       rule->file);
		insecure = insecure || rule->insecure;
		if (!reg->push)
			r = add_mirrors(reg, rule);
		if (r == 0 && !reg->push && rule->location)
			r = mirrors_rewrite(&reg->arena, rule, &reg->ref, rule->location,
					    &host, &repository);
		if (r == -EINVAL && !reg->err->code)
			return err_say(reg->err, r,
				       "%s: location %s: it does not give a valid name",
				       rule->file, rule->location);
	}
	return r < 0 ? r : add_place(reg, host, repository, insecure, MIRROR_ALWAYS);
}

static int copy_options(struct registry *reg, const struct registry_options *o)
{
	const char *const from[] = { o->user, o->authfile, o->cert_dir, o->etc,
				     o->realm };
	const char **to[] = { &reg->o.user, &reg->o.authfile, &reg->o.cert_dir,
			      &reg->o.etc, &reg->o.realm };

	reg->o = *o;
	if (o->realm && !realm_is_host(o->realm))
		return err_say(reg->err, -EINVAL, "token realm %.80s: not HOST[:PORT]",
			       o->realm);
	for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
		*to[i] = arena_strdup(&reg->arena, from[i]);
		if (from[i] && !*to[i])
			return -ENOMEM;
	}
	return 0;
}

struct registry *registry_close(struct registry *reg)
{
	if (!reg)
		return NULL;
	if (reg->multi)
		curl_multi_cleanup(reg->multi);
	if (reg->side)
		curl_multi_cleanup(reg->side);
	arena_done(&reg->arena);
	free(reg);
	return NULL;
}

static int fill(struct registry *reg, const struct ref *r,
		const struct registry_options *o)
{
	struct mirrors m = { 0 };
	int n;

	reg->ref = *r;
	n = copy_options(reg, o);
	if (n < 0)
		return n;
	reg->name = *r->repository ? arena_printf(&reg->arena, "%s/%s", r->registry,
						  r->repository)
				   : arena_strdup(&reg->arena, r->registry);
	/*
	 * Counted and thread-safe since libcurl 7.84, if it was built so; what is never
	 * undone here cannot be undone under somebody else's hands.
	 */
	if (!reg->name || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return -ENOMEM;
	reg->multi = curl_multi_init();
	reg->side = curl_multi_init();
	if (!reg->multi || !reg->side)
		return -ENOMEM;
	n = mirrors_load(&reg->arena, reg->err, reg->o.etc ? reg->o.etc : "/etc", &m);
	return n < 0 ? n : add_places(reg, *r->repository ? mirrors_find(&m, r) : NULL);
}

int registry_open(struct err *e, const struct ref *r, const struct registry_options *o,
		  bool push, struct registry **ret)
{
	struct registry *reg = calloc(1, sizeof(*reg));
	int n = reg ? 0 : -ENOMEM;

	if (reg) {
		reg->err = e;
		reg->push = push;
		n = fill(reg, r, o);
	}
	if (n < 0) {
		registry_close(reg);
		return err_set(e, n, "%s/%s", r->registry, r->repository);
	}
	*ret = reg;
	return 0;
}

/* Manifests. */

struct manifest {
	const char *reference, *media_type, *text; /* the latter two to be sent */
	size_t len;
	struct digest want; /* or "" */
	struct registry_text *ret;
};

/* It becomes part of a URL: a tag or a digest. */
static bool is_reference(const char *s)
{
	size_t n = strspn(
		s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:-");

	return n > 0 && n <= 200 && !s[n] && s[0] != '.' && s[0] != '-';
}

static bool may_ask(const struct place *p, const struct manifest *m)
{
	return p->use == MIRROR_ALWAYS ||
	       (p->use == MIRROR_DIGESTS) == (m->want.text[0] != '\0');
}

static bool next_place(struct exchange *x)
{
	struct registry *reg = x->reg;

	while (x->at + 1 < reg->places + reg->len) {
		x->at++;
		if (may_ask(x->at, x->data))
			return true;
	}
	return false;
}

static int begin_manifest(struct exchange *x, bool again)
{
	struct manifest *m = x->data;
	struct http *h = &x->http;

	free(h->url);
	h->url = place_url(x->at, "%s/manifests/%s", x->at->repository, m->reference);
	h->total_seconds = MANIFEST_SECONDS;
	if (m->text) {
		h->method = "PUT";
		h->content_type = m->media_type;
		h->body = m->text;
		h->body_len = m->len;
		h->text_max = HTTP_REFUSAL_BYTES;
		return 0;
	}
	h->method = "GET";
	h->accept = MEDIA_OCI_INDEX ", " MEDIA_OCI_MANIFEST ", " MEDIA_DOCKER_LIST
				    ", " MEDIA_DOCKER_MANIFEST;
	h->text_max = CONTENT_JSON_MAX;
	return 0;
}

static int finish_get(struct exchange *x)
{
	struct manifest *m = x->data;
	struct http *h = &x->http;
	struct digest d;

	hash_buffer(h->text ? h->text : "", h->text_len, &d);
	if (m->want.text[0] && !digest_equal(&m->want, &d))
		return exchange_fail(x, -EBADMSG, "what came has digest %s", d.text);
	if (h->digest.text[0] && !digest_equal(&h->digest, &d))
		return exchange_fail(x, -EBADMSG,
				     "what came has digest %s, and %s was announced",
				     d.text, h->digest.text);
	if (!h->text)
		return exchange_fail(x, -EBADMSG, "the answer is empty");
	*m->ret = (struct registry_text){ .text = h->text,
					  .len = h->text_len,
					  .digest = d };
	h->text = NULL;
	memcpy(m->ret->media_type, h->media_type, sizeof(m->ret->media_type));
	return 0;
}

static int finish_put(struct exchange *x)
{
	struct manifest *m = x->data;
	struct http *h = &x->http;

	if (h->digest.text[0] && !digest_equal(&h->digest, &m->want))
		return exchange_fail(x, -EBADMSG,
				     "the registry keeps it as %s, and %s was sent",
				     h->digest.text, m->want.text);
	return 0;
}

static int one_manifest(struct registry *reg, struct manifest *m)
{
	struct exchange x;
	int r;

	if (!is_reference(m->reference))
		return err_say(reg->err, -EINVAL,
			       "%s: manifest %s: neither tag nor digest", reg->name,
			       m->reference);
	exchange_init(&x, reg, "manifest %.71s", m->reference);
	x.at = reg->places + reg->first;
	x.begin = begin_manifest;
	x.finish = m->text ? finish_put : finish_get;
	x.next = m->text ? NULL : next_place;
	x.data = m;
	if (!m->text && !may_ask(x.at, m))
		(void)next_place(&x); /* the last may always be asked */
	r = exchange_run(reg, reg->multi, &x, 1, 1, NULL, NULL);
	if (r == 0)
		reg->first = (size_t)(x.at - reg->places);
	exchange_done(&x);
	return r;
}

int registry_get_manifest(struct registry *reg, const char *reference,
			  struct registry_text *ret)
{
	struct manifest m = { .reference = reference, .ret = ret };

	if (digest_parse(reference, &m.want) < 0)
		m.want.text[0] = '\0';
	return one_manifest(reg, &m);
}

int registry_put_manifest(struct registry *reg, const char *reference,
			  const char *media_type, const char *text, size_t len)
{
	struct manifest m = {
		.reference = reference, .media_type = media_type, .text = text, .len = len
	};

	hash_buffer(text, len, &m.want);
	return one_manifest(reg, &m);
}

/* Login. */

static int begin_login(struct exchange *x, bool again)
{
	free(x->http.url);
	x->http.url = place_url(x->at, "%s", "");
	x->http.method = "GET";
	x->http.text_max = HTTP_REFUSAL_BYTES;
	x->http.total_seconds = MANIFEST_SECONDS;
	return 0;
}

static int finish_login(struct exchange *x)
{
	return 0;
}

static int check_registry(struct err *e, const char *registry, struct ref *ret)
{
	char name[300];

	if (strlen(registry) >= sizeof(ret->registry) || strchr(registry, '/'))
		return err_say(e, -EINVAL, "%s: not the name of a registry", registry);
	snprintf(name, sizeof(name), "%s/x/x", registry);
	if (ref_parse(name, ret) < 0 || (strcmp(ret->registry, registry) != 0 &&
					 strcmp(registry, "index.docker.io") != 0))
		return err_say(e, -EINVAL, "%s: not the name of a registry", registry);
	ret->repository[0] = ret->tag[0] = '\0';
	return 0;
}

static int try_login(struct err *e, const struct ref *ref, const char *user,
		     const char *password, const struct registry_options *o)
{
	struct registry *reg = NULL;
	struct exchange x;
	int r = registry_open(e, ref, o, false, &reg);

	if (r < 0 || !reg)
		return r;
	reg->places[0].credentials = (struct credentials){ .user = user,
							   .password = password,
							   .where = "the command" };
	reg->places[0].looked_up = reg->places[0].demanded = true;
	reg->o.user = NULL;
	exchange_init(&x, reg, "login as %.60s", user);
	x.at = reg->places;
	x.begin = begin_login;
	x.finish = finish_login;
	r = exchange_run(reg, reg->multi, &x, 1, 1, NULL, NULL);
	exchange_done(&x);
	registry_close(reg);
	return r;
}

int login_to(struct err *e, const char *registry, const char *user, const char *password,
	     const struct registry_options *o)
{
	struct ref ref = { 0 };
	int r = check_registry(e, registry, &ref);

	if (r < 0)
		return r;
	if (!*user || strchr(user, ':') || !auth_is_text(user) || !auth_is_text(password))
		return err_say(e, -EINVAL, "login to %s: not a user or password",
			       registry);
	r = try_login(e, &ref, user, password, o);
	return r < 0 ? r : auth_keep(e, o, o->authfile, ref.registry, user, password);
}

int logout_from(struct err *e, const char *registry, const struct registry_options *o)
{
	struct ref ref = { 0 };
	int r = check_registry(e, registry, &ref);

	return r < 0 ? r : auth_forget(e, o, o->authfile, ref.registry);
}
