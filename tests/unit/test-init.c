/* SPDX-License-Identifier: MIT */
/*
 * The program of --init: the embedded bytes are executed from a memfd, as the library
 * does. Each test runs twice, as an ordinary process that adopts orphans and, with
 * privilege, as process 1 of a pid namespace. The commands it runs are this file's own
 * acts, so that nothing depends on the programs of the machine.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#include "plan/runner.h"
#include "sealed/sealed.h"
#include "suite.h"

enum { ORDINARY, PROCESS_ONE, WAYS, ORPHANS = 200, STEP = 7, DEADLINE_MS = 20000 };

struct started {
	pid_t pid;
	int channel; /* our end */
	int out;     /* the command's standard output */
};

/* Acts of the command */

static volatile sig_atomic_t got;

static void note(int sig)
{
	got = sig;
}

static void catch (int sig)
{
	struct sigaction sa = { .sa_handler = note };

	sigaction(sig, &sa, NULL);
}

/* Say "r" once ready, then wait for the signal and leave with status 33. */
static int act_catch(int sig)
{
	sigset_t all, old;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	catch (sig);
	if (write(1, "r", 1) != 1)
		return 1;
	while (!got)
		sigsuspend(&old);
	return got == sig ? 33 : 1;
}

static int act_orphans(void)
{
	char c;

	for (int i = 0; i < ORPHANS; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		if (pid == 0)
			_exit(fork() < 0); /* both leave: parent first or not */
		if (waitpid(pid, NULL, 0) != pid)
			return 1;
	}
	close(1);
	return read(0, &c, 1) == 0 ? 0 : 1; /* until the test has counted */
}

/* Only SIGUSR1 is blocked and SIGCHLD ignored, as the test set it before the init. */
static int act_signals(void)
{
	struct sigaction sa;
	sigset_t set;

	sigprocmask(SIG_BLOCK, NULL, &set);
	for (int sig = 1; sig < NSIG; sig++)
		if (sigismember(&set, sig) != (sig == SIGUSR1))
			return 1;
	sigaction(SIGCHLD, NULL, &sa);
	return sa.sa_handler == SIG_IGN ? 33 : 2;
}

static int act(const char *name, const char *arg)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (strcmp(name, "exit") == 0)
		return atoi(arg);
	if (strcmp(name, "raise") == 0)
		return raise(atoi(arg));
	if (strcmp(name, "catch") == 0)
		return act_catch(atoi(arg));
	if (strcmp(name, "orphans") == 0)
		return act_orphans();
	if (strcmp(name, "signals") == 0)
		return act_signals();
	if (strcmp(name, "close") == 0)
		return close(1) < 0 || read(0, (char[1]){ 0 }, 1) != 0;
	if (strcmp(name, "foreground") == 0)
		return tcgetpgrp(0) == getpid() && getpgrp() == getpid()
			       ? act_catch(atoi(arg))
			       : 1;
	return 99;
}

/* Running the init */

static int program_fd(void)
{
	int fd = memfd_create("init", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, sealed_program, sealed_program_len),
			 sealed_program_len);
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS,
			       F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW),
			 0);
	return fd;
}

static bool way_is_possible(int way)
{
	return way == ORDINARY || geteuid() == 0;
}

static pid_t fork_way(int way)
{
	int own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	pid_t pid;

	ck_assert_int_ge(own, 0);
	if (way == PROCESS_ONE)
		ck_assert_int_eq(unshare(CLONE_NEWPID), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nothing */
	} else if (way == PROCESS_ONE) {
		/* or AddressSanitizer could not make its thread */
		ck_assert_int_eq(setns(own, CLONE_NEWPID), 0);
	}
	close(own);
	return pid;
}

_Noreturn static void exec_init(int program, int channel, const char *const *candidates,
				const char *name, const char *arg)
{
	char spec[32], count[16];
	const char *argv[16] = { "init", spec, count };
	size_t n = 0;

	while (candidates[n]) {
		argv[3 + n] = candidates[n];
		n++;
	}
	argv[3 + n] = "command";
	argv[4 + n] = name;
	argv[5 + n] = arg;
	snprintf(spec, sizeof(spec), "%d:%d", channel, STEP);
	snprintf(count, sizeof(count), "%zu", n);
	fcntl(channel, F_SETFD, 0);
	fexecve(program, (char *const *)argv, environ);
	_exit(98);
}

static struct started start(int way, int in, const char *const *candidates,
			    const char *name, const char *arg)
{
	int program = program_fd(), channel[2], out[2];
	struct started s;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel),
			 0);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	s.pid = fork_way(way);
	if (s.pid == 0) {
		dup2(in, 0);
		dup2(out[1], 1);
		exec_init(program, channel[1], candidates, name, arg);
	}
	close(program);
	close(channel[1]);
	close(out[1]);
	s.channel = channel[0];
	s.out = out[0];
	return s;
}

