/* SPDX-License-Identifier: MIT */
/*
 * test-sticky - a program that checks once: whatever setter is refused, nothing is
 * started, and the failure is the setter's. Every setter that the library exports is
 * here; a new one that is not fails the test.
 */
#include <check.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <minc/minc.h>

#include "suite.h"

#define SETTER(name, call)                   \
	static int name##_fails(minc_ctx *c) \
	{                                    \
		return call;                 \
	}
static char long_text[5000];

// clang-format off
SETTER(minc_set_root, minc_set_root(c, NULL, 0))
SETTER(minc_set_storage, minc_set_storage(c, ""))
SETTER(minc_add_bind, minc_add_bind(c, "/", "relative", 0))
SETTER(minc_add_tmpfs, minc_add_tmpfs(c, NULL, 0, 0))
SETTER(minc_set_tmpfs_owner, minc_set_tmpfs_owner(c, 0, 0))
SETTER(minc_set_umask, minc_set_umask(c, 01000))
SETTER(minc_set_hostname, minc_set_hostname(c, NULL))
SETTER(minc_add_host, minc_add_host(c, "name:nowhere"))
SETTER(minc_set_name, minc_set_name(c, NULL))
SETTER(minc_set_id, minc_set_id(c, "x"))
SETTER(minc_set_log_size, minc_set_log_size(c, 1))
SETTER(minc_set_user, minc_set_user(c, NULL))
SETTER(minc_add_env, minc_add_env(c, NULL, NULL))
SETTER(minc_set_cwd, minc_set_cwd(c, NULL))
SETTER(minc_add_cap, minc_add_cap(c, NULL))
SETTER(minc_drop_cap, minc_drop_cap(c, NULL))
SETTER(minc_set_seccomp, minc_set_seccomp(c, NULL))
SETTER(minc_set_network, minc_set_network(c, NULL))
SETTER(minc_set_userns, minc_set_userns(c, NULL))
SETTER(minc_set_cpus, minc_set_cpus(c, NULL))
SETTER(minc_set_limit, minc_set_limit(c, (enum minc_limit)99, 1))
SETTER(minc_set_cpuset, minc_set_cpuset(c, "x", NULL))
SETTER(minc_set_io_limit, minc_set_io_limit(c, NULL, MINC_IO_READ_BPS, 1))
SETTER(minc_set_rlimit, minc_set_rlimit(c, NULL, 1, 1))
SETTER(minc_pass_fd, minc_pass_fd(c, -1, 5))
SETTER(minc_set_stdio, minc_set_stdio(c, -7, -1, -1))
SETTER(minc_set_flag, minc_set_flag(c, MINC_INIT, 7))
SETTER(minc_load_config, minc_load_config(c, NULL))
SETTER(minc_set_copy, minc_set_copy(c, 1 << 9))
SETTER(minc_set_image, minc_set_image(c, NULL))
static int config_is_missing(minc_ctx *c) { return minc_load_config(c, "/nonexistent/config.json"); }
static int text_is_too_long(minc_ctx *c) { return minc_set_root(c, long_text, 0); }

#define ROW(name) { #name, name##_fails }
static const struct {
	const char *name;
	int (*fails)(minc_ctx *c);
} setters[] = {
	ROW(minc_set_root), ROW(minc_set_storage), ROW(minc_add_bind), ROW(minc_add_tmpfs),
	ROW(minc_set_tmpfs_owner), ROW(minc_set_umask), ROW(minc_set_hostname), ROW(minc_set_name), ROW(minc_set_id), ROW(minc_set_log_size),
	ROW(minc_set_user), ROW(minc_add_env), ROW(minc_set_cwd), ROW(minc_add_cap),
	ROW(minc_drop_cap), ROW(minc_set_seccomp), ROW(minc_set_network), ROW(minc_set_userns),
	ROW(minc_set_cpus), ROW(minc_set_limit), ROW(minc_set_cpuset), ROW(minc_set_io_limit),
	ROW(minc_set_rlimit), ROW(minc_pass_fd), ROW(minc_set_stdio), ROW(minc_set_flag), ROW(minc_load_config),
	ROW(minc_set_image), ROW(minc_set_copy), ROW(minc_add_host),
	{ "/nonexistent/config.json", config_is_missing },
	{ "minc_set_root", text_is_too_long },
};
/* Those of other handles have tests of their own below; these cannot fail but without memory. */
static const char *const elsewhere[] = { "minc_transfer_set", "minc_transfer_set_number",
					 "minc_changes_only", "minc_changes_exclude",
					 "minc_changes_set_flag", "minc_set_log",
					 "minc_transfer_set_progress", "minc_set_origin" };
