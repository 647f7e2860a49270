/* SPDX-License-Identifier: MIT */
/*
 * lib/base/program: whatever the caller does with its children, signals and descriptors.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "process/clone.h"
#include "process/program-step.h"
#include "process/program.h"
#include "suite.h"

enum { OUT_MAX = 4096 };

static volatile sig_atomic_t heard;
static struct program_end end;

static int run(struct program p)
{
	free(end.out);
	return program_run(&p, &end);
}

static int run_shell(const char *script, const char *argument)
{
	const char *const argv[] = { "/bin/sh", "-c", script, "sh", argument, NULL };

	return run((struct program){ .argv = argv, .in = -EBADF, .out_max = OUT_MAX });
}

/* All that is told of a program, in one. */
static void how_it_ended_is_known(void)
{
	ck_assert_int_eq(run_shell("echo out; echo one >&2; echo two >&2; exit 7", NULL),
			 0);
	ck_assert_int_eq(end.status, 7);
	ck_assert_str_eq(end.out, "out\n");
	ck_assert_str_eq(end.said, "two");
	ck_assert_int_eq(run_shell("kill -KILL $$", NULL), 0);
	ck_assert_int_eq(end.status, 128 + SIGKILL);
	ck_assert_int_eq(run_shell("", NULL), 0);
	ck_assert_int_eq(end.status, 0);
	ck_assert_str_eq(end.out, "");
	ck_assert_str_eq(end.said, "");
}

static void count(int sig)
{
	heard += sig == SIGCHLD || sig == SIGUSR1;
}

static void reap_all(int sig)
{
	const int saved = errno;

	count(sig);
	while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
		;
	errno = saved;
}

static void handle(int sig, void (*handler)(int), int flags)
{
	const struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	ck_assert_int_eq(sigaction(sig, &action, NULL), 0);
}

START_TEST(program_runs_to_its_end)
{
	how_it_ended_is_known();
}
END_TEST

START_TEST(caller_may_ignore_its_children)
{
	handle(SIGCHLD, SIG_IGN, 0);
	how_it_ended_is_known();
	handle(SIGCHLD, count, SA_NOCLDWAIT);
	how_it_ended_is_known();
}
END_TEST

START_TEST(caller_may_reap_all_in_a_handler)
{
	handle(SIGCHLD, reap_all, 0);
	for (int i = 0; i < 20; i++)
		how_it_ended_is_known();
	ck_assert_int_eq(heard, 0); /* it hears of its own children only */
}
END_TEST

static void *reap_for_ever(void *arg)
{
	for (;;) {
		(void)waitpid(-1, NULL, __WALL);
		pthread_testcancel();
	}
	return arg;
}

START_TEST(another_thread_may_reap_all)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, reap_for_ever, NULL), 0);
	for (int i = 0; i < 20; i++)
		how_it_ended_is_known();
	pthread_cancel(thread);
	pthread_join(thread, NULL);
}
END_TEST

static void *run_many(void *arg)
{
	for (int i = 0; i < 20; i++) {
		const char *const argv[] = { "/bin/sh", "-c", "echo $0 >&2; exit $0", arg,
					     NULL };
		const struct program p = { .argv = argv, .in = -EBADF };
		struct program_end mine;

		if (program_run(&p, &mine) < 0 || mine.status != atoi(arg) ||
		    strcmp(mine.said, arg) != 0)
			return arg;
	}
	return NULL;
}

START_TEST(several_threads_have_each_its_own)
{
	static char words[][2] = { "1", "2", "3", "4" };
	pthread_t threads[4];
	void *failed;

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, run_many, words[i]),
				 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &failed);
		ck_assert_ptr_null(failed);
	}
}
END_TEST

START_TEST(other_children_are_left_alone)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(3);
	how_it_ended_is_known();
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WEXITSTATUS(status), 3);
	ck_assert_int_eq(waitpid(-1, NULL, __WALL | WNOHANG), -1); /* nothing is left */
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

START_TEST(handler_of_the_caller_runs_and_nothing_is_lost)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	handle(SIGUSR1, count, 0);
	ck_assert_int_eq(run_shell("kill -USR1 $1; echo out", pid), 0);
	ck_assert_int_eq(heard, 1);
	ck_assert_str_eq(end.out, "out\n");
}
END_TEST

START_TEST(caller_may_lack_stdio)
{
	int before = dup(2);

	fcntl(before, F_SETFD, FD_CLOEXEC);
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	how_it_ended_is_known();
	for (int fd = 0; fd < 3; fd++)
		ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
	dup2(before, 2);
}
END_TEST

