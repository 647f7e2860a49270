/* SPDX-License-Identifier: MIT */
/*
 * The module "mounts": trees of tmpfs mounts in a mount namespace of our own, and what
 * mount_table() makes of them. Skipped without the privilege to mount.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mountinfo/table.h"
#include "suite.h"

mount_table_fn mount_table;

enum { SKIP = 77 };

static struct arena arena;
static struct submount *list;
static size_t len;

/* An empty tmpfs at /mnt/t of a private namespace; nothing reaches the machine. */
static void setup(void)
{
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount("t", "/mnt", "tmpfs", 0, NULL), 0);
	ck_assert_int_eq(mkdir("/mnt/t", 0755), 0);
	ck_assert_int_eq(mount("t", "/mnt/t", "tmpfs", 0, NULL), 0);
}

static void teardown(void)
{
	arena_done(&arena);
}

static void tmpfs_on(const char *path)
{
	ck_assert(mkdir(path, 0755) == 0 || errno == EEXIST);
	ck_assert_int_eq(mount("t", path, "tmpfs", 0, NULL), 0);
}

static void look(const char *root)
{
	struct err e;

	err_clear(&e);
	ck_assert_int_eq(mount_table(root, &arena, &list, &len, &e), 0);
	ck_assert_int_eq(e.code, 0);
}

/* The paths below /mnt/t, one after the other, are exactly these. */
static void expect(const char *const *paths)
{
	size_t n = 0;

	look("/mnt/t");
	for (; paths[n]; n++) {
		ck_assert_uint_lt(n, len);
		ck_assert_str_eq(list[n].path, paths[n]);
	}
	ck_assert_uint_eq(len, n);
}

#define EXPECT(...) expect((const char *const[]){ __VA_ARGS__ })

START_TEST(root_itself_is_not_below)
{
	EXPECT(NULL);
}
END_TEST

START_TEST(parents_come_first)
{
	tmpfs_on("/mnt/t/b");
	tmpfs_on("/mnt/t/b/deep");
	tmpfs_on("/mnt/t/b/deep/er");
	tmpfs_on("/mnt/t/a");
	tmpfs_on("/mnt/t/b!"); /* sorts between b and b/ by strcmp(3) */
	EXPECT("/mnt/t/a", "/mnt/t/b", "/mnt/t/b/deep", "/mnt/t/b/deep/er", "/mnt/t/b!",
	       NULL);
	ck_assert_str_eq(list[0].fstype, "tmpfs");
	ck_assert(list[0].directory);
}
END_TEST

START_TEST(similar_name_is_not_below)
{
	tmpfs_on("/mnt/tt");
	tmpfs_on("/mnt/t/x");
	EXPECT("/mnt/t/x", NULL);
}
END_TEST

