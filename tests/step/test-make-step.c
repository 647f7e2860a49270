/* SPDX-License-Identifier: MIT */
/*
 * Steps that make something in a directory (lib/mount/mount-step.c), one at a time.
 * Whatever links are in it, nothing outside may be reached.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "step.h"

/* mkdir */

STEP_TEST(mkdir_has_exactly_its_mode)
{
	struct stat st;

	works(r, STEP(mkdir, .at = ROOM, .path = "dir", .mode = 01777, .ret = ONE));
	must(stat("/tmp/dir", &st));
	equal(st.st_mode, S_IFDIR | 01777);
	equal(fstat(r->slots[ONE], &st), 0);
	equal(st.st_mode, S_IFDIR | 01777);
}

STEP_TEST(mkdir_keeps_a_directory_that_is_there)
{
	struct stat st;

	must(mkdir("/tmp/dir", 0700));
	put_file("/tmp/dir/kept", "");
	works(r, STEP(mkdir, .at = ROOM, .path = "dir", .mode = 0755, .ret = SLOT_NONE));
	works(r,
	      STEP(mkdir, .at = SLOT_CWD, .path = "/tmp/dir", .mode = 0755, .ret = ONE));
	must(stat("/tmp/dir", &st));
	equal(st.st_mode, S_IFDIR | 0700);
	expect(is_there("/tmp/dir/kept"));
}

STEP_TEST(mkdir_does_not_take_a_link_or_a_file_for_a_directory)
{
	make_root(r, ONE);
	put_file("/tmp/root/file", "");
	fails(r, -ENOTDIR,
	      STEP(mkdir, .at = ONE, .path = "upward", .mode = 0755, .ret = TWO));
	fails(r, -ENOTDIR,
	      STEP(mkdir, .at = ONE, .path = "upward", .mode = 0755, .ret = SLOT_NONE));
	fails(r, -ENOTDIR,
	      STEP(mkdir, .at = ONE, .path = "file", .mode = 0755, .ret = SLOT_NONE));
	nothing_came_outside();
}

/* A kept upper layer holds what an earlier container put there. */
STEP_TEST(nothing_is_made_through_a_link)
{
	make_root(r, ONE);
	fails(r, -ENOTDIR,
	      STEP(mkdir, .at = ONE, .path = "absolute/new", .mode = 0755,
		   .ret = SLOT_NONE));
	fails(r, -ENOTDIR,
	      STEP(mkdir, .at = ONE, .path = "upward/new", .mode = 0755, .ret = TWO));
	fails(r, -ENOTDIR,
	      STEP(file, .at = ONE, .path = "upward/new", .content = "", .mode = 0644));
	fails(r, -ENOTDIR,
	      STEP(symlink, .at = ONE, .path = "absolute/new", .target = "x"));
	nothing_came_outside();
}

STEP_TEST(nothing_is_made_through_a_link_without_openat2)
{
	make_root(r, ONE);
	refuse(SYS_openat2, EPERM);
	fails(r, -ENOTDIR,
	      STEP(mkdir, .at = ONE, .path = "upward/new", .mode = 0755, .ret = TWO));
	fails(r, -ENOTDIR,
	      STEP(file, .at = ONE, .path = "absolute/new", .content = "", .mode = 0644));
	works(r,
	      STEP(mkdir, .at = ONE, .path = "dir/new", .mode = 0755, .ret = SLOT_NONE));
	expect(is_there("/tmp/root/dir/new"));
	nothing_came_outside();
}

STEP_TEST(mkdir_makes_no_parents)
{
	fails(r, -ENOENT,
	      STEP(mkdir, .at = ROOM, .path = "a/b", .mode = 0755, .ret = ONE));
	expect(!is_there("/tmp/a"));
	fails(r, -EBADF, STEP(mkdir, .at = UNSET, .path = "a", .mode = 0755, .ret = ONE));
}

/* mknod */

STEP_TEST(mknod_makes_a_device_for_root_only)
{
	struct step null = { STEP(mknod, .at = ROOM, .path = "null",
				  .mode = S_IFCHR | 0666, .major = 1, .minor = 3) };
	struct stat st;

	if (who == AS_USER) {
		equal(step_mknod.run(r, &null), -EPERM);
		return;
	}
	equal(step_mknod.run(r, &null), 0);
	must(stat("/tmp/null", &st));
	equal(st.st_mode, S_IFCHR | 0666);
	expect(st.st_rdev == makedev(1, 3));
}

STEP_TEST(mknod_over_something_is_refused)
{
	put_link("nowhere", "/tmp/link");
	fails(r, -EEXIST,
	      STEP(mknod, .at = ROOM, .path = "link", .mode = S_IFIFO | 0600));
	expect(!is_there("/tmp/nowhere"));
	fails(r, -EBADF,
	      STEP(mknod, .at = UNSET, .path = "pipe", .mode = S_IFIFO | 0600));
}

/* symlink */

