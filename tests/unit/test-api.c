/* SPDX-License-Identifier: MIT */
/*
 * test-api - the public interface as a program sees it: errors that stick, flags that are
 * refused, what a context promises after a failure, and containers that run side by side.
 * Containers use the host's root, so the tests need no files of their own; they run as
 * whoever starts them.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <minc/minc.h>

#include "suite.h"

#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })

static minc_ctx *ctx;

static void setup(void)
{
	ctx = minc_ctx_new();
	ck_assert_ptr_nonnull(ctx);
}

static void teardown(void)
{
	ctx = minc_ctx_free(ctx);
	ck_assert_ptr_null(ctx);
}

static int run(const char *script)
{
	int status = -1;
	int r = minc_run(ctx, ARGV("sh", "-c", script), &status);

	ck_assert_msg(r == 0, "%s: %s", script, minc_error_message(ctx));
	return status;
}

START_TEST(a_fresh_context_has_no_error)
{
	ck_assert_str_eq(minc_error_message(ctx), "");
	ck_assert_str_eq(minc_error_hint(ctx), "");
	ck_assert_str_eq(minc_error_origin(ctx), "");
	ck_assert_int_eq(minc_error_code(ctx), 0);
	ck_assert_int_eq(minc_error_step(ctx), 0);
	ck_assert_int_eq(minc_error_exit_status(ctx), 0);
	ck_assert_ptr_null(minc_storage(ctx));
}
END_TEST

START_TEST(the_first_error_sticks_and_stops_the_start)
{
	minc_container *ct = NULL;
	char first[256];
	int status;

	ck_assert_int_eq(minc_set_cwd(ctx, "relative"), -EINVAL);
	snprintf(first, sizeof(first), "%s", minc_error_message(ctx));
	ck_assert_ptr_nonnull(strstr(first, "relative"));
	ck_assert_int_lt(minc_set_hostname(ctx, ""), 0);
	ck_assert_int_eq(minc_start(ctx, ARGV("true"), &ct), -EINVAL);
	ck_assert_ptr_null(ct);
	ck_assert_int_eq(minc_run(ctx, ARGV("true"), &status), -EINVAL);
	ck_assert_str_eq(minc_error_message(ctx), first);
	ck_assert_int_eq(minc_error_code(ctx), -EINVAL);
	ck_assert_int_eq(minc_error_exit_status(ctx), 125);
	ck_assert_int_eq(minc_error_step(ctx), 0);
}
END_TEST

START_TEST(the_error_sticks_for_explain_too)
{
	char *text = NULL;

	ck_assert_int_eq(minc_add_bind(ctx, "/tmp", "below", 0), -EINVAL);
	ck_assert_int_eq(minc_explain(ctx, ARGV("true"), MINC_FORMAT_SHELL, &text),
			 -EINVAL);
	ck_assert_ptr_null(text);
}
END_TEST

START_TEST(unknown_flags_are_refused)
{
	ck_assert_int_eq(minc_set_root(ctx, "/", 1u << 31), -EINVAL);
	teardown();
	setup();
	ck_assert_int_eq(minc_set_root(ctx, "/",
				       MINC_ROOT_SUBMOUNTS | MINC_ROOT_NOSUBMOUNTS),
			 -EINVAL);
	teardown();
	setup();
	ck_assert_int_eq(minc_add_bind(ctx, "/tmp", "/mnt", 1u << 30), -EINVAL);
	teardown();
	setup();
	ck_assert_int_eq(minc_set_flag(ctx, (enum minc_flag)0, 1), -EINVAL);
	teardown();
	setup();
	ck_assert_int_eq(minc_set_flag(ctx, (enum minc_flag)99, 1), -EINVAL);
	teardown();
	setup();
	ck_assert_int_eq(minc_set_flag(ctx, (enum minc_flag) - 1, 1), -EINVAL);
	teardown();
	setup();
	ck_assert_int_eq(minc_set_flag(ctx, MINC_INIT, 2), -EINVAL);
	teardown();
	setup();
	ck_assert_int_eq(minc_add_tmpfs(ctx, "/x", 0, 010000), -EINVAL);
}
END_TEST

START_TEST(an_unknown_format_is_refused)
{
	char *text = NULL;

	ck_assert_int_eq(minc_explain(ctx, ARGV("true"), (enum minc_format)9, &text),
			 -EINVAL);
	ck_assert_ptr_null(text);
}
END_TEST

START_TEST(null_arguments_are_refused)
{
	minc_container *ct;

	ck_assert_int_eq(minc_set_root(ctx, NULL, 0), -EINVAL);
	teardown();
	setup();
	ck_assert_int_eq(minc_add_bind(ctx, NULL, "/x", 0), -EINVAL);
	teardown();
	setup();
	ck_assert_int_eq(minc_add_env(ctx, NULL, "x"), -EINVAL);
	teardown();
	setup();
	ck_assert_int_eq(minc_set_user(ctx, NULL), -EINVAL);
	teardown();
	setup();
	ck_assert_int_eq(minc_set_hostname(ctx, NULL), -EINVAL);
	teardown();
	setup();
	ck_assert_int_eq(minc_set_network(ctx, NULL), -EINVAL);
	teardown();
	setup();
	ck_assert_int_eq(minc_start(ctx, (const char *const[]){ NULL }, &ct), -EINVAL);
	ck_assert_ptr_null(minc_container_free(NULL));
	ck_assert_ptr_null(minc_ctx_free(NULL));
}
END_TEST

START_TEST(a_failed_step_is_named)
{
	minc_container *ct = NULL;
	int r;

	minc_set_origin(ctx, "--bind /nonexistent:/mnt");
	ck_assert_int_eq(minc_add_bind(ctx, "/nonexistent", "/mnt", 0), 0);
	minc_set_origin(ctx, NULL);
	r = minc_start(ctx, ARGV("true"), &ct);
	ck_assert_int_eq(r, -ENOENT);
	ck_assert_ptr_null(ct);
	ck_assert_ptr_nonnull(strstr(minc_error_message(ctx), "/nonexistent"));
	ck_assert_ptr_nonnull(strstr(minc_error_message(ctx),
				     "--bind /nonexistent:/mnt"));
	ck_assert_ptr_null(strchr(minc_error_message(ctx), '\n'));
	ck_assert_str_eq(minc_error_origin(ctx), "--bind /nonexistent:/mnt");
	ck_assert_int_gt(minc_error_step(ctx), 0);
	ck_assert_int_eq(minc_error_code(ctx), -ENOENT);
	ck_assert_int_eq(minc_error_exit_status(ctx), 125);
}
END_TEST

START_TEST(the_origin_is_the_call_without_set_origin)
{
	minc_container *ct = NULL;

	minc_add_bind(ctx, "/nonexistent", "/mnt", 0);
	ck_assert_int_eq(minc_start(ctx, ARGV("true"), &ct), -ENOENT);
	ck_assert_str_eq(minc_error_origin(ctx), "minc_add_bind");
}
END_TEST

START_TEST(a_missing_command_is_told_from_our_failure)
{
	minc_container *ct = NULL;

	ck_assert_int_eq(minc_start(ctx, ARGV("no-such-command-here"), &ct), -ENOENT);
	ck_assert_int_eq(minc_error_exit_status(ctx), 127);
	ck_assert_int_eq(minc_start(ctx, ARGV("/etc/passwd"), &ct), -EACCES);
	ck_assert_int_eq(minc_error_exit_status(ctx), 126);
	ck_assert_ptr_null(ct);
}
END_TEST

START_TEST(a_context_works_after_a_failed_start)
{
	minc_container *ct = NULL;

	ck_assert_int_eq(minc_start(ctx, ARGV("no-such-command-here"), &ct), -ENOENT);
	ck_assert_int_eq(run("exit 9"), 9);
}
END_TEST

START_TEST(a_context_starts_many_containers)
{
	for (int i = 0; i < 20; i++) {
		char script[32];

		snprintf(script, sizeof(script), "exit %d", i);
		ck_assert_int_eq(run(script), i);
	}
}
END_TEST

START_TEST(an_idle_container_has_files_only)
{
	const mode_t all = 0666;
	char file[] = "/tmp/minc-api-XXXXXX", inside[64];
	minc_container *ct = NULL;
	int status = -1, fd = mkstemp(file);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fchmod(fd, all), 0);
	ck_assert_int_eq(write(fd, "x", 1), 1);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(minc_start_idle(NULL, &ct), -EINVAL);
	ck_assert_int_eq(minc_start_idle(ctx, NULL), -EINVAL);
	ck_assert_msg(minc_start_idle(ctx, &ct) == 0, "%s", minc_error_message(ctx));
	ck_assert_int_eq(minc_copy(ctx, NULL, file, NULL, file), -EINVAL);
	ck_assert_int_eq(minc_copy(ctx, NULL, NULL, ct, "/"), -EINVAL);
	ck_assert_int_eq(minc_copy_out(ctx, NULL, "/", "/"), -EINVAL);
	/* without a directory that keeps it, all that is written would be lost */
	snprintf(inside, sizeof(inside), "%s.new", file);
	ck_assert_int_eq(minc_copy_in(ctx, ct, file, inside), -EROFS);
	ck_assert_int_eq(minc_copy_in(ctx, ct, file, "/dev/shm/x"), -EROFS);
	ck_assert_msg(minc_copy_out(ctx, ct, "/etc/passwd", file) == 0, "%s",
		      minc_error_message(ctx));
	ck_assert_int_eq(minc_wait(ct, 0, &status), -ETIMEDOUT);
	ck_assert_ptr_null(minc_container_free(ct));
	/* and the same context goes on to a command, which may write */
	ck_assert_int_eq(run("echo x >/tmp/here && exit 7"), 7);
	ck_assert_int_eq(unlink(file), 0);
}
END_TEST

