/* SPDX-License-Identifier: MIT */
/*
 * follow - the caller listens to what it has cloned, until the command runs.
 *
 * One socket pair is everything between the two: verdicts, the terminal's master, the
 * answers to steps that wait for us; its end tells the child that the caller died, and
 * the caller that the command runs. In a container that is entered somebody may be who
 * wants to speak for the child, or to hold its end. So what is heard must be what the
 * plan can still say, once, with a descriptor only where one belongs to it; after
 * VERDICT_EXEC, when another program speaks, only that the command did not start. And
 * nothing is waited for longer than the process lives and is not stopped, or than it
 * takes to be another program.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/fd.h"
#include "base/io.h"
#include "plan/answer.h"
#include "plan/hand-over.h"
#include "run/spawn.h"

/* An exec takes less, as a rule: only then is it looked for. */
enum { HELD_MS = 100 };

#define EXPECT(kind) (UINT32_C(1) << (kind))

uint32_t follow_expected(const struct plan *p, bool monitor)
{
	uint32_t ret =
		EXPECT(VERDICT_FAILED) | EXPECT(VERDICT_WARNING) | EXPECT(VERDICT_EXEC);

	if (p->keeper)
		ret |= EXPECT(VERDICT_PID) | EXPECT(VERDICT_NO_CLONE) |
		       EXPECT(VERDICT_NO_KEEPER);
	if (monitor)
		ret |= EXPECT(VERDICT_NO_MONITOR);
	if (p->forks)
		ret |= EXPECT(VERDICT_PROCESS) | EXPECT(VERDICT_LOST);
	for (size_t i = 0; i < p->len; i++) {
		const struct step *s = &p->steps[i];

		ret |= s->ops->says;
		if (step_waits(s))
			ret |= EXPECT(VERDICT_WAIT);
	}
	return ret;
}

/* Each step waits once, in their order, and no other goes on meanwhile. */
static bool may_wait(const struct spawn *w, uint32_t index)
{
	const struct step *s = &w->plan->steps[index];

	return !w->waiting && index >= w->next_wait && step_waits(s);
}

/* Whether @v may come now; what may come once is used up. */
static bool is_expected(struct spawn *w, const struct verdict *v, bool descriptor)
{
	const uint32_t several = EXPECT(VERDICT_WARNING) | EXPECT(VERDICT_WAIT);
	const bool carries = v->kind == VERDICT_TERMINAL || v->kind == VERDICT_PROCESS ||
			     v->kind == VERDICT_PID;

	if (v->kind > VERDICT_NO_MONITOR || !(w->expected & EXPECT(v->kind)) ||
	    v->step >= w->plan->len || (descriptor && !carries))
		return false;
	if (v->kind == VERDICT_WARNING &&
	    !(w->plan->steps[v->step].flags & STEP_OPTIONAL))
		return false;
	if (v->kind == VERDICT_WAIT && !may_wait(w, v->step))
		return false;
	if (w->executing && v->kind == VERDICT_FAILED && v->step != w->plan->len - 1)
		return false;
	/* the last step forks */
	if ((v->kind == VERDICT_PROCESS || v->kind == VERDICT_LOST) && !w->executing)
		return false;
	w->expected &= ~EXPECT(v->kind) | several;
	if (v->kind == VERDICT_PROCESS || v->kind == VERDICT_LOST) /* it forks once */
		w->expected &= ~(EXPECT(VERDICT_PROCESS) | EXPECT(VERDICT_LOST));
	return true;
}

/*
 * Our part of what the child waits for, when its number is known, too. A step that may
 * fail tells the child so, which goes on and warns.
 */
static int answer(struct spawn *w)
{
	const struct step *s = w->waiting;
	const bool optional = s && s->flags & STEP_OPTIONAL;
	struct err why = { 0 };
	struct answer a = { .pid = w->ret->pid,
			    .held = &w->ret->held,
			    .err = optional ? &why : w->err };
	char done;
	int r;

	if (!s || w->ret->pid <= 0)
		return 1;
	w->waiting = NULL;
	r = s->ops->answer(&a, s);
	if (r < 0 && !optional)
		return r;
	if (r < 0 && w->options->log)
		w->options->log(why.message, w->options->log_data);
	done = r == 0;
	return send(w->channel, &done, 1, MSG_NOSIGNAL) == 1 ? 1 : -errno;
}

/*
 * What has entered may go on, when it is known and watched. If it was killed, it has
 * ended.
 */
static int let_go(struct spawn *w)
{
	int r = w->plan->watched ? spawn_watcher(w) : 0;

	if (r == 0 && send(w->channel, "", 1, MSG_NOSIGNAL) < 0 && errno != EPIPE)
		r = -errno;
	return r < 0 ? r : 1;
}

