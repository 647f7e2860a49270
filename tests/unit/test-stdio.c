/* SPDX-License-Identifier: MIT */
/* test-stdio - the files of a command, and a context that goes on after a failure. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <minc/minc.h>

#include "suite.h"

static minc_ctx *ctx;

static void setup(void)
{
	ctx = minc_ctx_new();
	ck_assert_ptr_nonnull(ctx);
}

static void teardown(void)
{
	ctx = minc_ctx_free(ctx);
}

/* Its exit status, or why it was not started. */
static int run(const char *script)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	int status = -1;
	int r = minc_run(ctx, argv, &status);

	return r < 0 ? r : status;
}

START_TEST(standard_files_are_given_and_given_again)
{
	int in[2], out[2], later[2];
	char buf[32] = "";

	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(later, O_CLOEXEC), 0);
	ck_assert_int_eq(write(in[1], "in\n", 3), 3);
	close(in[1]);
	ck_assert_int_eq(minc_pass_fd(ctx, later[1], 1), 0);
	ck_assert_int_eq(minc_set_stdio(ctx, in[0], out[1], out[1]), 0);
	ck_assert_int_eq(run("cat; echo err >&2"), 0);
	ck_assert_int_eq(read(out[0], buf, sizeof(buf)), 7);
	ck_assert_mem_eq(buf, "in\nerr\n", 7);
	ck_assert_int_eq(minc_set_stdio(ctx, -1, later[1], -1), 0);
	ck_assert_int_eq(run("echo later"), 0);
	ck_assert_int_eq(read(later[0], buf, sizeof(buf)), 6);
	ck_assert_mem_eq(buf, "later\n", 6);
	ck_assert_int_eq(fcntl(out[0], F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(read(out[0], buf, sizeof(buf)), -1);
	ck_assert_int_eq(minc_set_stdio(ctx, -1, -1, -1), 0);
	ck_assert_int_eq(run("test /proc/self/fd/1 -ef /proc/self/fd/1"), 0);
	close(in[0]);
	for (int i = 0; i < 2; i++) {
		close(out[i]);
		close(later[i]);
	}
}
END_TEST

/* Else the command would get what has that number by then, even one of the library. */
START_TEST(a_descriptor_that_was_closed_meanwhile_is_named)
{
	char word[32];
	int p[2];

	ck_assert_int_eq(pipe2(p, O_CLOEXEC), 0);
	ck_assert_int_eq(minc_pass_fd(ctx, p[1], 9), 0);
	close(p[1]);
	ck_assert_int_eq(run("true"), -EBADF);
	snprintf(word, sizeof(word), "descriptor %d,", p[1]);
	ck_assert_ptr_nonnull(strstr(minc_error_message(ctx), word));
	ck_assert_int_eq(run("true"), -EBADF);
	ck_assert_int_eq(dup2(p[0], p[1]), p[1]);
	ck_assert_int_eq(run("true"), 0);
	close(p[0]);
	close(p[1]);
}
END_TEST

START_TEST(a_failure_is_forgotten_on_request)
{
	ck_assert_int_eq(minc_set_stdio(ctx, 0, 1000, -1), -EBADF);
	ck_assert_ptr_nonnull(strstr(minc_error_message(ctx), "minc_set_stdio: 1000"));
	ck_assert_int_eq(minc_set_hostname(ctx, "set"), 0);
	ck_assert_int_eq(run("true"), -EBADF);
	minc_ctx_clear_error(ctx);
	ck_assert_str_eq(minc_error_message(ctx), "");
	ck_assert_int_eq(minc_error_code(ctx), 0);
	ck_assert_int_eq(run("test \"$(cat /proc/sys/kernel/hostname)\" = set"), 0);
	minc_ctx_clear_error(NULL);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("stdio");
	Suite *s = suite_create("stdio");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, standard_files_are_given_and_given_again);
	tcase_add_test(t, a_descriptor_that_was_closed_meanwhile_is_named);
	tcase_add_test(t, a_failure_is_forgotten_on_request);
	suite_add_tcase(s, t);
	return run_suite(s, true);
}
