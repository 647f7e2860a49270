/* SPDX-License-Identifier: MIT */
/*
 * monitor-step - from the starter to the monitor, child code. Three processes, one after
 * the other, each asleep until the next has executed: a middle one, so that the monitor is
 * nobody's child that has not asked for it; the monitor, which makes the container, as its
 * parent, and then executes its own program; the container (child.c). They share the
 * starter's memory as a foreground start does, or each has a copy.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "plan/cgroups.h"
#include "run/monitor.h"
#include "run/run.h"

/* Above all fixed numbers. */
enum { LOWEST_FREE = MONITOR_FDS_LOWEST };

static long clone_next(const struct monitor_args *m, struct sys_clone_args *a, char *stack,
		       clone_fn *fn, void *arg)
{
	if (!stack)
		return clone_copy(a, fn, arg);
	a->flags |= CLONE_VM | CLONE_VFORK;
	a->stack = (uintptr_t)stack;
	a->stack_size = m->stack_bytes;
	return clone_on_stack(a, fn, arg);
}

static int send_pid(int channel, int pid, int pidfd)
{
	struct verdict v = { .kind = VERDICT_PID, .err = pid };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = &v, .iov_len = sizeof(v) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };

	memset(&control, 0, sizeof(control));
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &pidfd, sizeof(pidfd));
	return sys_call(SYS_sendmsg, channel, &msg, MSG_NOSIGNAL, 0, 0);
}

/* What concerns no step: the starter has words for it. */
_Noreturn static void give_up(const struct monitor_args *m, enum verdict_kind kind, int err)
{
	struct verdict v = { .kind = kind, .err = err };

	(void)sys_write(m->child->runner.channel, &v, sizeof(v)); /* it may be gone */
	sys_exit(125);
}

/*
 * The monitor holds the leases of the groups, as descriptors under any number: copies
 * first, for the fixed numbers may be those of the originals.
 */
static int copy_groups(const struct monitor_args *m, int *copies)
{
	const struct plan *p = m->child->plan;
	int n = 0;

	for (size_t i = 0; i < p->len && n < CGROUP_HIERARCHIES_MAX; i++) {
		const struct step *s = &p->steps[i];
		int fd = s->kind == STEP_CGROUP ? m->child->runner.slots[s->cgroup.ret] : -EBADF;

		if (fd < 0)
			continue; /* with --best-effort there may be none */
		fd = sys_fcntl(fd, F_DUPFD_CLOEXEC, LOWEST_FREE);
		if (fd < 0)
			return fd;
		copies[n++] = fd;
	}
	return n;
}

/* @lifeline: the end whose closing tells the container's steps that the monitor died. */
_Noreturn static void become_monitor(struct monitor_args *m, int pidfd, int lifeline)
{
	static const char *const no_env[] = { NULL };
	int groups[CGROUP_HIERARCHIES_MAX], len = copy_groups(m, groups), ret = len < 0 ? len : 0;

	m->fds[MONITOR_PIDFD] = pidfd;
	for (int fd = 0; fd < 3 && ret >= 0; fd++)
		ret = sys_dup3(m->null, fd, 0);
	for (int fd = MONITOR_CONTROL; fd < MONITOR_FDS_END && ret >= 0; fd++)
		if (m->fds[fd] >= 0)
			ret = sys_dup3(m->fds[fd], fd, fd == MONITOR_PROGRAM ? O_CLOEXEC : 0);
		else
			(void)sys_close(fd); /* the starter's, if it is one */
	if (ret >= 0)
		ret = sys_close_range(MONITOR_FDS_END, ~0u, SYS_CLOSE_RANGE_CLOEXEC);
	for (int i = 0; i < len && ret >= 0; i++)
		ret = sys_fcntl(groups[i], F_SETFD, 0);
	if (ret >= 0)
		ret = sys_fcntl(lifeline, F_SETFD, 0);
	if (ret >= 0)
		ret = sys_execveat(MONITOR_PROGRAM, "", m->argv, no_env, SYS_AT_EMPTY_PATH);
	give_up(m, VERDICT_NO_MONITOR, ret);
}

_Noreturn static void run_monitor(void *arg)
{
	struct monitor_args *m = arg;
	struct runner *r = &m->child->runner;
	int pipe[2], lifeline[2] = { -EBADF, -EBADF }, pidfd = -EBADF, ret = 0;
	struct sys_clone_args a = m->container;
	long pid;

	(void)sys_call(SYS_setsid, 0, 0, 0, 0, 0); /* a new process leads no group: it works */
	for (int fd = 0; fd < 3 && ret >= 0; fd++)
		ret = sys_dup3(m->stdio[fd], fd, 0);
	if (ret >= 0)
		ret = sys_call(SYS_pipe2, pipe, O_CLOEXEC, 0, 0, 0);
	/* a number that the starter uses, or that is fixed, must not be in the way */
	for (int i = 0; i < 2 && ret >= 0; i++) {
		ret = lifeline[i] = sys_fcntl(pipe[i], F_DUPFD_CLOEXEC, LOWEST_FREE);
		(void)sys_close(pipe[i]); /* or the container would hold its own lifeline */
	}
	if (ret >= 0)
		ret = r->channel = sys_fcntl(r->channel, F_DUPFD_CLOEXEC, LOWEST_FREE);
	if (ret < 0)
		give_up(m, VERDICT_NO_MONITOR, ret);
	(void)sys_close(r->host_end); /* the starter's end of the channel: it has one */
	r->lifeline = lifeline[0];
	r->host_end = lifeline[1];
	a.pidfd = (uintptr_t)&pidfd;
	pid = clone_next(m, &a, m->stacks[2], child_main, m->child);
	if (pid < 0)
		give_up(m, VERDICT_NO_CLONE, (int)pid);
	ret = pidfd = sys_fcntl(pidfd, F_DUPFD_CLOEXEC, LOWEST_FREE);
	if (ret >= 0)
		ret = send_pid(r->channel, (int)pid, pidfd);
	if (ret < 0)
		give_up(m, VERDICT_NO_MONITOR, ret); /* the container ends with us */
	become_monitor(m, pidfd, lifeline[1]);
}

void monitor_begin(void *arg)
{
	struct monitor_args *m = arg;
	struct sys_clone_args a = { .flags = CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD };
	long pid = clone_next(m, &a, m->stacks[1], run_monitor, m);

	if (pid < 0)
		give_up(m, VERDICT_NO_CLONE, (int)pid);
	sys_exit(0);
}
