/* SPDX-License-Identifier: MIT */
/*
 * What the registry client reads that others wrote: challenges, registries.conf, files of
 * credentials, URLs and words of servers. Its conversations are in tests/registry.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "registry/challenge.h"
#include "registry/exchange.h"
#include "registry/realm.h"
#include "registry/token.h"
#include "registry/toml.h"
#include "suite.h"

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

static struct arena arena;
static struct err err;

static void setup(void)
{
	arena = (struct arena){ 0 };
	err_clear(&err);
}

static void teardown(void)
{
	arena_done(&arena);
}

/* Challenges. */

static const struct {
	const char *text;
	int kind;
	const char *realm, *service, *scope;
} challenges[] = {
	{ "", CHALLENGE_NONE, "", "", "" },
	{ "Basic realm=\"x y\"\n", CHALLENGE_BASIC, "x y", "", "" },
	{ "basic\n", CHALLENGE_BASIC, "", "", "" },
	{ "Bearer realm=\"https://a/t\",service=\"s\",scope=\"repository:a:pull,push\"\n",
	  CHALLENGE_BEARER, "https://a/t", "s", "repository:a:pull,push" },
	{ "BEARER Realm = r , SERVICE=s\n", CHALLENGE_BEARER, "r", "s", "" },
	{ "Basic realm=\"b\"\nBearer realm=\"t\"\n", CHALLENGE_BEARER, "t", "", "" },
	{ "Bearer realm=\"t\", Basic realm=\"b\"\n", CHALLENGE_BEARER, "t", "", "" },
	{ "Negotiate, Basic realm=\"a\\\"b\"\n", CHALLENGE_BASIC, "a\"b", "", "" },
	{ "Bearer realm=\"a\",realm=\"b\"\n", CHALLENGE_BEARER, "a", "", "" },
	{ "Digest realm=\"a\"\n", CHALLENGE_NONE, "", "", "" },
};

START_TEST(challenges_are_read)
{
	struct challenge c;

	ck_assert_int_eq(challenge_parse(challenges[_i].text, &c), 0);
	ck_assert_int_eq((int)c.kind, challenges[_i].kind);
	ck_assert_str_eq(c.realm, challenges[_i].realm);
	ck_assert_str_eq(c.service, challenges[_i].service);
	ck_assert_str_eq(c.scope, challenges[_i].scope);
}
END_TEST

static const char *const bad_challenges[] = {
	"Bearer realm=\"a\n",      "Bearer realm=\n",    "\"a\"\n",
	"Bearer realm=\"\x01\"\n", "Bearer realm=\"a\\", "=\n",
	"Bearer realm=a;b\n",
};

START_TEST(other_texts_are_no_challenges)
{
	struct challenge c;

	ck_assert_int_eq(challenge_parse(bad_challenges[_i], &c), -EBADMSG);
}
END_TEST

START_TEST(a_realm_that_does_not_fit_is_refused)
{
	char text[4096] = "Bearer realm=\"";
	struct challenge c;

	memset(text + strlen(text), 'a', 3000);
	strcat(text, "\"\n");
	ck_assert_int_eq(challenge_parse(text, &c), -EBADMSG);
}
END_TEST

/* registries.conf. */

static const char conf[] =
	"unqualified-search-registries = [\"docker.io\",\n\t'quay.io'] # both\n"
	"[[registry]]\nprefix = \"docker.io/library\"\nlocation = \"here.io/hub\"\n"
	"[[registry.mirror]]\nlocation = \"m.io:5000/x\"\ninsecure = true\n"
	"pull-from-mirror = \"tag-only\"\n"
	"[[registry]]\nprefix = \"*.example.com\"\n[[registry.mirror]]\n"
	"location = \"n.io\"\n"
	"[[registry]]\nlocation = \"docker.io\"\nblocked = true\n"
	"[aliases]\nblocked = 5\n";

static const struct rule *rule_of(const struct mirrors *m, const char *registry,
				  const char *repository, struct ref *ref)
{
	*ref = (struct ref){ 0 };
	strcpy(ref->registry, registry);
	strcpy(ref->repository, repository);
	return mirrors_find(m, ref);
}