START_TEST(an_idle_container_that_was_killed_has_ended)
{
	minc_container *ct = NULL;
	int status = -1;

	ck_assert_msg(minc_start_idle(ctx, &ct) == 0, "%s", minc_error_message(ctx));
	ck_assert_int_eq(minc_kill(ct, SIGKILL), 0);
	ck_assert_int_eq(minc_wait(ct, 10000, &status), 0);
	ck_assert_int_eq(status, 128 + SIGKILL);
	ck_assert_int_eq(minc_copy_out(ctx, ct, "/etc/passwd", "/dev/null"), -ESRCH);
	minc_container_free(ct);
}
END_TEST

/* Where it is not waiting for signals at this moment: it was stopped. */
START_TEST(an_idle_container_ends_by_any_signal_at_any_moment)
{
	minc_container *ct = NULL;
	int status = -1;
	char state = 0;

	ck_assert_msg(minc_start_idle(ctx, &ct) == 0, "%s", minc_error_message(ctx));
	ck_assert_int_eq(minc_kill(ct, SIGSTOP), 0);
	while (state != 'T') {
		char path[32];
		FILE *stat;

		snprintf(path, sizeof(path), "/proc/%d/stat", minc_container_pid(ct));
		stat = fopen(path, "re");
		ck_assert_ptr_nonnull(stat);
		ck_assert_int_eq(fscanf(stat, "%*d (%*[^)]) %c", &state), 1);
		ck_assert_int_eq(fclose(stat), 0);
	}
	ck_assert_int_eq(minc_kill(ct, SIGTERM), 0);
	(void)minc_kill(ct, SIGCONT); /* or it has ended */
	ck_assert_int_eq(minc_wait(ct, 10000, &status), 0);
	ck_assert_int_eq(status, 128 + SIGTERM);
	minc_container_free(ct);
}
END_TEST

