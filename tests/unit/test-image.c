/* SPDX-License-Identifier: MIT */
/*
 * What others wrote about images: names, digests, manifests, indexes, configs and
 * index.json, well formed and hostile.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rfc3339.h"
#include "content/digests.h"
#include "content/ref.h"
#include "store/default-place.h"
#include "store/image-config.h"
#include "store/image.h"
#include "store/index.h"
#include "store/manifest.h"
#include "store/needed.h"
#include "store/platform.h"
#include "suite.h"

#define HEX_A   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B   "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define A       "\"sha256:" HEX_A "\""
#define B       "\"sha256:" HEX_B "\""
#define VERSION "\"schemaVersion\":2"
#define CONFIG \
	"\"config\":{\"mediaType\":\"" MEDIA_OCI_CONFIG "\",\"digest\":" A ",\"size\":2}"
#define LAYER(type) "{\"mediaType\":\"" type "\",\"digest\":" B ",\"size\":3}"
#define LAYERS      "\"layers\":[" LAYER(MEDIA_OCI_LAYER_GZIP) "]"
#define MANIFEST    "{" VERSION "," CONFIG "," LAYERS "}"

static struct image *img;
static struct err err;
static struct arena arena;

static void setup(void)
{
	img = image_new();
	ck_assert_ptr_nonnull(img);
	err_clear(&err);
}

static void teardown(void)
{
	img = image_free(img);
	arena_done(&arena);
}

static int manifest(const char *text, const char *media_type)
{
	return image_parse_manifest(img, &err, "m", text, strlen(text), media_type);
}

static void refused(int r, const char *message)
{
	ck_assert_int_eq(r, -EBADMSG);
	ck_assert_str_eq(err.message, message);
}

static const struct {
	const char *name, *whole, *shortly;
} names[] = {
	{ "alpine", "docker.io/library/alpine:latest", "alpine:latest" },
	{ "alpine:3.20", "docker.io/library/alpine:3.20", "alpine:3.20" },
	{ "library/alpine", "docker.io/library/alpine:latest", "alpine:latest" },
	{ "docker.io/alpine", "docker.io/library/alpine:latest", "alpine:latest" },
	{ "index.docker.io/u/a:1", "docker.io/u/a:1", "u/a:1" },
	{ "docker.io/x.y/z", "docker.io/x.y/z:latest", "docker.io/x.y/z:latest" },
	{ "localhost/a", "localhost/a:latest", "localhost/a:latest" },
	{ "localhost:5000/a/b/c:T_1", "localhost:5000/a/b/c:T_1",
	  "localhost:5000/a/b/c:T_1" },
	{ "host:5000", "docker.io/library/host:5000", "host:5000" },
	{ "Host/a", "Host/a:latest", "Host/a:latest" },
	{ "[::1]:5000/a", "[::1]:5000/a:latest", "[::1]:5000/a:latest" },
	{ "a__b-c---d.e", "docker.io/library/a__b-c---d.e:latest",
	  "a__b-c---d.e:latest" },
	{ "a@sha256:" HEX_A, "docker.io/library/a@sha256:" HEX_A, "a@sha256:" HEX_A },
	{ "q.io/a:1@sha256:" HEX_A, "q.io/a:1@sha256:" HEX_A, "q.io/a:1@sha256:" HEX_A },
};

START_TEST(names_have_a_whole_and_a_short_form)
{
	char text[REF_MAX];
	struct ref r, again;

	ck_assert_int_eq(ref_parse(names[_i].name, &r), 0);
	ref_whole(&r, text);
	ck_assert_str_eq(text, names[_i].whole);
	ck_assert_int_eq(ref_parse(text, &again), 0);
	ref_short(&again, text);
	ck_assert_str_eq(text, names[_i].shortly);
}
END_TEST

static const char *const no_names[] = {
	"",
	"A",
	"a/B",
	"/a",
	"a/",
	"a//b",
	"../a",
	"a/../b",
	".a",
	"a.",
	"-a",
	"a_",
	"a___b",
	"a..b",
	"a:",
	"a:-x",
	"a:.x",
	"a: b",
	"a b",
	"a\n",
	"a\033[2J",
	"\xc3\xa4",
	"a@",
	"a@sha256:12",
	"a@md5:00",
	HEX_A,
	"library/" HEX_A,
	"docker.io/" HEX_A ":1",
	"host:123456/a",
	"host:/a",
	"host.:1/a",
	"-h.x/a",
	"[::1/a",
	"http://a/b",
	"a?b",
	"a@sha256:" HEX_A "0",
	"a#b",
	"a:b:c",
	"x.y/",
	"x.y//a",
	"a@sha256:" HEX_A "@sha256:" HEX_A,
};

START_TEST(what_is_no_name_is_refused)
{
	struct ref r;

	ck_assert_int_eq(ref_parse(no_names[_i], &r), -EINVAL);
}
END_TEST

START_TEST(names_have_bounds)
{
	char text[1000];
	struct ref r;

	memset(text, 'a', sizeof(text));
	text[255 - 8] = '\0'; /* with "library/" 255 */
	ck_assert_int_eq(ref_parse(text, &r), 0);
	text[255 - 8] = 'a';
	text[256] = '\0';
	ck_assert_int_eq(ref_parse(text, &r), -EINVAL);
	text[256] = 'a';
	text[999] = '\0';
	ck_assert_int_eq(ref_parse(text, &r), -EINVAL);
	text[1] = ':';
	text[2 + 128] = '\0';
	ck_assert_int_eq(ref_parse(text, &r), 0);
	text[2 + 128] = 'a';
	text[2 + 129] = '\0';
	ck_assert_int_eq(ref_parse(text, &r), -EINVAL);
}
END_TEST