START_TEST(longest_prefix_counts)
{
	struct mirrors m = { 0 };
	const struct rule *rule;
	struct ref ref;

	ck_assert_int_eq(mirrors_parse(&arena, &err, "f", conf, &m), 0);
	rule = rule_of(&m, "docker.io", "library/alpine", &ref);
	ck_assert_str_eq(rule->prefix, "docker.io/library");
	ck_assert_uint_eq(rule->len, 1);
	ck_assert(rule->mirrors[0].insecure && rule->mirrors[0].use == MIRROR_TAGS);
	ck_assert(rule_of(&m, "docker.io", "libraryx/alpine", &ref)->blocked);
	ck_assert_ptr_null(rule_of(&m, "docker.iox", "a", &ref));
	ck_assert_ptr_null(rule_of(&m, "example.com", "a", &ref));
	ck_assert_ptr_null(rule_of(&m, "badexample.com", "a", &ref));
	ck_assert_ptr_nonnull(rule_of(&m, "a.b.example.com", "a", &ref));
}
END_TEST

START_TEST(names_are_rewritten)
{
	struct mirrors m = { 0 };
	const char *host, *name;
	const struct rule *rule;
	struct ref ref;

	ck_assert_int_eq(mirrors_parse(&arena, &err, "f", conf, &m), 0);
	rule = rule_of(&m, "docker.io", "library/alpine", &ref);
	ck_assert_int_eq(mirrors_rewrite(&arena, rule, &ref, rule->mirrors[0].location,
					 &host, &name),
			 0);
	ck_assert_str_eq(host, "m.io:5000");
	ck_assert_str_eq(name, "x/alpine");
	rule = rule_of(&m, "a.example.com", "b/c", &ref);
	ck_assert_int_eq(mirrors_rewrite(&arena, rule, &ref, "n.io", &host, &name), 0);
	ck_assert_str_eq(host, "n.io");
	ck_assert_str_eq(name, "b/c");
	ck_assert_int_eq(mirrors_rewrite(&arena, rule, &ref, "n.io/../x", &host, &name),
			 -EINVAL);
}
END_TEST

START_TEST(later_rule_replaces_one_with_its_prefix)
{
	struct mirrors m = { 0 };
	struct ref ref;

	ck_assert_int_eq(mirrors_parse(&arena, &err, "f", conf, &m), 0);
	ck_assert_int_eq(mirrors_parse(&arena, &err, "g",
				       "[[registry]]\nprefix=\"docker.io\"\n", &m),
			 0);
	ck_assert(!rule_of(&m, "docker.io", "a/b", &ref)->blocked);
	ck_assert_uint_eq(m.len, 3);
}
END_TEST

static const char *const bad_confs[] = {
	"[[registry]\n",
	"[registry",
	"a",
	"a =",
	"a = \"b",
	"a = \"\\x\"",
	"a = 1 b = 2",
	"= 1",
	"a = [1, 2",
	"a = [1}",
	"a = \"\"\"x\"\"\"",
	"[[registry.mirror]]\n",
	"[[registry]]\nprefix = 1\n",
	"[[registry]]\nprefix = \"a b\"\n",
	"[[registry]]\n",
	"[[registry]]\nprefix = \"a\"\nblocked = \"true\"\n",
	"[[registry]]\nprefix = \"a\"\ninsecure = 1\n",
	"[[registry]]\nprefix = \"a\"\nprefix = \"b\"\n",
	"[[registry]]\nprefix = \"a\"\n[[registry.mirror]]\n",
	"[[registry]]\nprefix = \"a\"\n[[registry.mirror]]\npull-from-mirror = \"x\"\n",
	"a = [[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]",
	"a = \"\\ud800\"",
	"a = \"\x01\"",
};

START_TEST(mistakes_are_named_with_their_line)
{
	struct mirrors m = { 0 };

	ck_assert_int_eq(mirrors_parse(&arena, &err, "f", bad_confs[_i], &m), -EBADMSG);
	ck_assert_ptr_eq(strstr(err.message, "f: line "), err.message);
}
END_TEST

/* Credentials. */

static int entry(const char *text, const char *registry, const char *repository,
		 struct credentials *c)
{
	json_t *file;
	int r = auth_parse(&err, "f", text, strlen(text), &file);

	*c = (struct credentials){ 0 };
	if (r < 0)
		return r;
	r = auth_entry(&arena, &err, file, "f", registry, repository, c);
	json_decref(file);
	return r;
}

