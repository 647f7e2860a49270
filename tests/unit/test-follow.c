/* SPDX-License-Identifier: MIT */
/*
 * What a caller believes of what comes over the channel of a start (lib/run/follow.c),
 * when somebody else may have got hold of the other end: only what the plan can still
 * say. And it waits for nobody who only keeps that end open.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroup/cgroup-rows.h"
#include "ns/ns-rows.h"
#include "plan/hand-over.h"
#include "run/keeper.h"
#include "run/memfd.h"
#include "run/run-rows.h"
#include "run/spawn.h"
#include "sealed/sealed.h"
#include "suite.h"
#include "tty/tty-rows.h"

enum { NO_FD = -1, EMPTY = 1000, SEVERAL = 3 };

/* A look at two descriptors is not one moment: between them @speech may come, or not. */
static void (*speech)(void);
int __real_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	if (!speech || n != 2)
		return __real_poll(fds, n, timeout);
	speech();
	speech = NULL;
	fds[0].revents = 0;
	return __real_poll(&fds[1], 1, timeout);
}

static struct plan plan;
static struct err err;
static struct minc_container ct;
static struct spawn_options options = { .lock = -EBADF };
static struct spawn w;
static int others_end; /* of the channel */
static pid_t speaker;

/* Begin to follow the plan as it is, and a process that has its end. */
static void begin_plan(void)
{
	const int yes = 1;
	int pair[2];
	pid_t middle = fork();

	if (middle == 0)
		_exit(0); /* it has said all it had to say */
	ck_assert_int_eq(plan_seal(&plan), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	ck_assert_int_eq(setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)),
			 0);
	err_clear(&err);
	ct = CONTAINER_NONE;
	ct.pid = getpid(); /* we speak for the middle one, and for what it forks */
	ct.pidfd = (int)syscall(SYS_pidfd_open, middle, 0);
	ck_assert_int_ge(ct.pidfd, 0);
	w = (struct spawn){ .plan = &plan,
			    .options = &options,
			    .err = &err,
			    .channel = pair[0],
			    .child_end = -EBADF,
			    .sealed_fd = -EBADF,
			    .holder = -EBADF,
			    .lock = -EBADF,
			    .middle = -EBADF,
			    .ret = &ct,
			    .expected = follow_expected(&plan, false) };
	others_end = pair[1];
}

/* One that enters a container, maybe with a terminal. */
static void begin(bool terminal)
{
	memset(&plan, 0, sizeof(plan));
	plan.forks = true;
	(void)plan_append(&plan, &step_join, NULL, "enter");
	plan_append(&plan, &step_rlimit, NULL, "limit")->flags = STEP_OPTIONAL;
	if (terminal)
		(void)plan_append(&plan, &step_terminal, NULL, "terminal");
	(void)plan_append(&plan, &step_exec, NULL, "command");
	begin_plan();
}

static void end(void)
{
	fd_closep(&w.channel);
	fd_closep(&others_end);
	fd_closep(&w.sealed_fd);
	fd_closep(&ct.pidfd);
	fd_closep(&ct.terminal);
	plan_done(&plan);
	if (speaker > 0) {
		kill(speaker, SIGKILL);
		waitpid(speaker, NULL, 0);
		speaker = 0;
	}
}

/* With @n descriptors, all @fd, SEVERAL at the most; or an EMPTY message. */
static void say_with(uint32_t kind, uint32_t step, int number, int fd, size_t n)
{
	struct verdict v = { .kind = kind, .step = step, .err = number };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(SEVERAL * sizeof(int))];
	} control;
	struct iovec iov = { &v, kind == EMPTY ? 0 : sizeof(v) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	memset(&control, 0, sizeof(control));
	if (n) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(n * sizeof(int));
		for (size_t i = 0; i < n; i++)
			memcpy(CMSG_DATA(&control.header) + i * sizeof(fd), &fd,
			       sizeof(fd));
	}
	ck_assert_int_eq(sendmsg(others_end, &msg, 0), iov.iov_len);
}

static void say(enum verdict_kind kind, uint32_t step, int number, int fd)
{
	say_with(kind, step, number, fd, fd >= 0);
}

/*
 * The steps are done. A process of ours executes @file, and is announced as the one that
 * has entered.
 */