START_TEST(digests_are_sha256_in_lower_case)
{
	unsigned char bytes[DIGEST_BYTES] = { 0xab, 0x01 };
	static const char odd[] = { 'A', 'g', '/', '.', ':', ' ', '\n', (char)0xe4 };
	struct digest d, again;

	ck_assert_int_eq(digest_parse("sha256:" HEX_A, &d), 0);
	ck_assert_str_eq(digest_hex(&d), HEX_A);
	ck_assert_int_eq(digest_parse("sha512:" HEX_A HEX_B, &d), -EOPNOTSUPP);
	ck_assert_int_eq(digest_parse("sha256:" HEX_A "a", &d), -EINVAL);
	ck_assert_int_eq(digest_parse("sha256:A" HEX_A, &d), -EINVAL);
	ck_assert_int_eq(digest_parse("sha256:../../../../../../../../../etc", &d),
			 -EINVAL);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		/* of the right length */
		char text[] = "sha256:" HEX_A;

		text[strlen("sha256:") + i * 9] = odd[i];
		ck_assert_msg(digest_parse(text, &d) == -EINVAL, "%s", text);
	}
	ck_assert_int_eq(digest_parse("", &d), -EINVAL);
	ck_assert_int_eq(digest_parse(HEX_A, &d), -EINVAL);
	digest_from_bytes(bytes, &d);
	ck_assert_int_eq(digest_parse(d.text, &again), 0);
	ck_assert(digest_equal(&d, &again));
	ck_assert_int_eq(strncmp(d.text, "sha256:ab0100", 13), 0);
}
END_TEST

START_TEST(a_manifest_says_config_and_layers)
{
	ck_assert_int_eq(manifest(MANIFEST, NULL), 0);
	ck_assert_str_eq(img->media_type, MEDIA_OCI_MANIFEST);
	ck_assert_str_eq(digest_hex(&img->config), HEX_A);
	ck_assert_uint_eq(img->config_size, 2);
	ck_assert_uint_eq(img->layers_len, 1);
	ck_assert_str_eq(digest_hex(&img->layers[0].digest), HEX_B);
	ck_assert_uint_eq(img->layers[0].size, 3);
	ck_assert_ptr_null(img->layers[0].urls[0]);
	ck_assert_str_eq(img->manifest_json, MANIFEST);
}
END_TEST

