/* SPDX-License-Identifier: MIT */
/*
 * pause - hold all processes of a container: by the freezer of its control group, if it
 * has one, which they cannot notice. Else by SIGSTOP to each, again and again until a
 * look at all of them finds none that still runs. One that was signalled does not return
 * from the kernel before it stops and so makes no more children; the loop ends unless
 * somebody inside or outside sends SIGCONT meanwhile.
 *
 * Process 1 is stopped first and continued last, parents mostly before their children, so
 * that who waits for a child finds it running. Those that were stopped before are
 * continued as well: nothing tells them apart. See signal(7), cgroups(7) for the freezer.
 */
#include <signal.h>
#include <string.h>
#include <time.h>

#include "base/fd.h"
#include "live/background.h"
#include "run/run.h"

enum {
	ROUNDS_MAX = 1000,
	/*
	 * Looks without a running one that do, on a machine where something ends all the
	 * time.
	 */
	ROUNDS_QUIET = 10
};

/*
 * Signal a process that was seen: first a descriptor, then a look at whose it is, for the
 * number may be another's by now. One that has ended is none to care for.
 */
static int signal_one(const struct minc_container *ct, int pid, int sig)
{
	cleanup_close int pidfd = sys_call(SYS_pidfd_open, pid, 0, 0, 0, 0);
	struct process now;
	int r;

	if (pidfd == -ESRCH || pidfd == -EINVAL)
		return 0;
	if (pidfd < 0)
		return pidfd;
	r = top_inspect(ct, pid, &now);
	if (r > 0)
		r = sys_pidfd_send_signal(pidfd, sig);
	return r == -ESRCH ? 0 : r;
}

/*
 * One that sleeps in the kernel for a while yet (D) does not come back before it stops.
 */
static bool is_still(const struct process *p)
{
	return strchr("TtZXx", p->state) || (p->state == 'D' && p->pending);
}

/*
 * Stop what runs; how many do not stand still yet, or -errno. What ended before it was
 * looked at may have been one of them, and have left a child that is not on the list.
 */
static int stop_round(const struct minc_container *ct, size_t *ret_gone)
{
	cleanup_free struct process *list = NULL;
	size_t len;
	int r = top_look(ct, &list, &len, ret_gone), running = 0;

	for (size_t i = 0; r == 0 && i < len; i++) {
		bool still = is_still(&list[i]);

		if (!still && !list[i].pending)
			r = signal_one(ct, list[i].pid, SIGSTOP);
		running += !still;
	}
	return r < 0 ? r : running;
}

static int continue_all(const struct minc_container *ct)
{
	cleanup_free struct process *list = NULL;
	size_t len;
	int r = top_list(ct, &list, &len);

	if (r < 0)
		return r;
	for (size_t i = len; i-- > 0;) {
		int one = signal_one(ct, list[i].pid, SIGCONT);

		r = r < 0 ? r : one;
	}
	return r;
}

static int stop_all(const struct minc_container *ct)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	size_t gone;
	int r = stop_round(ct, &gone), quiet = 0;

	for (int i = 0; r >= 0 && i < ROUNDS_MAX; i++) {
		quiet = r == 0 ? quiet + 1 : 0;
		if (r == 0 && (gone == 0 || quiet == ROUNDS_QUIET))
			return 0;
		(void)nanosleep(&moment, NULL); /* they need the CPU to stop */
		r = stop_round(ct, &gone);
	}
	if (r >= 0)
		r = -EAGAIN;
	if (r < 0)
		(void)continue_all(ct); /* all or none; what failed is the news */
	return r;
}

/* The groups of one that runs, if any. */
static int find_groups(struct minc_container *ct, struct cgroup_set *ret)
{
	if (ct->ended || sys_pidfd_send_signal(ct->pidfd, 0) < 0)
		return -ESRCH;
	if (ct->state)
		return background_groups(ct, ret);
	(void)cgroup_set_of(&ct->held, ret); /* @ret */
	return 0;
}

int pause_stop(struct minc_container *ct)
{
	struct cgroup_set set;
	int r = find_groups(ct, &set);

	if (r == 0)
		r = set.len ? cgroup_set_freeze(&set) : -EOPNOTSUPP;
	/* a v1 group of another controller, or a kernel before 5.2 */
	return r == -EOPNOTSUPP || r == -ENOENT ? stop_all(ct) : r;
}

int pause_continue(struct minc_container *ct)
{
	struct cgroup_set set;
	int r = find_groups(ct, &set);

	if (r < 0)
		return r;
	r = set.len ? cgroup_set_thaw(&set) : -EOPNOTSUPP;
	if (r == -EOPNOTSUPP || r == -ENOENT)
		r = continue_all(ct);
	/*
	 * it went on, and has ended: a signal was waiting for it, and its group is
	 * removed
	 */
	return r == -ESRCH || r == -ENODEV ? 0 : r;
}

int pause_find_stuck(const struct minc_container *ct)
{
	cleanup_free struct process *list = NULL;
	size_t len;

	if (top_list(ct, &list, &len) < 0)
		return 0;
	for (size_t i = 0; i < len; i++)
		if (list[i].state == 'D')
			return list[i].pid;
	return 0;
}

int pause_is_stopped(struct minc_container *ct)
{
	struct cgroup_set set;
	struct process first;
	int r = find_groups(ct, &set);

	if (r < 0)
		return r;
	if (set.len && cgroup_set_is_frozen(&set))
		return 1;
	r = top_inspect(ct, ct->pid, &first);
	return r <= 0 ? r : first.state == 'T' || first.pending;
}
