/* SPDX-License-Identifier: MIT */
/*
 * policy - see policy.h: which names need which signature, as far as
 * containers-policy.json(5) can be kept without asking a server. A requirement that
 * cannot be checked refuses the names it covers; one that is not known refuses all.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/owner.h"
#include "base/str.h"
#include "store/policy.h"
#include "json/json.h"

static bool is_one_of(const char *key, const char *const *keys)
{
	for (; *keys; keys++)
		if (str_equal(key, *keys))
			return true;
	return false;
}

static int parse_identity(const struct json_source *src, json_t *o,
			  struct policy_rule *ret)
{
	json_t *identity = NULL;
	const char *type = "matchRepository";
	int r = json_field(src, o, "", "signedIdentity", JSON_OBJECT, &identity);

	if (r == 0 && identity)
		r = json_text(src, identity, "signedIdentity.", "type", &type);
	if (r == 0 && !str_equal(type, "matchRepository"))
		ret->refusal = "signedIdentity other than matchRepository";
	return r;
}

static int parse_sigstore(const struct json_source *src, json_t *o,
			  struct policy_rule *ret)
{
	/* of containers-policy.json(5), but not of ours */
	static const char *const others[] = { "keyPaths",
					      "keyDatas",
					      "fulcio",
					      "pki",
					      "rekorPublicKeyPath",
					      "rekorPublicKeyPaths",
					      "rekorPublicKeyData",
					      "rekorPublicKeyDatas",
					      NULL };
	static const char *const ours[] = { "type", "keyPath", "keyData",
					    "signedIdentity", NULL };
	const char *key;
	json_t *value;
	int r = 0;

	json_object_foreach(o, key, value)
	{
		if (is_one_of(key, others)) {
			ret->refusal = "sigstoreSigned with more than keyPath or keyData";
			return 0;
		}
		if (!is_one_of(key, ours))
			return json_refuse(src, "sigstoreSigned.%.64s: unknown", key);
	}
	r = json_text(src, o, "", "keyPath", &ret->path);
	if (r == 0)
		r = json_text(src, o, "", "keyData", &ret->data);
	if (r == 0 && !ret->path == !ret->data)
		r = json_refuse(src,
				"sigstoreSigned: neither or both of keyPath and keyData");
	return r < 0 ? r : parse_identity(src, o, ret);
}

/* @ret_needs: false for insecureAcceptAnything. */
static int parse_rule(const struct json_source *src, json_t *o, struct policy_rule *ret,
		      bool *ret_needs)
{
	static const char *const bare[] = { "type", NULL };
	const char *type = "";
	int r;

	*ret = (struct policy_rule){ 0 };
	*ret_needs = true;
	if (!json_is_object(o))
		return json_refuse(src, "a requirement: not an object");
	r = json_text(src, o, "", "type", &type);
	if (r < 0)
		return r;
	if (str_equal(type, "sigstoreSigned"))
		return parse_sigstore(src, o, ret);
	if (str_equal(type, "signedBy") || str_equal(type, "signedBaseLayer")) {
		ret->refusal =
			str_equal(type, "signedBy") ? "signedBy" : "signedBaseLayer";
		return 0;
	}
	if (str_equal(type, "reject"))
		ret->refusal = "";
	else if (str_equal(type, "insecureAcceptAnything"))
		*ret_needs = false;
	else
		return json_refuse(src, "type %.64s: unknown", type);
	return json_only(src, o, "", bare);
}

static int parse_rules(const struct json_source *src, json_t *list,
		       struct policy_rule ret[POLICY_RULES_MAX], size_t *ret_len)
{
	struct policy_rule one;
	size_t i, len = 0;
	bool needs;
	json_t *o;

	if (!json_is_array(list) || json_array_size(list) == 0)
		return json_refuse(src, "requirements: not a list of at least one");
	if (json_array_size(list) > POLICY_RULES_MAX)
		return json_refuse(src, "requirements: more than %d", POLICY_RULES_MAX);
	json_array_foreach(list, i, o)
	{
		int r = parse_rule(src, o, &one, &needs);

		if (r < 0)
			return r;
		if (needs)
			ret[len++] = one;
	}
	if (ret_len)
		*ret_len = len;
	return 0;
}

