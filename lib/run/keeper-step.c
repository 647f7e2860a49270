/* SPDX-License-Identifier: MIT */
/*
 * keeper-step - the process that holds a container, child code. It is process 1 of a pid
 * namespace of its own, and process 1 of the container, in one below that, is its child:
 * when it ends the kernel ends both, and nothing that the command does to its ids or by
 * prctl(2) can change that. PR_SET_PDEATHSIG would be cleared by any change of ids.
 *
 * It shares the caller's memory only until it executes its own program (sealed.h), which
 * watches a pidfd of the holder: the starter, or the monitor.
 *
 * A process that enters a container cannot be below a keeper: a child of the caller
 * watches over it instead, and kills it by its pidfd.
 */
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "ns/ns-rows.h"
#include "plan/hand-over.h"
#include "process/clone.h"
#include "run/keeper.h"
#include "run/run.h"
#include "sealed/sealed.h"

_Static_assert((int)KEEPER_WATCHED_MAX == (int)HELD_WATCHED_MAX,
	       "all that is watched is the keeper's");

/* Above what becomes the keeper's. */
enum { LOWEST_FREE = KEEPER_FDS_END };

static const char *const no_env[] = { NULL };

/* A failure that concerns no step: the caller has words for it. */
_Noreturn static void give_up(const struct runner *r, enum verdict_kind kind, int err)
{
	struct verdict v = { .kind = kind, .err = err };

	(void)sys_write(r->channel, &v, sizeof(v)); /* it may be gone */
	sys_exit(125);
}

/*
 * Keep what it needs and nothing else, not even the directory: @fds, up to what it
 * watches, that, and @lock, whose number is above; 0 does not come back.
 */
static int become(int sealed_fd, const char *name, const int fds[KEEPER_WATCHED],
		  const int *watched, size_t len, int lock)
{
	const char *const argv[] = { name, NULL };
	const int end = KEEPER_WATCHED + (int)len;
	int ret = 0;

	for (int fd = 0; fd < KEEPER_WATCHED && ret >= 0; fd++)
		if (fds[fd] >= 0)
			ret = sys_dup3(fds[fd], fd, 0);
		else
			(void)sys_close(fd); /* the caller's, if it is one */
	for (int fd = KEEPER_WATCHED; fd < end && ret >= 0; fd++)
		/* cppcheck-suppress nullPointer ; where it is, @len is 0 */
		ret = sys_dup3(watched[fd - KEEPER_WATCHED], fd, 0);
	if (ret >= 0 && end < KEEPER_FDS_END)
		ret = sys_close_range((unsigned)end, KEEPER_FDS_END - 1, 0);
	if (ret >= 0)
		ret = sys_close_range(KEEPER_FDS_END, ~0u, SYS_CLOSE_RANGE_CLOEXEC);
	if (ret >= 0 && lock >= 0)
		ret = sys_fcntl(lock, F_SETFD, 0);
	if (ret >= 0)
		ret = sys_execveat(sealed_fd, "", argv, no_env, SYS_AT_EMPTY_PATH);
	return ret;
}

/* Without a pidfd of the holder: it is our parent. */
static int end_with_parent(struct runner *r)
{
	struct step_lifeline told = { .die_with_parent = true };
	const struct step with_parent = { .data = &told };

	return run_lifeline(r, &with_parent);
}

void keeper_hear_ends(void)
{
	const struct {
		uint64_t handler, flags, restorer, mask;
	} by_default = { 0 };

	(void)sys_call(SYS_rt_sigaction, SIGCHLD, &by_default, NULL, sizeof(uint64_t), 0);
}

/*
 * Executed before there is a map, it would lose its capabilities, and be refused the
 * namespaces in which ids change (sealed-ids.c). It is in the namespace of the map as
 * much as process 1, which it need not wait for: the caller may have to go on first.
 */
static void map_ids(struct child_args *child)
{
	const struct step *s;

	if (child->keepers_step < 0)
		return;
	s = &child->plan->steps[child->keepers_step];
	child->keepers_err = s->ops->run(&child->runner, s);
}

void keeper_begin(void *arg)
{
	struct keeper_args *k = arg;
	struct runner *r = &k->child->runner;
	struct sys_clone_args a = k->container;
	int pidfd = -EBADF, ret = 0;
	long pid;

	(void)sys_close(r->host_end); /* so that the caller's is the last */
	r->host_end = -EBADF;
	keeper_hear_ends();
	if (r->holder < 0 && r->plan->held)
		ret = end_with_parent(r);
	if (ret < 0)
		give_up(r, VERDICT_NO_KEEPER, ret);
	map_ids(k->child);
	a.pidfd = (uintptr_t)&pidfd;
	pid = clone_below(&a, k->stack, k->stack_bytes, child_main, k->child);
	if (pid < 0)
		give_up(r, VERDICT_NO_CLONE, (int)pid);
	ret = pidfd = sys_fcntl(pidfd, F_DUPFD_CLOEXEC, LOWEST_FREE);
	if (ret >= 0)
		ret = runner_send_fd(r, VERDICT_PID, 0, pidfd);
	if (ret >= 0)
		ret = become(r->sealed_fd, "minc-keeper",
			     (const int[]){ pidfd, r->holder, k->ids }, k->watched,
			     k->watched_len, k->lock);
	give_up(r, VERDICT_NO_KEEPER, ret); /* the container ends with us */
}

void keeper_watch(void *arg)
{
	struct watcher_args *w = arg;
	const int fds[KEEPER_WATCHED] = {
		sys_fcntl(w->process, F_DUPFD_CLOEXEC, LOWEST_FREE), w->holder, w->ids
	};

	w->err = fds[KEEPER_PROCESS] < 0
			 ? fds[KEEPER_PROCESS]
			 : become(w->sealed_fd, "minc-watcher", fds, NULL, 0, -EBADF);
	/* nothing is entered unwatched; its first number may be another's by now */
	(void)sys_pidfd_send_signal(fds[KEEPER_PROCESS] < 0 ? w->process
							    : fds[KEEPER_PROCESS],
				    SIGKILL);
	sys_exit(125);
}