START_TEST(a_manifest_of_docker_is_one_too)
{
	ck_assert_int_eq(manifest("{" VERSION ",\"mediaType\":\"" MEDIA_DOCKER_MANIFEST
				  "\",\"config\":{\"mediaType\":\"" MEDIA_DOCKER_CONFIG
				  "\",\"digest\":" A ",\"size\":2},\"layers\":[" LAYER(
					  MEDIA_DOCKER_LAYER) "]}",
				  MEDIA_DOCKER_MANIFEST),
			 0);
	ck_assert_str_eq(img->media_type, MEDIA_DOCKER_MANIFEST);
}
END_TEST

static const struct {
	const char *text, *came, *message;
} bad_manifests[] = {
	{ "", NULL, "m: empty" },
	{ "[]", NULL, "m: not an object" },
	{ MANIFEST "," MANIFEST, NULL, "m: line 1: end of file expected near ','" },
	{ MANIFEST "],[", NULL, "m: line 1: end of file expected near ']'" },
	{ MANIFEST "x", NULL, "m: line 1: end of file expected near 'x'" },
	{ "{" VERSION "," VERSION "," CONFIG "," LAYERS "}", NULL,
	  "m: line 1: duplicate object key near '\"schemaVersion\"'" },
	{ "{\"schemaVersion\":1," CONFIG "," LAYERS "}", NULL,
	  "m: schemaVersion: not 2" },
	{ "{" CONFIG "," LAYERS "}", NULL, "m: schemaVersion: not 2" },
	{ "{" VERSION "," CONFIG "," LAYERS ",\"manifests\":[]}", NULL,
	  "m: manifests: makes it ambiguous" },
	{ "{" VERSION "," CONFIG "," LAYERS ",\"fsLayers\":null}", NULL,
	  "m: fsLayers: makes it ambiguous" },
	{ "{" VERSION ",\"mediaType\":\"" MEDIA_OCI_MANIFEST "\"," CONFIG "," LAYERS "}",
	  MEDIA_DOCKER_MANIFEST,
	  "m: mediaType: \"" MEDIA_OCI_MANIFEST
	  "\", but it came as \"" MEDIA_DOCKER_MANIFEST "\"" },
	{ MANIFEST, MEDIA_OCI_INDEX,
	  "m: mediaType: \"" MEDIA_OCI_INDEX "\" is not that of a manifest" },
	{ MANIFEST, MEDIA_DOCKER_MANIFEST,
	  "m: config.mediaType: \"" MEDIA_OCI_CONFIG "\" is not that of an image" },
	{ "{" VERSION "," LAYERS "}", NULL, "m: config: missing" },
	{ "{" VERSION "," CONFIG "}", NULL, "m: layers: missing" },
	{ "{" VERSION "," CONFIG ",\"layers\":{}}", NULL, "m: layers: not an array" },
	{ "{" VERSION "," CONFIG ",\"layers\":[7]}", NULL,
	  "m: layers[0]: not an object" },
	{ "{" VERSION "," CONFIG ",\"layers\":[" LAYER("text/plain") "]}", NULL,
	  "m: layers[0].mediaType: \"text/plain\" is not a layer" },
	{ "{" VERSION "," CONFIG ",\"layers\":[{\"mediaType\":\"" MEDIA_OCI_LAYER
	  "\",\"digest\":\"sha256:../x\",\"size\":1}]}",
	  NULL, "m: layers[0].digest: not a digest" },
	{ "{" VERSION "," CONFIG ",\"layers\":[{\"mediaType\":\"" MEDIA_OCI_LAYER
	  "\",\"digest\":\"sha512:00\",\"size\":1}]}",
	  NULL, "m: layers[0].digest: only sha256 is supported" },
	{ "{" VERSION "," CONFIG ",\"layers\":[{\"mediaType\":\"" MEDIA_OCI_LAYER
	  "\",\"digest\":" A ",\"size\":-1}]}",
	  NULL, "m: layers[0].size: -1 is not 0 to 9223372036854775807" },
	{ "{" VERSION "," CONFIG ",\"layers\":[{\"mediaType\":\"" MEDIA_OCI_LAYER
	  "\",\"digest\":" A "}]}",
	  NULL, "m: layers[0].size: missing" },
	{ "{" VERSION "," CONFIG ",\"layers\":[{\"mediaType\":\"" MEDIA_OCI_LAYER
	  "\",\"digest\":" A ",\"size\":1.5}]}",
	  NULL, "m: layers[0].size: not a whole number" },
	{ "{" VERSION "," CONFIG "," LAYERS ",\"annotations\":{\"a\":1}}", NULL,
	  "m: annotations: a value is not a string" },
	{ "{" VERSION ",\"config\":{\"mediaType\":\"" MEDIA_OCI_CONFIG "\",\"digest\":" A
	  ",\"size\":4194305}," LAYERS "}",
	  NULL, "m: config.size: 4194305 is more than 4194304" },
};

