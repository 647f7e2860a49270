/* SPDX-License-Identifier: MIT */
/*
 * background - acting on a container that another process has started: by its pidfd, its
 * state directory, and the socket of its monitor. See background.h, monitor.h, state.h.
 */
#include "live/background.h"

#include <errno.h>
#include <minc/background.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/io.h"
#include "live/state.h"

enum {
	STATUS_OF_LOST = 128 + SIGKILL, /* process 1 went with its monitor */
	SAY_MS = 2000,                  /* until what is waited for is said */
	LOOK_MS = 10 /* between looks at a lock that cannot be polled */
};

/* The process that was started, not another one that has its number by now. */
static int open_process(const struct state_facts *f, char *ret_state)
{
	cleanup_close int fd = (int)syscall(SYS_pidfd_open, f->pid, 0);

	if (fd < 0)
		return -errno;
	return process_start_time(f->pid, ret_state) == f->start_time ? take_fd(&fd)
								      : -ESRCH;
}

/* What the status is to say. */
static void note_signal(const struct minc_container *ct, int sig)
{
	char text[8];

	snprintf(text, sizeof(text), "%d", sig);
	/* else it says KILL */
	(void)state_write(ct->state, "signal", text, strlen(text));
}

void background_adopt(struct minc_container *ct, struct state *s)
{
	ct->state = s;
	ct->note_signal = note_signal;
}

