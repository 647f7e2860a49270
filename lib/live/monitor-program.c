/* SPDX-License-Identifier: MIT */
/*
 * monitor-program - the process beside a background container; the contract is in
 * live/monitor.h, the log's form in live/log.h.
 *
 * A freestanding program: no libc, no heap; a thousand of them must cost little. One
 * poll(2) loop. What the container writes is read in one piece, put into the log
 * (monitor-log.c), offered to everyone who is attached (monitor-attach.c), and only then
 * the next piece is read: a terminal that is slower than the container slows it down, as
 * in the foreground. One that takes nothing for SLOW_NS is left behind instead, and told
 * later how much it missed.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "base/digits.h"
#include "base/sys.h"
#include "live/monitor-attach.h"
#include "live/monitor-log.h"
#include "live/monitor.h"
#include "live/state-files.h"
#include "plan/hand-over.h"

#define PROGRAM_MAIN monitor_main
#include "sealed/freestanding.h"

struct monitor {
	bool forget, ended, attached;
	uint64_t ended_ns;
	const char *id;
	const char *const *cgroups;
	int slave;      /* of the container's terminal, or negative */
	int sources[2]; /* what is read: pipes, or the master; negative: ended */
	struct monitor_log log;
	struct attach attach;
	int status;
};

static struct monitor monitor; /* one program, one container */

/*
 * All slaves of the terminal are closed. They may be opened again by a container that
 * lives on: until then be a slave ourselves, or the master reports the end without end.
 */
static void source_ended(struct monitor *m, int source)
{
	if (m->attach.terminal && !m->ended && m->slave < 0) {
		m->slave = sys_ioctl(m->attach.master, TIOCGPTPEER,
				     (const void *)(long)(O_RDWR | O_NOCTTY | O_CLOEXEC));
		if (m->slave >= 0)
			return;
	}
	if (!m->attach.terminal)
		(void)sys_close(m->sources[source]);
	m->sources[source] = -1;
}

/* Read a piece; false if there is none now. */
static bool read_source(struct monitor *m, int source)
{
	char *const chunk = m->attach.chunk;
	const size_t len = m->log.max < CHUNK_BYTES ? (size_t)m->log.max : CHUNK_BYTES;
	long n;

	if (m->sources[source] < 0)
		return false;
	n = sys_read(m->sources[source], chunk, len);
	if (n == -EAGAIN || n == -EINTR)
		return false;
	if (n <= 0) {
		source_ended(m, source);
		return false;
	}
	monitor_log_write(&m->log, source ? LOG_STDERR : LOG_STDOUT, chunk, (size_t)n);
	attach_begin(&m->attach, source ? LOG_STDERR : LOG_STDOUT, (size_t)n);
	return true;
}

/* The end. */

/* A process 1 that hears no signals is killed in their place: minc_kill() notes which. */
static int noted_signal(void)
{
	char text[4] = "";
	int fd = sys_openat(MONITOR_STATE, "signal", O_RDONLY | O_NOFOLLOW, 0), n = 0;

	if (fd < 0)
		return 0;
	(void)sys_read(fd, text, sizeof(text) - 1);
	(void)sys_close(fd);
	for (size_t i = 0; text[i] >= '0' && text[i] <= '9'; i++)
		n = n * 10 + text[i] - '0';
	return n;
}

static void reap(struct monitor *m)
{
	siginfo_t info;
	int r, noted;

	info.si_code = CLD_KILLED;
	info.si_status = SIGKILL;
	do
		r = sys_call(SYS_waitid, P_PIDFD, MONITOR_PIDFD, &info, WEXITED, 0);
	while (r == -EINTR);
	m->ended = true;
	m->ended_ns = now(CLOCK_REALTIME);
	m->status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
	noted = m->status == 128 + SIGKILL ? noted_signal() : 0;
	if (noted)
		m->status = 128 + noted;
}