static const char auths[] =
	"{\"auths\": {\"https://index.docker.io/v1/\": {\"auth\": \"YTpi\"},"
	"\"docker.io/library/alpine\": {\"auth\": \"Yzpk\"},"
	"\"quay.io\": {\"username\": \"u\", \"password\": \"p:q\"},"
	"\"bad.io\": {\"auth\": \"YT\"}, \"none.io\": {},"
	"\"l:5\": {\"identitytoken\": \"t\"}}}";

START_TEST(credentials_are_found)
{
	struct credentials c;

	ck_assert_int_eq(entry(auths, "docker.io", "library/busybox", &c), 0);
	ck_assert_str_eq(c.user, "a");
	ck_assert_str_eq(c.password, "b");
	ck_assert_int_eq(entry(auths, "docker.io", "library/alpine", &c), 0);
	ck_assert_str_eq(c.user, "c");
	ck_assert_int_eq(entry(auths, "docker.io", "library/alpine2", &c), 0);
	ck_assert_str_eq(c.user, "a");
	ck_assert_int_eq(entry(auths, "quay.io", "x", &c), 0);
	ck_assert_str_eq(c.password, "p:q");
	ck_assert_int_eq(entry(auths, "l:5", "x", &c), 0);
	ck_assert_str_eq(c.identity, "t");
}
END_TEST

START_TEST(credentials_of_others_are_not_taken)
{
	struct credentials c;

	ck_assert_int_eq(entry(auths, "uay.io", "x", &c), 0);
	ck_assert_ptr_null(c.user);
	ck_assert_int_eq(entry(auths, "quay.io.evil", "x", &c), 0);
	ck_assert_ptr_null(c.user);
	ck_assert_int_eq(entry(auths, "l", "x", &c), 0);
	ck_assert_ptr_null(c.identity);
	ck_assert_int_eq(entry(auths, "none.io", "x", &c), 0);
	ck_assert_ptr_null(c.where);
	ck_assert_int_eq(entry(auths, "bad.io", "x", &c), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.message, "bad.io"));
}
END_TEST

static const char *const bad_files[] = { "{",   "[]",
					 "1",   "{\"auths\": {}, \"auths\": {}}",
					 "{}x", "\"\xff\"" };

START_TEST(damaged_files_are_refused)
{
	struct credentials c;

	ck_assert_int_eq(entry(bad_files[_i], "a.io", "x", &c), -EBADMSG);
	ck_assert_int_ne(err.message[0], '\0');
}
END_TEST

static const char *const bad_users[] = { "", "a", ":b", "a\n:b", "a:b\r\nX: y" };

START_TEST(other_texts_are_no_credentials)
{
	struct credentials c;

	ck_assert_int_eq(auth_split(&arena, &err, bad_users[_i], &c), -EINVAL);
}
END_TEST

START_TEST(basic_is_base64)
{
	struct credentials c = { .user = "ann", .password = "pass:word" };

	ck_assert_str_eq(auth_basic(&arena, &c), "Basic YW5uOnBhc3M6d29yZA==");
}
END_TEST

/* Tokens. */

static const struct {
	const char *text, *token;
} tokens[] = {
	{ "{\"token\": \"a.b\"}", "a.b" },
	{ "{\"access_token\": \"c\", \"token\": \"\"}", "c" },
	{ "{\"token\": \"a b\"}", NULL },
	{ "{\"token\": \"a\\r\\nX: y\"}", NULL },
	{ "{\"token\": \"\\u00e9\"}", NULL },
	{ "{\"token\": 5}", NULL },
	{ "{}", NULL },
	{ "", NULL },
	{ "{\"token\": \"a\", \"token\": \"b\"}", NULL },
};

START_TEST(token_is_one_word)
{
	const char *token = NULL;
	int r = token_parse(&arena, tokens[_i].text, strlen(tokens[_i].text), &token);

	ck_assert_int_eq(r, tokens[_i].token ? 0 : -EBADMSG);
	if (r == 0)
		ck_assert_str_eq(token, tokens[_i].token);
}
END_TEST

/* URLs and words. */

