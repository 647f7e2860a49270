/* SPDX-License-Identifier: MIT */
/*
 * sealed-enter - the part of the sealed program that brings a process into the pid
 * namespace of a running container, because setns(2) moves only the children of a process
 * there. So the container sees nothing before this: no program, memory or descriptor of
 * the host, nor a process with more privileges than the command has.
 */
#include <sched.h>
#include <sys/ioctl.h>

#include "plan/hand-over.h"
#include "sealed/sealed-parts.h"

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif

/* The caller answers that it knows of us; or it has ended. */
_Noreturn static void become(const struct sealed_command *c)
{
	const int tty = c->channel + 1;
	char byte;
	int ret = sys_call(SYS_read, c->channel, &byte, 1, 0, 0);

	if (ret == 0)
		sys_exit(EXIT_OURS);
	if (ret > 0)
		/* cannot fail: a new process leads no group */
		ret = sys_call(SYS_setsid, 0, 0, 0, 0, 0);
	if (ret >= 0 && sys_fcntl(tty, F_GETFD, 0) >= 0) {
		/* another process inside may have taken it first */
		ret = sys_ioctl(tty, TIOCSCTTY, NULL);
		(void)sys_close(tty);
	}
	if (ret >= 0)
		sealed_execute(c);
	sealed_report(c, ret);
	sys_exit(EXIT_OURS);
}

/* Only the caller, its parent, can reap it, also if a filter refuses sendmsg(2). */
static int hand_over(struct runner *r, int pid, int pidfd)
{
	const struct verdict lost = { .kind = VERDICT_LOST, .err = pid };
	int ret = runner_send_fd(r, VERDICT_PROCESS, pid, pidfd);

	if (ret < 0)
		/* the caller may have ended */
		(void)sys_write(r->channel, &lost, sizeof(lost));
	return ret;
}

void sealed_enter(const struct sealed_command *c)
{
	struct runner r = { .channel = c->channel };
	int pidfd = -EBADF, ret;

	/*
	 * not clone3(2), which filters refuse because they cannot look into its arguments
	 */
	ret = sys_call(SYS_clone, CLONE_PIDFD | CLONE_PARENT, 0, &pidfd, 0, 0);
	if (ret == 0)
		become(c);
	if (ret > 0)
		ret = hand_over(&r, ret, pidfd);
	if (ret < 0)
		sealed_report(c, ret);
	sys_exit(ret < 0 ? EXIT_OURS : 0);
}
