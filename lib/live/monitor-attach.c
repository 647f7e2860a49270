/* SPDX-License-Identifier: MIT */
/*
 * monitor-attach - see monitor-attach.h. A client is a SOCK_SEQPACKET connection, never
 * waited for: what it does not take now is tried again when it has room, until it is left
 * behind.
 */
#include "live/monitor-attach.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "live/log.h"

void attach_init(struct attach *a)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		a->clients[i].fd = -1;
	a->master = -1;
	a->spare = sys_fcntl(MONITOR_STATE, F_DUPFD_CLOEXEC, 0);
}

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
		/* it is gone: what it said before is still to be read */
		c->output = false;
	return true;
}

/* The piece on its way, or as much of it as @c takes; false if it did not take all. */
static bool offer(struct attach *a, struct client *c)
{
	const char kind = a->stream == LOG_STDERR ? ATTACH_STDERR : ATTACH_STDOUT;

	if (c->lost) {
		if (!send_to(c, ATTACH_LOST, &c->lost, sizeof(c->lost)))
			return false;
		c->lost = 0;
	}
	while (c->output && c->sent < a->chunk_len) {
		size_t n = a->chunk_len - c->sent;

		if (n > ATTACH_DATA_MAX)
			n = ATTACH_DATA_MAX;
		if (!send_to(c, kind, a->chunk + c->sent, n))
			return false;
		c->sent += n;
	}
	c->behind = false;
	return true;
}

static void leave_behind(struct attach *a, struct client *c)
{
	c->behind = true;
	c->lost += a->chunk_len - c->sent;
	c->sent = a->chunk_len;
}

void attach_spread(struct attach *a)
{
	bool waiting = false;

	a->hurry = false;
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *c = &a->clients[i];

		if (c->fd < 0 || !c->output || c->sent == a->chunk_len || offer(a, c))
			continue;
		if (!c->patient && (c->behind || now(CLOCK_MONOTONIC) >= a->deadline))
			leave_behind(a, c);
		else
			waiting = true;
		a->hurry |= waiting && !c->patient;
	}
	if (!waiting)
		a->chunk_len = 0;
}

void attach_begin(struct attach *a, unsigned stream, size_t len)
{
	a->chunk_len = len;
	a->stream = stream;
	a->deadline = now(CLOCK_MONOTONIC) + SLOW_NS;
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		a->clients[i].sent = 0;
}

static int accept_one(void)
{
	return sys_call(SYS_accept4, MONITOR_LISTEN, 0, 0, SOCK_CLOEXEC | SOCK_NONBLOCK,
			0);
}

static void refuse(int fd)
{
	struct client c = { .fd = fd };

	(void)send_to(&c, ATTACH_FULL, "", 1);
	drop(&c);
}

/* No descriptor is left: who knocks must not be reported without end. */
static void turn_away(struct attach *a)
{
	int fd;

	(void)sys_close(a->spare);
	fd = accept_one();
	if (fd >= 0)
		refuse(fd);
	a->spare = sys_fcntl(MONITOR_STATE, F_DUPFD_CLOEXEC, 0);
}

/*
 * A place for one more, or NULL. Who has left is kept only as long as there is another.
 */
static struct client *find_place(struct attach *a)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (a->clients[i].fd < 0)
			return &a->clients[i];
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (a->clients[i].left) {
			drop(&a->clients[i]);
			return &a->clients[i];
		}
	return NULL;
}