START_TEST(a_bad_manifest_is_refused_by_the_name_of_what_is_wrong)
{
	refused(manifest(bad_manifests[_i].text, bad_manifests[_i].came),
		bad_manifests[_i].message);
}
END_TEST

START_TEST(depth_size_and_number_have_bounds)
{
	size_t room = CONTENT_JSON_MAX + 100, used;
	char *text = malloc(room);

	ck_assert_ptr_nonnull(text);
	memset(text, '[', 100000);
	text[100000] = '\0';
	refused(manifest(text, NULL), "m: nested more than 64 deep");
	err_clear(&err);
	memset(text, ' ', room);
	ck_assert_int_eq(image_parse_manifest(img, &err, "m", text, room, NULL),
			 -EBADMSG);
	ck_assert_str_eq(err.message, "m: larger than 4194304 bytes");
	err_clear(&err);
	used = (size_t)snprintf(text, room, "{" VERSION "," CONFIG ",\"layers\":[");
	for (int i = 0; i <= CONTENT_LAYERS_MAX; i++)
		used += (size_t)snprintf(text + used, room - used,
					 "%s" LAYER(MEDIA_OCI_LAYER), i ? "," : "");
	snprintf(text + used, room - used, "]}");
	refused(manifest(text, NULL), "m: layers: 501 are more than 500");
	free(text);
}
END_TEST

static int config(const char *text)
{
	ck_assert_int_eq(manifest(MANIFEST, NULL), 0);
	img->config_size = strlen(text);
	return image_parse_config(img, &err, "c", text, strlen(text));
}

#define ROOTFS "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[" A "]}"

/*
 * Each is looked for among the others: not by comparing all with all, which took many
 * minutes.
 */
START_TEST(a_config_may_name_very_many_volumes)
{
	enum { MANY = 300000, BYTES = 12 };
	char *text = malloc(MANY * BYTES + sizeof(ROOTFS) + 100), *p = text;
	size_t n = 0;

	ck_assert_ptr_nonnull(text);
	p += sprintf(p, "{\"architecture\":\"x\",\"os\":\"linux\"," ROOTFS
			",\"config\":{\"Volumes\":{");
	for (unsigned i = 0; i < MANY; i++)
		p += sprintf(p, "%s\"%x\":{}", i ? "," : "", i);
	strcpy(p, "}}}");
	ck_assert_int_eq(config(text), 0);
	free(text);
	while (img->volumes[n])
		n++;
	ck_assert_uint_eq(n, MANY);
}
END_TEST