/* Names of the same server: another spelling must not escape a scope. */
static const char *alias_of(const char *host)
{
	static const char *const hubs[] = { "registry-1.docker.io",
					    "registry.hub.docker.com",
					    "index.docker.io" };

	for (size_t i = 0; i < sizeof(hubs) / sizeof(hubs[0]); i++)
		if (strcasecmp(host, hubs[i]) == 0)
			return "docker.io";
	return NULL;
}

/* As json_object_get(), but the case of the host's letters does not matter. */
static json_t *scope(json_t *scopes, const char *name)
{
	const size_t host = strcspn(name, "/");
	const char *key;
	json_t *value;

	json_object_foreach(scopes, key,
			    value) if (strcspn(key, "/") == host &&
				       strncasecmp(key, name, host) == 0 &&
				       str_equal(key + host, name + host)) return value;
	return NULL;
}

/* The scope of the name itself, of its repository, or of what is above it. */
static json_t *by_path(json_t *scopes, const char *host, const struct ref *r)
{
	char name[REF_MAX + DIGEST_LEN + 160];
	json_t *found;
	char *cut;

	snprintf(name, sizeof(name), "%s/%s%s%s", host, r->repository,
		 *r->digest.text ? "@" : ":", *r->digest.text ? r->digest.text : r->tag);
	found = scope(scopes, name);
	snprintf(name, sizeof(name), "%s/%s", host, r->repository);
	while (!found) {
		found = scope(scopes, name);
		cut = strrchr(name, '/');
		if (!cut)
			break;
		*cut = '\0';
	}
	return found;
}

/*
 * The scope nearest to the name: by the host as it is, without a usual port, by an alias,
 * its domain.
 */
static json_t *nearest(json_t *scopes, const struct ref *r)
{
	char host[sizeof(r->registry)], domain[sizeof(r->registry) + 2];
	json_t *found = by_path(scopes, r->registry, r);
	char *port;

	snprintf(host, sizeof(host), "%s", r->registry);
	port = strchr(*host == '[' ? strchr(host, ']') : host, ':');
	if (!found && port && (str_equal(port, ":443") || str_equal(port, ":80"))) {
		*port = '\0';
		found = by_path(scopes, host, r);
	}
	if (port)
		*port = '\0'; /* a domain has none */
	if (!found && alias_of(host))
		found = by_path(scopes, alias_of(host), r);
	for (char *cut = strchr(host, '.'); cut && !found; cut = strchr(cut + 1, '.')) {
		snprintf(domain, sizeof(domain), "*%s", cut);
		found = scope(scopes, domain);
	}
	return found ? found : json_object_get(scopes, "");
}

/* All of it is read, so that a fault is seen whatever the name is. */
static int read_scopes(const struct json_source *src, json_t *scopes)
{
	struct policy_rule rules[POLICY_RULES_MAX];
	const char *key;
	json_t *value;
	int r = 0;

	json_object_foreach(scopes, key, value)
	{
		r = parse_rules(src, value, rules, NULL);
		if (r < 0)
			break;
	}
	return r;
}

int policy_find(struct arena *a, struct err *e, const char *what, const char *text,
		size_t len, const struct ref *r, struct policy_rule ret[POLICY_RULES_MAX],
		size_t *ret_len)
{
	static const char *const keys[] = { "default", "transports", NULL };
	struct json_source src = { e, what, a };
	cleanup_json json_t *top = NULL;
	json_t *rules = NULL, *transports = NULL, *docker = NULL, *found = NULL;
	int s = json_strict(&src, text, len, &top);

	if (s == 0)
		s = json_only(&src, top, "", keys);
	if (s == 0)
		s = json_field(&src, top, "", "default", JSON_ARRAY, &rules);
	if (s == 0 && !rules)
		s = json_refuse(&src, "default: missing");
	if (s == 0)
		s = parse_rules(&src, rules, ret, ret_len);
	if (s == 0)
		s = json_field(&src, top, "", "transports", JSON_OBJECT, &transports);
	if (s == 0 && transports)
		s = json_field(&src, transports, "transports.", "docker", JSON_OBJECT,
			       &docker);
	if (s == 0 && docker)
		s = read_scopes(&src, docker);
	if (s == 0 && docker && r) /* what has no name is in no scope */
		found = nearest(docker, r);
	return s == 0 && found ? parse_rules(&src, found, ret, ret_len) : s;
}

