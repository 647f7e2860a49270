/* SPDX-License-Identifier: MIT */
/*
 * container - a running container: wait for it, signal it. Waits by pidfd only, so no
 * other child of the program is ever touched. See pidfd_open(2), pid_namespaces(7).
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"
#include "run/spawn.h"
#include "run/threads.h"

/* It has nothing to watch any more, and would end by itself. */
static void end_watcher(struct minc_container *ct)
{
	if (ct->watcher < 0)
		return;
	(void)sys_pidfd_send_signal(ct->watcher, SIGKILL); /* it may have ended */
	follow_reap(ct->watcher);
	fd_closep(&ct->watcher);
}

/* The beginning of struct pidfd_info, which linux/pidfd.h has since 6.13. */
struct pidfd_info_64 {
	uint64_t mask, cgroupid;
	uint32_t ids[11];
	int32_t exit_code;
};

_Static_assert(sizeof(struct pidfd_info_64) == 64, "PIDFD_INFO_SIZE_VER0");

enum { RECALL_LOOKS = 100, EXIT_WORD = 52 /* exit_code of stat(5) */ };

#define PIDFD_INFO_64    _IOWR(0xff, 11, struct pidfd_info_64)
#define PIDFD_INFO_ENDED (UINT64_C(1) << 3) /* PIDFD_INFO_EXIT, 6.15 */

/*
 * What somebody else has reaped: the caller ignores SIGCHLD, or waits for any child in a
 * handler or another thread. A pidfd knows the status afterwards, since Linux 6.15; else
 * it is lost.
 */
static int recall_status(int child)
{
	struct pollfd p = { .fd = child }; /* until it is reaped: that may just happen */
	struct pidfd_info_64 info;

	/*
	 * of one that is not our child it may never be: then it is another's to wait for
	 */
	for (int looks = 0;; looks++) {
		info = (struct pidfd_info_64){ .mask = PIDFD_INFO_ENDED };
		if (looks == RECALL_LOOKS || ioctl(child, PIDFD_INFO_64, &info) < 0)
			return -ECHILD;
		if (info.mask & PIDFD_INFO_ENDED)
			break;
		(void)poll(&p, 1, 1); /* Linux 6.13 has no event for it */
	}
	return WIFEXITED(info.exit_code) ? WEXITSTATUS(info.exit_code)
					 : 128 + WTERMSIG(info.exit_code);
}

/*
 * A process of the container may trace another that has entered, and never let it go when
 * it has ended: then we cannot reap it. Its status is the 52nd word of /proc/PID/stat.
 */
static int read_status(int pid)
{
	char path[32], text[1024];
	const char *word;
	int code;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (io_read_short(AT_FDCWD, path, text, sizeof(text)) < 0)
		return -ECHILD;
	word = process_word(text, EXIT_WORD);
	if (!word)
		return -ECHILD;
	code = atoi(word);
	return WIFEXITED(code) ? WEXITSTATUS(code) : 128 + WTERMSIG(code);
}

static int status_of(const siginfo_t *info)
{
	return info->si_code == CLD_EXITED ? info->si_status : 128 + info->si_status;
}

/* Of a process that has ended and is our own child, without a keeper. */
static int take_status_of_process(struct minc_container *ct)
{
	siginfo_t info;
	int r = follow_reap_entered(ct->pidfd, -1, &info);

	if (r == -ECHILD)
		return recall_status(ct->pidfd);
	ct->traced = r == 0;
	return r < 0 ? r : ct->traced ? read_status(ct->pid) : status_of(&info);
}

/*
 * The status of a child that has ended or is about to, 128 + the signal's number; -errno.
 */
static int take_status(int child)
{
	siginfo_t info;
	int r;

	do
		r = waitid((idtype_t)P_PIDFD, (id_t)child, &info, WEXITED);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return errno == ECHILD ? recall_status(child) : -errno;
	return status_of(&info);
}

static int reap(struct minc_container *ct)
{
	/* a keeper has died of nothing: it exits with the status */
	const int status =
		ct->keeper >= 0 ? take_status(ct->keeper) : take_status_of_process(ct);

	if (status < 0)
		return status;
	ct->ended = true;
	end_watcher(ct);
	fd_closep(&ct->storage_lock);
	held_end(&ct->held);
	ct->status = status;
	if (ct->status == 128 + SIGKILL && ct->default_signal)
		ct->status = 128 + ct->default_signal;
	return 0;
}