/* 1 for another message, 0 for none, -errno. */
static int obey(struct spawn *w, const struct verdict *v)
{
	switch ((enum verdict_kind)v->kind) {
	case VERDICT_PID:
		if (w->ret->pidfd < 0) /* our table is full */
			return err_set(w->err, -EMFILE, "process 1 of the container");
		return answer(w);
	case VERDICT_WAIT:
		w->waiting = &w->plan->steps[v->step];
		w->next_wait = (size_t)v->step + 1;
		return answer(w);
	case VERDICT_TERMINAL:
		if (w->ret->terminal < 0)
			return err_set(w->err, -EMFILE, "terminal of the container");
		return 1;
	case VERDICT_PROCESS: /* take_process() has it */
		return let_go(w);
	case VERDICT_LOST: /* and had an end put to it */
		return 1;
	case VERDICT_EXEC:
		w->executing = true;
		w->expected &= EXPECT(VERDICT_FAILED) | EXPECT(VERDICT_PID) |
			       EXPECT(VERDICT_NO_KEEPER) | EXPECT(VERDICT_NO_MONITOR) |
			       EXPECT(VERDICT_PROCESS) | EXPECT(VERDICT_LOST);
		return 1;
	case VERDICT_WARNING:
		spawn_step_warned(w, v->step, v->err);
		return 1;
	case VERDICT_NO_CLONE:
		return spawn_no_clone(w, v->err);
	case VERDICT_NO_KEEPER:
		w->failed = true;
		return err_set(w->err, v->err, "keeper of the container");
	case VERDICT_NO_MONITOR:
		w->failed = true;
		return err_set(w->err, v->err, "monitor of the container");
	case VERDICT_FAILED:
		break;
	}
	spawn_step_failed(w, v->step, v->err, v->note);
	/* its last word: its end may be held open by a fork of another thread */
	return 0;
}

/*
 * Reap a child that somebody who traces it may not let go: 1 with *ret, 0 if that is so,
 * -errno.
 */
static int reap_unless_held(idtype_t kind, id_t child, siginfo_t *ret)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	for (int i = 0; i < HELD_MS; i++) {
		ret->si_pid = 0;
		if (waitid(kind, child, ret, WEXITED | WNOHANG) < 0)
			return -errno;
		if (ret->si_pid)
			return 1;
		(void)nanosleep(&moment, NULL); /* a debugger outside may be slow */
	}
	return 0;
}

/* A child that we have no descriptor of: until we reap it the number is its own. */
static void end_lost(int pid)
{
	siginfo_t info;

	(void)kill(pid, SIGKILL);
	/* else it stays until its tracer ends */
	(void)reap_unless_held(P_PID, (id_t)pid, &info);
}

/* Another process goes on, our child as well; the first, who says so, ends. */
static int take_process(struct spawn *w, const struct verdict *v, int sender, int pidfd)
{
	const int pid = v->err;

	if (pid <= 0 || sender != w->ret->pid) {
		fd_closep(&pidfd);
		return -EBADMSG; /* not from us */
	}
	if (pidfd < 0) {
		end_lost(pid);
		return v->kind == VERDICT_LOST
			       ? 0
			       : err_set(w->err, -EMFILE, "process of the container");
	}
	w->middle = w->ret->pidfd;
	w->ret->pidfd = pidfd;
	w->ret->pid = pid;
	return 0;
}

/* The descriptor that came with @v, if any, finds its owner. */
static int take_descriptor(struct spawn *w, const struct verdict *v, int sender, int fd)
{
	if (v->kind == VERDICT_PROCESS || v->kind == VERDICT_LOST)
		return take_process(w, v, sender, fd);
	if (v->kind == VERDICT_TERMINAL) {
		fd_closep(&w->ret->terminal);
		w->ret->terminal = fd;
	} else if (v->kind == VERDICT_PID) {
		w->ret->pidfd = fd;
	}
	return 0;
}

/*
 * What came beside a message, if it did: a descriptor, and who sent it. False: too much.
 */
static bool take_control(struct msghdr *msg, int *fd, struct ucred *sender)
{
	bool ret = true;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_type == SCM_RIGHTS)
			ret = take_rights(c, fd);
		if (c->cmsg_type == SCM_CREDENTIALS)
			memcpy(sender, CMSG_DATA(c), sizeof(*sender));
	}
	return ret;
}

/* Below a keeper: who else speaks there is not it. */
static bool is_of_process_1(const struct spawn *w, const struct verdict *v)
{
	const uint32_t others = EXPECT(VERDICT_PID) | EXPECT(VERDICT_NO_CLONE) |
				EXPECT(VERDICT_NO_KEEPER) | EXPECT(VERDICT_NO_MONITOR);

	return w->plan->keeper && !(others & EXPECT(v->kind));
}