static int count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

START_TEST(program_has_three_descriptors_and_the_caller_its_own)
{
	const int before = count_descriptors();
	int leaked = dup(0), high = fcntl(0, F_DUPFD, 500);

	ck_assert_int_ge(leaked, 0);
	ck_assert_int_ge(high, 500);
	/* a fourth is the listing's own */
	ck_assert_int_eq(
		run_shell(
			"for fd in /proc/self/fd/*; do echo ${fd##*/}; done | sort | tr '\\n' ' '",
			NULL),
		0);
	ck_assert_msg(strncmp(end.out, "0 1 2 ", 6) == 0 && !strstr(end.out, "500") &&
			      strlen(end.out) < 12,
		      "%s", end.out);
	close(leaked);
	close(high);
	ck_assert_int_eq(run_shell("exit 1", NULL), 0);
	ck_assert_int_eq(count_descriptors(), before);
}
END_TEST

START_TEST(signals_are_by_default_and_none_is_blocked)
{
	sigset_t all;

	handle(SIGPIPE, SIG_IGN, 0);
	handle(SIGTERM, SIG_IGN, 0);
	handle(SIGUSR1, count, 0);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	ck_assert_int_eq(run_shell("grep -E '^Sig(Blk|Ign)' /proc/self/status", NULL), 0);
	ck_assert_str_eq(end.out,
			 "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}
END_TEST

START_TEST(what_nohup_ignores_stays_ignored)
{
	handle(SIGHUP, SIG_IGN, 0);
	handle(SIGINT, SIG_IGN, 0);
	handle(SIGQUIT, count, 0);
	ck_assert_int_eq(run_shell("grep ^SigIgn /proc/self/status", NULL), 0);
	ck_assert_str_eq(end.out, "SigIgn:\t0000000000000003\n");
}
END_TEST

START_TEST(program_need_not_read_its_input)
{
	const char *const cat[] = { "cat", NULL }, *const idle[] = { "true", NULL };
	char *input = malloc(1 << 20);

	memset(input, 'x', 1 << 20);
	input[(1 << 20) - 1] = '\0';
	ck_assert_int_eq(
		run((struct program){ .argv = idle, .in = -EBADF, .input = input }), 0);
	ck_assert_int_eq(end.status, 0);
	ck_assert_int_eq(run((struct program){ .argv = cat,
					       .in = -EBADF,
					       .input = input,
					       .out_max = 1 << 20 }),
			 0);
	ck_assert_str_eq(end.out, input);
	free(input);
}
END_TEST

START_TEST(stdin_is_given_or_empty)
{
	const char *const argv[] = { "cat", NULL };
	int p[2];

	ck_assert_int_eq(pipe2(p, O_CLOEXEC), 0);
	ck_assert_int_eq(write(p[1], "given", 5), 5);
	close(p[1]);
	ck_assert_int_eq(
		run((struct program){ .argv = argv, .in = p[0], .out_max = OUT_MAX }), 0);
	ck_assert_str_eq(end.out, "given");
	ck_assert_int_ge(fcntl(p[0], F_GETFD), 0); /* it is still ours */
	close(p[0]);
	ck_assert_int_eq(run((struct program){
				 .argv = argv, .in = -EBADF, .out_max = OUT_MAX }),
			 0);
	ck_assert_str_eq(end.out, "");
}
END_TEST

START_TEST(endless_output_ends)
{
	const char *const yes[] = { "yes", NULL };
	const char *const deaf[] = {
		"sh", "-c", "trap '' PIPE TERM INT; while :; do echo x; done 2>/dev/null",
		NULL
	};
	char text[OUT_MAX + 1];

	ck_assert_int_eq(run((struct program){
				 .argv = yes, .in = -EBADF, .out_max = OUT_MAX }),
			 -EFBIG);
	ck_assert_int_eq(run((struct program){
				 .argv = deaf, .in = -EBADF, .out_max = OUT_MAX }),
			 -EFBIG);
	ck_assert_ptr_null(end.out);
	/* exactly as much is not too much */
	ck_assert_int_eq(run_shell("head -c 4096 /dev/zero | tr '\\0' x", NULL), 0);
	memset(text, 'x', OUT_MAX);
	text[OUT_MAX] = '\0';
	ck_assert_str_eq(end.out, text);
	ck_assert_int_eq(run_shell("head -c 4097 /dev/zero", NULL), -EFBIG);
}
END_TEST

START_TEST(last_line_of_many_is_kept_and_long_ones_are_cut)
{
	ck_assert_int_eq(run_shell("seq 100000 >&2", NULL), 0);
	ck_assert_str_eq(end.said, "100000");
	ck_assert_int_eq(run_shell("printf 'cause\\n\\n\\n' >&2", NULL), 0);
	ck_assert_str_eq(end.said, "cause");
	ck_assert_int_eq(run_shell("head -c 100000 /dev/zero | tr '\\0' x >&2", NULL), 0);
	ck_assert_uint_eq(strlen(end.said), sizeof(end.said) - 1);
}
END_TEST

START_TEST(waiting_is_bounded)
{
	const char *const argv[] = { "sh", "-c",
				     "trap '' TERM; while :; do echo x >&2; done", NULL };
	struct err e = { 0 };

	handle(SIGCHLD, SIG_IGN, 0);
	ck_assert_int_eq(run((struct program){
				 .argv = argv, .in = -EBADF, .timeout_ms = 100 }),
			 -ETIMEDOUT);
	ck_assert_int_eq(waitpid(-1, NULL, __WALL | WNOHANG), -1);
	ck_assert_int_eq(program_fail(&e, -ETIMEDOUT,
				      &(struct program){ .timeout_ms = 60000 }, "it"),
			 -ETIMEDOUT);
	ck_assert_str_eq(e.message,
			 "it: it had not ended after 60 seconds, and was killed");
}
END_TEST

static int look_three_times(void *data)
{
	int *looks = data;

	return ++*looks < 3 ? 0 : -EDQUOT;
}

START_TEST(who_looks_on_may_end_it)
{
	const char *const argv[] = { "/bin/sleep", "1000", NULL }, *const quick[] = {
		"/bin/true", NULL
	};
	int looks = 0, none = -1000000;

	ck_assert_int_eq(run((struct program){ .argv = argv,
					       .in = -EBADF,
					       .watch = look_three_times,
					       .watch_data = &looks }),
			 -EDQUOT);
	ck_assert_int_eq(looks, 3);
	ck_assert_int_eq(run((struct program){ .argv = argv,
					       .in = -EBADF,
					       .timeout_ms = 50,
					       .watch = look_three_times,
					       .watch_data = &none }),
			 -ETIMEDOUT);
	ck_assert_int_eq(run((struct program){ .argv = quick,
					       .in = -EBADF,
					       .watch = look_three_times,
					       .watch_data = &none }),
			 0);
	ck_assert_int_eq(waitpid(-1, NULL, __WALL | WNOHANG), -1);
}
END_TEST

/* Each waits for a byte of the other: one after the other would wait for ever. */
START_TEST(two_run_at_the_same_time)
{
	static const char script[] =
		"echo x >&2; echo x >\"$1\"; read y <\"$2\"; exit $3";
	char dir[] = "/tmp/minc-test-program.XXXXXX", a[64], b[64];
	const char *const first[] = { "/bin/sh", "-c", script, "sh", a, b, "3", NULL };
	const char *const second[] = {
		"/bin/sh", "-c", "read y <\"$1\"; echo x >\"$2\"; exit 4", "sh", a,
		b,         NULL
	};
	const char *const none[] = { "/nonexistent", NULL };
	struct program p[2] = { { .argv = first, .in = -EBADF },
				{ .argv = second, .in = -EBADF } };
	struct program_end ends[2];
	int results[2];

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(a, sizeof(a), "%s/a", dir);
	snprintf(b, sizeof(b), "%s/b", dir);
	ck_assert_int_eq(mkfifo(a, 0600), 0);
	ck_assert_int_eq(mkfifo(b, 0600), 0);
	handle(SIGCHLD, SIG_IGN, 0);
	program_run_both(p, ends, results);
	ck_assert_int_eq(results[0], 0);
	ck_assert_int_eq(results[1], 0);
	ck_assert_int_eq(ends[0].status, 3);
	ck_assert_int_eq(ends[1].status, 4);
	ck_assert_str_eq(ends[0].said, "x");
	ck_assert_str_eq(ends[1].said, "");
	p[0].argv = none;
	p[1].argv = (const char *const[]){ "/bin/true", NULL };
	program_run_both(p, ends, results);
	ck_assert_int_eq(results[0], -ENOENT);
	ck_assert_int_eq(results[1], 0);
	unlink(a);
	unlink(b);
	rmdir(dir);
}
END_TEST

/*
 * 8 to 12 are for what a program gets, of which one needs four, and keeps one while it
 * runs.
 */
START_TEST(two_run_one_after_the_other_where_descriptors_are_few)
{
	static const char script[] = "echo $1 >&2; exit $1";
	const char *const first[] = { "/bin/sh", "-c", script, "sh", "3", NULL };
	const char *const second[] = { "/bin/sh", "-c", script, "sh", "4", NULL };
	const struct program p[2] = {
		{ .argv = first, .in = -EBADF, .out_max = OUT_MAX },
		{ .argv = second, .in = -EBADF, .out_max = OUT_MAX }
	};
	const int before = count_descriptors();
	struct program_end ends[2];
	struct rlimit old, few;
	int results[2];

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = (struct rlimit){ .rlim_cur = 13, .rlim_max = old.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	program_run_both(p, ends, results);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	ck_assert_int_eq(results[0], 0);
	ck_assert_int_eq(results[1], 0);
	ck_assert_int_eq(ends[0].status, 3);
	ck_assert_int_eq(ends[1].status, 4);
	ck_assert_str_eq(ends[1].said, "4");
	ck_assert_int_eq(count_descriptors(), before);
	for (int i = 0; i < 2; i++)
		free(ends[i].out);
}
END_TEST

START_TEST(missing_program_is_told)
{
	const char *const missing[] = { "there-is-no-such-program", NULL };
	const char *const path[] = { "/there/is/none", NULL };

	/* one of the caller's may be closed to us, and the program in it */
	ck_assert_int_eq(setenv("PATH", "/usr/bin:/bin", 1), 0);
	ck_assert_int_eq(run((struct program){ .argv = missing, .in = -EBADF }), -ENOENT);
	ck_assert_int_eq(run((struct program){
				 .argv = path, .in = -EBADF, .out_max = 1 }),
			 -ENOENT);
	ck_assert_ptr_null(end.out);
	handle(SIGCHLD, SIG_IGN, 0);
	ck_assert_int_eq(run((struct program){ .argv = path, .in = -EBADF }), -ENOENT);
}
END_TEST

static void put_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

START_TEST(program_is_found_as_a_shell_finds_it)
{
	const char *const argv[] = { "it", NULL };
	const struct program p = { .argv = argv, .in = -EBADF };
	char dir[] = "/tmp/minc-test-program.XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	setenv("PATH", "/nowhere:/dev/null:one:two:", 1);
	ck_assert_int_eq(run(p), -ENOENT);
	put_file("it", "#!/bin/sh\nexit 3\n", 0755);
	ck_assert_int_eq(run(p), 0);
	ck_assert_int_eq(end.status, 3); /* an empty place is this directory */
	unlink("it");
	mkdir("one", 0700);
	put_file("one/it", "#!/bin/sh\nexit 1\n", 0644);
	ck_assert_int_eq(run(p), -EACCES); /* even to root */
	mkdir("two", 0700);
	put_file("two/it", "#!/bin/sh\nexit 2\n", 0755);
	ck_assert_int_eq(run(p), 0);
	ck_assert_int_eq(end.status, 2);
	put_file("one/it", "no program\n", 0755);
	ck_assert_int_eq(run(p), -ENOEXEC);
	unsetenv("PATH");
	ck_assert_int_eq(run(p), -ENOENT);
	unlink("one/it");
	unlink("two/it");
	rmdir("one");
	rmdir("two");
	rmdir(dir);
}
END_TEST

START_TEST(environment_is_given_or_the_callers)
{
	const char *const argv[] = { "/usr/bin/env", NULL };
	const char *const one[] = { "A=1", NULL }, *const none[] = { NULL };

	setenv("MINE", "2", 1);
	ck_assert_int_eq(run((struct program){
				 .argv = argv, .in = -EBADF, .out_max = 1 << 20 }),
			 0);
	ck_assert_ptr_nonnull(strstr(end.out, "MINE=2\n"));
	ck_assert_int_eq(run((struct program){ .argv = argv,
					       .env = one,
					       .in = -EBADF,
					       .out_max = OUT_MAX }),
			 0);
	ck_assert_str_eq(end.out, "A=1\n");
	ck_assert_int_eq(run((struct program){ .argv = argv,
					       .env = none,
					       .in = -EBADF,
					       .out_max = OUT_MAX }),
			 0);
	ck_assert_str_eq(end.out, "");
}
END_TEST

/* As agents of helpers do. */
START_TEST(what_the_program_leaves_running_holds_nobody)
{
	pid_t left;

	ck_assert_int_eq(run_shell("sleep 1000 & echo $!; exit 5", NULL), 0);
	ck_assert_int_eq(end.status, 5);
	left = (pid_t)atoi(end.out);
	ck_assert_int_eq(kill(left, SIGKILL), 0);
}
END_TEST

START_TEST(what_waits_may_be_killed)
{
	ck_assert_int_eq(run_shell("kill -KILL $PPID", NULL), -ECHILD);
	ck_assert_int_eq(waitpid(-1, NULL, __WALL | WNOHANG), -1);
	how_it_ended_is_known();
}
END_TEST

/*
 * As if the caller had died before the process between could ask for the signal of that.
 */
START_TEST(program_is_not_started_for_a_caller_that_has_died)
{
	const char *const argv[] = { "/bin/sh", "-c", "echo started", NULL };
	const char *const paths[] = { argv[0], NULL }, *const env[] = { NULL };
	struct program_report report = { 0 };
	struct program_between b = {
		.paths = paths, .argv = argv, .env = env, .report = &report
	};
	char text[16];
	int fds[2], status;
	pid_t pid;

	ck_assert_int_eq(pipe(fds), 0);
	b.caller = fork();
	if (b.caller == 0)
		_exit(0);
	ck_assert_int_eq(waitpid(b.caller, &status, 0), b.caller);
	pid = fork();
	if (pid == 0) {
		b.stdio[0] = fcntl(fds[0], F_DUPFD, PROGRAM_FDS_LOWEST);
		b.stdio[1] = b.stdio[2] = b.cancel =
			fcntl(fds[1], F_DUPFD, PROGRAM_FDS_LOWEST);
		program_between(&b);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(close(fds[1]), 0);
	ck_assert_int_eq(read(fds[0], text, sizeof(text)), 0);
	ck_assert_int_eq(close(fds[0]), 0);
}
END_TEST

/* As filters do that cannot see its arguments, or that know no better. */
START_TEST(clone3_may_be_refused)
{
	static const int errors[] = { ENOSYS, EPERM };
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)errors[_i]),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog filter = { .len = 4, .filter = code };

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
	handle(SIGCHLD, SIG_IGN, 0);
	how_it_ended_is_known();
}
END_TEST

/* The kernel gives a descriptor's number before it finds that there is no such group. */
START_TEST(a_clone_that_fails_has_no_descriptor)
{
	int pidfd = -1;
	struct sys_clone_args a = { .flags = CLONE_PIDFD | CLONE_INTO_CGROUP,
				    .pidfd = (uintptr_t)&pidfd,
				    .exit_signal = SIGCHLD,
				    .cgroup = 1000000 };

	ck_assert_int_lt(clone_copy(&a, NULL, NULL), 0);
	ck_assert_int_eq(pidfd, -EBADF);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("program");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, program_runs_to_its_end);
	tcase_add_test(t, caller_may_ignore_its_children);
	tcase_add_test(t, caller_may_reap_all_in_a_handler);
	tcase_add_test(t, another_thread_may_reap_all);
	tcase_add_test(t, several_threads_have_each_its_own);
	tcase_add_test(t, other_children_are_left_alone);
	tcase_add_test(t, handler_of_the_caller_runs_and_nothing_is_lost);
	tcase_add_test(t, caller_may_lack_stdio);
	tcase_add_test(t, program_has_three_descriptors_and_the_caller_its_own);
	tcase_add_test(t, signals_are_by_default_and_none_is_blocked);
	tcase_add_test(t, what_nohup_ignores_stays_ignored);
	tcase_add_test(t, program_need_not_read_its_input);
	tcase_add_test(t, stdin_is_given_or_empty);
	tcase_add_test(t, endless_output_ends);
	tcase_add_test(t, last_line_of_many_is_kept_and_long_ones_are_cut);
	tcase_add_test(t, waiting_is_bounded);
	tcase_add_test(t, who_looks_on_may_end_it);
	tcase_add_test(t, two_run_at_the_same_time);
	tcase_add_test(t, two_run_one_after_the_other_where_descriptors_are_few);
	tcase_add_test(t, missing_program_is_told);
	tcase_add_test(t, program_is_found_as_a_shell_finds_it);
	tcase_add_test(t, environment_is_given_or_the_callers);
	tcase_add_test(t, what_the_program_leaves_running_holds_nobody);
	tcase_add_test(t, what_waits_may_be_killed);
	tcase_add_test(t, a_clone_that_fails_has_no_descriptor);
	tcase_add_test(t, program_is_not_started_for_a_caller_that_has_died);
	tcase_add_loop_test(t, clone3_may_be_refused, 0, 2);
	return run_case("program", t);
}