START_TEST(a_tar_that_nobody_reads_is_an_error_only)
{
	minc_container *ct = NULL;
	int fds[2], out, r;

	(void)signal(SIGPIPE, SIG_DFL);
	ck_assert_msg(minc_start_idle(ctx, &ct) == 0, "%s", minc_error_message(ctx));
	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(close(fds[0]), 0);
	out = dup(STDOUT_FILENO);
	ck_assert_int_eq(dup2(fds[1], STDOUT_FILENO), STDOUT_FILENO);
	r = minc_copy(ctx, ct, "/etc/passwd", NULL, "-");
	ck_assert_int_eq(dup2(out, STDOUT_FILENO), STDOUT_FILENO);
	ck_assert(close(out) == 0 && close(fds[1]) == 0);
	ck_assert(r == -EPIPE || r == -ENOSYS); /* without tars */
	minc_container_free(ct);
}
END_TEST

START_TEST(two_containers_run_at_once)
{
	minc_container *a = NULL, *b = NULL;
	int first = -1, second = -1;

	ck_assert_int_eq(minc_start(ctx, ARGV("sleep", "30"), &a), 0);
	ck_assert_int_eq(minc_start(ctx, ARGV("sh", "-c", "exit 4"), &b), 0);
	ck_assert_int_ne(minc_container_pid(a), minc_container_pid(b));
	ck_assert_int_eq(minc_wait(b, 10000, &second), 0);
	ck_assert_int_eq(second, 4);
	ck_assert_int_eq(minc_wait(a, 0, &first), -ETIMEDOUT);
	ck_assert_int_eq(minc_kill(a, 0), 0);
	ck_assert_int_eq(minc_kill(a, SIGTERM), 0);
	ck_assert_int_eq(minc_wait(a, 10000, &first), 0);
	ck_assert_int_eq(first, 143);
	ck_assert_int_eq(minc_wait(a, -1, &first), 0);
	ck_assert_int_eq(first, 143);
	ck_assert_int_eq(minc_kill(a, SIGTERM), -ESRCH);
	ck_assert_int_eq(minc_kill(b, 1000), -EINVAL);
	minc_container_free(a);
	minc_container_free(b);
}
END_TEST

