/* SPDX-License-Identifier: MIT */
/* lib/base/owner: walking a path, and who could replace what is there. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/account.h"
#include "base/owner.h"
#include "suite.h"

enum { STRANGER = 12391 };

static char dir[PATH_MAX];
static struct owner_place place;
static struct err e;

static void set_up(void)
{
	char made[] = "/tmp/minc-owner-XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(made));
	ck_assert_ptr_nonnull(realpath(made, dir));
	ck_assert_int_eq(chdir(dir), 0);
	ck_assert_int_eq(chmod(dir, 0755), 0);
	ck_assert(unsetenv("SUDO_UID") == 0 && unsetenv("SUDO_GID") == 0);
	umask(022);
}

static void tear_down(void)
{
	char command[PATH_MAX + 16];

	ck_assert_int_eq(chdir("/"), 0);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static int resolve(const char *path)
{
	err_clear(&e);
	return owner_resolve(&e, "it", path, &place);
}

static int resolve_given(const char *path)
{
	err_clear(&e);
	return owner_resolve_given(&e, "it", path, &place);
}

static const char *below(const char *name)
{
	static char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s%s%s", dir, *name ? "/" : "", name);
	return path;
}

START_TEST(path_is_walked_as_the_kernel_does)
{
	static const char *const paths[] = { "a/b",
					     "a//b/",
					     "./a/./b/.",
					     "a/b/..",
					     "a/../a/b/../../a",
					     "l",
					     "l/b",
					     "up",
					     "up/a",
					     "abs/b",
					     "a/b/f",
					     ".",
					     "..",
					     "/",
					     "/..",
					     "/usr/./bin/.." };
	char want[PATH_MAX];

	ck_assert(mkdir("a", 0755) == 0 && mkdir("a/b", 0755) == 0);
	ck_assert_int_ge(creat("a/b/f", 0644), 0);
	ck_assert(symlink("a", "l") == 0 && symlink("a/..", "up") == 0);
	ck_assert_int_eq(symlink(below("a"), "abs"), 0);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		ck_assert_ptr_nonnull(realpath(paths[i], want));
		ck_assert_int_eq(resolve(paths[i]), 0);
		ck_assert_str_eq(place.path, want);
	}
	ck_assert_int_eq(resolve("//"), 0); /* realpath(3) of musl keeps both */
	ck_assert_str_eq(place.path, "/");
}
END_TEST

START_TEST(what_is_missing_is_told_where_it_will_be)
{
	ck_assert_int_eq(mkdir("a", 0755), 0);
	ck_assert_int_eq(symlink("a/new", "l"), 0);
	ck_assert_int_eq(resolve("l/x/y"), -ENOENT);
	ck_assert_str_eq(place.path, below("a/new/x/y"));
	ck_assert_int_eq(resolve("none"), -ENOENT);
	ck_assert_str_eq(place.path, below("none"));
	ck_assert_int_eq(e.code, 0);
}
END_TEST

START_TEST(what_cannot_be_walked_is_said)
{
	char name[NAME_MAX + 2], path[2 * PATH_MAX];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	ck_assert_int_eq(symlink("loop", "loop"), 0);
	ck_assert_int_ge(creat("f", 0644), 0);
	ck_assert_int_eq(resolve("loop"), -ELOOP);
	/* the C library's words */
	snprintf(path, sizeof(path), "it: %s", strerror(ELOOP));
	ck_assert_str_eq(e.message, path);
	memset(path, 'x', sizeof(path) - 1);
	ck_assert_int_eq(resolve("f/x"), -ENOTDIR);
	ck_assert_int_eq(resolve(name), -ENAMETOOLONG);
	ck_assert_int_eq(resolve(path), -ENAMETOOLONG);
	ck_assert_int_eq(resolve(""), -EINVAL);
	ck_assert_int_ne(e.code, 0);
}
END_TEST

