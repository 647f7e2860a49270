/* SPDX-License-Identifier: MIT */
/*
 * policy - which names need which signature: the part of containers-policy.json(5) that can be
 * kept without asking anybody. What is asked for and cannot be checked refuses the names it
 * covers; what is not understood refuses all.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/owner.h"
#include "base/str.h"
#include "image/json.h"
#include "image/sign.h"

static bool is_one_of(const char *key, const char *const *keys)
{
	for (; *keys; keys++)
		if (str_equal(key, *keys))
			return true;
	return false;
}

static int parse_identity(const struct json_source *src, json_t *o, struct policy_rule *ret)
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

static int parse_sigstore(const struct json_source *src, json_t *o, struct policy_rule *ret)
{
	/* of containers-policy.json(5), but not of ours */
	static const char *const others[] = { "keyPaths", "keyDatas", "fulcio", "pki",
					      "rekorPublicKeyPath", "rekorPublicKeyPaths",
					      "rekorPublicKeyData", "rekorPublicKeyDatas", NULL };
	static const char *const ours[] = { "type", "keyPath", "keyData", "signedIdentity", NULL };
	const char *key;
	json_t *value;
	int r = 0;

	json_object_foreach(o, key, value) {
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
		r = json_refuse(src, "sigstoreSigned: neither or both of keyPath and keyData");
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
		ret->refusal = str_equal(type, "signedBy") ? "signedBy" : "signedBaseLayer";
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
	json_array_foreach(list, i, o) {
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

/* The scope nearest to the name: itself, its repository, what is above it, its domain. */
static json_t *nearest(json_t *scopes, const struct ref *r)
{
	char name[REF_MAX + DIGEST_LEN + 160];
	json_t *found;
	char *cut;

	snprintf(name, sizeof(name), "%s/%s%s%s", r->registry, r->repository,
		 *r->digest.text ? "@" : ":", *r->digest.text ? r->digest.text : r->tag);
	found = json_object_get(scopes, name);
	snprintf(name, sizeof(name), "%s/%s", r->registry, r->repository);
	while (!found) {
		found = json_object_get(scopes, name);
		cut = strrchr(name, '/');
		if (!cut)
			break;
		*cut = '\0';
	}
	for (cut = strchr(r->registry, '.'); cut && !found; cut = strchr(cut + 1, '.')) {
		snprintf(name, sizeof(name), "*%s", cut);
		found = json_object_get(scopes, name);
	}
	return found ? found : json_object_get(scopes, "");
}

/* All of it is read, so that a fault is seen whatever is asked for. */
static int read_scopes(const struct json_source *src, json_t *scopes)
{
	struct policy_rule rules[POLICY_RULES_MAX];
	const char *key;
	json_t *value;
	int r = 0;

	json_object_foreach(scopes, key, value) {
		r = parse_rules(src, value, rules, NULL);
		if (r < 0)
			break;
	}
	return r;
}

int policy_find(struct arena *a, struct err *e, const char *what, const char *text, size_t len,
		const struct ref *r, struct policy_rule ret[POLICY_RULES_MAX], size_t *ret_len)
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
		s = json_field(&src, transports, "transports.", "docker", JSON_OBJECT, &docker);
	if (s == 0 && docker)
		s = read_scopes(&src, docker);
	if (s == 0 && docker)
		found = nearest(docker, r);
	return s == 0 && found ? parse_rules(&src, found, ret, ret_len) : s;
}

static int try_file(const char *path, char *where, size_t size, char **ret, size_t *ret_len)
{
	int r = io_read_file(AT_FDCWD, path, POLICY_MAX, ret, ret_len);

	snprintf(where, size, "%s", path);
	return r;
}

/* -ENOENT: there is none. */
static int read_policy(struct minc_transfer *t, char where[PATH_MAX], char **ret, size_t *ret_len)
{
	const char *given = t->text[MINC_TRANSFER_POLICY], *home = owner_env_dir("HOME");
	char path[PATH_MAX];
	int r;

	if (given) {
		r = try_file(given, where, PATH_MAX, ret, ret_len);
		return r < 0 ? err_set(t->err, r == -ENOENT ? -ENOKEY : r, "%s", given) : 0;
	}
	snprintf(path, sizeof(path), "%s/policy.json", t->store->path);
	r = try_file(path, where, PATH_MAX, ret, ret_len);
	if (r == -ENOENT && home && *home == '/') {
		snprintf(path, sizeof(path), "%s/.config/containers/policy.json", home);
		r = try_file(path, where, PATH_MAX, ret, ret_len);
	}
	if (r == -ENOENT)
		r = try_file("/etc/containers/policy.json", where, PATH_MAX, ret, ret_len);
	return r < 0 && r != -ENOENT ? err_set(t->err, r, "%s", where) : r;
}

static int key_of(struct arena *a, struct err *e, const char *what, const struct policy_rule *rule,
		  struct key **ret)
{
	const char *pem;
	size_t len;

	if (rule->path)
		return key_public(e, rule->path, ret);
	pem = payload_decode(a, rule->data, KEY_FILE_MAX, &len);
	return pem ? key_public_text(e, what, pem, len, ret) :
		     err_say(e, -EBADMSG, "%s: keyData: not base64", what);
}

struct question {
	struct minc_transfer *t;
	struct arena a;
	const struct ref *ref;
	const struct digest *manifest;
	struct signatures list;
	char name[REF_MAX], where[PATH_MAX];
};

static int check_rules(struct question *q, const struct policy_rule *rules, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		cleanup_key struct key *k = NULL;
		int r = key_of(&q->a, q->t->err, q->where, &rules[i], &k);

		if (r == 0)
			r = signatures_check(q->t->err, q->name, &q->list, k,
					     rules[i].path ? rules[i].path : "the policy's key",
					     q->ref, q->manifest);
		if (r < 0)
			return r;
	}
	return 0;
}

static int ask(struct question *q, sign_bring_fn *bring, void *data)
{
	struct policy_rule rules[POLICY_RULES_MAX];
	cleanup_free char *text = NULL;
	struct err *e = q->t->err;
	size_t len = 0, text_len;
	int r = read_policy(q->t, q->where, &text, &text_len);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = policy_find(&q->a, e, q->where, text, text_len, q->ref, rules, &len);
	if (r < 0)
		return r;
	for (size_t i = 0; i < len; i++)
		if (rules[i].refusal)
			return *rules[i].refusal ?
				       err_say(e, -EKEYREJECTED, "%s: %s asks for %s, which cannot be checked",
					       q->name, q->where, rules[i].refusal) :
				       err_say(e, -EKEYREJECTED, "%s: rejected by %s", q->name,
					       q->where);
	if (len == 0)
		return 0;
	r = signatures_read(q->t->store, &q->a, q->manifest, &q->list);
	if (r == 0 && bring)
		r = bring(&q->a, &q->list, data);
	if (r == 0 && q->list.len == 0)
		r = err_say(e, -ENOKEY, "%s: not signed, and %s asks for it", q->name, q->where);
	return r < 0 ? r : check_rules(q, rules, len);
}

int policy_check(struct minc_transfer *t, const struct ref *r, const struct digest *manifest,
		 sign_bring_fn *bring, void *data)
{
	struct question q = { .t = t, .ref = r, .manifest = manifest };
	int s;

	ref_short(r, q.name);
	s = ask(&q, bring, data);
	arena_done(&q.a);
	return s;
}
