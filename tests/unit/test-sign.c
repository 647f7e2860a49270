/* SPDX-License-Identifier: MIT */
/* Keys, payloads, lists of signatures and policies, well formed and hostile. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sign/sign.h"
#include "suite.h"

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define TYPE  "\"type\":\"cosign container image signature\""
#define PAYLOAD(name, hex, more)                                           \
	"{\"critical\":{\"identity\":{\"docker-reference\":\"" name "\"}," \
	"\"image\":{\"docker-manifest-digest\":\"sha256:" hex "\"}," TYPE "}" more "}"

static const struct digest manifest = { "sha256:" HEX_A };
static struct err err;
static struct arena arena;
static struct ref ref;
static char dir[] = "/tmp/minc-sign.XXXXXX";
static char base[64], private[80], public[80];

static void setup(void)
{
	err_clear(&err);
	strcpy(dir + sizeof(dir) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(base, sizeof(base), "%s/k", dir);
	snprintf(private, sizeof(private), "%s.key", base);
	snprintf(public, sizeof(public), "%s.pub", base);
	ck_assert_int_eq(ref_parse("alpine:3", &ref), 0);
	(void)unsetenv("COSIGN_PASSWORD");
}

static void teardown(void)
{
	arena_done(&arena);
	(void)unlink(private);
	(void)unlink(public);
	(void)rmdir(dir);
}

static void shell(const char *command)
{
	char line[400];

	snprintf(line, sizeof(line), "cd %s && { %s; } >/dev/null 2>&1", dir, command);
	ck_assert_int_eq(system(line), 0);
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

/* Sign with what is in the two files, and check. */
static int sign_and_check(const char *payload)
{
	cleanup_key struct key *k = NULL, *pub = NULL;
	unsigned char bytes[KEY_SIGNATURE_MAX];
	struct signatures list = { .len = 1 };

	ck_assert_int_eq(key_private(&err, private, &k), 0);
	ck_assert_int_eq(key_public(&err, public, &pub), 0);
	list.v[0] = (struct signature){ .payload = payload,
					.payload_len = strlen(payload),
					.bytes = bytes,
					.keyid = "" };
	ck_assert_int_eq(key_sign(k, payload, strlen(payload), bytes, &list.v[0].len), 0);
	return signatures_check(&err, "alpine:3", &list, pub, "k.pub", &ref, &manifest);
}

