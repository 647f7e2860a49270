/* SPDX-License-Identifier: MIT */
/*
 * What is known of containers in the background: state.json from anywhere, names and
 * beginnings of ids, ends that were written down, processes told from others; and the
 * keys that detach.
 */
#include <check.h>
#include <errno.h>
#include <minc/background.h>
#include <minc/image.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/name.h"
#include "live/attach.h"
#include "live/state.h"
#include "suite.h"

state_load_fn oci_state_load;

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "aaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ID_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define REST                                                                                                        \
	"\"start_time\": \"2\", \"created_ns\": \"3\", \"hostname\": \"h\", "                                       \
	"\"storage\": null, \"terminal\": true, \"init\": false, \"auto_remove\": false, \"storage_made\": false, " \
	"\"command\": [\"a\", \"b\"], \"cgroups\": []"
#define GOOD "{\"version\": 1, \"pid\": 7, " REST "}"

static struct minc_ctx *ctx;
static struct arena arena;
static char runtime[] = "/tmp/minc-test-state-XXXXXX";

static void setup(void)
{
	ctx = calloc(1, sizeof(*ctx));
	ck_assert_ptr_nonnull(ctx);
	ctx->host.uid = geteuid();
	memcpy(runtime + sizeof(runtime) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(runtime));
	setenv("MINC_STATE_DIR", runtime, 1);
}

static void teardown(void)
{
	char command[64];

	arena_done(&arena);
	free(ctx);
	snprintf(command, sizeof(command), "rm -rf %s", runtime);
	ck_assert_int_eq(system(command), 0);
}

static void put(const char *id, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", runtime, id);
	if (mkdir(path, 0700) < 0)
		ck_assert_int_eq(errno, EEXIST);
	snprintf(path, sizeof(path), "%s/%s/%s", runtime, id, name);
	f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static void name_it(const char *name, const char *id)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/names", runtime);
	if (mkdir(path, 0700) < 0)
		ck_assert_int_eq(errno, EEXIST);
	snprintf(path, sizeof(path), "%s/names/%s", runtime, name);
	ck_assert_int_eq(symlink(id, path), 0);
}

static int find(const char *word, char *ret_id)
{
	struct state *s;
	int r;

	err_clear(&ctx->err);
	r = state_find(ctx, oci_state_load, word, &s);
	ck_assert_int_eq(ctx->err.code, r);
	if (r == 0) {
		memcpy(ret_id, s->id, sizeof(s->id));
		state_free(s);
	}
	return r;
}

/* state.json */

static int load(const char *text, struct state_facts *f)
{
	return oci_state_load(text, strlen(text), &arena, f);
}

START_TEST(good_facts_are_read)
{
	struct state_facts f;

	ck_assert_int_eq(load(GOOD, &f), 0);
	ck_assert_int_eq(f.pid, 7);
	ck_assert_uint_eq(f.start_time, 2);
	ck_assert_uint_eq(f.created_ns, 3);
	ck_assert_str_eq(f.hostname, "h");
	ck_assert_ptr_null(f.storage);
	ck_assert(f.terminal && !f.init && !f.auto_remove && !f.storage_made);
	ck_assert_str_eq(f.command[1], "b");
	ck_assert_ptr_null(f.command[2]);
	ck_assert_ptr_null(f.cgroups[0]);
}
END_TEST

START_TEST(what_a_newer_version_adds_is_passed_over)
{
	struct state_facts f;

	ck_assert_int_eq(load("{\"new\": {\"x\": [1]}, \"version\": 1, \"pid\": 7, " REST
			      "}",
			      &f),
			 0);
}
END_TEST