START_TEST(a_directory_that_others_write_to_is_refused)
{
	ck_assert(mkdir("a", 0755) == 0 && mkdir("a/b", 0755) == 0);
	ck_assert_int_eq(chmod("a", 0777), 0);
	ck_assert_int_eq(resolve("a"), 0); /* what is in it is another matter */
	ck_assert_int_eq(resolve("a/b"), -EPERM);
	ck_assert_ptr_nonnull(strstr(e.message, "others can write to /tmp"));
	ck_assert_ptr_nonnull(strstr(e.hint, "chmod go-w"));
	ck_assert_int_eq(resolve("a/none"), -EPERM);
	ck_assert_int_eq(resolve("a/../a"), -EPERM);
	ck_assert_int_eq(chmod("a", 01777), 0);
	ck_assert_int_eq(resolve("a/b"), 0);
	ck_assert_int_eq(chmod("a", 0775), 0);
	ck_assert_int_eq(chown("a", (uid_t)-1, getegid()), 0);
	ck_assert_int_eq(resolve("a/b"),
			 account_is_alone(geteuid(), getegid()) ? 0 : -EPERM);
}
END_TEST

START_TEST(a_closed_directory_above_is_noticed)
{
	ck_assert(mkdir("a", 0755) == 0 && mkdir("a/b", 0700) == 0 &&
		  mkdir("a/b/c", 0755) == 0);
	ck_assert(resolve("a/b") == 0 && !place.closed); /* not above itself */
	ck_assert(resolve("a/b/c") == 0 && place.closed);
	ck_assert(resolve("a/b/..") == 0 && !place.closed);
	/* a link in a closed directory leads out of it */
	ck_assert(mkdir("open", 0755) == 0 && mkdir("open/c", 0755) == 0);
	ck_assert_int_eq(symlink(below("open/c"), "a/b/out"), 0);
	ck_assert(resolve("a/b/out") == 0 && !place.closed);
	ck_assert_int_eq(symlink("../../open/c", "a/b/up"), 0);
	ck_assert(resolve("a/b/up") == 0 && !place.closed);
	ck_assert_int_eq(symlink(below("a/b/c"), "in"), 0);
	ck_assert(resolve("in") == 0 && place.closed);
}
END_TEST

START_TEST(what_a_stranger_owns_is_refused)
{
	ck_assert(mkdir("a", 0755) == 0 && mkdir("a/b", 0755) == 0 &&
		  symlink("a/b", "l") == 0);
	if (geteuid() != 0 || chown("a", STRANGER, STRANGER) < 0)
		return; /* an ordinary user cannot try it */
	ck_assert_int_eq(resolve("a"), 0);
	ck_assert_int_eq(resolve("a/b"), -EPERM);
	ck_assert_ptr_nonnull(strstr(e.message, "belongs to user 12391"));
	ck_assert_int_eq(chown("a", 0, 0), 0);
	ck_assert_int_eq(resolve("l"), 0);
	ck_assert_int_eq(lchown("l", STRANGER, STRANGER), 0);
	ck_assert_int_eq(resolve("l"), -EPERM);
	ck_assert_int_eq(chmod("a", 0775), 0);
	ck_assert_int_eq(chown("a", 0, STRANGER), 0);
	ck_assert_int_eq(resolve("a/b"), -EPERM);
}
END_TEST

START_TEST(who_asks_by_sudo_may_name_a_place_of_his_own)
{
	ck_assert(mkdir("a", 0700) == 0 && mkdir("a/b", 0755) == 0 &&
		  symlink("a/b", "l") == 0);
	if (geteuid() != 0 || chown("a", STRANGER, STRANGER) < 0 ||
	    lchown("l", STRANGER, STRANGER) < 0)
		return; /* an ordinary user cannot try it */
	ck_assert_int_eq(resolve_given("a/b"), -EPERM);
	ck_assert(setenv("SUDO_UID", "12391", 1) == 0 &&
		  setenv("SUDO_GID", "12391", 1) == 0);
	ck_assert_int_eq(resolve("a/b"), -EPERM);              /* nobody named it */
	ck_assert(resolve_given("a/b") == 0 && !place.closed); /* he can go there */
	ck_assert_int_eq(resolve_given("l"), 0);
	ck_assert_int_eq(chmod("a", 0770), 0);
	ck_assert_int_eq(resolve_given("a/b"), 0); /* his own group */
	ck_assert_int_eq(chmod("a", 0777), 0);
	ck_assert_int_eq(resolve_given("a/b"), -EPERM);
	ck_assert_int_eq(chmod("a", 0770), 0);
	ck_assert_int_eq(chown("a", STRANGER, STRANGER + 1), 0);
	ck_assert_int_eq(resolve_given("a/b"), -EPERM);
	ck_assert(chmod("a", 0700) == 0 && setenv("SUDO_UID", "12392", 1) == 0);
	ck_assert_int_eq(resolve_given("a/b"), -EPERM);
	ck_assert_int_eq(setenv("SUDO_UID", "4294967295", 1), 0);
	ck_assert_int_eq(resolve_given("a/b"), -EPERM);
	ck_assert_int_eq(setenv("SUDO_UID", "12391 ", 1), 0);
	ck_assert_int_eq(resolve_given("a/b"), -EPERM);
}
END_TEST

