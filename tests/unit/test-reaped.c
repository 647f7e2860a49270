/* SPDX-License-Identifier: MIT */
/*
 * test-reaped - minc_wait() where the caller is not the one who reaps: it ignores
 * SIGCHLD, or waits for all its children, or is not their parent.
 */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <minc/minc.h>

#include "suite.h"

#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })

static minc_ctx *ctx;

static void setup(void)
{
	ctx = minc_ctx_new();
	ck_assert_ptr_nonnull(ctx);
	/* in a build without filters, too */
	ck_assert_int_eq(minc_set_seccomp(ctx, "unconfined"), 0);
}

static void teardown(void)
{
	ctx = minc_ctx_free(ctx);
}

/* Since Linux 6.15 a pidfd knows how its process has ended, whoever reaped it. */
static bool pidfds_remember(void)
{
	struct utsname uts;
	int major = 0, minor = 0;

	(void)uname(&uts);
	(void)sscanf(uts.release, "%d.%d", &major, &minor);
	return major > 6 || (major == 6 && minor >= 15);
}

/* The status of @ct, which somebody else reaps, is @expected, or nobody knows it. */
static void expect_recalled(minc_container *ct, int expected)
{
	int status = -1, r = minc_wait(ct, 10000, &status);

	if (pidfds_remember() || r != -ECHILD) {
		ck_assert_int_eq(r, 0);
		ck_assert_int_eq(status, expected);
		ck_assert_int_eq(minc_wait(ct, 0, &status), 0);
		ck_assert_int_eq(status, expected);
	}
	minc_container_free(ct);
}

START_TEST(a_caller_that_ignores_sigchld_has_the_status)
{
	struct sigaction lost = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT };
	minc_container *ct;

	signal(SIGCHLD, SIG_IGN);
	ck_assert_int_eq(minc_start(ctx, ARGV("sh", "-c", "exit 3"), &ct), 0);
	expect_recalled(ct, 3);
	sigaction(SIGCHLD, &lost, NULL);
	ck_assert_int_eq(minc_start(ctx, ARGV("sleep", "600"), &ct), 0);
	ck_assert_int_eq(minc_kill(ct, SIGTERM), 0);
	expect_recalled(ct, 128 + SIGTERM);
	signal(SIGCHLD, SIG_DFL);
}
END_TEST

START_TEST(a_status_that_the_caller_has_reaped_is_known)
{
	minc_container *ct;

	ck_assert_int_eq(minc_start(ctx, ARGV("sh", "-c", "exit 3"), &ct), 0);
	while (waitpid(-1, NULL, 0) > 0)
		;
	ck_assert_int_eq(errno, ECHILD);
	expect_recalled(ct, 3);
	ck_assert_int_eq(minc_start(ctx, ARGV("sleep", "600"), &ct), 0);
	ck_assert_int_eq(minc_kill(ct, SIGKILL), 0);
	while (waitpid(-1, NULL, 0) > 0)
		;
	expect_recalled(ct, 128 + SIGKILL);
}
END_TEST

/* It has ended, and stays until its parent waits for it, which we are not. */
START_TEST(another_process_does_not_wait_for_ever)
{
	minc_container *ct;
	siginfo_t info;
	int status;
	pid_t pid;

	ck_assert_int_eq(minc_start(ctx, ARGV("sh", "-c", "exit 3"), &ct), 0);
	ck_assert_int_eq(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
	pid = fork();
	if (pid == 0)
		_exit(minc_wait(ct, 1000, &status) == -ECHILD ? 0 : 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(minc_wait(ct, -1, &status), 0);
	ck_assert_int_eq(status, 3);
	minc_container_free(ct);
}
END_TEST

START_TEST(the_status_in_the_background_is_not_lost_with_sigchld)
{
	char dir[] = "/tmp/minc-test-api.XXXXXX";
	minc_container *ct = NULL;
	char command[128];
	int r, status = -1;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(setenv("MINC_STATE_DIR", dir, 1), 0);
	ck_assert_int_eq(minc_set_flag(ctx, MINC_BACKGROUND, 1), 0);
	signal(SIGCHLD, SIG_IGN);
	r = minc_start(ctx, ARGV("sh", "-c", "exit 3"), &ct);
	signal(SIGCHLD, SIG_DFL);
	if (r == 0)
		r = minc_wait(ct, 10000, &status);
	if (r == 0)
		(void)minc_delete(ctx, ct, 0); /* it has ended */
	minc_container_free(ct);
	snprintf(command, sizeof(command), "rm -rf --one-file-system %s", dir);
	ck_assert_int_eq(system(command), 0);
	unsetenv("MINC_STATE_DIR");
	ck_assert_msg(r == 0, "%s", minc_error_message(ctx));
	ck_assert_int_eq(status, 3);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("reaped");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, the_status_in_the_background_is_not_lost_with_sigchld);
	tcase_add_test(t, a_caller_that_ignores_sigchld_has_the_status);
	tcase_add_test(t, a_status_that_the_caller_has_reaped_is_known);
	tcase_add_test(t, another_process_does_not_wait_for_ever);
	return run_case("reaped", t);
}