static void announce(const char *file)
{
	int pidfd;

	say(VERDICT_EXEC, 0, 0, NO_FD);
	speaker = fork();
	ck_assert_int_ge(speaker, 0);
	if (speaker == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(others_end);
		if (file)
			execl(file, file, "1000", NULL);
		for (;;)
			pause();
	}
	pidfd = (int)syscall(SYS_pidfd_open, speaker, 0);
	ck_assert_int_ge(pidfd, 0);
	say(VERDICT_PROCESS, 0, speaker, pidfd);
	close(pidfd);
}

static size_t open_files(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* As the keeper, a monitor and minc-fuse are sent one. */
START_TEST(of_several_descriptors_none_stays_open)
{
	struct verdict v;
	size_t before;
	int pair[2], fd;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	others_end = pair[1];
	before = open_files();
	for (size_t n = 0; n <= SEVERAL; n++) {
		say_with(VERDICT_TERMINAL, 0, 0, 0, n);
		ck_assert_int_eq(receive_fd(pair[0], &v, sizeof(v), 0, &fd), sizeof(v));
		ck_assert_int_eq(fd >= 0, n == 1);
		fd_closep(&fd);
		ck_assert_uint_eq(open_files(), before);
	}
	fd_closep(&others_end);
	close(pair[0]);
}
END_TEST

START_TEST(what_the_plan_says_is_believed)
{
	begin(true);
	say(VERDICT_TERMINAL, 0, 0, 0);
	say(VERDICT_WARNING, 1, -EPERM, NO_FD);
	announce(NULL);
	fd_closep(&others_end);
	ck_assert_int_eq(follow_child(&w), 0);
	ck_assert_int_eq(ct.pid, speaker);
	ck_assert_int_ge(ct.terminal, 0);
	end();
}
END_TEST

START_TEST(a_failed_command_is_believed)
{
	begin(false);
	announce(NULL);
	say(VERDICT_FAILED, 2, -ENOENT, NO_FD);
	ck_assert_int_eq(follow_child(&w), -ENOENT);
	end();
}
END_TEST

static const struct lie {
	const char *what;
	bool terminal, executing;
	enum verdict_kind kind;
	uint32_t step;
	int fd;
} lies[] = {
	{ "a terminal that nobody asked for", false, false, VERDICT_TERMINAL, 0, 0 },
	{ "a process before the last step", false, false, VERDICT_PROCESS, 0, 0 },
	{ "another number of process 1", false, false, VERDICT_PID, 0, 0 },
	{ "a wait in a step that does not wait", false, false, VERDICT_WAIT, 0, NO_FD },
	{ "a warning of a step that must not fail", false, false, VERDICT_WARNING, 0,
	  NO_FD },
	{ "a step that there is not", false, false, VERDICT_FAILED, 99, NO_FD },
	{ "a descriptor with a failure", false, false, VERDICT_FAILED, 0, 0 },
	{ "no clone", false, false, VERDICT_NO_CLONE, 0, NO_FD },
	{ "no monitor", false, false, VERDICT_NO_MONITOR, 0, NO_FD },
	{ "nothing that is known", false, false, 77, 0, NO_FD },
	{ "a terminal after the last step", true, true, VERDICT_TERMINAL, 0, 0 },
	{ "a warning after the last step", false, true, VERDICT_WARNING, 1, NO_FD },
	{ "the failure of a step after it", false, true, VERDICT_FAILED, 0, NO_FD },
	{ "a second start of the command", false, true, VERDICT_EXEC, 0, NO_FD },
};

START_TEST(a_lie_ends_the_start)
{
	const struct lie *lie = &lies[_i];
	size_t before = open_files();

	begin(lie->terminal);
	if (lie->executing)
		announce(NULL);
	/* a number that would do, at another moment */
	say(lie->kind, lie->step, lie->kind == VERDICT_PROCESS ? getpid() : -EIO,
	    lie->fd);
	ck_assert_msg(follow_child(&w) == -EBADMSG, "%s", lie->what);
	ck_assert_msg(ct.terminal < 0, "%s", lie->what);
	fd_closep(&w.middle);
	end();
	ck_assert_uint_eq(open_files(), before); /* what came with it is closed */
}
END_TEST

static const char *const no_ids[] = { "x", NULL };
static unsigned told;

static void count(const char *text, void *userdata)
{
	(void)text;
	(void)userdata;
	told++;
}

/* One with two steps, 1 and 2, that wait for a program of the caller's, which fails. */
static void begin_with_waits(unsigned flags)
{
	memset(&plan, 0, sizeof(plan));
	plan.forks = true;
	(void)plan_append(&plan, &step_join, NULL, "enter");
	for (int i = 0; i < 2; i++) {
		struct step *s = plan_append(&plan, &step_idmap, NULL, "ids");

		s->flags = flags;
		STEP_DATA(s, idmap)->uid_args = STEP_DATA(s, idmap)->gid_args = no_ids;
	}
	(void)plan_append(&plan, &step_exec, NULL, "command");
	begin_plan();
	options.log = count;
	told = 0;
}

START_TEST(who_waits_is_told_how_it_went)
{
	char byte = 'x';

	begin_with_waits(STEP_OPTIONAL);
	say(VERDICT_WAIT, 1, 0, NO_FD);
	say(VERDICT_WAIT, 2, 0, NO_FD);
	say(VERDICT_FAILED, 3, -ENOENT, NO_FD);
	ck_assert_int_eq(follow_child(&w), -ENOENT);
	ck_assert_uint_eq(told, 2);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(read(others_end, &byte, 1), 1);
		ck_assert_int_eq(byte, 0);
	}
	end();
}
END_TEST