/* The starter made "status.new" long enough: this works on a full disk, too. */
static void write_status(const struct monitor *m)
{
	char text[80], *end = text;
	int fd = sys_openat(MONITOR_STATE, "status.new", O_WRONLY | O_CREAT | O_NOFOLLOW,
			    0600);

	end = digits_put(end, (unsigned)m->status);
	*end++ = ' ';
	end = digits_put(end, m->ended_ns);
	*end++ = ' ';
	end = digits_put(end, m->log.lost);
	*end++ = '\n';
	if (fd < 0)
		return; /* the container counts as lost */
	if (sys_write(fd, text, (size_t)(end - text)) == end - text &&
	    sys_call(SYS_ftruncate, fd, end - text, 0, 0, 0) == 0)
		(void)sys_call(SYS_renameat2, MONITOR_STATE, "status.new", MONITOR_STATE,
			       "status", 0);
	(void)sys_close(fd);
}

/* names/NAME, if it is still ours. */
static void forget_name(const struct monitor *m)
{
	char name[80], target[80];
	int file = sys_openat(MONITOR_STATE, "name", O_RDONLY | O_NOFOLLOW, 0);
	long len = file < 0 ? 0 : sys_read(file, name, sizeof(name) - 1);
	int names = sys_openat(MONITOR_RUNTIME, "names",
			       O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	int n;

	if (len <= 0 || names < 0)
		return;
	name[len] = '\0';
	n = sys_readlinkat(names, name, target, sizeof(target) - 1);
	if (n <= 0)
		return;
	target[n] = '\0';
	if (equal(target, m->id))
		(void)sys_unlinkat(names, name, 0);
}

static void forget(struct monitor *m)
{
	static const char *const files[] = { STATE_FILES };

	forget_name(m);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		(void)sys_unlinkat(MONITOR_STATE, files[i], 0); /* most are there */
	(void)sys_unlinkat(MONITOR_RUNTIME, m->id, AT_REMOVEDIR);
}

/* What has just ended in one may still be on its way out. */
static void remove_groups(const struct monitor *m)
{
	const struct timespec pause = { 0, 2000000 };

	for (const char *const *group = m->cgroups; *group; group++)
		for (int i = 0; i < 500; i++) {
			if (sys_unlinkat(AT_FDCWD, *group, AT_REMOVEDIR) != -EBUSY)
				break;
			(void)sys_call(SYS_nanosleep, &pause, 0, 0, 0, 0);
		}
}

_Noreturn static void finish(struct monitor *m)
{
	monitor_log_end(&m->log, m->attach.stream);
	(void)sys_close(MONITOR_STORAGE); /* whoever hears of the end may use it */
	write_status(m);
	remove_groups(m);
	if (m->forget)
		forget(m);
	attach_end(&m->attach, m->status);
	sys_exit(0);
}

enum {
	ON_PIDFD,
	ON_LISTEN,
	ON_SOURCE,
	ON_INPUT = ON_SOURCE + 2,
	ON_CLIENT,
	ON_MAX = ON_CLIENT + CLIENTS_MAX
};

static void watch(const struct monitor *m, struct pollfd *p)
{
	const bool idle = m->attach.chunk_len == 0;

	p[ON_PIDFD] = (struct pollfd){ m->ended ? -1 : MONITOR_PIDFD, POLLIN, 0 };
	p[ON_LISTEN] = (struct pollfd){ MONITOR_LISTEN, POLLIN, 0 };
	for (int i = 0; i < 2; i++)
		p[ON_SOURCE + i] =
			(struct pollfd){ idle ? m->sources[i] : -1, POLLIN, 0 };
	p[ON_INPUT] = (struct pollfd){ m->attach.input_len ? m->attach.master : -1,
				       POLLOUT, 0 };
	attach_watch(&m->attach, p + ON_CLIENT);
}

static void wait_for_events(const struct monitor *m, struct pollfd *p)
{
	const uint64_t left = m->attach.deadline - now(CLOCK_MONOTONIC);
	/* else it wrapped around */
	const bool wait = m->attach.chunk_len && left <= SLOW_NS;
	const bool limited = m->attach.chunk_len ? m->attach.hurry : m->ended;
	struct timespec timeout = { .tv_sec = 0, .tv_nsec = wait ? (long)left : 0 };

	watch(m, p);
	/* limited if somebody is waited for, or what is left is read to its end */
	if (sys_call(SYS_ppoll, p, ON_MAX, limited ? &timeout : 0, 0, 0) < 0)
		for (int i = 0; i < ON_MAX; i++)
			p[i].revents = 0;
}

/* A piece of what the container has written; false if nothing was read. */
static bool read_piece(struct monitor *m, const struct pollfd *p)
{
	bool any = false;

	for (int i = 0; i < 2 && !m->attach.chunk_len; i++)
		if ((p[ON_SOURCE + i].revents || m->ended) && read_source(m, i)) {
			attach_spread(&m->attach);
			any = true;
		}
	return any;
}

_Noreturn static void serve(struct monitor *m)
{
	struct pollfd p[ON_MAX];

	for (;;) {
		/* what is read from here on is all there is */
		const bool ended = m->ended;
		bool read;

		wait_for_events(m, p);
		if (m->attach.chunk_len)
			attach_spread(&m->attach);
		read = read_piece(m, p);
		if (ended && !read && !m->attach.chunk_len)
			finish(m);
		if (p[ON_INPUT].revents)
			attach_type(&m->attach);
		attach_hear(&m->attach, p + ON_CLIENT);
		if (p[ON_LISTEN].revents)
			attach_accept(&m->attach);
		if (p[ON_PIDFD].revents)
			reap(m);
	}
}

/* The starter's word, with the terminal; false if it is gone without. */
static bool wait_for_go(struct monitor *m)
{
	struct monitor_go go = { 0 };
	const int n = receive_fd(MONITOR_CONTROL, &go, sizeof(go), 0, &m->attach.master);

	if (n != sizeof(go) || go.version != MONITOR_VERSION)
		return false; /* the starter waits for its end, by this channel */
	m->attached = go.attached;
	if (!m->attached)
		(void)sys_close(MONITOR_CONTROL);
	return !m->attach.terminal || m->attach.master >= 0;
}

static void set_nonblocking(int fd)
{
	(void)sys_fcntl(fd, F_SETFL, sys_fcntl(fd, F_GETFL, 0) | O_NONBLOCK);
}

void monitor_main(long argc, const char *const *argv, const char *const *envp)
{
	struct monitor *m = &monitor;
	const uint64_t all = ~UINT64_C(0);

	(void)envp;
	if (argc < 5)
		sys_exit(125);
	(void)sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &all, 0, sizeof(all), 0);
	(void)sys_prctl(PR_SET_NAME, (unsigned long)"minc-monitor", 0, 0, 0);
	for (const char *f = argv[1]; *f; f++) {
		m->attach.terminal |= *f == 't';
		m->forget |= *f == 'r';
	}
	/* the starter's directory is not held */
	(void)sys_call(SYS_chdir, "/", 0, 0, 0, 0);
	m->log.max = number_at(argv[2]);
	m->id = argv[3];
	m->cgroups = argv + 5;
	m->slave = m->sources[0] = m->sources[1] = -1;
	monitor_log_init(&m->log);
	attach_init(&m->attach);
	if (!wait_for_go(m)) {
		(void)sys_pidfd_send_signal(MONITOR_PIDFD, SIGKILL);
		reap(m);
		remove_groups(m);
		forget(m);
		(void)sys_close(MONITOR_STORAGE); /* before the channel */
		sys_exit(0);
	}
	if (m->attach.terminal) {
		m->sources[0] = m->attach.master;
	} else {
		m->sources[0] = MONITOR_STDOUT;
		m->sources[1] = MONITOR_STDERR;
		set_nonblocking(MONITOR_STDERR);
	}
	set_nonblocking(m->sources[0]);
	if (m->attached)
		attach_starter(&m->attach);
	monitor_log_open(&m->log);
	serve(m);
}