static const struct {
	const char *base, *location, *query, *url;
} urls[] = {
	{ "https://a/v2/x", "/y?z=1", NULL, "https://a/y?z=1" },
	{ "https://a/v2/x", "y", NULL, "https://a/v2/y" },
	{ "https://a/v2/x", "https://b:5/y#f", NULL, "https://b:5/y" },
	{ "https://a/v2/x", "//b/y", NULL, "https://b/y" },
	{ "https://a/x?s=a%2Fb", "https://a/x?s=a%2Fb", "d=e:f",
	  "https://a/x?s=a%2Fb&d=e:f" },
	{ "https://a/x", "https://a/x", "d=e", "https://a/x?d=e" },
	{ "https://a/x", "file:///etc/passwd", NULL, NULL },
	{ "https://a/x", "ftp://b/", NULL, NULL },
	{ "https://a/x", "https://u:p@b/", NULL, NULL },
	{ "https://a/x", "http://[", NULL, NULL },
	{ "https://a/x", "https://a/\r\nX: y", NULL, NULL },
};

START_TEST(locations_are_resolved)
{
	char *url = NULL;
	int r = http_resolve(urls[_i].base, urls[_i].location, urls[_i].query, &url);

	ck_assert_int_eq(r, urls[_i].url ? 0 : -EINVAL);
	if (r == 0)
		ck_assert_str_eq(url, urls[_i].url);
	free(url);
}
END_TEST

START_TEST(origin_is_scheme_host_and_port)
{
	ck_assert(http_same_origin("https://a/x", "https://A:443/y?z"));
	ck_assert(!http_same_origin("https://a/", "http://a/"));
	ck_assert(!http_same_origin("https://a/", "https://a:444/"));
	ck_assert(!http_same_origin("https://a/", "https://a.b/"));
	ck_assert(!http_same_origin("https://a/", "nonsense://"));
}
END_TEST

/* Who may see credentials. */

static const struct {
	const char *host, *realm;
	bool plain, may;
} realms[] = {
	{ "registry-1.docker.io", "https://auth.docker.io/token", false, true },
	{ "registry-1.docker.io", "https://AUTH.docker.io:443/token", false, true },
	{ "registry-1.docker.io", "http://auth.docker.io/token", false, false },
	{ "registry-1.docker.io", "http://auth.docker.io/token", true, false },
	{ "registry-1.docker.io", "https://auth.docker.io:444/token", false, false },
	{ "registry-1.docker.io", "https://auth.docker.io.evil.invalid/token", false,
	  false },
	{ "registry-1.docker.io", "https://xauth.docker.io/token", false, false },
	{ "registry-1.docker.io", "https://docker.io/token", false, false },
	{ "registry-1.docker.io:444", "https://auth.docker.io/token", false, false },
	{ "evil.invalid", "https://auth.docker.io/token", false, false },
	{ "registry.gitlab.com", "https://gitlab.com/jwt/auth", false, true },
	{ "r.invalid", "https://r.invalid/auth", false, true },
	{ "r.invalid", "https://R.invalid:443/auth", false, true },
	{ "r.invalid", "https://r.invalid:5000/auth", false, false },
	{ "r.invalid", "http://r.invalid/auth", false, false },
	{ "r.invalid", "http://r.invalid/auth", true, true },
	{ "r.invalid", "https://r.invalid/auth", true, false },
	{ "r.invalid", "https://r.invalid./auth", false, false },
	{ "r.invalid", "https://named.invalid/auth", false, true },
	{ "r.invalid", "https://named.invalid:5000/auth", false, false },
	{ "r.invalid", "https://port.invalid:5000/auth", false, true },
	{ "r.invalid", "https://port.invalid/auth", false, false },
	{ "r.invalid", "https://option.invalid:1/auth", false, true },
	{ "r.invalid", "https://named.invalid@evil.invalid/auth", false, false },
};

START_TEST(credentials_are_for_few)
{
	struct place p = {
		.host = realms[_i].host,
		.plain = realms[_i].plain,
		.trust = { .realms = "other.invalid\nnamed.invalid\nport.invalid:5000\n" }
	};
	struct registry reg = { .places = &p,
				.len = 1,
				.o = { .realm = "option.invalid:1" } };

	ck_assert_msg(realm_may_know(&reg, &p, realms[_i].realm) == realms[_i].may,
		      "%s for %s", realms[_i].realm, realms[_i].host);
}
END_TEST

