/* SPDX-License-Identifier: MIT */
/*
 * sealed-keeper - the part of the sealed program that holds a container, or a process in
 * one: it sleeps until one of two processes has ended. The command cannot reach it, neither
 * by a signal nor through /proc, for it is outside of the command's pid namespace; and it
 * never changes its ids, so that nothing unties it.
 */
#include <errno.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/sys.h"
#include "run/sealed.h"
#include "run/sealed-parts.h"

/* What is not open is not watched. */
static int if_open(int fd)
{
	return sys_fcntl(fd, F_GETFD, 0) < 0 ? -1 : fd;
}

/* Until the process has ended, or is killed because the holder or its files are gone. */
static void wait_for_end(void)
{
	struct pollfd p[] = { { .fd = KEEPER_PROCESS, .events = POLLIN },
			      { .fd = if_open(KEEPER_HOLDER), .events = POLLIN },
			      { .fd = if_open(KEEPER_SERVER), .events = 0 } };
	int n;

	do
		n = sys_call(SYS_ppoll, p, sizeof(p) / sizeof(p[0]), 0, 0, 0);
	while (n == -EINTR);
	if (n < 0 || !p[0].revents)
		(void)sys_pidfd_send_signal(KEEPER_PROCESS, SIGKILL);
}

void sealed_keep(int watcher)
{
	siginfo_t info;
	int r;

	(void)sys_prctl(PR_SET_NAME, (unsigned long)(watcher ? "minc-watcher" : "minc-keeper"), 0, 0,
			0);
	(void)sys_call(SYS_chdir, "/", 0, 0, 0, 0); /* the caller's directory is not held */
	wait_for_end();
	if (watcher)
		sys_exit(0); /* its parent is another */
	do
		r = sys_call(SYS_waitid, P_PIDFD, KEEPER_PROCESS, &info, WEXITED, 0);
	while (r == -EINTR);
	if (r < 0) /* executed by a command: it holds nothing */
		sys_exit(EXIT_OURS);
	sys_exit(info.si_code == CLD_EXITED ? info.si_status : EXIT_BY_SIGNAL + info.si_status);
}
