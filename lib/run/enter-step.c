/* SPDX-License-Identifier: MIT */
/*
 * enter-step - child code of entering a container: hiding, and the change of process that
 * a pid namespace asks for, because setns(2) moves only the children of a process there.
 */
#include <linux/sched.h>
#include <poll.h>
#include <sys/prctl.h>

#include "plan/hand-over.h"
#include "run/keeper.h"
#include "run/run.h"

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif

/*
 * Until its exec the process has the caller's memory, descriptors and executable, and
 * from the fork on the container sees it. The flag belongs to the memory, so the new
 * process inherits it, and exec ends it. See PR_SET_DUMPABLE in prctl(2), ptrace(2).
 */
int run_hide(struct runner *r, const struct step *s)
{
	int zero = sys_openat(AT_FDCWD, "/dev/zero", O_RDONLY, 0);

	(void)r; /* no slot */
	/*
	 * Everybody may read a command line, and the caller's is nothing for the container.
	 * This memory is a copy; a system call does not mind if part of it is not there. The
	 * last byte must become 0, too: else the kernel shows what follows.
	 */
	if (zero >= 0 && s->hide.words_size)
		(void)sys_read(zero, (void *)s->hide.words, s->hide.words_size);
	if (zero >= 0)
		(void)sys_close(zero);
	return sys_prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* The caller knows of this process when the one in the middle says so; else it is lost. */
static int await_leave(struct runner *r, int go)
{
	struct pollfd fd = { .fd = r->channel, .events = POLLIN };
	struct timespec now = { 0 };
	char byte;
	int ret;

	if (sys_read(go, &byte, 1) != 1)
		sys_exit(125);
	(void)sys_close(go); /* nothing more comes */
	ret = sys_prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* for the steps, at least */
	if (ret == 0 && sys_call(SYS_ppoll, &fd, 1, &now, NULL, 0) > 0 && fd.revents & POLLHUP)
		sys_exit(125);
	return ret;
}

/*
 * The new process is the caller's child, as the one in the middle is, which hands over
 * its pidfd and ends, or watches over it from outside of the container's pid namespace. Its
 * memory is a copy: what has the caller's memory must not be in a namespace where others
 * may look for it.
 */
int run_fork(struct runner *r, const struct step *s)
{
	int pidfd = -EBADF, go[2];
	const struct sys_clone_args a = {
		.flags = CLONE_PIDFD | CLONE_PARENT,
		.pidfd = (uintptr_t)&pidfd,
	};
	int ret = sys_call(SYS_pipe2, go, O_CLOEXEC, 0, 0, 0), pid;

	if (ret < 0)
		return ret;
	pid = sys_call(SYS_clone3, &a, sizeof(a), 0, 0, 0);
	if (pid < 0)
		return pid;
	if (pid == 0) {
		(void)sys_close(go[1]); /* so that the end of the middle one ends the wait */
		return await_leave(r, go[0]);
	}
	ret = runner_send_fd(r, VERDICT_PROCESS, pid, pidfd);
	/* who watches must not be killed by the end that it watches for */
	if (ret == 0 && s->fork.watched)
		ret = sys_prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
	if (ret == 0)
		ret = (int)sys_write(go[1], "", 1);
	if (ret >= 0 && s->fork.watched)
		keeper_watch(r, pidfd);
	sys_exit(ret < 0 ? 125 : 0);
}