START_TEST(a_new_pair_signs_and_its_private_half_is_private)
{
	struct stat st;

	ck_assert_int_eq(key_make(&err, base), 0);
	ck_assert_int_eq(stat(private, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(sign_and_check(payload_write(&arena, &ref, &manifest)), 0);
}
END_TEST

START_TEST(no_key_is_overwritten)
{
	write_file(private, "mine");
	ck_assert_int_eq(key_make(&err, base), -EEXIST);
	ck_assert_ptr_nonnull(strstr(err.message, "k.key: File exists"));
	ck_assert_int_eq(access(public, F_OK), -1);
	err_clear(&err);
	ck_assert_int_eq(rename(private, public), 0);
	ck_assert_int_eq(key_make(&err, base), -EEXIST);
	ck_assert_ptr_nonnull(strstr(err.message, "k.pub: File exists"));
	ck_assert_int_eq(access(private, F_OK), -1);
}
END_TEST

START_TEST(keys_of_openssl_sign)
{
	shell("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out k.key && "
	      "openssl pkey -in k.key -pubout -out k.pub");
	ck_assert_int_eq(sign_and_check(payload_write(&arena, &ref, &manifest)), 0);
	shell("openssl genpkey -algorithm ed25519 -aes256 -pass pass:word -out k.key && "
	      "openssl pkey -in k.key -passin pass:word -pubout -out k.pub");
	(void)setenv("COSIGN_PASSWORD", "word", 1);
	ck_assert_int_eq(sign_and_check(payload_write(&arena, &ref, &manifest)), 0);
}
END_TEST

START_TEST(openssl_checks_what_is_signed)
{
	cleanup_key struct key *k = NULL;
	unsigned char bytes[KEY_SIGNATURE_MAX];
	char path[100];
	size_t len;
	FILE *f;

	ck_assert_int_eq(key_make(&err, base), 0);
	ck_assert_int_eq(key_private(&err, private, &k), 0);
	ck_assert_int_eq(key_sign(k, "text", 4, bytes, &len), 0);
	snprintf(path, sizeof(path), "%s/sig", dir);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(bytes, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
	shell("printf text >text && openssl pkeyutl -verify -pubin -inkey k.pub -rawin -in text "
	      "-sigfile sig; r=$?; rm text sig; exit $r");
}
END_TEST

static void no_key(const char *text, int r, const char *message)
{
	struct key *k;

	write_file(private, text);
	err_clear(&err);
	ck_assert_int_eq(key_private(&err, private, &k), r);
	ck_assert_msg(strstr(err.message, message), "%s", err.message);
}

START_TEST(what_is_no_key_of_ours_is_refused)
{
	struct key *k;

	ck_assert_int_eq(key_public(&err, public, &k), -ENOKEY);
	ck_assert_ptr_nonnull(strstr(err.message, "k.pub: No such file or directory"));
	no_key("", -EBADMSG, "k.key: no private key in PEM");
	no_key("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n", -EBADMSG,
	       "cosign import-key-pair");
	shell("openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out k.key");
	err_clear(&err);
	ck_assert_int_eq(key_private(&err, private, &k), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.message,
				     "neither an Ed25519 nor an ECDSA P-256 key"));
	shell("openssl genpkey -algorithm ed25519 -aes256 -pass pass:word -out k.key");
	err_clear(&err);
	ck_assert_int_eq(key_private(&err, private, &k), -ENOKEY);
	ck_assert_ptr_nonnull(strstr(err.message, "COSIGN_PASSWORD is not set"));
	(void)setenv("COSIGN_PASSWORD", "another", 1);
	err_clear(&err);
	ck_assert_int_eq(key_private(&err, private, &k), -ENOKEY);
	ck_assert_ptr_nonnull(strstr(err.message, "COSIGN_PASSWORD does not decrypt it"));
}
END_TEST

static const struct {
	const char *payload, *message; /* NULL: accepted */
} payloads[] = {
	{ PAYLOAD("docker.io/library/alpine", HEX_A, ""), NULL },
	{ PAYLOAD("index.docker.io/library/alpine", HEX_A, ",\"optional\":{\"a\":1}"),
	  NULL },
	{ PAYLOAD("alpine:2", HEX_A, ",\"optional\":null"), NULL },
	{ PAYLOAD("quay.io/a/b", HEX_A, ""), "alpine:3: signed as quay.io/a/b" },
	{ PAYLOAD("", HEX_A, ""), "alpine:3: signed as " },
	{ PAYLOAD("alpine", HEX_B, ""),
	  "alpine:3: signed for another manifest, sha256:bbbbbbbbbbbb..." },
	{ PAYLOAD("alpine", HEX_A, ",\"more\":1"), "alpine:3: more: unknown" },
	{ PAYLOAD("alpine", HEX_A, "") "x", NULL },
	{ "{\"critical\":{" TYPE "}}",
	  "alpine:3: not the payload of a signature of an image" },
	{ "{}", "alpine:3: not the payload of a signature of an image" },
	{ "{\"critical\":{},\"critical\":{}}", "" },
};

START_TEST(a_payload_is_for_one_manifest_and_one_repository)
{
	ck_assert_int_eq(key_make(&err, base), 0);
	for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
		const char *want = payloads[i].message;
		const bool junk =
			payloads[i].payload[strlen(payloads[i].payload) - 1] == 'x';
		int r;

		err_clear(&err);
		r = sign_and_check(payloads[i].payload);
		if (!want && !junk) {
			ck_assert_msg(r == 0, "%zu: %s", i, err.message);
			continue;
		}
		ck_assert_msg(r == -EKEYREJECTED, "%zu: %d", i, r);
		if (want && *want)
			ck_assert_str_eq(err.message, want);
	}
}
END_TEST

START_TEST(a_signature_by_another_key_is_none)
{
	cleanup_key struct key *other = NULL;
	struct signatures list = { .len = 1 };

	ck_assert_int_eq(key_make(&err, base), 0);
	ck_assert_int_eq(key_public(&err, public, &other), 0);
	list.v[0] = (struct signature){ .payload = "{}",
					.payload_len = 2,
					.bytes = (const unsigned char *)"abc",
					.len = 3,
					.keyid = "" };
	ck_assert_int_eq(signatures_check(&err, "alpine:3", &list, other, "k.pub", &ref,
					  &manifest),
			 -EKEYREJECTED);
	ck_assert_str_eq(err.message, "alpine:3: no valid signature by k.pub");
}
END_TEST

START_TEST(a_list_of_signatures_is_written_and_read_again)
{
	struct signatures list = { .len = 0 }, again;
	struct signature one = { "payload", 7, (const unsigned char *)"\0\1", 2, "id" };
	char *text;

	ck_assert_int_eq(signatures_add(&list, &one), 0);
	one.bytes = (const unsigned char *)"\1\2"; /* by the same key: instead */
	ck_assert_int_eq(signatures_add(&list, &one), 0);
	ck_assert_uint_eq(list.len, 1);
	ck_assert_int_eq(signatures_write(&list, &text), 0);
	ck_assert_int_eq(signatures_parse(&arena, &err, "s", text, strlen(text), &again),
			 0);
	free(text);
	ck_assert_uint_eq(again.len, 1);
	ck_assert_str_eq(again.v[0].payload, "payload");
	ck_assert_str_eq(again.v[0].keyid, "id");
	ck_assert_mem_eq(again.v[0].bytes, "\1\2", 2);
	one.keyid = "";
	for (char c = 0; c < SIGNATURES_MAX - 1; c++) {
		char *bytes = arena_printf(&arena, "x%c", 'A' + c);

		one.bytes = (const unsigned char *)bytes;
		ck_assert_int_eq(signatures_add(&list, &one), 0);
	}
	one.bytes = (const unsigned char *)"yy";
	ck_assert_int_eq(signatures_add(&list, &one), -E2BIG);
}
END_TEST

START_TEST(base64_is_strict)
{
	static const char *const bad[] = { "a",     "abc",  "ab=c", "a===",
					   "abc\n", "ab c", "====" };
	size_t len;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!payload_decode(&arena, bad[i], 100, &len), "%s", bad[i]);
	ck_assert_str_eq(payload_decode(&arena, "YQ==", 1, &len), "a");
	ck_assert_uint_eq(len, 1);
	ck_assert_ptr_null(payload_decode(&arena, "YWE=", 1, &len));
}
END_TEST