/* One message of the child; 1 for another, 0 at its end, -EAGAIN for none, -errno. */
static int receive(struct spawn *w)
{
	struct verdict v;
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = &v, .iov_len = sizeof(v) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(w->channel, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	struct ucred sender = { 0 };
	int fd = -EBADF, r;

	/* ended before it read our answer: this comes before its last words, and once */
	if (n < 0 && errno == ECONNRESET)
		return 1;
	if (n < 0)
		return errno == EINTR ? 1 : -errno;
	if (n == 0 && msg.msg_controllen == 0) /* else an empty message, from somebody */
		return 0;
	if (!take_control(&msg, &fd, &sender) || (size_t)n != sizeof(v) ||
	    !is_expected(w, &v, fd >= 0)) {
		fd_closep(&fd);
		return -EBADMSG;
	}
	v.note[sizeof(v.note) - 1] = '\0';
	if (is_of_process_1(w, &v)) /* the keeper knows it by another number */
		w->ret->pid = sender.pid;
	r = take_descriptor(w, &v, sender.pid, fd);
	return r < 0 ? r : obey(w, &v);
}

/* Whether the process is another program by now, although somebody holds its channel. */
static bool has_executed(const struct spawn *w)
{
	struct stat now, sealed;
	char path[32];

	if (!w->executing || !w->plan->forks || fstat(w->sealed_fd, &sealed) < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/exe", w->ret->pid);
	if (stat(path, &now) < 0) /* hidden from us: so is nothing of ours */
		return errno == EACCES;
	return !is_same_file(&now, &sealed);
}

/* By one of its own pid namespace: then its stops, and its end, are not told to us. */
static bool is_traced_inside(int pid)
{
	static const char name[] = "\nTracerPid:\t";
	struct stat traced, tracer;
	char path[32], status[512];
	const char *line;
	int n;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (io_read_short(AT_FDCWD, path, status, sizeof(status)) < 0)
		return false;
	line = strstr(status, name);
	n = line ? atoi(line + sizeof(name) - 1) : 0;
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	if (n <= 0 || stat(path, &traced) < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", n);
	return stat(path, &tracer) == 0 && is_same_file(&tracer, &traced);
}

/* What entered blocks every signal that can be: only somebody inside would stop it. */
static bool is_stopped(const struct spawn *w)
{
	siginfo_t info = { 0 };

	if (w->middle < 0)
		return false;
	if (waitid((idtype_t)P_PIDFD, (id_t)w->ret->pidfd, &info,
		   WSTOPPED | WNOHANG | WNOWAIT) < 0)
		return false;
	return info.si_pid != 0 || is_traced_inside(w->ret->pid);
}

static bool has_spoken(const struct spawn *w)
{
	struct pollfd p = { .fd = w->channel, .events = POLLIN };
	int n;

	do
		n = poll(&p, 1, 0);
	while (n < 0 && errno == EINTR);
	return n > 0;
}

/*
 * Until there is something to read or the process has ended: 1, or 0 if it needs no more.
 */
static int await(const struct spawn *w)
{
	/* of the processes that we know the one that speaks */
	const int speaker = w->ret->pidfd >= 0 ? w->ret->pidfd : w->ret->keeper;
	struct pollfd p[] = { { .fd = w->channel, .events = POLLIN },
			      { .fd = speaker, .events = POLLIN } };
	int n;

	do {
		n = poll(p, 2, w->middle >= 0 ? HELD_MS : -1);
		if (n == 0 && is_stopped(w))
			return err_say(w->err, -ECANCELED,
				       "exec: stopped by a process of the container");
	} while ((n < 0 && errno == EINTR) || (n == 0 && !has_executed(w)));
	if (n < 0)
		return -errno;
	/*
	 * a look at two is not one moment: it may have spoken after the first, and ended
	 * before the second
	 */
	return p[0].revents || (p[1].revents && has_spoken(w));
}

static int listen_to_child(struct spawn *w)
{
	int r;

	do {
		r = receive(w);
		if (r == -EAGAIN)
			r = await(w);
	} while (r > 0);
	return r;
}

void follow_reap(int pidfd)
{
	siginfo_t info;

	while (waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED) < 0 &&
	       errno == EINTR)
		;
}

int follow_reap_entered(int pidfd, int timeout_ms, siginfo_t *ret)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	while (poll(&p, 1, timeout_ms) < 0 && errno == EINTR)
		;
	return reap_unless_held((idtype_t)P_PIDFD, (id_t)pidfd, ret);
}

/* The process between us and the one that entered has ended. */
static void leave_middle(struct spawn *w)
{
	if (w->middle < 0)
		return;
	follow_reap(w->middle);
	fd_closep(&w->middle);
}

int follow_child(struct spawn *w)
{
	int r;

	fd_closep(&w->child_end); /* or its end would never be seen */
	r = listen_to_child(w);
	if (r == 0 && !w->failed && w->unsent && w->unsent->err < 0)
		spawn_step_failed(w, w->unsent->step, w->unsent->err, w->unsent->note);
	if (r == 0 && w->failed)
		r = w->err->code;
	/* killed before it could say so */
	if (r == 0 &&
	    ((w->plan->forks && w->middle < 0) || (w->plan->keeper && w->ret->pidfd < 0)))
		r = -ECANCELED;
	if (r < 0)
		err_set(w->err, r, "start of the container");
	leave_middle(w);
	return r;
}