int container_wait(struct minc_container *ct, int timeout_ms, int *ret_status)
{
	struct pollfd fds[1 + HELD_WATCHED_MAX] = { { .fd = ct->pidfd,
						      .events = POLLIN } };
	int r;

	if (!ct->ended) {
		r = poll(fds, 1 + held_watch(&ct->held, fds + 1), timeout_ms);
		if (r < 0)
			return -errno;
		if (r > 0 && !fds[0].revents) {
			/* it has lost what it needs, as the server of its files */
			/* it may have ended */
			(void)sys_pidfd_send_signal(ct->pidfd, SIGKILL);
			held_unwatch(&ct->held);
			r = poll(fds, 1, timeout_ms);
			if (r < 0)
				return -errno;
		}
		if (r == 0)
			return -ETIMEDOUT;
		r = reap(ct);
		if (r < 0)
			return r;
	}
	if (ret_status)
		*ret_status = ct->status;
	return 0;
}

/* The mask in line "@name" of /proc/PID/status. */
static bool status_has(const char *status, const char *name, int sig)
{
	const char *line = strstr(status, name);

	return line && strtoull(line + strlen(name), NULL, 16) >> (sig - 1) & 1;
}

/* 1 if the kernel would discard @sig for the container's process 1; -ENOMEM: unknown. */
static int is_unheard(const struct minc_container *ct, int sig)
{
	cleanup_free char *status = NULL;
	char path[32];
	int r;

	/* it has all blocked, but while it waits for them the kernel says none */
	if (ct->idle)
		return 1;
	if (ct->init)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/status", ct->pid);
	r = io_read_file(AT_FDCWD, path, 64 * 1024, &status, NULL);
	if (r < 0)
		return r == -ENOMEM ? r : 0; /* else it has ended */
	return !status_has(status, "\nSigCgt:", sig) &&
	       !status_has(status, "\nSigIgn:", sig) &&
	       !status_has(status, "\nSigBlk:", sig);
}

bool container_is_ending(const struct minc_container *ct)
{
	struct pollfd p = { .fd = ct->pidfd, .events = POLLIN };
	cleanup_free char *status = NULL;
	char path[32];

	if (ct->ended || ct->pidfd < 0 || poll(&p, 1, 0) > 0)
		return true;
	snprintf(path, sizeof(path), "/proc/%d/status", ct->pid);
	if (io_read_file(AT_FDCWD, path, 64 * 1024, &status, NULL) == 0 &&
	    (status_has(status, "\nSigPnd:", SIGKILL) ||
	     status_has(status, "\nShdPnd:", SIGKILL)))
		return true;
	return process_thread(ct->pid, NULL) == 0;
}

static int send(struct minc_container *ct, int sig)
{
	return ct->ended || ct->pidfd < 0 ? -ESRCH
					  : sys_pidfd_send_signal(ct->pidfd, sig);
}

static int act_by_default(struct minc_container *ct, int sig)
{
	switch (sig) {
	case SIGCHLD:
	case SIGURG:
	case SIGWINCH:
	case SIGCONT:
		return send(ct, sig);
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
		return send(ct, SIGSTOP);
	default:
		ct->default_signal = sig;
		if (ct->note_signal)
			ct->note_signal(ct, sig);
		return send(ct, SIGKILL);
	}
}

int container_default_action(struct minc_container *ct, int sig)
{
	int r = is_unheard(ct, sig);

	if (r <= 0)
		return r;
	r = act_by_default(ct, sig);
	return r < 0 ? r : 1;
}

int container_kill(struct minc_container *ct, int sig)
{
	int r;

	if (sig < 0 || sig > 64)
		return -EINVAL;
	r = sig == 0 || sig == SIGKILL || sig == SIGSTOP ? 0 : is_unheard(ct, sig);
	if (r < 0)
		return r;
	return r == 0 ? send(ct, sig) : act_by_default(ct, sig);
}
