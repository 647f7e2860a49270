/* SPDX-License-Identifier: MIT */
/*
 * lib/change/copy, ends, place: what SRC and DEST mean, as cp(1) and docker(1) have it,
 * with a directory in the place of a container's root; and links that lead out of it.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "change/copy.h"
#include "suite.h"

static char dir[] = "/tmp/minc-copy-XXXXXX";

static void shell(const char *script)
{
	char command[1024];

	ck_assert_int_lt(snprintf(command, sizeof(command), "cd %s && (%s)", dir, script),
			 (int)sizeof(command));
	ck_assert_msg(system(command) == 0, "%s", script);
}

static void set_up(void)
{
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	/* "root" is the container's; "secret" is not in it */
	shell("mkdir -p src/sub root/etc root/there/src secret; echo file >src/file; echo below >src/sub/below;"
	      "ln -s file src/link; ln -s sub src/way; echo old >root/old; ln -s /etc root/to-dir;"
	      "ln -s etc/new root/to-new; ln -s /none/new root/to-none; ln -s loop root/loop;"
	      "ln -s ../../../../../../.. root/up; ln -s $PWD/secret root/out; mkfifo root/fifo");
}

static void tear_down(void)
{
	char command[64];

	ck_assert_int_eq(chdir("/"), 0);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static int copy(const char *from, const char *to, bool follow, struct err *e)
{
	struct copy_end source = { .root = -EBADF, .path = from, .one_owner = true };
	struct copy_end target = { .path = to, .label = "box:", .one_owner = true };
	const struct copy_how how = { .follow = follow };
	struct copy_said said = { .used = 0 };
	int r;

	err_clear(e);
	target.root = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(target.root, 0);
	r = copy_files(&source, &target, &how, &said, e);
	ck_assert_int_eq(close(target.root), 0);
	return r;
}

/* @made: a path of a file that is there afterwards, or a part of the message. */
static const struct row {
	const char *from, *to, *made;
	int result;
	bool follow;
} rows[] = {
	/* a file */
	{ "src/file", "/new", "root/new", 0, false },
	{ "src/file", "new", "root/new", 0, false },
	{ "src/file", "/old", "root/old", 0, false },
	{ "src/file", "/etc", "root/etc/file", 0, false },
	{ "src/file", "/etc/", "root/etc/file", 0, false },
	{ "src/file", "/etc/.", "root/etc/file", 0, false },
	{ "src/file", "/", "root/file", 0, false },
	{ "src/file", "/none/", "box:/none/", -ENOENT, false },
	{ "src/file", "/none/x", "box:/none/x", -ENOENT, false },
	{ "src/file", "/old/", "box:/old/", -ENOTDIR, false },
	{ "src/file", "/old/x", "box:/old/x", -ENOTDIR, false },
	{ "src/file/", "/new", "src/file/", -ENOTDIR, false },
	{ "src/file", "/fifo", "box:/fifo", -EINVAL, false },
	/* a directory */
	{ "src", "/new", "root/new/sub/below", 0, false },
	{ "src", "/new/", "root/new/sub/below", 0, false },
	{ "src", "/etc", "root/etc/src/sub/below", 0, false },
	{ "src/", "/etc", "root/etc/src/sub/below", 0, false },
	{ "src", "/there", "root/there/src/sub/below", 0, false },
	{ "src/.", "/etc", "root/etc/sub/below", 0, false },
	{ "src/.", "/new", "root/new/sub/below", 0, false },
	{ "src/sub/..", "/new", "root/new/sub/below", 0, false },
	{ "src", "/none/new", "box:/none/new", -ENOENT, false },
	{ "src", "/old", "box:/old", -ENOTDIR, false },
	{ "src/.", "/old", "box:/old", -ENOTDIR, false },
	/* links */
	{ "src/link", "/etc/file", "root/etc/file", 0, true },
	{ "src/way/", "/new", "root/new/below", 0, false },
	{ "src/way", "/new", "root/new/below", 0, true },
	{ "src/file", "/to-dir", "root/etc/file", 0, false },
	{ "src/file", "/to-dir/x", "root/etc/x", 0, false },
	{ "src/file", "/to-new", "root/etc/new", 0, false },
	{ "src/file", "/to-none", "box:/to-none", -ENOENT, false },
	{ "src/file", "/to-new/", "box:/to-new/", -ENOENT, false },
	{ "src/file", "/loop", "box:/loop", -ELOOP, false },
	{ "src/file", "/up", "root/file", 0, false },
	{ "src/file", "/../../up/../x", "root/x", 0, false },
	{ "src/file", "/out", "box:/out", -ENOENT, false },
	{ "src/file", "/out/x", "box:/out/x", -ENOENT, false },
	{ "src/none", "/new", "src/none", -ENOENT, false },
	{ "", "/new", "", -EINVAL, false },
};

START_TEST(destinations_are_what_they_are_for_cp)
{
	const struct row *row = &rows[_i];
	struct err e;
	struct stat st;
	int r = copy(row->from, row->to, row->follow, &e);

	ck_assert_msg(r == row->result, "%s to %s: %d, not %d: %s", row->from, row->to, r,
		      row->result, e.message);
	if (r == 0)
		ck_assert_msg(lstat(row->made, &st) == 0 && S_ISREG(st.st_mode),
			      "%s to %s makes no %s", row->from, row->to, row->made);
	else
		ck_assert_msg(strstr(e.message, row->made) != NULL, "%s", e.message);
	shell("test -z \"$(ls secret)\"; ! find . -name '.minc-cp-*' | grep .");
}
END_TEST

START_TEST(a_link_of_another_in_a_directory_for_all_is_no_destination)
{
	struct err e;

	if (geteuid() != 0)
		return;
	shell("mkdir root/tmp; chmod 1777 root/tmp; ln -s /etc/passwd root/tmp/trap;"
	      "ln -s /etc/passwd root/tmp/mine; chown -h 4242 root/tmp/trap");
	ck_assert_int_eq(copy("src/file", "/tmp/trap", false, &e), -EACCES);
	shell("test ! -e root/etc/passwd");
	ck_assert_int_eq(copy("src/file", "/tmp/mine", false, &e), 0);
	shell("test -e root/etc/passwd");
	/* whose directory it is may lead on */
	shell("chown 4242 root/tmp; rm root/etc/passwd");
	ck_assert_int_eq(copy("src/file", "/tmp/trap", false, &e), 0);
}
END_TEST

START_TEST(what_fails_is_named)
{
	char long_name[NAME_MAX + 2] = "", path[NAME_MAX + 8];
	struct err e;

	memset(long_name, 'n', NAME_MAX + 1);
	snprintf(path, sizeof(path), "/etc/%s", long_name);
	ck_assert_int_eq(copy("src/file", path, false, &e), -ENAMETOOLONG);
	if (geteuid() == 0)
		return;
	shell("chmod 0 src/sub/below; mkdir root/shut; chmod 555 root/shut");
	ck_assert_int_eq(copy("src/sub", "/new", false, &e), -EACCES);
	ck_assert_msg(strstr(e.message, "src/sub/below") != NULL, "%s", e.message);
	ck_assert_int_eq(copy("src/file", "/shut", false, &e), -EACCES);
	ck_assert_msg(strstr(e.message, "box:/shut") != NULL, "%s", e.message);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("ends");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, destinations_are_what_they_are_for_cp, 0,
			    sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(t, a_link_of_another_in_a_directory_for_all_is_no_destination);
	tcase_add_test(t, what_fails_is_named);
	return run_case("copy", t);
}