// clang-format on

enum { SETTERS = sizeof(setters) / sizeof(setters[0]) };

static minc_ctx *ctx;
static char dir[] = "/tmp/minc-sticky.XXXXXX", mark[64];

static void setup(void)
{
	memset(long_text, 'x', sizeof(long_text) - 1);
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(mark, sizeof(mark), "%s/mark", dir);
	ctx = minc_ctx_new();
	ck_assert_ptr_nonnull(ctx);
}

static void teardown(void)
{
	char command[128];

	ctx = minc_ctx_free(ctx);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	ck_assert_int_eq(system(command), 0);
}

/* Nothing is started, whatever else is said, and the first failure is what all say. */
static void check_stuck(int r, const char *word)
{
	const char *const argv[] = { "touch", mark, NULL };
	minc_container *ct = NULL;
	char first[512], *text = NULL;
	int status = -1;

	ck_assert_int_lt(r, 0);
	snprintf(first, sizeof(first), "%s", minc_error_message(ctx));
	ck_assert_msg(strstr(first, word) != NULL, "%s in: %s", word, first);
	ck_assert_int_eq(minc_add_bind(ctx, dir, NULL, 0), 0);
	ck_assert_int_lt(minc_set_hostname(ctx, ""), 0);
	ck_assert_int_eq(minc_run(ctx, argv, &status), r);
	ck_assert_int_eq(minc_start(ctx, argv, &ct), r);
	ck_assert_int_eq(minc_explain(ctx, argv, MINC_FORMAT_SHELL, &text), r);
	ck_assert_str_eq(minc_error_message(ctx), first);
	ck_assert_int_eq(minc_error_code(ctx), r);
	ck_assert_int_lt(access(mark, F_OK), 0);
}

START_TEST(a_refused_setter_starts_nothing)
{
	check_stuck(setters[_i].fails(ctx), setters[_i].name);
}
END_TEST

START_TEST(an_earlier_failure_is_not_taken_for_that_of_a_setter)
{
	minc_container *ct = NULL;

	ck_assert_int_lt(minc_open(ctx, "no-such-container", &ct), 0);
	check_stuck(setters[_i].fails(ctx), setters[_i].name);
}
END_TEST

static bool is_known(const char *name)
{
	for (size_t i = 0; i < SETTERS; i++)
		if (strcmp(setters[i].name, name) == 0)
			return true;
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
		if (strcmp(elsewhere[i], name) == 0)
			return true;
	return false;
}

static bool is_setter(const char *name)
{
	return strstr(name, "_set") || strncmp(name, "minc_add_", 9) == 0 ||
	       strncmp(name, "minc_drop_", 10) == 0 ||
	       strncmp(name, "minc_pass_", 10) == 0 ||
	       strncmp(name, "minc_load_", 10) == 0 || strstr(name, "_only") ||
	       strstr(name, "_exclude");
}

START_TEST(every_setter_of_the_library_is_tested)
{
	char path[4096], line[128], name[128];
	size_t found = 0;
	FILE *in;

	snprintf(path, sizeof(path), "%s/../../lib/libminc.sym", getenv("GOLDEN_DIR"));
	in = fopen(path, "re");
	ck_assert_ptr_nonnull(in);
	while (fgets(line, sizeof(line), in)) {
		if (sscanf(line, " %127[a-z_];", name) != 1 || !is_setter(name))
			continue;
		ck_assert_msg(is_known(name), "%s is tested nowhere", name);
		found++;
	}
	fclose(in);
	ck_assert_uint_gt(found, 25);
}
END_TEST

/* An image, or NULL: this library has no stores. */
static minc_image *make_image(minc_store **ret)
{
	char root[64], store[64];
	minc_image *image = NULL;
	minc_transfer *t;
	int r;

	snprintf(store, sizeof(store), "%s/store", dir);
	r = minc_store_open(ctx, store, ret);
	if (r == -ENOSYS && !HAVE_IMPORT)
		return NULL;
	ck_assert_int_eq(r, 0);
	snprintf(root, sizeof(root), "%s/root", dir);
	ck_assert_int_eq(mkdir(root, 0755), 0);
	t = minc_transfer_new(*ret);
	ck_assert_int_eq(minc_transfer_set(t, MINC_TRANSFER_NAME, "some"), 0);
	r = minc_import(t, root, NULL, NULL);
	minc_transfer_free(t);
	if (r == -ENOSYS && !HAVE_IMPORT)
		return NULL;
	ck_assert_int_eq(r, 0);
	ck_assert_int_eq(minc_image_find(*ret, "some", &image), 0);
	return image;
}