static const char *const hostile[] = {
	"",
	" ",
	"{",
	"[]",
	"null",
	"1",
	"\"x\"",
	"{}",
	GOOD "x",
	GOOD GOOD,
	"{\"version\": 2, \"pid\": 7, " REST "}",
	"{\"version\": \"1\", \"pid\": 7, " REST "}",
	"{\"version\": 1, " REST "}",
	"{\"version\": 1, \"pid\": 0, " REST "}",
	"{\"version\": 1, \"pid\": -1, " REST "}",
	"{\"version\": 1, \"pid\": 2147483648, " REST "}",
	"{\"version\": 1, \"pid\": 99999999999999999999, " REST "}",
	"{\"version\": 1, \"pid\": 7.5, " REST "}",
	"{\"version\": 1, \"pid\": \"7\", " REST "}",
	"{\"version\": 1, \"pid\": true, " REST "}",
	"{\"version\": 1, \"pid\": 7, \"pid\": 7, " REST "}",
	"{\"version\": 1, \"pid\": 7, \"x\": \"\xff\", " REST "}",
	"{\"version\": 1, \"pid\": 7, \"x\": \"\\u0000\", " REST "}",
	"{\"version\": 1, \"pid\": 7, \"start_time\": 2, \"created_ns\": \"3\"}",
	"{\"version\": 1, \"pid\": 7, \"start_time\": \"18446744073709551616\", \"created_ns\": \"3\"}",
	"{\"version\": 1, \"pid\": 7, \"start_time\": \"-1\", \"created_ns\": \"3\"}",
	"{\"version\": 1, \"pid\": 7, \"start_time\": \"2\", \"created_ns\": \"3\", \"hostname\": "
	"\"h\", \"storage\": 1, \"terminal\": true, \"init\": false, \"auto_remove\": false, \"storage_made\": false, "
	"\"command\": [], \"cgroups\": []}",
	"{\"version\": 1, \"pid\": 7, \"start_time\": \"2\", \"created_ns\": \"3\", \"hostname\": "
	"\"h\", \"storage\": null, \"terminal\": 1, \"init\": false, \"auto_remove\": false, \"storage_made\": false, "
	"\"command\": [], \"cgroups\": []}",
	"{\"version\": 1, \"pid\": 7, \"start_time\": \"2\", \"created_ns\": \"3\", \"hostname\": "
	"\"h\", \"storage\": null, \"terminal\": true, \"init\": false, \"auto_remove\": false, \"storage_made\": false, "
	"\"command\": \"a\", \"cgroups\": []}",
	"{\"version\": 1, \"pid\": 7, \"start_time\": \"2\", \"created_ns\": \"3\", \"hostname\": "
	"\"h\", \"storage\": null, \"terminal\": true, \"init\": false, \"auto_remove\": false, \"storage_made\": false, "
	"\"command\": [\"a\", 1], \"cgroups\": []}",
	"{\"version\": 1, \"pid\": 7, \"start_time\": \"2\", \"created_ns\": \"3\", \"hostname\": "
	"\"h\", \"storage\": null, \"terminal\": true, \"init\": false, \"auto_remove\": false, \"storage_made\": false, "
	"\"command\": [\"a\", null], \"cgroups\": []}",
};

START_TEST(hostile_facts_are_refused)
{
	struct state_facts f;

	ck_assert_int_eq(load(hostile[_i], &f), -EBADMSG);
}
END_TEST

START_TEST(every_beginning_of_good_facts_is_refused)
{
	struct state_facts f;

	for (size_t len = 0; len < strlen(GOOD); len++)
		ck_assert_int_eq(oci_state_load(GOOD, len, &arena, &f), -EBADMSG);
}
END_TEST

START_TEST(deep_nesting_is_refused)
{
	struct state_facts f;
	char *text = malloc(200001);

	ck_assert_ptr_nonnull(text);
	memset(text, '[', 200000);
	text[200000] = '\0';
	ck_assert_int_eq(load(text, &f), -EBADMSG);
	free(text);
}
END_TEST

/* Finding. */

START_TEST(names_come_before_beginnings_of_ids)
{
	char id[STATE_ID_LEN + 1];

	put(ID_A, "state.json", GOOD);
	put(ID_B, "state.json", GOOD);
	put(ID_C, "state.json", GOOD);
	name_it("aaaaaaaaaaaab", ID_C); /* also the beginning of another's id */
	name_it("web", ID_A);
	ck_assert_int_eq(find("web", id), 0);
	ck_assert_str_eq(id, ID_A);
	ck_assert_int_eq(find("aaaaaaaaaaaab", id), 0);
	ck_assert_str_eq(id, ID_C);
	ck_assert_int_eq(find("aaaaaaaaaaaabb", id), 0);
	ck_assert_str_eq(id, ID_B);
	ck_assert_int_eq(find(ID_A, id), 0);
	ck_assert_int_eq(find("c", id), 0);
	ck_assert_str_eq(id, ID_C);
}
END_TEST

START_TEST(ambiguous_beginning_lists_the_candidates)
{
	char id[STATE_ID_LEN + 1];

	put(ID_A, "state.json", GOOD);
	put(ID_B, "state.json", GOOD);
	ck_assert_int_eq(find("aa", id), -ENOTUNIQ);
	ck_assert_ptr_nonnull(strstr(ctx->err.message, "aaaaaaaaaaaa, aaaaaaaaaaaa"));
}
END_TEST

START_TEST(what_is_no_name_is_refused)
{
	static const char *const words[] = { "",  "/",        "a/b", "..",
					     ".", "../names", "a\n", "\xff\xfe" };
	char id[STATE_ID_LEN + 1], longest[300];

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		ck_assert_int_eq(find(words[i], id), -EINVAL);
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_int_eq(find(longest, id), -EINVAL);
	longest[200] = '\0';
	ck_assert_int_eq(find(longest, id), -ENOENT);
}
END_TEST