/* -ENOENT: there is none, also if there cannot be one (HOME=/dev/null). */
static int read_policy(struct err *e, const char *path, char **ret, size_t *ret_len)
{
	int r = io_read_config(e, path, POLICY_MAX, ret, ret_len);
	struct stat s;

	if (r == -ENOENT && lstat(path, &s) == 0)
		return err_say(e, -ENOLINK, "%s: the link leads nowhere", path);
	return r;
}

/* Add what the policy in @path asks for; -ENOENT. */
static int add_file(struct err *e, const char *path, const struct ref *ref,
		    struct policy *p)
{
	struct policy_rule rules[POLICY_RULES_MAX];
	cleanup_free char *text = NULL;
	size_t text_len = 0, len = 0;
	char name[REF_MAX] = "an image without a name";
	const char *where = arena_strdup(&p->arena, path);
	int r = where ? read_policy(e, path, &text, &text_len)
		      : err_set(e, -ENOMEM, "%s", path);

	if (r == 0)
		r = policy_find(&p->arena, e, where, text, text_len, ref, rules, &len);
	if (r < 0)
		return r;
	if (ref)
		ref_short(ref, name);
	for (size_t i = 0; i < len; i++) {
		if (rules[i].refusal)
			return *rules[i].refusal
				       ? err_say(e, -EKEYREJECTED,
						 "%s: %s asks for %s, which cannot be checked",
						 name, path, rules[i].refusal)
				       : err_say(e, -EKEYREJECTED, "%s: rejected by %s",
						 name, path);
		rules[i].where = where;
		p->rules[p->len++] = rules[i];
	}
	return 0;
}

/*
 * The user's: the one that is given, or the store's, or that of his home. -ENOENT: none.
 */
static int add_users(struct err *e, const char *store, const char *given,
		     const struct ref *ref, struct policy *p)
{
	const char *home = secure_getenv("HOME");
	char path[PATH_MAX];
	int r;

	if (given) {
		r = add_file(e, given, ref, p);
		return r == -ENOENT ? err_set(e, -ENOKEY, "%s", given) : r;
	}
	snprintf(path, sizeof(path), "%s/policy.json", store);
	r = add_file(e, path, ref, p);
	if (r != -ENOENT || !home || *home != '/')
		return r;
	snprintf(path, sizeof(path), "%s/.config/containers/policy.json", home);
	return add_file(e, path, ref, p);
}

static int read_all(struct err *e, const char *store, const char *given, const char *name,
		    struct policy *ret)
{
	struct ref ref;
	const bool named = *name && ref_parse(name, &ref) == 0;
	int r;

	*ret = (struct policy){ .len = 0 };
	r = add_users(e, store, given, named ? &ref : NULL, ret);
	if (r < 0 && r != -ENOENT)
		return r;
	/* the machine's counts as well: the user's cannot weaken it */
	r = add_file(e, "/etc/containers/policy.json", named ? &ref : NULL, ret);
	return r == -ENOENT ? 0 : r;
}

int policy_read(struct store *s, const char *given, const char *name, struct policy *ret)
{
	*ret = (struct policy){ .len = 0 };
	return s->any_image ? 0 : read_all(s->err, s->path, given, name, ret);
}

void policy_done(struct policy *p)
{
	arena_done(&p->arena);
}

int policy_ask(struct err *e, const char *store, const char *name)
{
	struct policy p;
	int r = read_all(e, store, NULL, name, &p);

	if (r == 0)
		r = p.len > 0;
	policy_done(&p);
	return r;
}
