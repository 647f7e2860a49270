/* SPDX-License-Identifier: MIT */
/*
 * sealed-keeper - the part of the sealed program that holds a container, or a process in
 * one: it sleeps until one of two processes has ended. The command cannot reach it,
 * neither by a signal nor through /proc, for it is outside of the command's pid
 * namespace; and it never changes its ids, so that nothing unties it.
 *
 * Questions about ids are not its own to answer: it must never wait for what is inside.
 * The first begins a child that does, so that a container which asks nothing has no such
 * process.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/sys.h"
#include "plan/hand-over.h"
#include "sealed/sealed-parts.h"
#include "sealed/sealed.h"

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif

struct keep {
	int ids; /* first the socket, then the listener; -1: neither */
	bool listens;
	struct ids_begin begin;
	int answering; /* pidfd of the process that has the listener, or -1 */
};

/* A descriptor of -1 is not watched. */
static int if_open(int fd)
{
	return sys_fcntl(fd, F_GETFD, 0) < 0 ? -1 : fd;
}

static void forget_ids(struct keep *k)
{
	(void)sys_close(k->ids);
	k->ids = -1;
}

/*
 * The listener comes from the last steps before the command; if they failed, nothing
 * comes.
 */
static void take_listener(struct keep *k)
{
	int listener;
	const int n =
		receive_fd(k->ids, &k->begin, sizeof(k->begin), MSG_DONTWAIT, &listener);

	if (n == -EAGAIN)
		return;
	if (n != sizeof(k->begin) && listener >= 0) {
		(void)sys_close(listener);
		listener = -1;
	}
	forget_ids(k);
	k->ids = listener;
	k->listens = listener >= 0;
}

/* Without a child nobody has the listener, and requests get ENOSYS. */
static void begin_answering(struct keep *k)
{
	int pidfd = -1;
	const int pid = sys_call(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &pidfd, 0, 0);

	if (pid == 0)
		sealed_answer(k->ids, k->begin.uid, k->begin.gid);
	if (pid > 0)
		k->answering = pidfd;
	forget_ids(k);
}

static void hear_ids(struct keep *k, short events)
{
	if (!k->listens)
		take_listener(k);
	else if (events & POLLIN)
		begin_answering(k);
	else /* no process has the filter any more */
		forget_ids(k);
}

/* The descriptor for questions is the last one. */
enum {
	ON_PROCESS,
	ON_HOLDER,
	ON_ANSWERING,
	ON_WATCHED,
	ON_IDS = ON_WATCHED + KEEPER_WATCHED_MAX,
	ON_MAX
};

/* Whether anything happened but a question or a signal. */
static bool is_over(const struct pollfd *p, int n)
{
	for (int i = 0; n > 0 && i < ON_IDS; i++)
		if (p[i].revents)
			return true;
	return n < 0 && n != -EINTR;
}

/*
 * Return when the process has ended; kill it if the holder, or something that it needs,
 * has ended.
 */
static void wait_for_end(struct keep *k)
{
	struct pollfd p[ON_MAX];
	int n;

	for (int i = 0; i < ON_MAX; i++)
		p[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	p[ON_PROCESS].fd = KEEPER_PROCESS;
	p[ON_HOLDER].fd = if_open(KEEPER_HOLDER);
	for (int i = 0; i < KEEPER_WATCHED_MAX && if_open(KEEPER_WATCHED + i) >= 0; i++)
		p[ON_WATCHED + i] = (struct pollfd){ .fd = KEEPER_WATCHED + i };
	do {
		p[ON_ANSWERING].fd = k->answering;
		p[ON_IDS].fd = k->ids;
		n = sys_call(SYS_ppoll, p, ON_MAX, 0, 0, 0);
		if (n > 0 && p[ON_IDS].revents)
			hear_ids(k, p[ON_IDS].revents);
	} while (!is_over(p, n));
	if (n < 0 || !p[ON_PROCESS].revents)
		(void)sys_pidfd_send_signal(KEEPER_PROCESS, SIGKILL);
}

/*
 * Processes that the watched process has left in the container may still ask. If none
 * can, the child that answers ends by itself, and we reap it.
 */
static void leave_answering(struct keep *k)
{
	struct pollfd p = { .events = POLLIN };
	const struct timespec now = { 0 }, moment = { .tv_nsec = 100000000 };

	if (k->ids >= 0 && !k->listens)
		take_listener(k);
	p.fd = k->ids;
	if (k->ids >= 0 && sys_call(SYS_ppoll, &p, 1, &now, 0, 0) >= 0 &&
	    !(p.revents & POLLHUP))
		begin_answering(k);
	p.fd = k->answering;
	if (k->answering >= 0 && sys_call(SYS_ppoll, &p, 1, &moment, 0, 0) > 0)
		(void)sys_call(SYS_wait4, -1, 0, 0, 0, 0);
}

void sealed_keep(int watcher)
{
	struct keep k = { .ids = if_open(KEEPER_IDS), .answering = -1 };
	siginfo_t info;
	int r;

	(void)sys_prctl(PR_SET_NAME,
			(unsigned long)(watcher ? "minc-watcher" : "minc-keeper"), 0, 0,
			0);
	/* the caller's directory is not held */
	(void)sys_call(SYS_chdir, "/", 0, 0, 0, 0);
	wait_for_end(&k);
	if (watcher) {
		leave_answering(&k);
		sys_exit(0); /* its parent is another */
	}
	do
		r = sys_call(SYS_waitid, P_PIDFD, KEEPER_PROCESS, &info, WEXITED, 0);
	while (r == -EINTR);
	if (r < 0) /* a command has executed us: then we hold nothing */
		sys_exit(EXIT_OURS);
	sys_exit(info.si_code == CLD_EXITED ? info.si_status
					    : EXIT_BY_SIGNAL + info.si_status);
}
