/* SPDX-License-Identifier: MIT */
/* Who keeps a file or directory, and who may remove it (lib/base/lease.h). */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <minc/change.h>
#include <minc/minc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/lease.h"
#include "suite.h"

static int room;
static char path[] = "/tmp/minc-lease-XXXXXX";

/* How often somebody looks when a lease is tried. */
static int looks;
int __real_flock(int fd, int how);
int __wrap_flock(int fd, int how);

int __wrap_flock(int fd, int how)
{
	if (how != (LOCK_EX | LOCK_NB) || looks == 0)
		return __real_flock(fd, how);
	looks--;
	errno = EWOULDBLOCK;
	return -1;
}

static void set_up(void)
{
	(void)snprintf(path, sizeof(path), "/tmp/minc-lease-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(path));
	room = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(room, 0);
}

static void tear_down(void)
{
	(void)unlinkat(room, "it", 0);
	(void)unlinkat(room, "it", AT_REMOVEDIR);
	(void)unlinkat(room, "other", 0);
	fd_closep(&room);
	(void)rmdir(path);
}

/* "it", a file or a directory. */
static int make(int kind)
{
	int fd;

	if (kind)
		ck_assert_int_eq(mkdirat(room, "it", 0700), 0);
	fd = openat(room, "it",
		    kind ? O_RDONLY | O_DIRECTORY | O_CLOEXEC
			 : O_RDWR | O_CREAT | O_CLOEXEC,
		    0600);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static bool is_there(const char *name)
{
	return faccessat(room, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

START_TEST(what_is_kept_is_not_swept)
{
	int fd = make(_i), copy;

	ck_assert_int_eq(lease_look(room, "it"), 0);
	ck_assert_int_eq(lease_take(fd, room, "it"), 0);
	ck_assert_int_eq(lease_look(room, "it"), 1);
	lease_sweep(room, "it", _i ? AT_REMOVEDIR : 0);
	ck_assert(is_there("it"));
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 3); /* handed on */
	close(fd);
	ck_assert_int_eq(lease_look(room, "it"), 1);
	close(copy);
	ck_assert_int_eq(lease_look(room, "it"), 0);
	lease_sweep(room, "it", _i ? AT_REMOVEDIR : 0);
	ck_assert(!is_there("it"));
	ck_assert_int_eq(lease_look(room, "it"), -ENOENT);
}
END_TEST

START_TEST(who_is_killed_keeps_nothing)
{
	int fd = make(0), ready[2];
	char byte;
	pid_t keeper;

	close(fd);
	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	keeper = fork();
	if (keeper == 0) {
		fd = openat(room, "it", O_RDWR | O_CLOEXEC);
		if (lease_take(fd, room, "it") == 0)
			(void)!write(ready[1], "x", 1);
		for (;;)
			pause();
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	ck_assert_int_eq(lease_look(room, "it"), 1);
	ck_assert_int_eq(kill(keeper, SIGKILL), 0);
	ck_assert_int_eq(waitpid(keeper, NULL, 0), keeper);
	ck_assert_int_eq(lease_look(room, "it"), 0);
	close(ready[0]);
	close(ready[1]);
}
END_TEST

/* It was opened before a sweep, and is removed or another by now. */
START_TEST(what_was_swept_meanwhile_is_stale)
{
	int fd = make(_i);

	lease_sweep(room, "it", _i ? AT_REMOVEDIR : 0);
	ck_assert_int_eq(lease_take(fd, room, "it"), -ESTALE);
	close(make(_i));
	ck_assert_int_eq(lease_take(fd, room, "it"), -ESTALE);
	close(fd);
}
END_TEST

/* Others look at the same time, and are not taken for keepers. */
START_TEST(looks_are_shared)
{
	int fd = make(0);

	ck_assert_int_eq(lease_take(fd, room, "it"), 0);
	close(fd);
	fd = openat(room, "it", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(lease_look(room, "it"), 0);
	ck_assert_int_eq(lease_look(room, "it"), 0);
	close(fd);
}
END_TEST

/* @_i 0: it is kept, and not waited for; 1: it is waited for until its keeper ends. */
START_TEST(a_lease_is_tried)
{
	int fd = make(0), go[2];
	char byte;
	pid_t keeper;

	ck_assert_int_eq(pipe2(go, O_CLOEXEC), 0);
	ck_assert_int_eq(lease_take(fd, room, "it"), 0);
	keeper = fork();
	if (keeper == 0)
		_exit(read(go[0], &byte, 1) == 1 ? 0 : 1);
	close(fd); /* the child has it now */
	fd = openat(room, "it", O_RDWR | O_CLOEXEC);
	if (_i == 0)
		ck_assert_int_eq(lease_try(fd, 0), -EBUSY);
	ck_assert_int_eq(write(go[1], "x", 1), 1);
	ck_assert_int_eq(lease_try(fd, 60000), 0);
	ck_assert_int_eq(lease_look(room, "it"), 1);
	ck_assert_int_eq(waitpid(keeper, NULL, 0), keeper);
	close(fd);
	close(go[0]);
	close(go[1]);
}
END_TEST

/* Who wants to know what a container changed takes its directory as a start does. */
START_TEST(changes_wait_for_a_look)
{
	minc_ctx *c = minc_ctx_new();
	minc_changes *chs = NULL;

	ck_assert_ptr_nonnull(c);
	looks = 2;
	/* it goes on: there is no record of a container */
	ck_assert_int_eq(minc_changes_open(c, path, NULL, &chs), -ENODATA);
	ck_assert_int_eq(looks, 0);
	ck_assert_int_eq(__real_flock(room, LOCK_SH | LOCK_NB), 0);
	ck_assert_int_eq(minc_changes_open(c, path, NULL, &chs), -EBUSY);
	minc_ctx_free(c);
}
END_TEST

/* Nothing is waited for, and no link followed. */
START_TEST(what_is_no_lease_holds_nobody_up)
{
	int fd;

	ck_assert_int_eq(mkfifoat(room, "it", 0600), 0);
	(void)lease_look(room, "it"); /* it comes back */
	ck_assert_int_eq(unlinkat(room, "it", 0), 0);
	fd = openat(room, "other", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_eq(symlinkat("other", room, "it"), 0);
	ck_assert_int_eq(lease_look(room, "it"), -ELOOP);
	lease_sweep(room, "it", 0);
	ck_assert(is_there("it") && is_there("other"));
	ck_assert_int_eq(lease_take(fd, room, "it"), -ESTALE);
	close(fd);
}
END_TEST

START_TEST(what_is_not_empty_stays)
{
	int fd = make(1), inner = openat(fd, "inner", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	lease_sweep(room, "it", AT_REMOVEDIR);
	ck_assert(is_there("it"));
	ck_assert_int_eq(unlinkat(fd, "inner", 0), 0);
	close(inner);
	close(fd);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("lease");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, what_is_kept_is_not_swept, 0, 2);
	tcase_add_test(t, who_is_killed_keeps_nothing);
	tcase_add_loop_test(t, what_was_swept_meanwhile_is_stale, 0, 2);
	tcase_add_test(t, looks_are_shared);
	tcase_add_loop_test(t, a_lease_is_tried, 0, 2);
	tcase_add_test(t, changes_wait_for_a_look);
	tcase_add_test(t, what_is_no_lease_holds_nobody_up);
	tcase_add_test(t, what_is_not_empty_stays);
	return run_case("lease", t);
}