START_TEST(a_part_that_must_not_fail_ends_the_start)
{
	begin_with_waits(0);
	say(VERDICT_WAIT, 1, 0, NO_FD);
	ck_assert_int_eq(follow_child(&w), -EPERM);
	ck_assert_uint_eq(told, 0);
	end();
}
END_TEST

/* Each step waits once, one after the other, before the command. */
static const struct {
	const char *what;
	int first, second;
	bool executing;
	int fd;
} late[] = {
	{ "a second time", 1, 1, false, NO_FD },
	{ "a step before it", 2, 1, false, NO_FD },
	{ "after the last step", -1, 1, true, NO_FD },
	{ "with a descriptor", -1, 1, false, 0 },
	{ "another step", -1, 0, false, NO_FD },
};

START_TEST(nobody_waits_twice_or_late)
{
	size_t before = open_files();

	begin_with_waits(STEP_OPTIONAL);
	if (late[_i].first >= 0)
		say(VERDICT_WAIT, (uint32_t)late[_i].first, 0, NO_FD);
	if (late[_i].executing)
		announce(NULL);
	say(VERDICT_WAIT, (uint32_t)late[_i].second, 0, late[_i].fd);
	ck_assert_msg(follow_child(&w) == -EBADMSG, "%s", late[_i].what);
	ck_assert_msg(told == (late[_i].first >= 0), "%s", late[_i].what);
	fd_closep(&w.middle);
	end();
	ck_assert_uint_eq(open_files(), before);
}
END_TEST

START_TEST(a_second_terminal_is_a_lie)
{
	begin(true);
	say(VERDICT_TERMINAL, 0, 0, 0);
	say(VERDICT_TERMINAL, 0, 0, 0);
	ck_assert_int_eq(follow_child(&w), -EBADMSG);
	end();
}
END_TEST

START_TEST(of_several_descriptors_none_is_kept)
{
	size_t before = open_files();

	begin(true);
	say_with(VERDICT_TERMINAL, 0, 0, 0, 2);
	say_with(VERDICT_FAILED, 0, -EIO, 0, 2);
	ck_assert_int_eq(follow_child(&w), -EBADMSG);
	fd_closep(&w.middle);
	end();
	ck_assert_uint_eq(open_files(), before);
}
END_TEST

START_TEST(an_empty_message_is_not_the_end)
{
	size_t before = open_files();

	begin(false);
	say_with(EMPTY, 0, 0, 0, (size_t)_i);
	ck_assert_int_eq(follow_child(&w), -EBADMSG);
	end();
	ck_assert_uint_eq(open_files(), before);
}
END_TEST

START_TEST(half_a_message_is_a_lie)
{
	begin(false);
	ck_assert_int_eq(send(others_end, "x", 1, 0), 1);
	ck_assert_int_eq(follow_child(&w), -EBADMSG);
	end();
}
END_TEST

/* Only the one that forked knows what it has forked. */
START_TEST(another_does_not_say_who_entered)
{
	size_t before = open_files();

	begin(false);
	ct.pid = getppid();
	announce(NULL);
	ck_assert_int_eq(follow_child(&w), -EBADMSG);
	ck_assert_int_lt(w.middle, 0);
	end();
	ck_assert_uint_eq(open_files(), before);
}
END_TEST