static bool is_stranger(int fd)
{
	struct ucred who = { 0, 0, 0 };
	unsigned len = sizeof(who);
	unsigned us = (unsigned)sys_call(SYS_geteuid, 0, 0, 0, 0, 0);

	return sys_call(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0 ||
	       (who.uid != us && who.uid != 0);
}

void attach_accept(struct attach *a)
{
	const char terminal = a->terminal;
	struct client *c;
	int fd = accept_one();

	if (fd == -EMFILE || fd == -ENFILE)
		turn_away(a);
	if (fd < 0)
		return;
	if (is_stranger(fd)) {
		(void)sys_close(fd);
		return;
	}
	c = find_place(a);
	if (!c) {
		refuse(fd);
		return;
	}
	*c = (struct client){ .fd = fd, .sent = a->chunk_len };
	(void)send_to(c, ATTACH_HELLO, &terminal, 1);
}

void attach_starter(struct attach *a)
{
	const char terminal = a->terminal;

	a->clients[0] =
		(struct client){ .fd = MONITOR_CONTROL, .output = true, .patient = true };
	(void)send_to(&a->clients[0], ATTACH_HELLO, &terminal, 1);
}

static void resize(struct attach *a, const char *data, long len, bool redraw)
{
	struct winsize old = { 0, 0, 0, 0 }, size = { 0, 0, 0, 0 };
	uint16_t words[2];

	if (len != sizeof(words) || !a->terminal)
		return;
	memcpy(words, data, sizeof(words));
	size.ws_row = words[0];
	size.ws_col = words[1];
	(void)sys_ioctl(a->master, TIOCGWINSZ, &old);
	/* the kernel tells the program only of a change */
	if (redraw && old.ws_row == size.ws_row && old.ws_col == size.ws_col) {
		old.ws_row = (unsigned short)(size.ws_row > 1 ? size.ws_row - 1 : 2);
		(void)sys_ioctl(a->master, TIOCSWINSZ, &old);
	}
	(void)sys_ioctl(a->master, TIOCSWINSZ, &size);
}

void attach_type(struct attach *a)
{
	long n = sys_write(a->master, a->input + a->input_start, a->input_len);

	if (n == -EAGAIN || n == -EINTR)
		return;
	if (n < 0)
		n = (long)a->input_len; /* nobody will ever read it */
	a->input_start += (size_t)n;
	a->input_len -= (size_t)n;
}

static void read_client(struct attach *a, struct client *c)
{
	/* input is empty: what is typed is read into its place */
	long n = sys_call6(SYS_recvfrom, c->fd, (long)a->input, sizeof(a->input),
			   MSG_DONTWAIT, 0, 0);

	/*
	 * a reset, by one that left with our words unread, is told once: its own come
	 * after that
	 */
	if (n == -EAGAIN || n == -EINTR || n == -ECONNRESET)
		return;
	if (n <= 0) {
		drop(c);
		return;
	}
	switch (a->input[0]) {
	case ATTACH_OUTPUT:
		c->output = true;
		c->sent = a->chunk_len; /* from the next piece on */
		break;
	case ATTACH_INPUT:
		if (!a->terminal)
			break; /* its standard input is /dev/null */
		a->input_start = 1;
		a->input_len = (size_t)n - 1;
		attach_type(a);
		break;
	case ATTACH_RESIZE:
	case ATTACH_REDRAW:
		resize(a, a->input + 1, n - 1, a->input[0] == ATTACH_REDRAW);
		break;
	default:
		drop(c); /* another language */
	}
}

/* Whether there is something to read from @c, or it is just gone. */
static bool has_words(const struct client *c)
{
	char word;
	long n;

	do
		n = sys_call6(SYS_recvfrom, c->fd, (long)&word, 1,
			      MSG_PEEK | MSG_DONTWAIT, 0, 0);
	while (n == -EINTR || n == -ECONNRESET);
	return n > 0;
}

void attach_watch(const struct attach *a, struct pollfd *p)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		const struct client *c = &a->clients[i];
		short events = a->input_len ? 0 : POLLIN;

		if (c->output && c->sent < a->chunk_len)
			events |= POLLOUT;
		/*
		 * without events it is heard that it hangs up: once, not again and again
		 */
		p[i] = (struct pollfd){ c->left && !events ? -1 : c->fd, events, 0 };
	}
}

void attach_hear(struct attach *a, const struct pollfd *p)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *c = &a->clients[i];

		if (c->fd < 0 || !(p[i].revents & ~POLLOUT))
			continue;
		c->left |= (p[i].revents & POLLHUP) != 0;
		if (!a->input_len)
			read_client(a, c);
		else if (c->left && !has_words(c))
			drop(c);
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

void attach_end(struct attach *a, int32_t status)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (a->clients[i].fd >= 0)
			say_end(&a->clients[i], status);
}