/* This file's program by name: /proc/self/exe would be the init. */
static char self_path[4096];
static const char *const self[] = { self_path, NULL };

static int status_of(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void expect_char(int fd, char want)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char c = 0;

	ck_assert_int_eq(poll(&p, 1, DEADLINE_MS), 1);
	ck_assert_int_eq(read(fd, &c, 1), 1);
	ck_assert_int_eq(c, want);
}

static void expect_end(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char c;

	ck_assert_int_eq(poll(&p, 1, DEADLINE_MS), 1);
	ck_assert_int_eq(read(fd, &c, 1), 0);
}

/* Tests */

START_TEST(exit_status_is_the_commands)
{
	struct started s;

	if (!way_is_possible(_i))
		return;
	s = start(_i, 0, self, "exit", "42");
	expect_end(s.channel);
	ck_assert_int_eq(status_of(s.pid), 42);
}
END_TEST

START_TEST(death_by_a_signal_is_128_plus_its_number)
{
	if (!way_is_possible(_i))
		return;
	ck_assert_int_eq(status_of(start(_i, 0, self, "raise", "9").pid), 137);
}
END_TEST

START_TEST(candidates_are_tried_in_order)
{
	static const char *const path[] = { "/nonexistent/x", "/etc/passwd/x", self_path,
					    NULL };

	if (!way_is_possible(_i))
		return;
	ck_assert_int_eq(status_of(start(_i, 0, path, "exit", "5").pid), 5);
}
END_TEST

static void expect_verdict(int way, const char *const *path, int err, int status)
{
	struct started s = start(way, 0, path, "exit", "5");
	struct verdict v;

	ck_assert_int_eq(read(s.channel, &v, sizeof(v)), sizeof(v));
	ck_assert_int_eq(v.kind, VERDICT_FAILED);
	ck_assert_int_eq(v.step, STEP);
	ck_assert_int_eq(v.err, err);
	expect_end(s.channel);
	ck_assert_int_eq(status_of(s.pid), status);
}

START_TEST(missing_command_is_reported_on_the_channel)
{
	static const char *const path[] = { "/nonexistent/x", "/etc/passwd/x", "/x/y",
					    NULL };

	if (way_is_possible(_i))
		expect_verdict(_i, path, -ENOENT, 127);
}
END_TEST

START_TEST(command_that_may_not_be_executed_is_reported)
{
	static const char *const path[] = { "/etc/passwd", "/nonexistent/x", NULL };

	if (way_is_possible(_i))
		expect_verdict(_i, path, -EACCES, 126);
}
END_TEST

static const int forwarded[] = { SIGTERM, SIGHUP, SIGUSR2, SIGCONT, SIGWINCH };
enum { FORWARDED = sizeof(forwarded) / sizeof(*forwarded) };

START_TEST(signals_are_forwarded)
{
	int way = _i / FORWARDED, sig = forwarded[_i % FORWARDED];
	struct started s;
	char text[16];

	if (!way_is_possible(way))
		return;
	snprintf(text, sizeof(text), "%d", sig);
	s = start(way, 0, self, "catch", text);
	expect_char(s.out, 'r');
	ck_assert_int_eq(kill(s.pid, sig), 0);
	ck_assert_int_eq(status_of(s.pid), 33);
}
END_TEST

START_TEST(uncaught_signal_ends_the_command)
{
	struct started s;

	if (!way_is_possible(_i))
		return;
	s = start(_i, 0, self, "catch", "1");
	expect_char(s.out, 'r');
	ck_assert_int_eq(kill(s.pid, SIGTERM), 0);
	ck_assert_int_eq(status_of(s.pid), 128 + SIGTERM);
}
END_TEST

START_TEST(signal_state_of_the_caller_reaches_the_command)
{
	sigset_t set;

	if (!way_is_possible(_i))
		return;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_SETMASK, &set, NULL);
	signal(SIGCHLD, SIG_IGN); /* the init must still learn of the command's end */
	{
		struct started s = start(_i, 0, self, "signals", "");

		signal(SIGCHLD, SIG_DFL);
		ck_assert_int_eq(status_of(s.pid), 33);
	}
}
END_TEST

START_TEST(outputs_the_command_closes_are_closed)
{
	struct started s;
	int in[2];

	if (!way_is_possible(_i))
		return;
	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	s = start(_i, in[0], self, "close", "");
	expect_end(s.out);
	close(in[1]);
	ck_assert_int_eq(status_of(s.pid), 0);
}
END_TEST

/* Children of @pid, dead or alive, or -1 if the kernel does not tell. */
static int count_children(pid_t pid)
{
	char path[64];
	int n = 0, child;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	f = fopen(path, "re");
	if (!f)
		return -1;
	while (fscanf(f, "%d", &child) == 1)
		n++;
	fclose(f);
	return n;
}