START_TEST(links_of_others_are_not_followed)
{
	char id[STATE_ID_LEN + 1], path[256];

	put(ID_A, "state.json", GOOD);
	name_it("up", "../../etc");
	name_it("short", "aaaa");
	name_it("gone", ID_B);
	ck_assert_int_eq(find("up", id), -ENOENT);
	ck_assert_int_eq(find("short", id), -ENOENT);
	ck_assert_int_eq(find("gone", id), -ENOENT);
	snprintf(path, sizeof(path), "%s/" ID_C, runtime);
	ck_assert_int_eq(symlink(ID_A, path), 0);
	ck_assert_int_eq(find(ID_C, id), -ENOTDIR);
	ck_assert_int_eq(find("a", id), 0);
}
END_TEST

START_TEST(only_the_callers_own_directory_is_looked_into)
{
	char id[STATE_ID_LEN + 1];

	put(ID_A, "state.json", GOOD);
	ck_assert_int_eq(chmod(runtime, 0755), 0);
	ck_assert_int_eq(find("a", id), -EPERM);
	ck_assert_int_eq(chmod(runtime, 0700), 0);
	ctx->host.uid++;
	ck_assert_int_eq(find("a", id), -EPERM);
}
END_TEST

START_TEST(damaged_state_is_named)
{
	char id[STATE_ID_LEN + 1];

	put(ID_A, "state.json", "{");
	ck_assert_int_eq(find("a", id), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(ctx->err.message, ID_A "/state.json"));
	put(ID_B, "pid", "1");
	ck_assert_int_eq(find(ID_B, id), -ENOENT); /* only being made */
}
END_TEST

/* The end. */

static const struct {
	const char *text;
	int r, status;
} ends[] = {
	{ "0 1 0\n", 0, 0 },         { "255 18446744073709551615 7\n", 0, 255 },
	{ "", -EBADMSG, 0 },         { "\n", -EBADMSG, 0 },
	{ "0", -EBADMSG, 0 },        { "0 1\n", -EBADMSG, 0 },
	{ "0 1 0", -EBADMSG, 0 },    { "0 1 0\n\n", -EBADMSG, 0 },
	{ "0 1 0 \n", -EBADMSG, 0 }, { "256 1 0\n", -EBADMSG, 0 },
	{ "-1 1 0\n", -EBADMSG, 0 }, { "x 1 0\n", -EBADMSG, 0 },
};

START_TEST(end_is_read_strictly)
{
	struct state *s;
	uint64_t at, lost;
	int status;

	put(ID_A, "state.json", GOOD);
	ck_assert_int_eq(state_find(ctx, oci_state_load, ID_A, &s), 0);
	ck_assert_int_eq(state_status(s, &status, NULL, NULL), -ENOENT);
	put(ID_A, "status", ends[_i].text);
	ck_assert_int_eq(state_status(s, &status, &at, &lost), ends[_i].r);
	if (ends[_i].r == 0)
		ck_assert_int_eq(status, ends[_i].status);
	state_free(s);
}
END_TEST

START_TEST(lease_tells_whether_it_is_kept)
{
	char path[256];
	struct state *s;
	int fd;

	put(ID_A, "state.json", GOOD);
	put(ID_A, "lock", "");
	ck_assert_int_eq(state_find(ctx, oci_state_load, ID_A, &s), 0);
	ck_assert(!state_is_kept(s));
	snprintf(path, sizeof(path), "%s/" ID_A "/lock", runtime);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(flock(fd, LOCK_SH), 0);
	ck_assert(!state_is_kept(s)); /* somebody else who looks */
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	ck_assert(state_is_kept(s));
	close(fd);
	ck_assert(!state_is_kept(s));
	state_free(s);
}
END_TEST

/* Field 22 as another program reads it: the 20th after the last parenthesis. */
START_TEST(start_time_is_found_behind_any_name)
{
	const uint64_t plain = process_start_time(getpid(), NULL);
	char comm[16], text[32];

	ck_assert_uint_gt(plain, 0);
	ck_assert_int_eq(io_read_short(AT_FDCWD, "/proc/self/comm", comm, sizeof(comm)) >
				 0,
			 1);
	ck_assert_int_eq(prctl(PR_SET_NAME, ") 1 2 (x) 3 4", 0, 0, 0), 0);
	ck_assert_int_gt(io_read_short(AT_FDCWD, "/proc/self/comm", text, sizeof(text)),
			 0);
	ck_assert_str_eq(text, ") 1 2 (x) 3 4\n");
	ck_assert_uint_eq(process_start_time(getpid(), NULL), plain);
	ck_assert_uint_eq(process_start_time(0, NULL), 0); /* there is none */
}
END_TEST