START_TEST(what_entered_may_go_on)
{
	char byte = 'x';

	begin(false);
	announce("/bin/true");
	ck_assert_int_eq(follow_child(&w), 0);
	ck_assert_int_eq(read(others_end, &byte, 1), 1);
	ck_assert_int_eq(byte, 0);
	end();
}
END_TEST

/* Somebody keeps the other end, but the process is another program by now. */
START_TEST(who_holds_the_channel_holds_nobody_up)
{
	begin(false);
	w.sealed_fd = memfd_program("sealed", sealed_program, sealed_program_len);
	ck_assert_int_ge(w.sealed_fd, 0);
	announce("/bin/sleep");
	ck_assert_int_eq(follow_child(&w), 0);
	end();
}
END_TEST

START_TEST(nor_when_the_process_has_ended)
{
	begin(false);
	announce("/bin/true");
	ck_assert_int_eq(follow_child(&w), 0);
	end();
}
END_TEST

static void say_failed(void)
{
	say(VERDICT_FAILED, 0, -EIO, NO_FD);
}

/* The kernel tells of what was not read before it gives what was said. */
START_TEST(last_words_are_heard_after_an_answer_that_was_not)
{
	begin(false);
	say(VERDICT_EXEC, 0, 0, NO_FD);
	say(VERDICT_FAILED, (uint32_t)plan.len - 1, -EIO, NO_FD);
	ck_assert_int_eq(send(w.channel, "", 1, 0), 1);
	fd_closep(&others_end);
	ck_assert_int_eq(follow_child(&w), -EIO);
	end();
}
END_TEST

START_TEST(last_words_are_heard)
{
	begin(false);
	speech = say_failed; /* the one who speaks has ended by then */
	ck_assert_int_eq(follow_child(&w), -EIO);
	end();
}
END_TEST

static int open_sleeper(pid_t *ret)
{
	*ret = fork();
	if (*ret == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return (int)syscall(SYS_pidfd_open, *ret, 0);
}

/* Its number cannot be handed over; its failure follows. */
START_TEST(a_process_that_is_lost_is_ended)
{
	pid_t lost;
	int fd;

	begin(false);
	fd = open_sleeper(&lost);
	say(VERDICT_EXEC, 0, 0, NO_FD);
	say(VERDICT_LOST, 0, lost, NO_FD);
	say(VERDICT_FAILED, 2, -EPERM, NO_FD);
	ck_assert_int_eq(follow_child(&w), -EPERM);
	ck_assert_int_eq(waitpid(lost, NULL, WNOHANG), -1);
	close(fd);
	end();
}
END_TEST

/* One that has entered, or who speaks for it, could name any process, to be killed. */
START_TEST(only_one_process_is_named)
{
	static const enum verdict_kind again[] = { VERDICT_LOST, VERDICT_PROCESS };
	int self = (int)syscall(SYS_pidfd_open, getpid(), 0), fd;
	pid_t other;

	begin(false);
	fd = open_sleeper(&other);
	say(VERDICT_EXEC, 0, 0, NO_FD);
	say(VERDICT_PROCESS, 0, getpid(), self); /* so that it is us who speak */
	say(again[_i], 0, other, NO_FD);
	ck_assert_int_eq(follow_child(&w), -EBADMSG);
	ck_assert_int_eq(waitpid(other, NULL, WNOHANG), 0);
	kill(other, SIGKILL);
	ck_assert_int_eq(waitpid(other, NULL, 0), other);
	close(fd);
	close(self);
	end();
}
END_TEST

/* The caller has no standard files, so the numbers are those that the watcher has. */
START_TEST(a_watcher_that_does_not_come_to_be_ends_only_its_process)
{
	struct watcher_args args = { .sealed_fd = -EBADF };
	pid_t process, holder, watcher;
	int status;

	args.process = open_sleeper(&process);
	args.holder = fcntl(open_sleeper(&holder), F_DUPFD_CLOEXEC, 10);
	watcher = fork();
	if (watcher == 0) {
		args.process = dup2(args.process, 1);
		keeper_watch(&args);
	}
	ck_assert_int_eq(waitpid(watcher, &status, 0), watcher);
	ck_assert_int_eq(WEXITSTATUS(status), 125);
	ck_assert_int_eq(waitpid(holder, NULL, WNOHANG), 0);
	kill(holder, SIGKILL);
	ck_assert_int_eq(waitpid(holder, NULL, 0), holder);
	ck_assert_int_eq(waitpid(process, &status, 0), process);
}
END_TEST

/* Each of what is watched, and only its end: a word is none. */
START_TEST(what_is_watched_ends_the_process)
{
	static const char *const argv[] = { "minc-watcher", NULL };
	int ends[KEEPER_WATCHED_MAX][2], process, status, program;
	pid_t target, watcher;

	process = fcntl(open_sleeper(&target), F_DUPFD_CLOEXEC, 20);
	program = fcntl(memfd_program("sealed", sealed_program, sealed_program_len),
			F_DUPFD_CLOEXEC, 20);
	for (int i = 0; i < KEEPER_WATCHED_MAX; i++) {
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
					    ends[i]),
				 0);
		ends[i][0] = fd_move_up(ends[i][0], 20);
		ends[i][1] = fd_move_up(ends[i][1], 20);
	}
	watcher = fork();
	if (watcher == 0) {
		(void)sys_close_range(0, 19, 0);
		dup2(process, KEEPER_PROCESS);
		for (int i = 0; i < KEEPER_WATCHED_MAX; i++)
			dup2(ends[i][0], KEEPER_WATCHED + i);
		syscall(SYS_execveat, program, "", argv, argv + 1, AT_EMPTY_PATH);
		_exit(99);
	}
	for (int i = 0; i < KEEPER_WATCHED_MAX; i++) {
		close(ends[i][0]);
		ck_assert_int_eq(send(ends[i][1], "x", 1, 0), 1);
	}
	ck_assert_int_eq(waitpid(target, NULL, WNOHANG), 0);
	close(ends[_i][1]);
	ck_assert_int_eq(waitpid(target, &status, 0), target);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	ck_assert_int_eq(waitpid(watcher, &status, 0), watcher);
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