START_TEST(a_config_says_what_runs)
{
	ck_assert_int_eq(
		config("{\"architecture\":\"arm\",\"os\":\"linux\",\"variant\":\"v7\","
		       "\"created\":\"2024-01-02T03:04:05.678901+01:00\"," ROOTFS
		       ",\"config\":{\"Env\":[\"A=B\"],\"Cmd\":[\"x\",\"y\"],\"Entrypoint\":null,"
		       "\"Volumes\":{\"/v\":{},\"w\":{},\"//v/.\":{},\"/../a/./b//c/../\":{}},\"Labels\":{\"k\":\"v\"},\"User\":\"u:g\","
		       "\"WorkingDir\":\"/w/new/../key/\",\"StopSignal\":\"SIGQUIT\","
		       "\"ExposedPorts\":{\"80/tcp\":{}}},"
		       "\"history\":[{\"created_by\":\"RUN\",\"empty_layer\":true},{}]}"),
		0);
	ck_assert_int_eq(img->created_ms, 1704161045678);
	ck_assert_str_eq(img->env[0], "A=B");
	ck_assert_str_eq(img->cmd[1], "y");
	ck_assert_ptr_null(img->entrypoint[0]);
	ck_assert_str_eq(img->volumes[0], "/a/b");
	ck_assert_str_eq(img->volumes[1], "/v");
	ck_assert_str_eq(img->volumes[2], "/w");
	ck_assert_ptr_null(img->volumes[3]);
	ck_assert_str_eq(img->platform, "linux/arm/v7");
	ck_assert_str_eq(img->labels[0], "k=v");
	ck_assert_str_eq(img->ports[0], "80/tcp");
	ck_assert_str_eq(img->user, "u:g");
	ck_assert_str_eq(img->stop_signal, "SIGQUIT");
	ck_assert_uint_eq(img->history_len, 2);
	ck_assert(img->history[0].empty_layer);
	ck_assert_str_eq(digest_hex(&img->layers[0].diff_id), HEX_A);
}
END_TEST

static const struct {
	const char *text, *message;
} bad_configs[] = {
	{ "{}", "c: rootfs: missing" },
	{ "{\"rootfs\":{\"type\":\"tree\",\"diff_ids\":[" A "]}}",
	  "c: rootfs.type: not \"layers\"" },
	{ "{\"rootfs\":{\"type\":\"layers\"}}", "c: rootfs.diff_ids: 0 for 1 layers" },
	{ "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[" A "," B "]}}",
	  "c: rootfs.diff_ids: 2 for 1 layers" },
	{ "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:../../etc/passwd\"]}}",
	  "c: rootfs.diff_ids[0]: not a SHA-256 digest" },
	{ "{" ROOTFS ",\"created\":\"yesterday\"}", "c: created: not a time" },
	{ "{" ROOTFS ",\"created\":\"2024-13-01T00:00:00Z\"}", "c: created: not a time" },
	{ "{" ROOTFS ",\"config\":{\"Env\":\"A=B\"}}", "c: config.Env: not an array" },
	{ "{" ROOTFS ",\"config\":{\"Env\":[1]}}", "c: config.Env[0]: not a string" },
	{ "{" ROOTFS ",\"config\":{\"Labels\":{\"a\":{}}}}",
	  "c: config.Labels: a value is not a string" },
	{ "{" ROOTFS ",\"config\":[]}", "c: config: not an object" },
	{ "{" ROOTFS ",\"history\":[[]]}", "c: history[0]: not an object" },
	{ "{" ROOTFS ",\"os\":7}", "c: os: not a string" },
	{ "{" ROOTFS ",\"config\":{\"Cmd\":[\"a\\u0000b\"]}}",
	  "c: line 1: \\u0000 is not allowed without JSON_ALLOW_NUL" },
};

/* As docker(1) reads them: a word may be a string, and an empty entry point is none. */
START_TEST(a_command_has_several_forms)
{
	static const struct {
		const char *text, *entrypoint, *cmd;
	} forms[] = {
		{ "\"Entrypoint\":\"/e\",\"Cmd\":\"c d\"", "/e", "c d" },
		{ "\"Entrypoint\":[\"\"],\"Cmd\":[\"c\"]", NULL, "c" },
		{ "\"Entrypoint\":\"\",\"Cmd\":null", NULL, NULL },
		{ "\"Entrypoint\":[],\"Cmd\":[]", NULL, NULL },
		{ "\"Entrypoint\":[\"/e\"],\"Cmd\":[\"\"]", "/e", "" },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		char text[512];

		teardown();
		setup();
		ck_assert_int_eq(manifest(MANIFEST, NULL), 0);
		snprintf(text, sizeof(text), "{" ROOTFS ",\"config\":{%s}}",
			 forms[i].text);
		ck_assert_msg(config(text) == 0, "%s: %s", forms[i].text, err.message);
		ck_assert_pstr_eq(img->entrypoint[0], forms[i].entrypoint);
		ck_assert_pstr_eq(img->cmd[0], forms[i].cmd);
		ck_assert_str_eq(img->platform, "");
	}
	ck_assert_int_eq(config("{" ROOTFS ",\"config\":{\"Cmd\":1}}"), -EBADMSG);
}
END_TEST