/* Keys. */

static const struct {
	const char *text, *keys;
	int len;
} good_keys[] = {
	{ NULL, "\x10\x11", 2 },
	{ "", "", 0 },
	{ "q", "q", 1 },
	{ ",", ",", 1 },
	{ ",,a", ",a", 2 },
	{ "a,,", "a,", 2 },
	{ "ctrl-@", "\0", 1 },
	{ "ctrl-a,ctrl-z,x", "\x01\x1ax", 3 },
	{ "ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_", "\x1b\x1c\x1d\x1e\x1f", 5 },
	{ "1,2,3,4,5,6,7,8", "12345678", 8 },
};

START_TEST(keys_are_read)
{
	struct detach_keys k;

	ck_assert_int_eq(detach_keys_parse(good_keys[_i].text, &k), 0);
	ck_assert_uint_eq(k.len, (size_t)good_keys[_i].len);
	ck_assert_mem_eq(k.keys, good_keys[_i].keys, k.len);
}
END_TEST

static const char *const bad_keys[] = {
	"ab",    "a,",   "ctrl-", "ctrl-A", "ctrl-1", "ctrl-aa",          "Ctrl-a",
	"a,,b,", "a, b", "ctrl",  "ctrl-`", "ctrl-{", "1,2,3,4,5,6,7,8,9"
};

START_TEST(other_words_are_no_keys)
{
	struct detach_keys k;

	ck_assert_int_eq(detach_keys_parse(bad_keys[_i], &k), -EINVAL);
}
END_TEST

START_TEST(names_are_checked)
{
	static const char *const bad[] = { "",    "-a",       ".a", "_a", "a/b", "a b",
					   "a\n", "\xc3\xa4", "a:", "..", "../x" };
	char longest[66];
	const char *why;

	memset(longest, 'a', 65);
	longest[65] = '\0';
	ck_assert_int_eq(name_check_container(longest, &why), -ENAMETOOLONG);
	longest[64] = '\0';
	ck_assert_int_eq(name_check_container(longest, &why), -EINVAL); /* an id */
	longest[0] = 'A';
	ck_assert_int_eq(name_check_container(longest, &why), 0);
	ck_assert_int_eq(name_check_container("0-_.Z", &why), 0);
	ck_assert_int_eq(name_check_container(NULL, &why), -EINVAL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(name_check_container(bad[i], &why), -EINVAL);
}
END_TEST

START_TEST(names_of_volumes_have_one_rule)
{
	char name[130] = "";

	ck_assert_int_eq(minc_volume_check_name("a"), 0);
	ck_assert_int_eq(minc_volume_check_name("9_.-Z"), 0);
	ck_assert_int_eq(minc_volume_check_name(NULL), -EINVAL);
	ck_assert_int_eq(minc_volume_check_name(""), -EINVAL);
	ck_assert_int_eq(minc_volume_check_name(".hidden"), -EINVAL);
	ck_assert_int_eq(minc_volume_check_name("-option"), -EINVAL);
	ck_assert_int_eq(minc_volume_check_name("a/b"), -EINVAL);
	memset(name, 'x', 128);
	ck_assert_int_eq(minc_volume_check_name(name), 0);
	name[128] = 'x';
	ck_assert_int_eq(minc_volume_check_name(name), -EINVAL);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
	TCase *t = tcase_create("state");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, good_facts_are_read);
	tcase_add_test(t, what_a_newer_version_adds_is_passed_over);
	tcase_add_loop_test(t, hostile_facts_are_refused, 0, COUNT(hostile));
	tcase_add_test(t, every_beginning_of_good_facts_is_refused);
	tcase_add_test(t, deep_nesting_is_refused);
	tcase_add_test(t, names_come_before_beginnings_of_ids);
	tcase_add_test(t, ambiguous_beginning_lists_the_candidates);
	tcase_add_test(t, what_is_no_name_is_refused);
	tcase_add_test(t, links_of_others_are_not_followed);
	tcase_add_test(t, only_the_callers_own_directory_is_looked_into);
	tcase_add_test(t, damaged_state_is_named);
	tcase_add_loop_test(t, end_is_read_strictly, 0, COUNT(ends));
	tcase_add_test(t, lease_tells_whether_it_is_kept);
	tcase_add_test(t, start_time_is_found_behind_any_name);
	tcase_add_loop_test(t, keys_are_read, 0, COUNT(good_keys));
	tcase_add_loop_test(t, other_words_are_no_keys, 0, COUNT(bad_keys));
	tcase_add_test(t, names_are_checked);
	tcase_add_test(t, names_of_volumes_have_one_rule);
	return run_case("state", t);
}
