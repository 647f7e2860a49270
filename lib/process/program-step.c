/* SPDX-License-Identifier: MIT */
/*
 * program - the process between the caller and the program, and the program until it is
 * one. Child code: the caller goes on meanwhile in the same memory. See program.h.
 */
#include "process/program-step.h"

#include <errno.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum { CANCEL = 3, PIDFD_LOWEST, NOT_STARTED = 127, SIGSET_BYTES = 8, SIGNALS = 64 };

/* As the kernel has it; that of libc is larger. */
struct kernel_sigaction {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

/* By clone(2), where a filter refuses clone3(2), whose arguments it cannot see. */
static long clone_plain(int exit_signal, int *pidfd, clone_fn *fn, void *arg)
{
	long ret =
		sys_call6(SYS_clone, CLONE_PIDFD | exit_signal, 0, (long)pidfd, 0, 0, 0);

	if (ret < 0)
		*pidfd = -EBADF; /* see forget_pidfd() */
	if (ret == 0)
		fn(arg);
	return ret;
}

long program_clone(bool plain, int exit_signal, char *stack, bool wait, int *pidfd,
		   clone_fn *fn, void *arg)
{
	struct sys_clone_args a = { .flags = CLONE_PIDFD,
				    .exit_signal = (uint64_t)exit_signal,
				    .pidfd = (uintptr_t)pidfd };

	if (plain)
		return clone_plain(exit_signal, pidfd, fn, arg);
	if (!stack || wait)
		return clone_below(&a, stack, CLONE_STACK_BYTES, fn, arg);
	a.flags |= CLONE_VM;
	a.stack = (uintptr_t)stack;
	a.stack_size = CLONE_STACK_BYTES;
	return clone_on_stack(&a, fn, arg);
}

/* What nohup(1), or a shell for its background, has the whole job ignore. */
static bool stays_ignored(int sig)
{
	struct kernel_sigaction old = { 0 };

	if (sig != SIGHUP && sig != SIGINT && sig != SIGQUIT)
		return false;
	return sys_call(SYS_rt_sigaction, sig, NULL, &old, SIGSET_BYTES, 0) == 0 &&
	       old.handler == SIG_IGN;
}

static void reset_signals(void)
{
	const struct kernel_sigaction by_default = { 0 };

	for (int sig = 1; sig <= SIGNALS; sig++)
		if (sig != SIGKILL && sig != SIGSTOP && !stays_ignored(sig))
			(void)sys_call(SYS_rt_sigaction, sig, &by_default, NULL,
				       SIGSET_BYTES, 0);
}

/* What may be wrong with one place of several. */
static bool is_elsewhere(int r)
{
	return r == -ENOENT || r == -ENOTDIR || r == -EACCES || r == -ESTALE ||
	       r == -ENODEV || r == -ETIMEDOUT;
}

/*
 * Nobody else knows of us. @parent may have died before this was in force; 0 is one that
 * cannot be seen from a pid namespace of our own.
 */
static void end_with(int parent)
{
	int now;

	(void)sys_prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	now = sys_call(SYS_getppid, 0, 0, 0, 0, 0);
	if (now != 0 && now != parent)
		sys_exit(NOT_STARTED);
}

_Noreturn static void execute(void *arg)
{
	const struct program_between *b = arg;
	const uint64_t none = 0;
	int denied = 0, r = -ENOENT;

	end_with(b->between); /* one with a set-user-ID bit loses this, and is short */
	(void)sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof(none), 0);
	for (const char *const *path = b->paths; *path; path++) {
		r = sys_call(SYS_execve, *path, b->argv, b->env, 0, 0);
		if (r == -EACCES)
			denied = r;
		if (!is_elsewhere(r))
			break;
	}
	b->report->err = is_elsewhere(r) ? (denied ? denied : -ENOENT) : r;
	sys_exit(NOT_STARTED);
}

/* 0, 1 and 2 for the program, and how we hear of the caller; nothing else of its own. */
static int take_descriptors(const struct program_between *b)
{
	int r = sys_dup3(b->cancel, CANCEL, O_CLOEXEC);

	for (int fd = 0; fd < 3 && r >= 0; fd++)
		r = sys_dup3(b->stdio[fd], fd, 0);
	if (r >= 0) /* else what is open ends with us */
		(void)sys_close_range(CANCEL + 1, ~0u, 0);
	return r < 0 ? r : 0;
}

/* Until it ends, by itself or by us. */
static void await(int pidfd)
{
	struct pollfd p[] = { { .fd = pidfd, .events = POLLIN },
			      { .fd = CANCEL, .events = POLLIN } };
	int r;

	do
		r = sys_call(SYS_ppoll, p, 2, NULL, NULL, 0);
	while (r == -EINTR);
	if (r > 0 && !p[0].revents && p[1].revents)
		(void)sys_pidfd_send_signal(pidfd, SIGKILL); /* it may have ended */
}

static int reap(int pidfd)
{
	siginfo_t info = { 0 };
	int r;

	do
		r = sys_call(SYS_waitid, P_PIDFD, pidfd, &info, WEXITED | __WALL, 0);
	while (r == -EINTR);
	if (r < 0)
		return r;
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

void program_between(void *arg)
{
	struct program_between *b = arg;
	struct program_report *report = b->report;
	int pidfd = -EBADF, r;
	long pid;

	end_with(b->caller); /* the memory is not ours to keep */
	reset_signals();
	b->between = sys_call(SYS_getpid, 0, 0, 0, 0, 0);
	r = take_descriptors(b);
	if (r == 0) {
		pid = program_clone(b->plain, SIGCHLD, b->stack, true, &pidfd, execute,
				    b);
		r = pid < 0 ? (int)pid : 0;
	}
	for (int fd = 0; fd < 3; fd++) /* what is read ends with the program */
		(void)sys_close(fd);
	if (r == 0) {
		await(pidfd);
		r = reap(pidfd);
	}
	if (r < 0 && report->err == 0)
		report->err = r;
	report->status = r;
	report->is_said = true;
	sys_exit(0);
}