START_TEST(a_variable_does_not_lead_to_others)
{
	ck_assert_int_eq(mkdir("a", 0755), 0);
	ck_assert_int_eq(unsetenv("MINC_TEST_DIR"), 0);
	ck_assert_ptr_null(owner_env_dir("MINC_TEST_DIR"));
	ck_assert_int_eq(setenv("MINC_TEST_DIR", "", 1), 0);
	ck_assert_ptr_null(owner_env_dir("MINC_TEST_DIR"));
	ck_assert_int_eq(setenv("MINC_TEST_DIR", below("none"), 1), 0);
	ck_assert_ptr_nonnull(owner_env_dir("MINC_TEST_DIR"));
	ck_assert_int_eq(setenv("MINC_TEST_DIR", below("a"), 1), 0);
	ck_assert_str_eq(owner_env_dir("MINC_TEST_DIR"), below("a"));
	ck_assert_int_eq(chmod("a", 01777), 0);
	ck_assert_ptr_null(owner_env_dir("MINC_TEST_DIR"));
	ck_assert_int_eq(chmod("a", 0755), 0);
	if (geteuid() == 0 && chown("a", STRANGER, STRANGER) == 0)
		ck_assert_ptr_null(owner_env_dir("MINC_TEST_DIR"));
}
END_TEST

START_TEST(a_variable_does_not_lead_through_what_others_can_exchange)
{
	ck_assert(mkdir("a", 0777) == 0 && mkdir("a/b", 0755) == 0 &&
		  chmod("a", 0777) == 0);
	ck_assert_int_eq(setenv("MINC_TEST_DIR", below("a/b"), 1), 0);
	ck_assert_ptr_null(owner_env_dir("MINC_TEST_DIR"));
	ck_assert_int_eq(chmod("a", 01777), 0);
	ck_assert_ptr_nonnull(owner_env_dir("MINC_TEST_DIR"));
	ck_assert_int_eq(setenv("MINC_TEST_DIR", below("a/none"), 1), 0);
	ck_assert_ptr_null(owner_env_dir("MINC_TEST_DIR")); /* others may make it */
	ck_assert_int_eq(setenv("MINC_TEST_DIR", below("a/b/none"), 1), 0);
	ck_assert_ptr_nonnull(owner_env_dir("MINC_TEST_DIR"));
	ck_assert_int_eq(symlink(below("a/b"), "l"), 0);
	ck_assert_int_eq(setenv("MINC_TEST_DIR", below("l"), 1), 0);
	ck_assert_ptr_nonnull(owner_env_dir("MINC_TEST_DIR"));
	if (geteuid() == 0 && lchown("l", STRANGER, STRANGER) == 0)
		ck_assert_ptr_null(owner_env_dir("MINC_TEST_DIR"));
}
END_TEST