static void leads_to(const char *path, const char *want)
{
	char target[256];
	int n = must(readlink(path, target, sizeof(target) - 1));

	target[n] = '\0';
	same(target, want);
}

STEP_TEST(symlink_has_its_target)
{
	works(r, STEP(symlink, .at = ROOM, .path = "link", .target = "/proc/self/fd"));
	leads_to("/tmp/link", "/proc/self/fd");
}

STEP_TEST(symlink_keeps_what_is_there)
{
	put_link("kept", "/tmp/link");
	works(r, STEP(symlink, .at = ROOM, .path = "link", .target = "/proc/self/fd"));
	leads_to("/tmp/link", "kept");
}

STEP_TEST(symlink_replaces_a_file_but_no_directory)
{
	put_dir("/tmp/etc");
	put_dir("/tmp/etc/dir");
	put_file("/tmp/etc/mtab", "old");
	works(r, STEP(symlink, .at = ROOM, .path = "etc/mtab", .target = "new",
		      .replace = true));
	leads_to("/tmp/etc/mtab", "new");
	works(r,
	      STEP(symlink, .at = ROOM, .path = "top", .target = "new", .replace = true));
	leads_to("/tmp/top", "new");
	fails(r, -EISDIR,
	      STEP(symlink, .at = ROOM, .path = "etc/dir", .target = "new",
		   .replace = true));
	fails(r, -ENOENT,
	      STEP(symlink, .at = ROOM, .path = "no/mtab", .target = "new",
		   .replace = true));
}

STEP_TEST(symlink_replaces_inside_the_root_only)
{
	make_root(r, ONE);
	put_file("/tmp/mtab", "the host's");
	put_file("/tmp/root/mtab", "old");
	works(r, STEP(symlink, .at = ONE, .path = "/../mtab", .target = "new",
		      .replace = true));
	leads_to("/tmp/root/mtab", "new");
	fails(r, -ENOENT,
	      STEP(symlink, .at = ONE, .path = "upward/secret", .target = "x",
		   .replace = true));
	must(chroot("/tmp")); /* what an absolute path would reach is /mtab now */
	works(r, STEP(symlink, .at = ONE, .path = "/mtab", .target = "newer",
		      .replace = true));
	leads_to("/root/mtab", "newer");
	must(rename("/mtab", "/outside/mtab"));
	must(unlink("/outside/mtab"));
}

/* file */

STEP_TEST(file_has_its_content_and_mode)
{
	char text[32];
	struct stat st;

	works(r, STEP(file, .at = ROOM, .path = "hosts", .content = "127.0.0.1 lo\n",
		      .mode = 0640));
	read_text("/tmp/hosts", text, sizeof(text));
	same(text, "127.0.0.1 lo\n");
	must(stat("/tmp/hosts", &st));
	equal(st.st_mode, S_IFREG | 0640);
}

STEP_TEST(file_keeps_what_is_there_and_follows_no_link)
{
	char text[16];

	put_file("/tmp/file", "kept");
	put_link("target", "/tmp/link");
	works(r, STEP(file, .at = ROOM, .path = "file", .content = "new", .mode = 0644));
	read_text("/tmp/file", text, sizeof(text));
	same(text, "kept");
	works(r, STEP(file, .at = ROOM, .path = "link", .content = "new", .mode = 0644));
	expect(!is_there("/tmp/target"));
}

STEP_TEST(file_in_a_missing_directory_is_refused)
{
	fails(r, -ENOENT,
	      STEP(file, .at = ROOM, .path = "no/file", .content = "", .mode = 0644));
	fails(r, -EBADF,
	      STEP(file, .at = UNSET, .path = "file", .content = "", .mode = 0644));
}

STEP_TEST(file_that_does_not_fit_is_an_error)
{
	static char content[3 * 4096];

	memset(content, 'x', sizeof(content) - 1);
	expect(sys_mount(NULL, "/tmp", NULL, MS_REMOUNT, "size=4096") == 0);
	fails(r, -ENOSPC,
	      STEP(file, .at = ROOM, .path = "file", .content = content, .mode = 0644));
}

int main(void)
{
	const TTest *const tests[] = {
		mkdir_has_exactly_its_mode,
		mkdir_keeps_a_directory_that_is_there,
		mkdir_does_not_take_a_link_or_a_file_for_a_directory,
		nothing_is_made_through_a_link,
		nothing_is_made_through_a_link_without_openat2,
		mkdir_makes_no_parents,
		mknod_makes_a_device_for_root_only,
		mknod_over_something_is_refused,
		symlink_has_its_target,
		symlink_keeps_what_is_there,
		symlink_replaces_a_file_but_no_directory,
		symlink_replaces_inside_the_root_only,
		file_has_its_content_and_mode,
		file_keeps_what_is_there_and_follows_no_link,
		file_in_a_missing_directory_is_refused,
		file_that_does_not_fit_is_an_error,
	};

	return stage_main("make-step", tests, sizeof(tests) / sizeof(tests[0]));
}