#define ANY            "[{\"type\":\"insecureAcceptAnything\"}]"
#define REJECT         "[{\"type\":\"reject\"}]"
#define SIGNED         "[{\"type\":\"sigstoreSigned\",\"keyPath\":\"/k\"}]"
#define DOCKER(scopes) "{\"default\":" ANY ",\"transports\":{\"docker\":{" scopes "}}}"

static const struct {
	const char *policy, *name;
	const char *want; /* "" accepted, path of a key, or why it is refused */
} policies[] = {
	{ "{\"default\":" ANY "}", "alpine", "" },
	{ "{\"default\":" REJECT "}", "alpine", "reject" },
	{ "{\"default\":" SIGNED "}", "alpine", "/k" },
	{ "{\"default\":" ANY ",\"transports\":{\"docker-daemon\":{\"\":1}}}", "alpine",
	  "" },
	{ DOCKER("\"\":" REJECT), "alpine", "reject" },
	{ DOCKER("\"docker.io\":" REJECT), "alpine", "reject" },
	{ DOCKER("\"docker.io\":" REJECT), "quay.io/a/b", "" },
	{ DOCKER("\"docker.io\":" REJECT ",\"docker.io/library\":" SIGNED), "alpine",
	  "/k" },
	{ DOCKER("\"docker.io/lib\":" REJECT), "alpine", "" },
	{ DOCKER("\"docker.io/library/alpine:3\":" REJECT), "alpine:3", "reject" },
	{ DOCKER("\"docker.io/library/alpine:3\":" REJECT), "alpine:4", "" },
	{ DOCKER("\"*.example.com\":" REJECT), "a.b.example.com/c", "reject" },
	{ DOCKER("\"*.example.com\":" REJECT), "example.com/c", "" },
	{ DOCKER("\"quay.io\":[{\"type\":\"signedBy\",\"keyType\":\"GPGKeys\"}]"),
	  "quay.io/a", "signedBy" },
	{ DOCKER("\"quay.io\":[{\"type\":\"signedBy\",\"keyType\":\"GPGKeys\"}]"),
	  "alpine", "" },
	{ "{\"default\":[{\"type\":\"sigstoreSigned\",\"keyPath\":\"/k\",\"signedIdentity\":"
	  "{\"type\":\"matchRepository\"}}]}",
	  "alpine", "/k" },
	{ "{\"default\":[{\"type\":\"sigstoreSigned\",\"keyPath\":\"/k\",\"signedIdentity\":"
	  "{\"type\":\"matchExact\"}}]}",
	  "alpine", "signedIdentity other than matchRepository" },
	{ "{\"default\":[{\"type\":\"sigstoreSigned\",\"keyPath\":\"/k\",\"rekorPublicKeyPath\":"
	  "\"/r\"}]}",
	  "alpine", "sigstoreSigned with more than keyPath or keyData" },
};