START_TEST(a_bad_config_is_refused_by_the_name_of_what_is_wrong)
{
	int r = config(bad_configs[_i].text);

	ck_assert_int_eq(r, -EBADMSG);
	ck_assert_int_eq(strncmp(err.message, bad_configs[_i].message,
				 strlen(bad_configs[_i].message)),
			 0);
}
END_TEST

START_TEST(a_config_of_another_size_is_not_parsed)
{
	ck_assert_int_eq(manifest(MANIFEST, NULL), 0);
	refused(image_parse_config(img, &err, "c", "{", 1),
		"c: 1 bytes, but the manifest says 2");
}
END_TEST

START_TEST(times_before_the_epoch_are_not_said)
{
	int64_t ms = -1;

	ck_assert_int_eq(rfc3339_read_ms("0001-01-01T00:00:00Z", &ms), 0);
	ck_assert_int_eq(ms, 0);
	ck_assert_int_eq(rfc3339_read_ms("1970-01-01T00:00:01.5z", &ms), 0);
	ck_assert_int_eq(ms, 1500);
	ck_assert_int_eq(rfc3339_read_ms("1970-01-01T00:00:01", &ms), -EINVAL);
	ck_assert_int_eq(rfc3339_read_ms("1970-01-01T00:00:01Zx", &ms), -EINVAL);
	ck_assert_int_eq(rfc3339_read_ms("1970-01-01 00:00:01Z", &ms), -EINVAL);
	ck_assert_int_eq(rfc3339_read_ms("1970-01-01T00:00:01.Z", &ms), -EINVAL);
}
END_TEST

static struct manifest_child child(const char *os, const char *architecture,
				   const char *variant)
{
	return (struct manifest_child){ .os = os,
					.architecture = architecture,
					.variant = variant };
}

START_TEST(a_platform_takes_its_own_variant_or_a_lower_one)
{
	const struct manifest_child all[] = {
		child("linux", "arm", "v5"),   child("linux", "arm", "v7"),
		child("linux", "amd64", "v3"), child("linux", "amd64", ""),
		child("linux", "arm64", "v8"), child("unknown", "unknown", ""),
		child("windows", "amd64", ""),
	};
	static const struct {
		const char *platform;
		size_t found;
	} wanted[] = { { "linux/arm/v7", 1 },   { "linux/arm/v6", 0 },
		       { "linux/arm", 1 },      { "linux/amd64", 3 },
		       { "linux/amd64/v4", 2 }, { "linux/amd64/v2", 3 },
		       { "linux/arm64", 4 },    { "linux/aarch64/v9", 4 },
		       { "windows/amd64", 6 } };
	size_t i;

	for (size_t w = 0; w < sizeof(wanted) / sizeof(wanted[0]); w++) {
		ck_assert_int_eq(image_choose_platform(&err, "x", all, 7,
						       wanted[w].platform, &i),
				 0);
		ck_assert_uint_eq(i, wanted[w].found);
	}
	ck_assert_int_eq(image_choose_platform(&err, "x", all, 2, "linux/s390x", &i),
			 -ENOENT);
	ck_assert_str_eq(
		err.message,
		"x: nothing for linux/s390x, only for linux/arm/v5, linux/arm/v7");
	err_clear(&err);
	ck_assert_int_eq(image_choose_platform(&err, "x", all, 7, "linux", &i), -EINVAL);
}
END_TEST

START_TEST(an_image_is_for_one_platform)
{
	img->os = "linux";
	img->architecture = "arm";
	img->variant = "v6";
	ck_assert_int_eq(image_fits_platform(&err, img, "linux/arm/v6"), 1);
	/* which is v7 */
	ck_assert_int_eq(image_fits_platform(&err, img, "linux/arm"), 1);
	ck_assert_int_eq(image_fits_platform(&err, img, "linux/arm/v5"), 0);
	ck_assert_int_eq(image_fits_platform(&err, img, "linux/arm64"), 0);
	ck_assert_int_eq(image_fits_platform(&err, img, "freebsd/arm/v6"), 0);
	ck_assert_int_eq(image_fits_platform(&err, img, "arm"), -EINVAL);
	ck_assert_str_eq(err.message, "platform arm: not OS/ARCHITECTURE[/VARIANT]");
	img->os = img->architecture = img->variant = "";
	ck_assert_int_eq(image_fits_platform(&err, img, "linux/arm64"), 1);
}
END_TEST