int background_open(struct state *s, struct minc_container **ret)
{
	struct minc_container *ct = malloc(sizeof(*ct));
	int status, r = ct ? 0 : -ENOMEM;

	if (!ct) {
		state_free(s);
		return r;
	}
	*ct = CONTAINER_NONE;
	ct->pid = s->facts.pid;
	ct->init = s->facts.init;
	background_adopt(ct, s);
	s->status = openat(s->dir, "status.new", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (state_status(s, &status, NULL, NULL) < 0)
		r = ct->pidfd = open_process(&s->facts, &ct->seen);
	/* it may live, but we cannot say; -ENOSYS, -EPERM: a seccomp filter */
	if (r == -EMFILE || r == -ENFILE || r == -ENOMEM || r == -ENOSYS || r == -EPERM) {
		free(ct);
		state_free(s);
		return r;
	}
	*ret = ct;
	return 0;
}

int background_groups(struct minc_container *ct, struct cgroup_set *ret)
{
	int r = 0;

	if (cgroup_set_of(&ct->held, ret)->len == 0 && ct->state->facts.cgroups[0]) {
		r = cgroup_hold_opened(&ct->held, ct->state->facts.cgroups);
		(void)cgroup_set_of(&ct->held, ret); /* @ret */
	}
	return r;
}

/* Wait no longer than this for a monitor that was stopped. */
static int limit_waiting(int fd, int timeout_ms)
{
	const int ms = timeout_ms < 1 ? 1 : timeout_ms; /* 0 would be for ever */
	const struct timeval limit = { ms / 1000, ms % 1000 * 1000 };

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
		return -errno;
	return 0;
}

/* The monitor's first word. -ESRCH: it has ended; -EUSERS: too many ask; -ETIMEDOUT. */
static int hear_hello(int fd, bool *ret_terminal)
{
	char hello[2];
	ssize_t n;

	do
		n = recv(fd, hello, sizeof(hello), 0);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return -ETIMEDOUT;
	if (n == sizeof(hello) && hello[0] == ATTACH_FULL)
		return -EUSERS;
	if (n != sizeof(hello) || hello[0] != ATTACH_HELLO)
		return -ESRCH;
	*ret_terminal = hello[1];
	return 0;
}

static int connect_within(const struct minc_container *ct, int timeout_ms,
			  bool *ret_terminal)
{
	cleanup_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;
	int r = fd < 0 ? -errno : attach_address(ct->state, &address);

	if (r == 0 && timeout_ms >= 0)
		r = limit_waiting(fd, timeout_ms);
	if (r < 0)
		return r;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return errno == ECONNREFUSED || errno == ENOENT ? -ESRCH
		       : errno == EAGAIN                        ? -ETIMEDOUT
								: -errno;
	r = hear_hello(fd, ret_terminal);
	return r < 0 ? r : take_fd(&fd);
}

int background_connect(struct minc_container *ct, bool *ret_terminal)
{
	cleanup_close int fd = take_fd(&ct->attached); /* once */
	int r;

	if (fd < 0)
		return connect_within(ct, -1, ret_terminal);
	r = hear_hello(fd, ret_terminal);
	return r < 0 ? r : take_fd(&fd);
}

/* Until ATTACH_EXIT, or the monitor is gone without a word: -ESRCH. */
static int hear_end(int fd, int timeout_ms, int *ret_status)
{
	const int64_t deadline = clock_ms() + timeout_ms;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char message[1 + sizeof(int32_t)];
	int32_t status;

	for (;;) {
		const int64_t left = timeout_ms < 0 ? -1 : deadline - clock_ms();
		const int n = poll(&p, 1, timeout_ms < 0 ? -1 : left > 0 ? (int)left : 0);

		if (n < 0)
			return -errno;
		if (n == 0)
			return -ETIMEDOUT;
		if (recv(fd, message, sizeof(message), 0) <= 0)
			return -ESRCH;
		if (message[0] != ATTACH_EXIT)
			continue;
		memcpy(&status, message + 1, sizeof(status));
		*ret_status = status;
		return 0;
	}
}

/* Without the monitor's word: until process 1 has ended, and then the monitor. */
static int wait_for_lease(const struct minc_container *ct, int timeout_ms)
{
	const int64_t deadline = clock_ms() + timeout_ms;
	struct pollfd p = { .fd = ct->pidfd, .events = POLLIN };
	cleanup_close int lock = -EBADF;
	const int n = ct->pidfd < 0 ? 1 : poll(&p, 1, timeout_ms);

	if (n <= 0)
		return n < 0 ? -errno : -ETIMEDOUT;
	lock = openat(ct->state->dir, "lock", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (lock < 0) /* it is removed, and so has ended */
		return errno == ENOENT ? 0 : -errno;
	if (timeout_ms < 0)
		return flock(lock, LOCK_SH) < 0 ? -errno : 0;
	while (flock(lock, LOCK_SH | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return -errno;
		if (clock_ms() >= deadline)
			return -ETIMEDOUT;
		(void)poll(NULL, 0, LOOK_MS); /* shorter is fine */
	}
	return 0;
}

/*
 * Opened anew: what is asked or done here changes no handle. NULL: it has no groups, or
 * is gone.
 */
static struct cgroup_set *open_groups(const struct minc_container *ct)
{
	struct cgroup_set *ret = NULL;

	if (ct->state->facts.cgroups[0])
		/* else it stays NULL */
		(void)cgroup_set_open(ct->state->facts.cgroups, &ret);
	return ret;
}

static bool is_frozen(const struct minc_container *ct)
{
	struct cgroup_set *set = open_groups(ct);
	const bool ret = set && cgroup_set_is_frozen(set);

	cgroup_set_free(set);
	return ret;
}

/*
 * Of a container that has lost its monitor: its keeper has killed it, but a frozen
 * process of v1 does not die, and nobody else would let it go on.
 */
static void thaw_lost(const struct minc_container *ct)
{
	struct cgroup_set *set = state_is_kept(ct->state) ? NULL : open_groups(ct);

	if (set && cgroup_set_is_frozen(set))
		(void)cgroup_set_thaw(set); /* or say_waiting() tells */
	cgroup_set_free(set);
}

static int wait_for_end(const struct minc_container *ct, int timeout_ms, int *ret_status)
{
	cleanup_close int fd = -EBADF;
	bool terminal;
	int r;

	fd = connect_within(ct, timeout_ms, &terminal);
	r = fd < 0 ? fd : hear_end(fd, timeout_ms, ret_status);
	if (r != -ESRCH && r != -EUSERS)
		return r;
	/*
	 * it ended, now or long ago; its monitor was killed, and its keeper kills it; or
	 * is asked by too many
	 */
	thaw_lost(ct);
	r = wait_for_lease(ct, timeout_ms);
	if (r == 0)
		r = state_status(ct->state, ret_status, NULL, NULL);
	if (r != -ENOENT)
		return r;
	*ret_status = STATUS_OF_LOST;
	return 0;
}

int background_wait(struct minc_container *ct, int timeout_ms, int *ret_status)
{
	int status, r;

	if (ct->ended) {
		*ret_status = ct->status;
		return 0;
	}
	r = state_status(ct->state, &status, NULL, NULL);
	if (r == -ENOENT)
		r = wait_for_end(ct, timeout_ms, &status);
	if (r < 0)
		return r;
	ct->ended = true;
	*ret_status = ct->status = status;
	return 0;
}

static char state_letter(int pid)
{
	char ret = '\0';

	(void)process_start_time(pid, &ret); /* or it has ended */
	return ret;
}

/* Why the end does not come. */
static void say_waiting(const struct minc_ctx *c, const struct minc_container *ct)
{
	const char *who = *ct->state->name ? ct->state->name : ct->state->id;
	const int pid = ct->pid, monitor = state_monitor(ct->state);
	const char first = state_letter(pid), its = state_letter(monitor);
	char line[200];

	if (!c->log)
		return;
	if (its == 'T' || its == 't')
		snprintf(line, sizeof(line),
			 "%.64s: waits for its monitor, process %d, which is stopped",
			 who, monitor);
	else if (first == 'D')
		snprintf(
			line, sizeof(line),
			"%.64s: waits for process %d, which sleeps in the kernel and cannot be killed",
			who, pid);
	else if (first && !strchr("ZX", first))
		snprintf(line, sizeof(line),
			 "%.64s: waits for the end of all its processes, process %d "
			 "is the first",
			 who, pid);
	else
		snprintf(line, sizeof(line),
			 "%.64s: has ended, and waits for its monitor, process %d", who,
			 monitor);
	c->log(line, c->log_data);
}

int background_await(const struct minc_ctx *c, struct minc_container *ct, int timeout_ms,
		     int *ret_status)
{
	const bool is_long = timeout_ms < 0 || timeout_ms > SAY_MS;
	int r = background_wait(ct, is_long ? SAY_MS : timeout_ms, ret_status);

	if (r != -ETIMEDOUT || !is_long)
		return r;
	say_waiting(c, ct);
	return background_wait(ct, timeout_ms < 0 ? -1 : timeout_ms - SAY_MS, ret_status);
}

static bool is_stopped(const struct minc_container *ct)
{
	return (ct->seen ? ct->seen : state_letter(ct->pid)) == 'T';
}

int background_state(const struct minc_container *ct)
{
	int status;

	if (ct->ended || state_status(ct->state, &status, NULL, NULL) == 0)
		return MINC_STATE_EXITED;
	if (!state_is_kept(ct->state)) /* look again: it may have ended in between */
		return state_status(ct->state, &status, NULL, NULL) == 0
			       ? MINC_STATE_EXITED
			       : MINC_STATE_LOST;
	return is_stopped(ct) || is_frozen(ct) ? MINC_STATE_PAUSED : MINC_STATE_RUNNING;
}

/* A frozen process of v1 does not die. */
static int kill_all(const struct minc_ctx *c, struct minc_container *ct, int *ret_status)
{
	int r = container_kill(ct, SIGKILL);

	if (r == 0 && background_state(ct) == MINC_STATE_PAUSED)
		(void)pause_continue(ct); /* or say_waiting() tells */
	return r < 0 && r != -ESRCH ? r : background_await(c, ct, -1, ret_status);
}

int background_stop(const struct minc_ctx *c, struct minc_container *ct, int sig,
		    int grace_ms, int *ret_status)
{
	int r;

	if (sig == SIGKILL)
		return kill_all(c, ct, ret_status);
	if (background_state(ct) == MINC_STATE_PAUSED)
		(void)pause_continue(ct); /* what stays stopped is killed in the end */
	r = container_kill(ct, sig);
	if (r == -ESRCH)
		r = 0; /* it has ended */
	if (r == 0)
		(void)container_kill(ct, SIGCONT); /* a stopped process hears no other */
	if (r == 0)
		r = background_wait(ct, grace_ms, ret_status);
	return r != -ETIMEDOUT ? r : kill_all(c, ct, ret_status);
}

int background_resize(struct minc_container *ct, unsigned rows, unsigned cols)
{
	cleanup_close int fd = -EBADF;
	char message[1 + 2 * sizeof(uint16_t)] = { ATTACH_RESIZE };
	const uint16_t size[2] = { (uint16_t)rows, (uint16_t)cols };
	bool terminal = false;

	fd = background_connect(ct, &terminal);
	if (fd < 0)
		return fd;
	if (!terminal)
		return -ENOTTY;
	memcpy(message + 1, size, sizeof(size));
	return send(fd, message, sizeof(message), MSG_NOSIGNAL) < 0 ? -errno : 0;
}
