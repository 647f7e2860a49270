/* SPDX-License-Identifier: MIT */
/*
 * monitor-step - from the starter to the monitor, child code. Three processes, one after
 * the other, each asleep until the next has executed: a middle one, so that the monitor
 * is not a child of a starter that has not asked for one; the monitor, which makes the
 * keeper of the container and then executes its own program; the keeper (keeper-step.c).
 * They share the starter's memory as a foreground start does.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "live/background.h"
#include "process/clone.h"
#include "run/keeper.h"

/* Above all fixed numbers. */
enum { LOWEST_FREE = MONITOR_FDS_LOWEST };

/* What concerns no step: the starter has words for it. */
_Noreturn static void give_up(const struct monitor_args *m, enum verdict_kind kind,
			      int err)
{
	struct verdict v = { .kind = kind, .err = err };

	/* it may be gone */
	(void)sys_write(m->parent.keeper->child->runner.channel, &v, sizeof(v));
	sys_exit(125);
}

/*
 * The monitor holds leases, as descriptors under any number: copies first, for the fixed
 * numbers may be those of the originals.
 */
static int copy_leases(const struct monitor_args *m, int *copies)
{
	const int len = (int)m->parent.leases_len;

	for (int i = 0; i < len; i++) {
		copies[i] = sys_fcntl(m->parent.leases[i], F_DUPFD_CLOEXEC, LOWEST_FREE);
		if (copies[i] < 0)
			return copies[i];
	}
	return len;
}

/* @pidfd: of the keeper. */
_Noreturn static void become_monitor(struct monitor_args *m, int pidfd)
{
	static const char *const no_env[] = { NULL };
	int leases[HELD_MAX], len = copy_leases(m, leases), ret = len < 0 ? len : 0;

	m->fds[MONITOR_PIDFD] = pidfd;
	for (int fd = 0; fd < 3 && ret >= 0; fd++)
		ret = sys_dup3(m->null, fd, 0);
	for (int fd = MONITOR_CONTROL; fd < MONITOR_FDS_END && ret >= 0; fd++)
		if (m->fds[fd] >= 0)
			ret = sys_dup3(m->fds[fd], fd,
				       fd == MONITOR_PROGRAM ? O_CLOEXEC : 0);
		else
			(void)sys_close(fd); /* the starter's, if it is one */
	if (ret >= 0)
		ret = sys_close_range(MONITOR_FDS_END, ~0u, SYS_CLOSE_RANGE_CLOEXEC);
	for (int i = 0; i < len && ret >= 0; i++)
		ret = sys_fcntl(leases[i], F_SETFD, 0);
	if (ret >= 0)
		ret = sys_execveat(MONITOR_PROGRAM, "", m->argv, no_env,
				   SYS_AT_EMPTY_PATH);
	give_up(m, VERDICT_NO_MONITOR, ret);
}

_Noreturn static void run_monitor(void *arg)
{
	struct monitor_args *m = arg;
	struct runner *r = &m->parent.keeper->child->runner;
	int pidfd = -EBADF, ret = 0;
	struct sys_clone_args a = m->parent.clone;
	long pid;

	keeper_hear_ends();
	/* a new process leads no group: it works */
	(void)sys_call(SYS_setsid, 0, 0, 0, 0, 0);
	for (int fd = 0; fd < 3 && ret >= 0; fd++)
		ret = sys_dup3(m->stdio[fd], fd, 0);
	/* a number that the starter uses, or that is fixed, must not be in the way */
	if (ret >= 0)
		ret = r->channel = sys_fcntl(r->channel, F_DUPFD_CLOEXEC, LOWEST_FREE);
	if (ret >= 0) /* or there is none: see keeper_begin() */
		pidfd = sys_call(SYS_pidfd_open, sys_call(SYS_getpid, 0, 0, 0, 0, 0), 0,
				 0, 0, 0);
	if (pidfd >= 0)
		ret = r->holder = sys_fcntl(pidfd, F_DUPFD_CLOEXEC, LOWEST_FREE);
	else if (ret >= 0 && !keeper_may_lack_holder(pidfd))
		ret = pidfd;
	if (ret < 0)
		give_up(m, VERDICT_NO_MONITOR, ret);
	(void)sys_close(r->host_end); /* the starter's end of the channel: it has one */
	r->host_end = -EBADF;
	a.pidfd = (uintptr_t)&pidfd;
	pid = clone_below(&a, m->parent.keeper_stack, m->parent.stack_bytes, keeper_begin,
			  m->parent.keeper);
	if (pid < 0)
		give_up(m, VERDICT_NO_CLONE, (int)pid);
	ret = pidfd = sys_fcntl(pidfd, F_DUPFD_CLOEXEC, LOWEST_FREE);
	if (ret < 0)
		give_up(m, VERDICT_NO_MONITOR, ret); /* the container ends with us */
	become_monitor(m, pidfd);
}

void monitor_begin(void *arg)
{
	struct monitor_args *m = arg;
	struct sys_clone_args a = { .flags = CLONE_CLEAR_SIGHAND,
				    .exit_signal = SIGCHLD };
	long pid =
		clone_below(&a, m->parent.stack, m->parent.stack_bytes, run_monitor, m);

	if (pid < 0)
		give_up(m, VERDICT_NO_CLONE, (int)pid);
	sys_exit(0);
}
