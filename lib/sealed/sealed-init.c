/* SPDX-License-Identifier: MIT */
/*
 * sealed-init - the part of the sealed program that is process 1 of a container with
 * --init; the contract is in sealed/sealed.h.
 *
 * All signals are blocked from its first moment to its last and taken one by one with
 * rt_sigtimedwait(2), so there are no handlers and no races: the kernel queues even what
 * process 1 of a pid namespace would otherwise not notice (pid_namespaces(7)).
 *
 * It ends when the command ends; the kernel then kills what else lives in the namespace.
 */
#include <errno.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/sys.h"
#include "sealed/sealed-parts.h"

struct init {
	int channel;
	bool leader; /* of the session: we may give away its terminal, if there is one */
	int command; /* its process id, and its group's if leader */
	bool stop_wanted; /* a SIGTSTP was forwarded and no SIGCONT since */
};

/*
 * Give it a group of its own, in the foreground of our terminal: signals of typed keys
 * then reach the command and not us. If the session is another's, the caller's shell
 * decides.
 */
static void become_foreground(void)
{
	(void)sys_call(SYS_setpgid, 0, 0, 0, 0, 0); /* a new child always may */
	for (int fd = 0; fd <= 2; fd++) {
		int pgrp = sys_call(SYS_getpid, 0, 0, 0, 0, 0);

		/* ENOTTY from a pipe or a foreign terminal: look at the next */
		if (sys_ioctl(fd, TIOCSPGRP, &pgrp) == 0)
			return;
	}
}

/* Reap all that ended; returns the command's exit status, or -1 while it runs. With
 * @options 0 it waits for that. */
static int reap(const struct init *in, int options)
{
	for (;;) {
		int status = 0;
		int pid = sys_call(SYS_wait4, -1, &status, options | WUNTRACED, 0, 0);

		if (pid == -EINTR)
			continue;
		if (pid == -ECHILD)
			return EXIT_OURS; /* cannot happen: the command is our child */
		if (pid <= 0)
			return -1;
		if (pid != in->command)
			continue;
		if (WIFEXITED(status))
			return WEXITSTATUS(status);
		if (WIFSIGNALED(status))
			return EXIT_BY_SIGNAL + WTERMSIG(status);
		/*
		 * The suspend key on the container's own terminal: no shell is there that
		 * could ever continue the command, and as process 1 it would not stop.
		 */
		if (in->leader && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP &&
		    !in->stop_wanted)
			(void)sys_call(SYS_kill, -pid, SIGCONT, 0, 0, 0);
	}
}

static void forward(struct init *in, const siginfo_t *info)
{
	int sig = info->si_signo;

	/*
	 * What the terminal generates reached the command's group as well, except that a
	 * hangup goes to the session's leader, which passes it on.
	 */
	if (info->si_code == SI_KERNEL && sig != SIGHUP)
		return;
	if (sig == SIGTSTP)
		in->stop_wanted = true;
	if (sig == SIGCONT)
		in->stop_wanted = false;
	/* not reaped yet, so the number is still the command's */
	(void)sys_call(SYS_kill, in->command, sig, 0, 0, 0);
}

_Noreturn static void serve(struct init *in)
{
	const uint64_t all = ~UINT64_C(0);

	/* An end of file on the command's pipes must not wait for us. */
	(void)sys_close_range(0, ~0U, 0);
	(void)sys_close(in->channel); /* if a filter refuses close_range(2) */
	for (;;) {
		siginfo_t info;
		int sig = sys_call(SYS_rt_sigtimedwait, &all, &info, 0, SIGSET_BYTES, 0);

		if (sig > 0 && sig != SIGCHLD) {
			forward(in, &info);
		} else if (sig != -EINTR) {
			/* if a filter refuses rt_sigtimedwait(2), only wait */
			int status = reap(in, sig > 0 ? WNOHANG : 0);

			if (status >= 0)
				sys_exit(status);
		}
	}
}

void sealed_init(const struct sealed_command *c)
{
	struct init in = { .channel = c->channel };

	(void)sys_prctl(PR_SET_NAME, (unsigned long)"minc-init", 0, 0, 0);
	in.leader = sys_call(SYS_getsid, 0, 0, 0, 0, 0) ==
		    sys_call(SYS_getpid, 0, 0, 0, 0, 0);
	in.command = sys_call(SYS_clone, SIGCHLD, 0, 0, 0, 0); /* fork(2) */
	if (in.command == 0 && in.leader)
		become_foreground(); /* SIGTTOU is still blocked */
	if (in.command == 0)
		sealed_execute(c);
	if (in.command < 0) {
		sealed_report(c, in.command);
		sys_exit(EXIT_OURS);
	}
	serve(&in);
}