START_TEST(file_on_a_file_is_told)
{
	close(open("/mnt/t/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
	ck_assert_int_eq(mount("/dev/null", "/mnt/t/file", NULL, MS_BIND, NULL), 0);
	EXPECT("/mnt/t/file", NULL);
	ck_assert(!list[0].directory);
}
END_TEST

START_TEST(over_mounted_one_is_listed_once)
{
	tmpfs_on("/mnt/t/a");
	tmpfs_on("/mnt/t/a/below"); /* hidden with what carries it */
	ck_assert_int_eq(mount("/proc", "/mnt/t/a", NULL, MS_BIND, NULL), 0);
	EXPECT("/mnt/t/a", NULL);
	ck_assert_str_eq(list[0].fstype, "proc");
}
END_TEST

START_TEST(mount_on_a_higher_directory_hides)
{
	ck_assert_int_eq(mkdir("/mnt/t/d", 0755), 0);
	tmpfs_on("/mnt/t/d/hidden");
	tmpfs_on("/mnt/t/d/hidden/too");
	tmpfs_on("/mnt/t/d");
	EXPECT("/mnt/t/d", NULL);
	tmpfs_on("/mnt/t/d/hidden"); /* the same place, now seen */
	EXPECT("/mnt/t/d", "/mnt/t/d/hidden", NULL);
}
END_TEST

START_TEST(root_mounted_over_shows_the_new_one)
{
	tmpfs_on("/mnt/t/old");
	tmpfs_on("/mnt/t");
	tmpfs_on("/mnt/t/new");
	EXPECT("/mnt/t/new", NULL);
}
END_TEST

START_TEST(moved_mount_keeps_the_order)
{
	tmpfs_on("/mnt/t/late");
	tmpfs_on("/mnt/t/late/child");
	tmpfs_on("/mnt/t/early");
	ck_assert_int_eq(mkdir("/mnt/t/early/in", 0755), 0);
	ck_assert_int_eq(mount("/mnt/t/late", "/mnt/t/early/in", NULL, MS_MOVE, NULL), 0);
	EXPECT("/mnt/t/early", "/mnt/t/early/in", "/mnt/t/early/in/child", NULL);
}
END_TEST

START_TEST(odd_names_are_decoded)
{
	tmpfs_on("/mnt/t/a b");
	tmpfs_on("/mnt/t/new\nline");
	tmpfs_on("/mnt/t/back\\040slash\t#");
	EXPECT("/mnt/t/a b", "/mnt/t/back\\040slash\t#", "/mnt/t/new\nline", NULL);
}
END_TEST

START_TEST(name_like_the_remark_of_a_deleted_one_is_kept)
{
	tmpfs_on("/mnt/t/x (deleted)");
	EXPECT("/mnt/t/x (deleted)", NULL);
}
END_TEST

START_TEST(mount_of_a_deleted_source_is_seen)
{
	tmpfs_on("/mnt/t/source");
	ck_assert_int_eq(mkdir("/mnt/t/source/dir", 0755), 0);
	ck_assert_int_eq(mkdir("/mnt/t/target", 0755), 0);
	ck_assert_int_eq(mount("/mnt/t/source/dir", "/mnt/t/target", NULL, MS_BIND, NULL),
			 0);
	ck_assert_int_eq(rmdir("/mnt/t/source/dir"), 0);
	EXPECT("/mnt/t/source", "/mnt/t/target", NULL);
}
END_TEST

START_TEST(unmounted_one_is_gone)
{
	tmpfs_on("/mnt/t/a");
	ck_assert_int_eq(umount("/mnt/t/a"), 0);
	EXPECT(NULL);
}
END_TEST

START_TEST(whole_machine_has_proc)
{
	bool found = false;

	look("/");
	for (size_t i = 0; i < len; i++) {
		ck_assert_str_ne(list[i].path, "/");
		found = found || strcmp(list[i].path, "/proc") == 0;
	}
	ck_assert(found);
}
END_TEST

START_TEST(one_out_of_reach_is_told)
{
	ck_assert_int_eq(mkdir("/mnt/t/closed", 0700), 0);
	tmpfs_on("/mnt/t/closed/mnt");
	ck_assert_int_eq(setresuid(12345, 12345, 12345), 0);
	look("/mnt/t");
	ck_assert_uint_eq(len, 1);
	ck_assert_str_eq(list[0].path, "/mnt/t/closed/mnt");
	ck_assert(list[0].directory && list[0].out_of_reach);
}
END_TEST

START_TEST(thousand_mounts_are_all_found)
{
	char path[64];

	for (int i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), "/mnt/t/%d", i);
		tmpfs_on(path);
	}
	look("/mnt/t");
	ck_assert_uint_eq(len, 1000);
}
END_TEST

START_TEST(deep_nest_is_followed)
{
	char path[1024] = "/mnt/t";

	for (int i = 0; i < 200; i++) {
		strcat(path, "/d");
		tmpfs_on(path);
	}
	look("/mnt/t");
	ck_assert_uint_eq(len, 200);
	ck_assert_str_eq(list[199].path, path);
}
END_TEST

int main(void)
{
	Suite *suite;
	TCase *t;

	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		puts("mounting needs root");
		return SKIP;
	}
	suite = suite_create("table");
	t = tcase_create("mounts");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, root_itself_is_not_below);
	tcase_add_test(t, parents_come_first);
	tcase_add_test(t, similar_name_is_not_below);
	tcase_add_test(t, file_on_a_file_is_told);
	tcase_add_test(t, over_mounted_one_is_listed_once);
	tcase_add_test(t, mount_on_a_higher_directory_hides);
	tcase_add_test(t, root_mounted_over_shows_the_new_one);
	tcase_add_test(t, moved_mount_keeps_the_order);
	tcase_add_test(t, odd_names_are_decoded);
	tcase_add_test(t, name_like_the_remark_of_a_deleted_one_is_kept);
	tcase_add_test(t, mount_of_a_deleted_source_is_seen);
	tcase_add_test(t, unmounted_one_is_gone);
	tcase_add_test(t, whole_machine_has_proc);
	tcase_add_test(t, one_out_of_reach_is_told);
	tcase_add_test(t, thousand_mounts_are_all_found);
	tcase_add_test(t, deep_nest_is_followed);
	suite_add_tcase(suite, t);
	return run_suite(suite, false);
}