START_TEST(the_nearest_scope_decides)
{
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		struct policy_rule rules[POLICY_RULES_MAX];
		const char *found = "", *text = policies[i].policy;
		size_t len;

		ck_assert_int_eq(ref_parse(policies[i].name, &ref), 0);
		err_clear(&err);
		ck_assert_msg(policy_find(&arena, &err, "p", text, strlen(text), &ref,
					  rules, &len) == 0,
			      "%zu: %s", i, err.message);
		if (len)
			found = !rules[0].refusal   ? rules[0].path
				: *rules[0].refusal ? rules[0].refusal
						    : "reject";
		ck_assert_msg(strcmp(found, policies[i].want) == 0, "%zu: %s", i, found);
	}
}
END_TEST

static const struct {
	const char *policy, *message;
} faulty[] = {
	{ "{}", "p: default: missing" },
	{ "{\"default\":[]}", "p: requirements: not a list of at least one" },
	{ "{\"default\":" ANY ",\"defualt\":" REJECT "}", "p: defualt: unknown" },
	{ "{\"default\":" ANY ",\"default\":" REJECT "}", NULL },
	{ "{\"default\":[{\"type\":\"trust\"}]}", "p: type trust: unknown" },
	{ "{\"default\":[{\"type\":\"reject\",\"a\":1}]}", "p: a: unknown" },
	{ "{\"default\":[{\"type\":\"sigstoreSigned\"}]}",
	  "p: sigstoreSigned: neither or both of keyPath and keyData" },
	{ "{\"default\":[{\"type\":\"sigstoreSigned\",\"keypath\":\"/k\"}]}",
	  "p: sigstoreSigned.keypath: unknown" },
	{ DOCKER("\"quay.io\":[{\"type\":\"x\"}]"), "p: type x: unknown" },
	{ DOCKER("\"quay.io\":{}"), "p: requirements: not a list of at least one" },
};

START_TEST(a_faulty_policy_accepts_nothing)
{
	for (size_t i = 0; i < sizeof(faulty) / sizeof(faulty[0]); i++) {
		struct policy_rule rules[POLICY_RULES_MAX];
		const char *text = faulty[i].policy;
		size_t len;

		err_clear(&err);
		ck_assert_int_eq(policy_find(&arena, &err, "p", text, strlen(text), &ref,
					     rules, &len),
				 -EBADMSG);
		if (faulty[i].message)
			ck_assert_str_eq(err.message, faulty[i].message);
	}
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("sign");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_new_pair_signs_and_its_private_half_is_private);
	tcase_add_test(t, no_key_is_overwritten);
	tcase_add_test(t, keys_of_openssl_sign);
	tcase_add_test(t, openssl_checks_what_is_signed);
	tcase_add_test(t, what_is_no_key_of_ours_is_refused);
	tcase_add_test(t, a_payload_is_for_one_manifest_and_one_repository);
	tcase_add_test(t, a_signature_by_another_key_is_none);
	tcase_add_test(t, a_list_of_signatures_is_written_and_read_again);
	tcase_add_test(t, base64_is_strict);
	tcase_add_test(t, the_nearest_scope_decides);
	tcase_add_test(t, a_faulty_policy_accepts_nothing);
	return run_case("sign", t);
}