START_TEST(a_pidfd_tells_the_end)
{
	minc_container *ct = NULL;
	struct pollfd p = { .events = POLLIN };
	int status = -1;

	ck_assert_int_eq(minc_start(ctx, ARGV("sleep", "0.2"), &ct), 0);
	p.fd = minc_container_pidfd(ct);
	ck_assert_int_ge(p.fd, 0);
	ck_assert_int_ne(fcntl(p.fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_eq(poll(&p, 1, 0), 0);
	ck_assert_int_eq(poll(&p, 1, 10000), 1);
	ck_assert_int_eq(minc_wait(ct, 0, &status), 0);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(minc_container_terminal(ct), -ENOTTY);
	minc_container_free(ct);
}
END_TEST

START_TEST(a_timeout_is_about_right)
{
	minc_container *ct = NULL;
	struct timespec a, b;
	double ms;

	ck_assert_int_eq(minc_start(ctx, ARGV("sleep", "30"), &ct), 0);
	clock_gettime(CLOCK_MONOTONIC, &a);
	ck_assert_int_eq(minc_wait(ct, 100, NULL), -ETIMEDOUT);
	clock_gettime(CLOCK_MONOTONIC, &b);
	ms = (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6;
	ck_assert_double_ge(ms, 99.0);
	minc_kill(ct, SIGKILL);
	minc_wait(ct, -1, NULL);
	minc_container_free(ct);
}
END_TEST

START_TEST(a_descriptor_is_passed_to_its_number)
{
	int p[2];
	char buf[32] = "";

	ck_assert_int_eq(pipe2(p, O_CLOEXEC), 0);
	ck_assert_int_eq(minc_pass_fd(ctx, p[1], 9), 0);
	ck_assert_int_eq(run("echo through >&9; ls /proc/self/fd >/dev/null"), 0);
	ck_assert_int_eq(read(p[0], buf, sizeof(buf)), 8);
	ck_assert_str_eq(buf, "through\n");
	ck_assert_int_ge(fcntl(p[1], F_GETFD), 0);
	close(p[0]);
	close(p[1]);
}
END_TEST

START_TEST(descriptors_can_be_exchanged)
{
	int a[2], b[2];
	char buf[32] = "";

	ck_assert_int_eq(pipe2(a, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(b, O_CLOEXEC), 0);
	ck_assert_int_eq(minc_pass_fd(ctx, a[1], b[1]), 0);
	ck_assert_int_eq(minc_pass_fd(ctx, b[1], a[1]), 0);
	snprintf(buf, sizeof(buf), "echo A >&%d; echo B >&%d", b[1], a[1]);
	ck_assert_int_eq(run(buf), 0);
	ck_assert_int_eq(read(a[0], buf, sizeof(buf)), 2);
	ck_assert_int_eq(buf[0], 'A');
	ck_assert_int_eq(read(b[0], buf, sizeof(buf)), 2);
	ck_assert_int_eq(buf[0], 'B');
	for (int i = 0; i < 2; i++) {
		close(a[i]);
		close(b[i]);
	}
}
END_TEST

START_TEST(bad_descriptors_are_refused)
{
	ck_assert_int_eq(minc_pass_fd(ctx, 1000, 5), -EBADF);
	teardown();
	setup();
	ck_assert_int_eq(minc_pass_fd(ctx, 0, 1024), -EINVAL);
	teardown();
	setup();
	ck_assert_int_eq(minc_pass_fd(ctx, 0, -1), -EINVAL);
	teardown();
	setup();
	ck_assert_int_eq(minc_pass_fd(ctx, 0, 7), 0);
	ck_assert_int_eq(minc_pass_fd(ctx, 1, 7), -EINVAL);
}
END_TEST

START_TEST(the_callers_descriptors_are_neither_lost_nor_gained)
{
	char before[PATH_MAX] = "", after[PATH_MAX] = "";
	char *lists[] = { before, after };

	run("true"); /* the context may keep descriptors from its first start on */
	for (int i = 0; i < 2; i++) {
		for (int fd = 0; fd < 256; fd++)
			lists[i][fd] = fcntl(fd, F_GETFD) < 0 ? '-' : 'x';
		if (i == 0)
			for (int n = 0; n < 5; n++)
				run("true");
	}
	ck_assert_str_eq(before, after);
	for (int fd = 3; fd < 256; fd++)
		if (fcntl(fd, F_GETFD) >= 0 && before[fd] == 'x')
			ck_assert_int_ge(fcntl(fd, F_GETFD), 0);
}
END_TEST

START_TEST(other_children_of_the_caller_are_left_alone)
{
	pid_t pid = fork();
	int status = 0;

	if (!pid)
		_exit(3);
	for (int i = 0; i < 5; i++)
		run("true");
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WEXITSTATUS(status), 3);
	ck_assert_int_eq(waitpid(-1, &status, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

START_TEST(signal_handlers_and_masks_of_the_caller_are_left_alone)
{
	struct sigaction before[32], after;
	sigset_t mask, mask_after;

	signal(SIGUSR1, SIG_IGN);
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR2);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	for (int s = 1; s < 32; s++)
		sigaction(s, NULL, &before[s]);
	run("true");
	for (int s = 1; s < 32; s++) {
		sigaction(s, NULL, &after);
		ck_assert_ptr_eq((void *)after.sa_handler, (void *)before[s].sa_handler);
	}
	sigprocmask(SIG_SETMASK, NULL, &mask_after);
	ck_assert_int_eq(sigismember(&mask_after, SIGUSR2), 1);
	ck_assert_int_eq(sigismember(&mask_after, SIGTERM), 0);
	signal(SIGUSR1, SIG_DFL);
	sigemptyset(&mask);
	sigprocmask(SIG_SETMASK, &mask, NULL);
}
END_TEST

START_TEST(the_command_inherits_neither_mask_nor_ignored_signals)
{
	sigset_t mask;
	int status;

	sigfillset(&mask);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	signal(SIGPIPE, SIG_IGN);
	status = run("grep -q 'SigBlk:.0000000000000000' /proc/self/status && "
		     "grep -q 'SigIgn:.0000000000000000' /proc/self/status");
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&mask);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(setters_reach_the_container)
{
	ck_assert_int_eq(minc_set_hostname(ctx, "sandbox"), 0);
	ck_assert_int_eq(minc_add_env(ctx, "A", "1"), 0);
	ck_assert_int_eq(minc_add_env(ctx, "A", "2"), 0);
	ck_assert_int_eq(minc_set_cwd(ctx, "/usr"), 0);
	ck_assert_int_eq(minc_add_tmpfs(ctx, "/mnt", 1 << 20, 0711), 0);
	ck_assert_int_eq(minc_set_network(ctx, "none"), 0);
	ck_assert_int_eq(minc_drop_cap(ctx, "all"), 0);
	ck_assert_int_eq(
		run("test $(cat /proc/sys/kernel/hostname) = sandbox || exit 1\n"
		    "test $A = 2 || exit 2\n"
		    "test $(pwd) = /usr || exit 3\n"
		    "test $(stat -c %a /mnt) = 711 || exit 4\n"
		    "grep -q 'CapEff:.0000000000000000' /proc/self/status || exit 5\n"
		    "test $(tail -n +3 /proc/net/dev | wc -l) = 1 || exit 6\n"),
		0);
}
END_TEST

START_TEST(the_command_is_explained_in_three_languages)
{
	static const struct {
		enum minc_format format;
		const char *words[3];
	} rows[] = {
		{ MINC_FORMAT_SHELL, { "#!/bin/sh", "sandbox", "exec" } },
		{ MINC_FORMAT_JSON, { "{", "sandbox", "}" } },
		{ MINC_FORMAT_OCI, { "\"ociVersion\"", "\"hostname\"", "\"args\"" } },
	};

	minc_set_hostname(ctx, "sandbox");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *text = NULL;
		int r = minc_explain(ctx, ARGV("echo", "it's"), rows[i].format, &text);

		ck_assert_msg(r == 0, "format %d: %s", rows[i].format,
			      minc_error_message(ctx));
		for (int k = 0; k < 3; k++)
			ck_assert_msg(strstr(text, rows[i].words[k]), "no %s in:\n%s",
				      rows[i].words[k], text);
		free(text);
	}
}
END_TEST

START_TEST(explain_is_the_same_twice_and_starts_nothing)
{
	char *a = NULL, *b = NULL;

	ck_assert_int_eq(minc_explain(ctx, ARGV("true"), MINC_FORMAT_SHELL, &a), 0);
	ck_assert_int_eq(minc_explain(ctx, ARGV("true"), MINC_FORMAT_SHELL, &b), 0);
	ck_assert_str_eq(a, b);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	free(a);
	free(b);
}
END_TEST

START_TEST(without_a_command_the_users_shell_runs)
{
	int status = -1;

	setenv("SHELL", "/bin/false", 1);
	ck_assert_int_eq(minc_run(ctx, NULL, &status), 0);
	ck_assert_int_eq(status, 1);
}
END_TEST

START_TEST(a_terminal_is_the_containers_own)
{
	minc_container *ct = NULL;
	char buf[256] = "";
	size_t len = 0;
	ssize_t n;
	int fd, status = -1;

	minc_set_flag(ctx, MINC_TERMINAL, 1);
	ck_assert_int_eq(minc_start(ctx, ARGV("tty"), &ct), 0);
	fd = minc_container_terminal(ct);
	ck_assert_int_ge(fd, 0);
	while (len < sizeof(buf) - 1 &&
	       (n = read(fd, buf + len, sizeof(buf) - 1 - len)) > 0)
		len += (size_t)n;
	ck_assert_str_eq(buf, "/dev/pts/0\r\n");
	ck_assert_int_eq(minc_wait(ct, 10000, &status), 0);
	ck_assert_int_eq(status, 0);
	minc_container_free(ct);
}
END_TEST

START_TEST(a_container_goes_on_when_it_is_forgotten)
{
	minc_container *ct = NULL;
	int p[2];
	char c;

	ck_assert_int_eq(pipe2(p, O_CLOEXEC), 0);
	minc_pass_fd(ctx, p[1], 5);
	ck_assert_int_eq(minc_start(ctx, ARGV("sh", "-c", "sleep 0.2; echo x >&5"), &ct),
			 0);
	minc_container_free(ct);
	teardown();
	setup();
	close(p[1]);
	ck_assert_int_eq(read(p[0], &c, 1), 1);
	close(p[0]);
	waitpid(-1, NULL, 0);
}
END_TEST

START_TEST(storage_is_named_after_the_start)
{
	char dir[] = "/tmp/minc-test-api.XXXXXX";
	char path[128];

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(minc_set_storage(ctx, dir), 0);
	ck_assert_int_eq(run("echo kept >/usr/minc-test-api"), 0);
	ck_assert_str_eq(minc_storage(ctx), dir);
	ck_assert_int_eq(run("grep -q kept /usr/minc-test-api"), 0);
	ck_assert_int_ne(access("/usr/minc-test-api", F_OK), 0);
	snprintf(path, sizeof(path), "rm -rf --one-file-system %s", dir);
	ck_assert_int_eq(system(path), 0);
}
END_TEST

START_TEST(the_library_knows_its_version)
{
	ck_assert_str_eq(minc_version(), MINC_VERSION);
	ck_assert_int_eq(run("exit 0"), 0);
}
END_TEST

#define ADD(name) tcase_add_test(t, name)

static void add_errors(Suite *s)
{
	TCase *t = tcase_create("errors");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	ADD(a_fresh_context_has_no_error);
	ADD(the_first_error_sticks_and_stops_the_start);
	ADD(the_error_sticks_for_explain_too);
	ADD(unknown_flags_are_refused);
	ADD(an_unknown_format_is_refused);
	ADD(null_arguments_are_refused);
	ADD(a_failed_step_is_named);
	ADD(the_origin_is_the_call_without_set_origin);
	ADD(a_missing_command_is_told_from_our_failure);
	ADD(a_context_works_after_a_failed_start);
	ADD(bad_descriptors_are_refused);
	suite_add_tcase(s, t);
}

static void add_runs(Suite *s)
{
	TCase *t = tcase_create("runs");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	ADD(a_context_starts_many_containers);
	ADD(an_idle_container_has_files_only);
	ADD(an_idle_container_that_was_killed_has_ended);
	ADD(an_idle_container_ends_by_any_signal_at_any_moment);
	ADD(a_tar_that_nobody_reads_is_an_error_only);
	ADD(two_containers_run_at_once);
	ADD(a_pidfd_tells_the_end);
	ADD(a_timeout_is_about_right);
	ADD(a_descriptor_is_passed_to_its_number);
	ADD(descriptors_can_be_exchanged);
	ADD(the_callers_descriptors_are_neither_lost_nor_gained);
	ADD(other_children_of_the_caller_are_left_alone);
	ADD(signal_handlers_and_masks_of_the_caller_are_left_alone);
	ADD(the_command_inherits_neither_mask_nor_ignored_signals);
	ADD(setters_reach_the_container);
	ADD(the_command_is_explained_in_three_languages);
	ADD(explain_is_the_same_twice_and_starts_nothing);
	ADD(without_a_command_the_users_shell_runs);
	ADD(a_terminal_is_the_containers_own);
	ADD(a_container_goes_on_when_it_is_forgotten);
	ADD(storage_is_named_after_the_start);
	ADD(the_library_knows_its_version);
	suite_add_tcase(s, t);
}

int main(void)
{
	Suite *s = suite_create("api");

	add_errors(s);
	add_runs(s);
	return run_suite(s, true);
}