START_TEST(a_group_is_ones_own_if_nobody_else_is_in_it)
{
	static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
				     "sync:x:4:0:sync:/sbin:/bin/sync\n"
				     "a:x:1000:1000::/home/a:/bin/sh\n"
				     "b:x:1001:1001::/home/b:/bin/sh\n"
				     "c:x:1002:100::/home/c:/bin/sh\n"
				     "d:x:1003:100::/home/d:/bin/sh\n"
				     "e:x:1004:1004\n"
				     "f:x:x:1005\n";
	static const char group[] = "root:x:0:\n"
				    "users:x:100:\n"
				    "a:x:1000:root,a,\n"
				    "b:x:1001:web\n"
				    "e:x:1004:ee,a\n"
				    "wheel:x:1010:a\n";
	static const struct {
		uid_t uid;
		gid_t gid;
		bool alone;
	} cases[] = {
		{ 0, 0, true },        { 1000, 1000, true },  { 1001, 1001, false },
		{ 1002, 100, false },  { 1004, 1004, false }, { 1005, 1005, false },
		{ 1000, 1010, true },  { 1001, 1010, false }, { 2000, 2000, true },
		{ 2000, 2001, false }, { 1000, 10, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_msg(account_is_alone_in(passwd, group, cases[i].uid,
						  cases[i].gid) == cases[i].alone,
			      "user %u in group %u", cases[i].uid, cases[i].gid);
	ck_assert(!account_is_alone_in(passwd, "root:x:0:a\n", 0, 0));
	ck_assert(account_is_alone_in(NULL, NULL, 7, 7) &&
		  !account_is_alone_in(NULL, NULL, 7, 8));
	/* nobody knows who that is */
	ck_assert(!account_is_alone_in("", "x:x:7:y", 7, 7));
}
END_TEST

START_TEST(who_serves_fuse_is_in_the_last_field)
{
	static const char text[] =
		"21 1 8:1 / / rw - ext4 /dev/sda1 rw,user_id=5\n"
		"40 21 0:40 / /a\\040-\\040user_id=0 rw shared:1 - fuse.user_id=0 user_id=0 "
		"rw,user_id=12391,group_id=0,allow_other\n"
		"41 21 0:41 / /b rw - fuse x rw,xuser_id=0,user_id=7\n"
		"42 21 0:42 / /c rw - fuse user_id=0 rw,allow_other\n"
		"43 21 0:43 / /d rw - fuse user_id=0 user_id=1x\n"
		"44 21 0:44 / /e rw - virtiofs user_id=9 rw\n"
		"45 21 0:45 / /f rw - fuseblk /dev/sdb user_id=0\n"
		"46 21 0:46 / /g rw - fuse x user_id=\n"
		"47 21 0:47 / /h rw - fuse x user_id=4294967295\n"
		"48\n";
	static const struct {
		uint64_t id;
		int r;
		uid_t uid;
	} cases[] = {
		{ 40, 0, 12391 },   { 41, 0, 7 },       { 42, -ENOENT, 0 },
		{ 43, -EINVAL, 0 }, { 44, 0, 0 },       { 45, 0, 0 },
		{ 46, -EINVAL, 0 }, { 47, -EINVAL, 0 }, { 48, -ENOENT, 0 },
		{ 4, -ENOENT, 0 },  { 0, -ENOENT, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uid_t uid = 0;
		char copy[sizeof(text)];
		int r = owner_find_server(memcpy(copy, text, sizeof(text)), cases[i].id,
					  &uid);

		ck_assert_msg(r == cases[i].r && uid == cases[i].uid,
			      "mount %u: %d, user %u", (unsigned)cases[i].id, r,
			      (unsigned)uid);
	}
}
END_TEST

START_TEST(root_is_who_owns_the_root_directory)
{
	struct stat st;

	ck_assert_int_eq(stat("/", &st), 0);
	ck_assert(owner_is_ours(0) && owner_is_ours(geteuid()) &&
		  owner_is_ours(st.st_uid));
	ck_assert(!owner_is_ours(STRANGER));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("owner");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, path_is_walked_as_the_kernel_does);
	tcase_add_test(t, what_is_missing_is_told_where_it_will_be);
	tcase_add_test(t, what_cannot_be_walked_is_said);
	tcase_add_test(t, a_directory_that_others_write_to_is_refused);
	tcase_add_test(t, a_closed_directory_above_is_noticed);
	tcase_add_test(t, what_a_stranger_owns_is_refused);
	tcase_add_test(t, who_asks_by_sudo_may_name_a_place_of_his_own);
	tcase_add_test(t, a_variable_does_not_lead_to_others);
	tcase_add_test(t, a_variable_does_not_lead_through_what_others_can_exchange);
	tcase_add_test(t, a_group_is_ones_own_if_nobody_else_is_in_it);
	tcase_add_test(t, who_serves_fuse_is_in_the_last_field);
	tcase_add_test(t, root_is_who_owns_the_root_directory);
	return run_case("owner", t);
}