START_TEST(an_option_is_for_no_mirror)
{
	struct place p[] = { { .host = "mirror.invalid" }, { .host = "r.invalid" } };
	struct registry reg = { .places = p, .len = 2, .o = { .realm = "auth.invalid" } };

	ck_assert(!realm_may_know(&reg, &p[0], "https://auth.invalid/"));
	ck_assert(realm_may_know(&reg, &p[1], "https://auth.invalid/"));
}
END_TEST

static const struct {
	const char *from, *to;
	bool inside;
} ways[] = {
	{ "https://r.invalid/", "https://localhost/", true },
	{ "https://r.invalid/", "http://LocalHost:2375/x", true },
	{ "https://r.invalid/", "http://a.localhost/", true },
	{ "https://r.invalid/", "http://127.0.0.1/", true },
	{ "https://r.invalid/", "http://127.8.9.1/", true },
	{ "https://r.invalid/", "http://0x7f.1/", true },
	{ "https://r.invalid/", "http://2130706433/", true },
	{ "https://r.invalid/", "http://0177.0.0.1/", true },
	{ "https://r.invalid/", "http://0/", true },
	{ "https://r.invalid/", "http://0.0.0.0:80/", true },
	{ "https://r.invalid/", "http://[::1]:80/", true },
	{ "https://r.invalid/", "http://[0:0:0:0:0:0:0:1]/", true },
	{ "https://r.invalid/", "http://[::]/", true },
	{ "https://r.invalid/", "http://[::ffff:127.0.0.1]/", true },
	{ "https://r.invalid/", "http://[::ffff:7f00:1]/", true },
	{ "https://r.invalid/", "http://[::127.0.0.1]/", true },
	{ "https://r.invalid/", "https://notlocalhost/", false },
	{ "https://r.invalid/", "https://localhost.invalid/", false },
	{ "https://r.invalid/", "https://128.0.0.1/", false },
	{ "https://r.invalid/", "https://[2001:db8::1]/", false },
	{ "https://r.invalid/", "https://r.invalid:5000/", false },
	{ "http://127.0.0.1:5000/", "http://127.0.0.1:5001/", false },
	{ "http://localhost:5000/", "http://[::1]:5001/", false },
};

START_TEST(from_elsewhere_nothing_leads_inside)
{
	ck_assert_msg(http_leads_inside(ways[_i].from, ways[_i].to) == ways[_i].inside,
		      "%s to %s", ways[_i].from, ways[_i].to);
}
END_TEST

START_TEST(words_of_others_become_one_line)
{
	char text[32];

	http_printable("a\x1b[31m\n\xe2\x80\xae", 10, text, sizeof(text));
	ck_assert_str_eq(text, "a\\x1b[31m\\x0a\\xe2\\x80\\xae");
	http_printable("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 39, text, 8);
	ck_assert_uint_lt(strlen(text), 8);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("registry");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, challenges_are_read, 0, COUNT(challenges));
	tcase_add_loop_test(t, other_texts_are_no_challenges, 0, COUNT(bad_challenges));
	tcase_add_test(t, a_realm_that_does_not_fit_is_refused);
	tcase_add_test(t, longest_prefix_counts);
	tcase_add_test(t, names_are_rewritten);
	tcase_add_test(t, later_rule_replaces_one_with_its_prefix);
	tcase_add_loop_test(t, mistakes_are_named_with_their_line, 0, COUNT(bad_confs));
	tcase_add_test(t, credentials_are_found);
	tcase_add_test(t, credentials_of_others_are_not_taken);
	tcase_add_loop_test(t, damaged_files_are_refused, 0, COUNT(bad_files));
	tcase_add_loop_test(t, other_texts_are_no_credentials, 0, COUNT(bad_users));
	tcase_add_test(t, basic_is_base64);
	tcase_add_loop_test(t, token_is_one_word, 0, COUNT(tokens));
	tcase_add_loop_test(t, locations_are_resolved, 0, COUNT(urls));
	tcase_add_test(t, origin_is_scheme_host_and_port);
	tcase_add_loop_test(t, credentials_are_for_few, 0, COUNT(realms));
	tcase_add_test(t, an_option_is_for_no_mirror);
	tcase_add_loop_test(t, from_elsewhere_nothing_leads_inside, 0, COUNT(ways));
	tcase_add_test(t, words_of_others_become_one_line);
	return run_case("registry", t);
}