START_TEST(an_index_that_is_a_manifest_too_is_refused)
{
	static const char text[] = "{" VERSION ",\"manifests\":[]," LAYERS "}";
	struct manifest_child *children;
	size_t len;

	refused(image_parse_index(&arena, &err, "i", text, sizeof(text) - 1, &children,
				  &len),
		"i: layers: makes it ambiguous");
}
END_TEST

static int index_of(const char *text, struct index *ret)
{
	return index_parse(&arena, &err, "index.json", text, strlen(text), ret);
}

#define ENTRY(more) \
	"{\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",\"digest\":" A ",\"size\":9" more "}"
#define INDEX(entries) "{" VERSION ",\"manifests\":[" entries "]}"
#define NAMED(name)    ENTRY(",\"annotations\":{\"" REF_NAME_ANNOTATION "\":\"" name "\"}")

START_TEST(names_of_other_tools_are_understood)
{
	struct index index;

	ck_assert_int_eq(index_of(INDEX(NAMED("deb") "," NAMED("q.io/a/b:1") "," NAMED(
					  "Some Name") "," ENTRY("")),
				  &index),
			 0);
	ck_assert_uint_eq(index.len, 4);
	ck_assert_str_eq(index.entries[0].name, "deb:latest");
	ck_assert_str_eq(index.entries[1].name, "q.io/a/b:1");
	ck_assert_str_eq(index.entries[2].name, "Some Name");
	ck_assert_str_eq(index.entries[3].name, "");
	ck_assert_str_eq(index.entries[3].config.text, "");
}
END_TEST

START_TEST(entries_that_are_no_images_are_left_out)
{
	struct index index;

	ck_assert_int_eq(
		index_of(INDEX("{\"mediaType\":\"text/plain\",\"digest\":" A
			       ",\"size\":1},{\"mediaType\":\"" MEDIA_OCI_MANIFEST
			       "\",\"digest\":\"sha512:00\",\"size\":1}"),
			 &index),
		0);
	ck_assert_uint_eq(index.len, 0);
	ck_assert_int_eq(index_of("{" VERSION ",\"manifests\":null}", &index), 0);
	ck_assert_uint_eq(index.len, 0);
}
END_TEST

START_TEST(a_damaged_index_json_is_refused)
{
	static const char *const bad[] = { "",
					   "{}",
					   INDEX("7"),
					   INDEX("{\"digest\":\"x\"}"),
					   "{" VERSION ",\"manifests\":{}}",
					   INDEX(ENTRY(",\"annotations\":{\"a\":[]}")),
					   INDEX(ENTRY(",\"size\":1")) };
	struct index index;

	ck_assert_int_eq(index_of(bad[_i], &index), -EBADMSG);
	ck_assert_int_eq(strncmp(err.message, "index.json: ", 12), 0);
}
END_TEST

START_TEST(mincs_conf_is_read_and_not_executed)
{
	static const struct {
		const char *text, *path;
		int r;
	} all[] = {
		{ "MINCS_DIR=/a\n", "/a", 0 },
		{ "# MINCS_DIR=/b\n export  MINCS_DIR=\"/a b\" # x\n", "/a b", 0 },
		{ "MINCS_DIR='/$a'\n", "/$a", 0 },
		{ "MINCS_DIR=/a\nMINCS_DIR=/b; X=1", "/b", 0 },
		{ "XMINCS_DIR=/a\n", NULL, -ENOENT },
		{ "", NULL, -ENOENT },
		{ "MINCS_DIR=\n", NULL, -ENOENT },
		{ "MINCS_DIR=$HOME/x", NULL, -EBADMSG },
		{ "MINCS_DIR=`rm -rf /`", NULL, -EBADMSG },
		{ "MINCS_DIR=\"/a", NULL, -EBADMSG },
		{ "MINCS_DIR=\"$(id)\"", NULL, -EBADMSG },
		{ "MINCS_DIR='a'b", NULL, -EBADMSG },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		char *path = NULL;

		ck_assert_int_eq(place_from_conf(all[i].text, &path), all[i].r);
		ck_assert_pstr_eq(path, all[i].path);
		free(path);
	}
}
END_TEST

