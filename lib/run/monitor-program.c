/* SPDX-License-Identifier: MIT */
/*
 * monitor-program - the process beside a background container; the contract is in
 * run/monitor.h, the log's form in run/log.h.
 *
 * A freestanding program: no libc, no heap; a thousand of them must cost little. One
 * poll(2) loop. What the container writes is read in one piece, put into the log, offered
 * to everyone who is attached, and only then the next piece is read: a terminal that is
 * slower than the container slows it down, as in the foreground. One that takes nothing for
 * SLOW_NS is left behind instead, and told later how much it missed. The log is complete
 * unless the disk is full; then the loss is counted and noted, and the container goes on.
 */
#include <errno.h>
#include <linux/stat.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#include "base/sys.h"
#include "run/log.h"
#include "run/monitor.h"
#include "run/state-files.h"

#define PROGRAM_MAIN monitor_main
#include "run/freestanding.h"

#define SLOW_NS		500000000ull
#define NS_PER_S	1000000000ull

enum { CLIENTS_MAX = 32, CHUNK_BYTES = 64 * 1024, LOST_MAX = 128 + SIGKILL };

struct client {
	int fd;	     /* negative: free */
	bool output; /* it wants what is written */
	bool behind; /* it took nothing for too long: only tried, never waited for */
	bool patient; /* the starter: waited for as long as it takes */
	size_t sent; /* of the piece on its way */
	uint64_t lost;
};

struct monitor {
	bool terminal, forget, ended, attached;
	bool served; /* by a process without which its files cannot be read */
	bool hurry; /* who is waited for is not waited for longer than the deadline */
	uint64_t log_max, ended_ns;
	const char *id;
	const char *const *cgroups;
	int master, slave; /* of the container's terminal, or negative */
	int sources[2];	   /* what is read: pipes, or the master; negative: ended */
	int log, index;
	int spare; /* given up to accept one too many, and send it away */
	uint64_t log_size, index_size, lost;
	uint32_t lost_before; /* bytes lost since the last entry */
	struct log_entry entry;
	struct client clients[CLIENTS_MAX];
	size_t chunk_len, input_len, input_start;
	unsigned stream; /* of the chunk */
	uint64_t deadline; /* for those who do not take it */
	int status;
};

static char chunk[CHUNK_BYTES], input[ATTACH_DATA_MAX + 1];
static struct monitor monitor; /* one program, one container */

