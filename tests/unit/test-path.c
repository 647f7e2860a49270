/* SPDX-License-Identifier: MIT */
/*
 * path_open_in_root(): paths of somebody else's root directory. Whatever is in it,
 * nothing outside is ever opened or made: a canary lies beside it, under the names that
 * an escape would reach. Every test runs twice: with openat2(2), and with a filter that
 * refuses it, as in older containers, so that the walk name by name does everything.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mount/mount.h"
#include "suite.h"

enum { NEW_DIR = S_IFDIR | 0750, NEW_FILE = S_IFREG | 0640 };

static char base[32];
static int outside, root; /* descriptors of base and base/root */

static void refuse_openat2(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0), 0);
}

/* The other way in every second run. */
static void choose_way(int i)
{
	if (i == 1)
		refuse_openat2();
}

static void put_file(int dir, const char *name)
{
	int fd = openat(dir, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	close(fd);
}

static void link_to(const char *target, const char *name)
{
	ck_assert_int_eq(symlinkat(target, root, name), 0);
}

static void setup(void)
{
	umask(022);
	strcpy(base, "/tmp/minc-path-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(base));
	outside = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(outside, 0);
	put_file(outside, "secret");
	ck_assert_int_eq(mkdirat(outside, "root", 0755), 0);
	root = openat(outside, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(mkdirat(root, "a", 0755) | mkdirat(root, "a/b", 0755), 0);
	put_file(root, "a/b/file");
	put_file(root, "plain");
	link_to("a/b", "relative");
	link_to("/a/b", "absolute");
	link_to("../../../../../a", "upward");
	link_to("../../secret", "a/escape");
	link_to("/secret", "a/escape-absolute");
	link_to("../../../new/made", "a/dangling");
	link_to("/made-at-top", "gone");
	link_to("self", "self");
	link_to("ping", "pong");
	link_to("pong", "ping");
	link_to("../../absolute/../b/file", "a/b/around");
}

static bool is_known(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	       strcmp(name, "secret") == 0 || strcmp(name, "root") == 0;
}

static void remove_all(const char *path)
{
	char command[PATH_MAX + 16];

	snprintf(command, sizeof(command), "rm -rf %s", path);
	ck_assert_int_eq(system(command), 0);
}

/* Nothing was made outside. */
static void teardown(void)
{
	DIR *dir = fdopendir(outside);
	struct dirent *d;
	bool strange = false;

	ck_assert_ptr_nonnull(dir);
	while ((d = readdir(dir)))
		strange = strange || !is_known(d->d_name);
	closedir(dir);
	close(root);
	remove_all(base);
	ck_assert_msg(!strange, "something was made outside");
}

static size_t open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* @path leads to the file that is root/@real; nothing stays open. */
static void leads_to(const char *path, unsigned create, const char *real)
{
	size_t before = open_files();
	int fd = path_open_in_root(root, path, create);
	struct stat want, got;

	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(-fd));
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_msg(fcntl(fd, F_GETFL) & O_PATH, "%s", path);
	ck_assert_int_eq(fstat(fd, &got), 0);
	ck_assert_msg(fstatat(root, real, &want, AT_SYMLINK_NOFOLLOW) == 0, "%s", real);
	ck_assert_msg(want.st_dev == got.st_dev && want.st_ino == got.st_ino,
		      "%s does not lead to %s", path, real);
	close(fd);
	ck_assert_uint_eq(open_files(), before);
}

static void fails_with(const char *path, unsigned create, int err)
{
	size_t before = open_files();
	int fd = path_open_in_root(root, path, create);

	ck_assert_msg(fd == err, "%.60s: %d", path, fd);
	ck_assert_uint_eq(open_files(), before);
}

START_TEST(existing_names_are_opened)
{
	choose_way(_i);
	leads_to("/a/b/file", 0, "a/b/file");
	leads_to("a/b/file", NEW_FILE, "a/b/file");
	leads_to("//a//b///file", 0, "a/b/file");
	leads_to("./a/./b/.", 0, "a/b");
	leads_to("/", 0, ".");
	leads_to(".", 0, ".");
	leads_to("/a/b/", 0, "a/b");
}
END_TEST

START_TEST(dotdot_stops_at_the_root)
{
	choose_way(_i);
	leads_to("..", 0, ".");
	leads_to("/../../../..", 0, ".");
	leads_to("../secret/../plain", NEW_DIR, "plain");
	leads_to("a/b/../../plain", 0, "plain");
	leads_to("a/../../../a/b/../b/file", 0, "a/b/file");
	leads_to("a/b/..", 0, "a");
	fails_with("../secret2", 0, -ENOENT);
}
END_TEST

START_TEST(links_resolve_inside)
{
	choose_way(_i);
	leads_to("relative", 0, "a/b");
	leads_to("absolute/file", 0, "a/b/file");
	leads_to("/upward/b/file", 0, "a/b/file");
	leads_to("absolute/..", 0, "a");
	leads_to("a/b/around", 0, "a/b/file");
	fails_with("a/escape", 0, -ENOENT);
	fails_with("a/escape-absolute", 0, -ENOENT);
	fails_with("gone", 0, -ENOENT);
}
END_TEST

START_TEST(loops_end)
{
	choose_way(_i);
	fails_with("self", 0, -ELOOP);
	fails_with("self/x", NEW_DIR, -ELOOP);
	fails_with("ping", NEW_FILE, -ELOOP);
}
END_TEST

START_TEST(forty_links_and_no_more)
{
	char name[16], next[16];

	for (int i = 0; i < 60; i++) {
		snprintf(name, sizeof(name), "l%d", i);
		snprintf(next, sizeof(next), "l%d", i + 1);
		link_to(i == 59 ? "plain" : next, name);
	}
	choose_way(_i);
	leads_to("l20", 0, "plain");
	fails_with("l19", 0, -ELOOP);
	fails_with("l0", NEW_FILE, -ELOOP);
}
END_TEST

START_TEST(a_file_is_no_directory)
{
	choose_way(_i);
	fails_with("plain/x", 0, -ENOTDIR);
	fails_with("plain/x", NEW_DIR, -ENOTDIR);
	fails_with("a/b/file/../file", NEW_FILE, -ENOTDIR);
	fails_with("plain/..", 0, -ENOTDIR);
}
END_TEST

static void has_mode(const char *path, mode_t mode)
{
	struct stat st;

	ck_assert_int_eq(fstatat(root, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_msg(st.st_mode == mode, "%s: %o", path, st.st_mode);
}

START_TEST(missing_names_are_made)
{
	choose_way(_i);
	fails_with("n/e/w", 0, -ENOENT);
	leads_to("n/e/w", NEW_DIR, "n/e/w");
	has_mode("n", S_IFDIR | 0755);
	has_mode("n/e", S_IFDIR | 0755);
	has_mode("n/e/w", S_IFDIR | 0750);
	leads_to("/n/./f", NEW_FILE, "n/f");
	has_mode("n/f", S_IFREG | 0640);
	leads_to("n/x/../y", NEW_DIR, "n/y");
	leads_to("absolute/z", NEW_FILE, "a/b/z");
	leads_to("n/trailing/", NEW_DIR, "n/trailing");
}
END_TEST

START_TEST(dangling_links_are_completed_inside)
{
	choose_way(_i);
	leads_to("a/dangling", NEW_DIR, "new/made");
	leads_to("gone", NEW_FILE, "made-at-top");
	leads_to("a/escape", NEW_FILE, "secret");
	leads_to("a/escape-absolute", NEW_FILE, "secret");
}
END_TEST

START_TEST(long_names_are_refused)
{
	static char name[NAME_MAX + 2], path[3 * PATH_MAX];

	choose_way(_i);
	memset(name, 'n', NAME_MAX);
	leads_to(name, NEW_DIR, name);
	name[NAME_MAX] = 'n';
	fails_with(name, NEW_DIR, -ENAMETOOLONG);
	fails_with(name, 0, -ENAMETOOLONG);
	memset(path, '/', PATH_MAX);
	strcpy(path + PATH_MAX, "a");
	fails_with(path, NEW_DIR, -ENAMETOOLONG);
	while (strlen(path) < 2 * PATH_MAX + 100)
		strcat(path,
		       "/../aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	fails_with(path, NEW_DIR, -ENAMETOOLONG);
}
END_TEST

/* A link whose text, put before the rest, exceeds what the walk can remember. */
START_TEST(long_links_are_refused_or_followed)
{
	static char target[PATH_MAX], path[PATH_MAX];

	while (strlen(target) + 8 < PATH_MAX - 1)
		strcat(target, "./");
	strcat(target, "a");
	link_to(target, "long");
	strcpy(path, "long");
	while (strlen(path) + 8 < PATH_MAX - 1)
		strcat(path, "/.");
	choose_way(_i);
	leads_to("long", 0, "a");
	leads_to("long/b/file", NEW_FILE, "a/b/file");
	leads_to(path, 0, "a");
	leads_to("long/made", NEW_DIR, "a/made");
}
END_TEST

/* Somebody exchanges a directory and a link that leads out, all the time. */
START_TEST(exchange_under_way_does_not_escape)
{
	pid_t pid;

	link_to("../..", "link");
	ck_assert_int_eq(mkdirat(root, "swap", 0755), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	while (pid == 0)
		(void)syscall(SYS_renameat2, root, "link", root, "swap", RENAME_EXCHANGE);
	choose_way(_i);
	for (int i = 0; i < 3000; i++) {
		char path[64];
		int fd;

		snprintf(path, sizeof(path), "swap/%d/../%d/d", i, i + 1);
		fd = path_open_in_root(root, path, NEW_DIR);
		if (fd >= 0)
			close(fd);
	}
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

START_TEST(special_files_are_opened_without_being_used)
{
	ck_assert_int_eq(mkfifoat(root, "fifo", 0644), 0);
	choose_way(_i);
	leads_to("fifo", 0, "fifo"); /* does not wait for a writer */
	leads_to("fifo", NEW_FILE, "fifo");
	fails_with("fifo/x", NEW_FILE, -ENOTDIR);
}
END_TEST

START_TEST(bad_root_is_an_error)
{
	choose_way(_i);
	ck_assert_int_eq(path_open_in_root(-EBADF, "a", NEW_DIR), -EBADF);
	ck_assert_int_eq(path_open_in_root(-EBADF, "a", 0), -EBADF);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		existing_names_are_opened,
		dotdot_stops_at_the_root,
		links_resolve_inside,
		loops_end,
		forty_links_and_no_more,
		a_file_is_no_directory,
		missing_names_are_made,
		dangling_links_are_completed_inside,
		long_names_are_refused,
		long_links_are_refused_or_followed,
		exchange_under_way_does_not_escape,
		special_files_are_opened_without_being_used,
		bad_root_is_an_error,
	};
	TCase *t = tcase_create("path_open_in_root");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_loop_test(t, tests[i], 0, 2);
	return run_case("path", t);
}