START_TEST(nor_who_stops_the_process)
{
	begin(false);
	announce(NULL);
	ck_assert_int_eq(kill(speaker, SIGSTOP), 0);
	ck_assert_int_eq(follow_child(&w), -ECANCELED);
	ck_assert_str_eq(err.message, "exec: stopped by a process of the container");
	fd_closep(&w.middle);
	end();
}
END_TEST

/* What is executed may be run by all, and read by nobody: it is not dumpable. */
START_TEST(sealed_program_can_neither_be_read_nor_written)
{
	int fd = memfd_program("sealed", sealed_program, sealed_program_len);
	struct stat s;

	ck_assert_int_eq(fstat(fd, &s), 0);
	ck_assert_uint_eq(s.st_mode & 07777, 0111);
	ck_assert_int_eq(write(fd, "", 1), -1);
	ck_assert_int_eq(errno, EPERM);
	close(fd);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("follow");

	tcase_set_timeout(t, 30);
	tcase_add_test(t, of_several_descriptors_none_stays_open);
	tcase_add_test(t, what_the_plan_says_is_believed);
	tcase_add_test(t, a_failed_command_is_believed);
	tcase_add_loop_test(t, a_lie_ends_the_start, 0, sizeof(lies) / sizeof(lies[0]));
	tcase_add_test(t, who_waits_is_told_how_it_went);
	tcase_add_test(t, a_part_that_must_not_fail_ends_the_start);
	tcase_add_loop_test(t, nobody_waits_twice_or_late, 0,
			    sizeof(late) / sizeof(late[0]));
	tcase_add_test(t, a_second_terminal_is_a_lie);
	tcase_add_test(t, half_a_message_is_a_lie);
	tcase_add_test(t, who_holds_the_channel_holds_nobody_up);
	tcase_add_test(t, nor_when_the_process_has_ended);
	tcase_add_loop_test(t, an_empty_message_is_not_the_end, 0, 2);
	tcase_add_test(t, of_several_descriptors_none_is_kept);
	tcase_add_test(t, nor_who_stops_the_process);
	tcase_add_test(t, last_words_are_heard);
	tcase_add_test(t, last_words_are_heard_after_an_answer_that_was_not);
	tcase_add_test(t, a_process_that_is_lost_is_ended);
	tcase_add_loop_test(t, only_one_process_is_named, 0, 2);
	tcase_add_test(t, a_watcher_that_does_not_come_to_be_ends_only_its_process);
	tcase_add_loop_test(t, what_is_watched_ends_the_process, 0, KEEPER_WATCHED_MAX);
	tcase_add_test(t, another_does_not_say_who_entered);
	tcase_add_test(t, what_entered_may_go_on);
	tcase_add_test(t, sealed_program_can_neither_be_read_nor_written);
	return run_case("follow", t);
}