static uint64_t now(clockid_t clock)
{
	struct timespec t = { 0, 0 };

	(void)sys_call(SYS_clock_gettime, clock, &t, 0, 0, 0);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static bool equal(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/* The log. */

static int open_fresh(const char *name)
{
	return sys_openat(MONITOR_STATE, name,
			  O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW, 0600);
}

static void open_log(struct monitor *m)
{
	m->log = open_fresh(LOG_NAME);
	m->index = open_fresh(LOG_INDEX_NAME);
	m->log_size = m->index_size = 0;
	m->entry.stream = 0; /* so that the first piece gets an entry */
}

static void rotate(struct monitor *m)
{
	(void)sys_close(m->log);
	(void)sys_close(m->index);
	(void)sys_call(SYS_renameat2, MONITOR_STATE, LOG_INDEX_NAME, MONITOR_STATE,
		       LOG_INDEX_NAME LOG_OLD_SUFFIX, 0);
	(void)sys_call(SYS_renameat2, MONITOR_STATE, LOG_NAME, MONITOR_STATE,
		       LOG_NAME LOG_OLD_SUFFIX, 0);
	open_log(m);
}

static void lose(struct monitor *m, size_t len)
{
	m->lost += len;
	m->lost_before = m->lost_before > UINT32_MAX - len ? UINT32_MAX
							   : m->lost_before + (uint32_t)len;
}

static bool write_entry(struct monitor *m, unsigned stream)
{
	struct log_entry e = { .offset = m->log_size,
			       .time_ns = now(CLOCK_REALTIME),
			       .stream = stream,
			       .lost = m->lost_before };

	if (m->entry.stream == stream && !e.lost && e.time_ns - m->entry.time_ns < LOG_ENTRY_NS)
		return true;
	if (sys_write(m->index, &e, sizeof(e)) != sizeof(e)) {
		/* half an entry would shift all that follow */
		(void)sys_call(SYS_ftruncate, m->index, m->index_size, 0, 0, 0);
		return false;
	}
	m->index_size += sizeof(e);
	m->entry = e;
	m->lost_before = 0;
	return true;
}

static void write_log(struct monitor *m, unsigned stream, const char *data, size_t len)
{
	size_t done = 0;

	/* a writer of single bytes fills the index faster than the log */
	if (m->log < 0 || m->index < 0 || m->index_size >= m->log_max ||
	    (m->log_size && m->log_size + len > m->log_max))
		rotate(m); /* also when it could not be opened: the disk may have been full */
	if (!write_entry(m, stream)) {
		lose(m, len);
		return;
	}
	while (done < len) {
		long n = sys_write(m->log, data + done, len - done);

		if (n == -EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	m->log_size += done;
	if (done < len)
		lose(m, len - done);
}

/* Those who are attached. */

static void drop(struct client *c)
{
	(void)sys_close(c->fd);
	c->fd = -1;
}

/* One message without waiting; false if the client cannot take it now. */
static bool send_to(struct client *c, char kind, const void *data, size_t len)
{
	struct iovec parts[] = { { &kind, 1 }, { (void *)data, len } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	int n = sys_call(SYS_sendmsg, c->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0);

	if (n == -EAGAIN || n == -EINTR)
		return false;
	if (n < 0)
		c->output = false; /* it is gone: what it said before is still to be read */
	return true;
}

/* The piece on its way, or as much of it as @c takes; false if it did not take all. */
static bool offer(struct monitor *m, struct client *c)
{
	const char kind = m->stream == LOG_STDERR ? ATTACH_STDERR : ATTACH_STDOUT;

	if (c->lost) {
		if (!send_to(c, ATTACH_LOST, &c->lost, sizeof(c->lost)))
			return false;
		c->lost = 0;
	}
	while (c->output && c->sent < m->chunk_len) {
		size_t n = m->chunk_len - c->sent;

		if (n > ATTACH_DATA_MAX)
			n = ATTACH_DATA_MAX;
		if (!send_to(c, kind, chunk + c->sent, n))
			return false;
		c->sent += n;
	}
	c->behind = false;
	return true;
}

static void leave_behind(struct monitor *m, struct client *c)
{
	c->behind = true;
	c->lost += m->chunk_len - c->sent;
	c->sent = m->chunk_len;
}

/* Offer the piece to all; it is done with when nobody is waited for. */
static void spread(struct monitor *m)
{
	bool waiting = false;

	m->hurry = false;
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *c = &m->clients[i];

		if (c->fd < 0 || !c->output || c->sent == m->chunk_len || offer(m, c))
			continue;
		if (!c->patient && (c->behind || now(CLOCK_MONOTONIC) >= m->deadline))
			leave_behind(m, c);
		else
			waiting = true;
		m->hurry |= waiting && !c->patient;
	}
	if (!waiting)
		m->chunk_len = 0;
}

static void begin_piece(struct monitor *m, unsigned stream, size_t len)
{
	m->chunk_len = len;
	m->stream = stream;
	m->deadline = now(CLOCK_MONOTONIC) + SLOW_NS;
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		m->clients[i].sent = 0;
}

/*
 * All slaves of the terminal are closed. They may be opened again by a container that
 * lives on: until then be a slave ourselves, or the master reports the end without end.
 */
static void source_ended(struct monitor *m, int source)
{
	if (m->terminal && !m->ended && m->slave < 0) {
		m->slave = sys_ioctl(m->master, TIOCGPTPEER,
				     (const void *)(long)(O_RDWR | O_NOCTTY | O_CLOEXEC));
		if (m->slave >= 0)
			return;
	}
	if (!m->terminal)
		(void)sys_close(m->sources[source]);
	m->sources[source] = -1;
}

/* Read a piece; false if there is none now. */
static bool read_source(struct monitor *m, int source)
{
	const size_t len = m->log_max < sizeof(chunk) ? (size_t)m->log_max : sizeof(chunk);
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
	write_log(m, source ? LOG_STDERR : LOG_STDOUT, chunk, (size_t)n);
	begin_piece(m, source ? LOG_STDERR : LOG_STDOUT, (size_t)n);
	return true;
}

static int accept_one(void)
{
	return sys_call(SYS_accept4, MONITOR_LISTEN, 0, 0, SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* No descriptor is left: who knocks must not be reported without end. */
static void turn_away(struct monitor *m)
{
	int fd;

	(void)sys_close(m->spare);
	fd = accept_one();
	if (fd >= 0)
		(void)sys_close(fd);
	m->spare = sys_fcntl(MONITOR_STATE, F_DUPFD_CLOEXEC, 0);
}

static void accept_client(struct monitor *m)
{
	struct ucred who = { 0, 0, 0 };
	unsigned len = sizeof(who);
	const char terminal = m->terminal;
	int fd = accept_one();
	unsigned us = (unsigned)sys_call(SYS_geteuid, 0, 0, 0, 0, 0);

	if (fd == -EMFILE || fd == -ENFILE)
		turn_away(m);
	if (fd < 0)
		return;
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *c = &m->clients[i];

		if (c->fd >= 0)
			continue;
		if (sys_call(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0 ||
		    (who.uid != us && who.uid != 0))
			break;
		*c = (struct client){ .fd = fd, .sent = m->chunk_len };
		(void)send_to(c, ATTACH_HELLO, &terminal, 1);
		return;
	}
	(void)sys_close(fd); /* too many, or a stranger */
}

/* It hears all, and what it is too slow for is not left out but waits. */
static void attach_starter(struct monitor *m)
{
	const char terminal = m->terminal;

	m->clients[0] = (struct client){ .fd = MONITOR_CONTROL, .output = true, .patient = true };
	(void)send_to(&m->clients[0], ATTACH_HELLO, &terminal, 1);
}

static void resize(struct monitor *m, const char *data, long len, bool redraw)
{
	struct winsize old = { 0, 0, 0, 0 }, size = { 0, 0, 0, 0 };
	uint16_t words[2];

	if (len != sizeof(words) || !m->terminal)
		return;
	memcpy(words, data, sizeof(words));
	size.ws_row = words[0];
	size.ws_col = words[1];
	(void)sys_ioctl(m->master, TIOCGWINSZ, &old);
	/* the kernel tells the program only of a change */
	if (redraw && old.ws_row == size.ws_row && old.ws_col == size.ws_col) {
		old.ws_row = (unsigned short)(size.ws_row > 1 ? size.ws_row - 1 : 2);
		(void)sys_ioctl(m->master, TIOCSWINSZ, &old);
	}
	(void)sys_ioctl(m->master, TIOCSWINSZ, &size);
}

static void write_input(struct monitor *m)
{
	long n = sys_write(m->master, input + m->input_start, m->input_len);

	if (n == -EAGAIN || n == -EINTR)
		return;
	if (n < 0)
		n = (long)m->input_len; /* nobody will ever read it */
	m->input_start += (size_t)n;
	m->input_len -= (size_t)n;
}

static void read_client(struct monitor *m, struct client *c)
{
	/* input is empty: what is typed is read into its place */
	long n = sys_call6(SYS_recvfrom, c->fd, (long)input, sizeof(input), MSG_DONTWAIT, 0, 0);

	if (n == -EAGAIN || n == -EINTR)
		return;
	if (n <= 0) {
		drop(c);
		return;
	}
	switch (input[0]) {
	case ATTACH_OUTPUT:
		c->output = true;
		c->sent = m->chunk_len; /* from the next piece on */
		break;
	case ATTACH_INPUT:
		if (!m->terminal)
			break; /* its standard input is /dev/null */
		m->input_start = 1;
		m->input_len = (size_t)n - 1;
		write_input(m);
		break;
	case ATTACH_RESIZE:
	case ATTACH_REDRAW:
		resize(m, input + 1, n - 1, input[0] == ATTACH_REDRAW);
		break;
	default:
		drop(c); /* another language */
	}
}

/* The end. */

static char *put_number(char *end, uint64_t n)
{
	do
		*--end = (char)('0' + n % 10);
	while (n /= 10);
	return end;
}

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
	if (info.si_code == CLD_EXITED) {
		m->status = info.si_status;
		return;
	}
	noted = info.si_status == SIGKILL ? noted_signal() : 0;
	m->status = 128 + (noted ? noted : info.si_status);
}

/* The starter made "status.new" long enough: this works on a full disk, too. */
static void write_status(const struct monitor *m)
{
	char text[80], *end = text + sizeof(text), *start = end;
	int fd = sys_openat(MONITOR_STATE, "status.new", O_WRONLY | O_CREAT | O_NOFOLLOW, 0600);

	*--start = '\n';
	start = put_number(start, m->lost);
	*--start = ' ';
	start = put_number(start, m->ended_ns);
	*--start = ' ';
	start = put_number(start, (unsigned)m->status);
	if (fd < 0)
		return; /* the container counts as lost */
	if (sys_write(fd, start, (size_t)(end - start)) == end - start &&
	    sys_call(SYS_ftruncate, fd, end - start, 0, 0, 0) == 0)
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
	int names = sys_openat(MONITOR_RUNTIME, "names", O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
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

/* The last words; also to one whose queue is full of what it has not read yet. */
static void say_end(struct client *c, int32_t status)
{
	const int room = 1 << 30; /* as much as the kernel allows */

	(void)sys_call(SYS_setsockopt, c->fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	if (c->lost)
		(void)send_to(c, ATTACH_LOST, &c->lost, sizeof(c->lost));
	(void)send_to(c, ATTACH_EXIT, &status, sizeof(status));
}

_Noreturn static void finish(struct monitor *m)
{
	if (m->lost_before)
		(void)write_entry(m, m->stream); /* it would have said so before the next text */
	(void)sys_close(MONITOR_STORAGE); /* whoever hears of the end may use it */
	write_status(m);
	remove_groups(m);
	if (m->forget)
		forget(m);
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (m->clients[i].fd >= 0)
			say_end(&m->clients[i], m->status);
	sys_exit(0);
}

enum { ON_PIDFD, ON_SERVER, ON_LISTEN, ON_SOURCE, ON_INPUT = ON_SOURCE + 2, ON_CLIENT, ON_MAX = ON_CLIENT + CLIENTS_MAX };

static void watch(const struct monitor *m, struct pollfd *p)
{
	const bool idle = m->chunk_len == 0;

	p[ON_PIDFD] = (struct pollfd){ m->ended ? -1 : MONITOR_PIDFD, POLLIN, 0 };
	p[ON_SERVER] = (struct pollfd){ m->served && !m->ended ? MONITOR_SERVER : -1, 0, 0 };
	p[ON_LISTEN] = (struct pollfd){ MONITOR_LISTEN, POLLIN, 0 };
	for (int i = 0; i < 2; i++)
		p[ON_SOURCE + i] = (struct pollfd){ idle ? m->sources[i] : -1, POLLIN, 0 };
	p[ON_INPUT] = (struct pollfd){ m->input_len ? m->master : -1, POLLOUT, 0 };
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		const struct client *c = &m->clients[i];
		short events = m->input_len ? 0 : POLLIN;

		if (!idle && c->output && c->sent < m->chunk_len)
			events |= POLLOUT;
		/* of no use now, it must not report that it hung up, again and again */
		p[ON_CLIENT + i] = (struct pollfd){ events ? c->fd : -1, events, 0 };
	}
}

static void wait_for_events(const struct monitor *m, struct pollfd *p)
{
	const uint64_t left = m->deadline - now(CLOCK_MONOTONIC);
	const bool wait = m->chunk_len && left <= SLOW_NS; /* else it wrapped around */
	const bool limited = m->chunk_len ? m->hurry : m->ended;
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

	for (int i = 0; i < 2 && !m->chunk_len; i++)
		if ((p[ON_SOURCE + i].revents || m->ended) && read_source(m, i)) {
			spread(m);
			any = true;
		}
	return any;
}

_Noreturn static void serve(struct monitor *m)
{
	struct pollfd p[ON_MAX];

	for (;;) {
		const bool ended = m->ended; /* what is read from here on is all there is */
		bool read;

		wait_for_events(m, p);
		if (m->chunk_len)
			spread(m);
		read = read_piece(m, p);
		if (ended && !read && !m->chunk_len)
			finish(m);
		if (p[ON_INPUT].revents)
			write_input(m);
		for (size_t i = 0; i < CLIENTS_MAX; i++)
			if (p[ON_CLIENT + i].revents & ~POLLOUT && m->clients[i].fd >= 0 &&
			    !m->input_len)
				read_client(m, &m->clients[i]);
		if (p[ON_LISTEN].revents)
			accept_client(m);
		if (p[ON_SERVER].revents) {
			(void)sys_pidfd_send_signal(MONITOR_PIDFD, SIGKILL); /* or it has ended */
			m->served = false;
		}
		if (p[ON_PIDFD].revents)
			reap(m);
	}
}

/* The starter's word, with the terminal; false if it is gone without. */
static bool wait_for_go(struct monitor *m)
{
	struct monitor_go go = { 0 };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = { &go, sizeof(go) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	int n;

	do
		n = sys_call(SYS_recvmsg, MONITOR_CONTROL, &message, MSG_CMSG_CLOEXEC, 0, 0);
	while (n == -EINTR);
	if (n != sizeof(go) || go.version != MONITOR_VERSION)
		return false; /* the starter waits for its end, by this channel */
	m->attached = go.attached;
	if (!m->attached)
		(void)sys_close(MONITOR_CONTROL);
	if (!m->terminal)
		return true;
	if (message.msg_controllen < CMSG_LEN(sizeof(int)) ||
	    control.header.cmsg_type != SCM_RIGHTS)
		return false;
	m->master = *(const int *)CMSG_DATA(&control.header);
	return true;
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
	if (argc < 4)
		sys_exit(125);
	(void)sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &all, 0, sizeof(all), 0);
	(void)sys_prctl(PR_SET_NAME, (unsigned long)"minc-monitor", 0, 0, 0);
	for (const char *f = argv[1]; *f; f++) {
		m->terminal |= *f == 't';
		m->forget |= *f == 'r';
	}
	(void)sys_call(SYS_chdir, "/", 0, 0, 0, 0); /* the starter's directory is not held */
	m->served = sys_fcntl(MONITOR_SERVER, F_GETFD, 0) >= 0;
	m->log_max = number_at(argv[2]);
	m->id = argv[3];
	m->cgroups = argv + 4;
	m->log = m->index = m->master = m->slave = m->sources[0] = m->sources[1] = -1;
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		m->clients[i].fd = -1;
	if (!wait_for_go(m)) {
		(void)sys_pidfd_send_signal(MONITOR_PIDFD, SIGKILL);
		reap(m);
		remove_groups(m);
		forget(m);
		(void)sys_close(MONITOR_STORAGE); /* before the channel */
		sys_exit(0);
	}
	if (m->terminal) {
		m->sources[0] = m->master;
	} else {
		m->sources[0] = MONITOR_STDOUT;
		m->sources[1] = MONITOR_STDERR;
		set_nonblocking(MONITOR_STDERR);
	}
	set_nonblocking(m->sources[0]);
	m->spare = sys_fcntl(MONITOR_STATE, F_DUPFD_CLOEXEC, 0);
	if (m->attached)
		attach_starter(m);
	open_log(m);
	serve(m);
}