START_TEST(orphans_are_reaped)
{
	struct started s;
	int in[2], n = -1;

	if (!way_is_possible(_i))
		return;
	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	s = start(_i, in[0], self, "orphans", "");
	expect_end(s.out); /* all orphans have ended, so all are zombies or reaped */
	for (int waited_ms = 0; waited_ms < DEADLINE_MS; waited_ms++) {
		n = count_children(s.pid);
		if (n <= 1)
			break;
		poll(NULL, 0, 1); /* nothing tells of a reaped zombie */
	}
	if (n >= 0)
		ck_assert_int_eq(n, 1);
	close(in[1]);
	ck_assert_int_eq(status_of(s.pid), 0);
}
END_TEST

static struct started start_on_terminal(int way, const char *arg, int *ret_master)
{
	int program = program_fd(), channel[2], slave;
	struct started s;

	ck_assert_int_eq(openpty(ret_master, &slave, NULL, NULL, NULL), 0);
	fcntl(*ret_master, F_SETFD, FD_CLOEXEC);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel),
			 0);
	s.pid = fork_way(way);
	if (s.pid == 0) {
		login_tty(slave);
		exec_init(program, channel[1], self, "foreground", arg);
	}
	close(program);
	close(channel[1]);
	close(slave);
	s.channel = channel[0];
	s.out = *ret_master;
	return s;
}

START_TEST(keys_of_the_terminal_signal_the_command)
{
	struct started s;
	int master;

	if (!way_is_possible(_i))
		return;
	s = start_on_terminal(_i, "2", &master);
	expect_char(master, 'r');
	ck_assert_int_eq(write(master, "\003", 1), 1);
	ck_assert_int_eq(status_of(s.pid), 33);
}
END_TEST

/* Nobody could continue it: it must see SIGCONT by itself. */
START_TEST(suspend_key_does_not_freeze_the_container)
{
	struct started s;
	int master;

	if (!way_is_possible(_i))
		return;
	s = start_on_terminal(_i, "18", &master);
	expect_char(master, 'r');
	ck_assert_int_eq(write(master, "\032", 1), 1);
	ck_assert_int_eq(status_of(s.pid), 33);
}
END_TEST

START_TEST(hangup_of_the_terminal_reaches_the_command)
{
	struct started s;
	int master;

	if (!way_is_possible(_i))
		return;
	s = start_on_terminal(_i, "1", &master);
	expect_char(master, 'r');
	close(master);
	ck_assert_int_eq(status_of(s.pid), 33);
}
END_TEST

START_TEST(bad_arguments_end_it)
{
	int program = program_fd();
	pid_t pid = fork();

	if (pid == 0) {
		const char *const argv[] = {
			"init", "3:1", "2", "/bin/true", "true", NULL
		};

		fexecve(program, (char *const *)argv, environ);
		_exit(98);
	}
	ck_assert_int_eq(status_of(pid), 126);
}
END_TEST

START_TEST(program_is_small)
{
	ck_assert_uint_lt(sealed_program_len, 16384);
}
END_TEST

int main(int argc, char **argv)
{
	TCase *t, *plain;
	Suite *suite;

	if (argc == 3 && strcmp(argv[0], "command") == 0)
		return act(argv[1], argv[2]);
	if (!way_is_possible(PROCESS_ONE))
		puts("NOT RUN as process 1: needs root");
	suite = suite_create("init");
	t = tcase_create("both ways");
	plain = tcase_create("program");
	if (readlink("/proc/self/exe", self_path, sizeof(self_path) - 1) < 0)
		return EXIT_FAILURE;
	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, exit_status_is_the_commands, 0, WAYS);
	tcase_add_loop_test(t, death_by_a_signal_is_128_plus_its_number, 0, WAYS);
	tcase_add_loop_test(t, candidates_are_tried_in_order, 0, WAYS);
	tcase_add_loop_test(t, missing_command_is_reported_on_the_channel, 0, WAYS);
	tcase_add_loop_test(t, command_that_may_not_be_executed_is_reported, 0, WAYS);
	tcase_add_loop_test(t, signals_are_forwarded, 0, WAYS * FORWARDED);
	tcase_add_loop_test(t, uncaught_signal_ends_the_command, 0, WAYS);
	tcase_add_loop_test(t, signal_state_of_the_caller_reaches_the_command, 0, WAYS);
	tcase_add_loop_test(t, outputs_the_command_closes_are_closed, 0, WAYS);
	tcase_add_loop_test(t, orphans_are_reaped, 0, WAYS);
	tcase_add_loop_test(t, keys_of_the_terminal_signal_the_command, 0, WAYS);
	tcase_add_loop_test(t, suspend_key_does_not_freeze_the_container, 0, WAYS);
	tcase_add_loop_test(t, hangup_of_the_terminal_reaches_the_command, 0, WAYS);
	suite_add_tcase(suite, t);
	tcase_add_test(plain, bad_arguments_end_it);
	tcase_add_test(plain, program_is_small);
	suite_add_tcase(suite, plain);
	return run_suite(suite, false);
}