START_TEST(references_are_found_however_they_are_written)
{
	static const char text[] =
		"{\"a\":\"sha256:" HEX_A "\",\"b\":\"\\u0073ha256:\\u0062"
		"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"}";
	struct needed r = { .v = NULL };

	ck_assert_int_eq(needed_add_text(&r, text, sizeof(text) - 1), 0);
	ck_assert(needed_have(&r, HEX_A));
	ck_assert(needed_have(&r, HEX_B));
	ck_assert(!needed_have(&r, ""));
	ck_assert(!needed_have(
		&r, "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"));
	needed_done(&r);
	ck_assert_int_eq(needed_add_text(&r, "sha256:sha256:" HEX_A "\\u00", 82), 0);
	ck_assert(needed_have(&r, HEX_A));
	needed_done(&r);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static struct digest numbered(unsigned n)
{
	struct digest ret;

	snprintf(ret.text, sizeof(ret.text), "sha256:%064x", n);
	return ret;
}

START_TEST(a_digest_waits_once)
{
	struct digests q = { .v = NULL };
	struct digest d;

	for (int round = 0; round < 2; round++)
		for (unsigned i = 0; i < 100; i++) {
			d = numbered(i * 7 % 100);
			ck_assert_int_eq(digests_add(&q, &d), round == 0);
		}
	for (unsigned i = 0; i < 100; i++) {
		d = numbered(i * 7 % 100);
		ck_assert(digest_equal(digests_next(&q), &d));
	}
	ck_assert_ptr_null(digests_next(&q));
	d = numbered(100);
	ck_assert_int_eq(digests_add(&q, &d), 1);
	ck_assert(digest_equal(digests_next(&q), &d));
	ck_assert_ptr_null(digests_next(&q));
	digests_done(&q);
	digests_done(&q);
	ck_assert_ptr_null(digests_next(&q));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("image");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, names_have_a_whole_and_a_short_form, 0, COUNT(names));
	tcase_add_loop_test(t, what_is_no_name_is_refused, 0, COUNT(no_names));
	tcase_add_test(t, names_have_bounds);
	tcase_add_test(t, digests_are_sha256_in_lower_case);
	tcase_add_test(t, a_digest_waits_once);
	tcase_add_test(t, a_manifest_says_config_and_layers);
	tcase_add_test(t, a_manifest_of_docker_is_one_too);
	tcase_add_loop_test(t, a_bad_manifest_is_refused_by_the_name_of_what_is_wrong, 0,
			    COUNT(bad_manifests));
	tcase_add_test(t, depth_size_and_number_have_bounds);
	tcase_add_test(t, a_config_says_what_runs);
	tcase_add_test(t, a_config_may_name_very_many_volumes);
	tcase_add_test(t, a_command_has_several_forms);
	tcase_add_test(t, an_image_is_for_one_platform);
	tcase_add_loop_test(t, a_bad_config_is_refused_by_the_name_of_what_is_wrong, 0,
			    COUNT(bad_configs));
	tcase_add_test(t, a_config_of_another_size_is_not_parsed);
	tcase_add_test(t, times_before_the_epoch_are_not_said);
	tcase_add_test(t, a_platform_takes_its_own_variant_or_a_lower_one);
	tcase_add_test(t, an_index_that_is_a_manifest_too_is_refused);
	tcase_add_test(t, names_of_other_tools_are_understood);
	tcase_add_test(t, entries_that_are_no_images_are_left_out);
	tcase_add_loop_test(t, a_damaged_index_json_is_refused, 0, 7);
	tcase_add_test(t, mincs_conf_is_read_and_not_executed);
	tcase_add_test(t, references_are_found_however_they_are_written);
	return run_case("image", t);
}