START_TEST(an_image_that_cannot_be_used_starts_nothing)
{
	minc_store *store = NULL;
	minc_image *image = make_image(&store), *other;
	char command[256];

	if (image) {
		ck_assert_int_lt(minc_image_find(store, "other", &other), 0);
		snprintf(command, sizeof(command),
			 "rm -f '%s'/store/layers/* '%s'/store/blobs/sha256/*", dir, dir);
		ck_assert_int_eq(system(command), 0);
		check_stuck(minc_set_image(ctx, image), "blob");
	}
	minc_image_free(image);
	minc_store_free(store);
}
END_TEST

START_TEST(a_transfer_that_was_set_up_wrongly_does_nothing)
{
	minc_store *store = NULL;
	minc_image *image = make_image(&store);
	const char *const names[] = { "some", NULL };
	char first[512];

	for (int i = 0; image && i < 3; i++) {
		minc_transfer *t = minc_transfer_new(store);
		int r = i == 0 ? minc_transfer_set(t, (enum minc_transfer_option)99, "x")
			: i == 1 ? minc_transfer_set(t, MINC_TRANSFER_FORMAT, "zip")
				 : minc_transfer_set_number(t, MINC_TRANSFER_INSECURE, 2);

		ck_assert_int_eq(r, -EINVAL);
		snprintf(first, sizeof(first), "%s", minc_error_message(ctx));
		ck_assert_int_eq(minc_transfer_set(t, MINC_TRANSFER_FORMAT, "tar"), 0);
		ck_assert_int_eq(minc_export(t, names, mark), -EINVAL);
		ck_assert_str_eq(minc_error_message(ctx), first);
		ck_assert_int_eq(minc_import(t, dir, NULL, NULL), -EINVAL);
		ck_assert_int_eq(minc_pull(t, "localhost:1/x", NULL, NULL), -EINVAL);
		ck_assert_str_eq(minc_error_message(ctx), first);
		ck_assert_int_lt(access(mark, F_OK), 0);
		minc_transfer_free(t);
	}
	minc_image_free(image);
	minc_store_free(store);
}
END_TEST

START_TEST(changes_that_were_chosen_wrongly_are_not_made)
{
	char storage[64];
	const char *const argv[] = { "touch", "/root/minc-sticky-new", NULL };
	minc_changes *chs = NULL;
	int status = -1, r;

	snprintf(storage, sizeof(storage), "%s/storage", dir);
	ck_assert_int_eq(mkdir(storage, 0755), 0);
	ck_assert_int_eq(minc_set_storage(ctx, storage), 0);
	r = minc_run(ctx, argv, &status);
	ck_assert_msg(r == 0, "%s", minc_error_message(ctx));
	for (int i = 0; i < 4; i++) {
		r = minc_changes_open(ctx, storage, dir, &chs);
		ck_assert_msg(r == 0, "%s", minc_error_message(ctx));
		r = i == 0   ? minc_changes_exclude(chs, "root")
		    : i == 1 ? minc_changes_only(chs, NULL)
		    : i == 2 ? minc_changes_exclude(chs, "/a/../b")
			     : minc_changes_set_flag(chs, (enum minc_changes_flag)77, 1);
		ck_assert_int_eq(r, -EINVAL);
		ck_assert_int_eq(minc_changes_exclude(chs, "/etc"), 0);
		ck_assert_int_eq(minc_diff(chs, NULL, NULL), -EINVAL);
		ck_assert_int_eq(minc_apply(chs, NULL, NULL), -EINVAL);
		ck_assert_ptr_nonnull(strstr(minc_error_message(ctx), "minc_changes_"));
		minc_changes_free(chs);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sticky");
	TCase *t = tcase_create("sticky");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_refused_setter_starts_nothing, 0, SETTERS);
	tcase_add_loop_test(t, an_earlier_failure_is_not_taken_for_that_of_a_setter, 0,
			    SETTERS);
	tcase_add_test(t, every_setter_of_the_library_is_tested);
	tcase_add_test(t, an_image_that_cannot_be_used_starts_nothing);
	tcase_add_test(t, a_transfer_that_was_set_up_wrongly_does_nothing);
	tcase_add_test(t, changes_that_were_chosen_wrongly_are_not_made);
	suite_add_tcase(s, t);
	return run_suite(s, true);
}
