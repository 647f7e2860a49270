/* SPDX-License-Identifier: MIT */
/*
 * attach - the caller's standard files and a background container's, over the socket of
 * its monitor. With a terminal on both sides the caller's is raw, and its keys are
 * watched for those that detach. Signals are read by signalfd(2), as in tty/foreground.c.
 */
#include "live/attach.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/io.h"
#include "live/background.h"

enum { ATTACH_DETACHED = 1, TYPED_MAX = 4096 };

struct session {
	struct minc_container *ct;
	const struct detach_keys *keys;
	size_t matched; /* of the keys, so far */
	int socket, signals;
	bool terminal; /* raw, on both sides */
	bool keep_signals;
	bool in_closed;
	bool resized; /* not told yet */
	struct termios saved;
	sigset_t old;
	int status;
	size_t held_len;                /* typed, and not taken by the monitor yet */
	char held[1 + ATTACH_DATA_MAX]; /* after the word for it */
};

/* "ctrl-p" or one character. */
static int parse_key(const char *s, size_t len)
{
	static const char ctrl[] = "ctrl-";
	const size_t n = sizeof(ctrl) - 1;
	char c;

	if (len == 1)
		return (unsigned char)*s;
	if (len != n + 1 || strncmp(s, ctrl, n) != 0)
		return -EINVAL;
	c = s[n];
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 1;
	return c >= '@' && c <= '_' && !(c >= 'A' && c <= 'Z') ? c - '@' : -EINVAL;
}

int detach_keys_parse(const char *text, struct detach_keys *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (!text)
		text = "ctrl-p,ctrl-q";
	while (*text) {
		size_t len = strcspn(text + 1, ",") + 1; /* "," itself may be a key */
		int key = parse_key(text, len);

		if (key < 0 || ret->len == sizeof(ret->keys))
			return -EINVAL;
		ret->keys[ret->len++] = (char)key;
		text += len;
		if (*text && !*++text)
			return -EINVAL;
	}
	return 0;
}

/* 0 or -errno; -EAGAIN: not now. An end of the connection is seen when it is read. */
static int send_message(const struct session *s, const void *message, size_t len,
			int flags)
{
	ssize_t n;

	do
		n = send(s->socket, message, len, MSG_NOSIGNAL | flags);
	while (n < 0 && errno == EINTR);
	return n < 0 && errno != EPIPE && errno != ECONNRESET ? -errno : 0;
}

/* A program that reads nothing blocks this, too: then it is tried again. */
static int send_size(struct session *s, enum attach_kind kind)
{
	char message[1 + 2 * sizeof(uint16_t)] = { (char)kind };
	struct winsize size;
	uint16_t words[2];
	int r;

	s->resized = false;
	if (!s->terminal || ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_row)
		return 0;
	words[0] = size.ws_row;
	words[1] = size.ws_col;
	memcpy(message + 1, words, sizeof(words));
	r = send_message(s, message, sizeof(message), MSG_DONTWAIT);
	s->resized = r == -EAGAIN;
	return s->resized ? 0 : r;
}

/* What is held, if the monitor takes it: a program that reads nothing blocks it. */
static int send_held(struct session *s)
{
	int r = 0;

	s->held[0] = ATTACH_INPUT;
	if (s->held_len)
		r = send_message(s, s->held, 1 + s->held_len, MSG_DONTWAIT);
	if (r == 0)
		s->held_len = 0;
	return r == -EAGAIN ? 0 : r;
}

static void hold(struct session *s, const char *keys, size_t len)
{
	memcpy(s->held + 1 + s->held_len, keys, len);
	s->held_len += len;
}

/*
 * Whether the last @n of the keys matched so far, and @key, begin the keys that detach.
 */
static bool still_matches(const struct session *s, size_t n, char key)
{
	const struct detach_keys *k = s->keys;

	return memcmp(k->keys, k->keys + s->matched - n, n) == 0 && k->keys[n] == key;
}

/* Hold what was typed, without the keys that detach; true when these are complete. */
static bool take_key(struct session *s, char key)
{
	size_t n = s->matched;

	if (!s->keys->len) {
		hold(s, &key, 1);
		return false;
	}
	while (n > 0 && !still_matches(s, n, key))
		n--;
	hold(s, s->keys->keys, s->matched - n); /* they were meant for the container */
	if (n == 0 && s->keys->keys[0] != key) {
		hold(s, &key, 1);
		s->matched = 0;
		return false;
	}
	s->matched = n + 1;
	return s->matched == s->keys->len;
}

static int read_keys(struct session *s)
{
	char typed[TYPED_MAX];
	ssize_t n = read(STDIN_FILENO, typed, sizeof(typed));
	bool detached = false;
	int r;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		s->in_closed = true;
		return 0;
	}
	for (ssize_t i = 0; i < n && !detached; i++)
		detached = take_key(s, typed[i]);
	r = send_held(s);
	return r < 0 ? r : detached ? ATTACH_DETACHED : 0;
}

static int say_lost(const char *data)
{
	uint64_t lost;
	char text[64];
	int n;

	memcpy(&lost, data, sizeof(lost));
	n = snprintf(text, sizeof(text), "\r\n[%llu bytes left out]\r\n",
		     (unsigned long long)lost);
	return io_write_out(STDERR_FILENO, text, (size_t)n, NULL, NULL);
}

/* One message of the monitor; 1: it has ended. */
static int take_message(struct session *s, const char *m, size_t len)
{
	int32_t status;

	switch (m[0]) {
	case ATTACH_STDOUT:
		return io_write_out(STDOUT_FILENO, m + 1, len - 1, NULL, NULL);
	case ATTACH_STDERR:
		return io_write_out(STDERR_FILENO, m + 1, len - 1, NULL, NULL);
	case ATTACH_LOST:
		return len == 1 + sizeof(uint64_t) ? say_lost(m + 1) : -EBADMSG;
	case ATTACH_EXIT:
		if (len != 1 + sizeof(status))
			return -EBADMSG;
		memcpy(&status, m + 1, sizeof(status));
		s->status = status;
		return 1;
	default:
		return 0; /* a newer monitor's */
	}
}

static int read_monitor(struct session *s)
{
	char m[1 + ATTACH_DATA_MAX];
	ssize_t n = recv(s->socket, m, sizeof(m), 0);

	/*
	 * A reset: the monitor has ended without reading what we sent. The kernel reports
	 * that once, before the monitor's own last messages, which can still be read.
	 */
	if (n < 0 && (errno == EINTR || errno == ECONNRESET))
		return 0;
	if (n > 0)
		return take_message(s, m, (size_t)n);
	/* gone without a word: the status may be on disk */
	n = background_wait(s->ct, -1, &s->status);
	return n < 0 ? (int)n : 1;
}

static int read_signal(struct session *s)
{
	struct signalfd_siginfo info;

	if (read(s->signals, &info, sizeof(info)) != sizeof(info))
		return 0;
	if (info.ssi_signo == SIGWINCH)
		return send_size(s, ATTACH_RESIZE);
	if (s->terminal)
		return -EINTR; /* not a key: somebody wants us to end */
	(void)container_kill(s->ct, (int)info.ssi_signo); /* it may have ended */
	return 0;
}

/* 0: it has ended; ATTACH_DETACHED; -errno. */
static int serve(struct session *s)
{
	for (;;) {
		const bool room = s->held_len + TYPED_MAX + sizeof(s->keys->keys) <=
				  ATTACH_DATA_MAX;
		struct pollfd p[] = {
			{ s->socket,
			  s->held_len || s->resized ? POLLIN | POLLOUT : POLLIN, 0 },
			{ s->signals, POLLIN, 0 },
			{ s->terminal && !s->in_closed && room ? STDIN_FILENO : -1,
			  POLLIN, 0 },
		};
		int r = poll(p, 3, -1) < 0 ? -errno : 0;

		if (r == -EINTR)
			continue; /* a signal handler of the caller ran */
		if (r == 0 && p[1].revents)
			r = read_signal(s);
		if (r == 0 && p[0].revents & POLLOUT)
			r = send_held(s);
		if (r == 0 && p[0].revents & POLLOUT && s->resized)
			r = send_size(s, ATTACH_RESIZE);
		if (r == 0 && p[0].revents & ~POLLOUT) {
			r = read_monitor(s);
			if (r == 1)
				return 0;
		}
		if (r == 0 && p[2].revents)
			r = read_keys(s);
		if (r != 0)
			return r;
	}
}

static int open_signals(struct session *s)
{
	static const int wanted[] = { SIGINT,  SIGQUIT, SIGTERM, SIGHUP,
				      SIGUSR1, SIGUSR2, SIGWINCH };
	struct sigaction action = { 0 };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		(void)sigaction(wanted[i], NULL, &action); /* cannot fail */
		if (action.sa_handler != SIG_IGN &&
		    (s->terminal || !s->keep_signals || wanted[i] == SIGWINCH))
			sigaddset(&set, wanted[i]);
	}
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signals < 0)
		return -errno;
	(void)pthread_sigmask(SIG_BLOCK, &set, &s->old); /* cannot fail */
	return 0;
}

static void enter_raw(struct session *s)
{
	struct termios modes;

	s->terminal = s->terminal && tcgetattr(STDIN_FILENO, &s->saved) == 0;
	if (!s->terminal)
		return;
	modes = s->saved;
	cfmakeraw(&modes);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &modes); /* it was a terminal just now */
}

int attach_serve(struct minc_container *ct, const struct detach_keys *keys,
		 bool keep_signals, int *ret_status)
{
	static const char want_output = ATTACH_OUTPUT;
	struct session s = {
		.ct = ct, .keys = keys, .signals = -EBADF, .keep_signals = keep_signals
	};
	const bool missed = ct->attached < 0; /* what the program has drawn */
	int r;

	s.socket = background_connect(ct, &s.terminal);
	if (s.socket < 0)
		return s.socket;
	r = open_signals(&s);
	if (r < 0) {
		fd_closep(&s.socket);
		return r;
	}
	enter_raw(&s);
	r = send_message(&s, &want_output, 1, 0);
	if (r == 0)
		r = send_size(&s, missed ? ATTACH_REDRAW : ATTACH_RESIZE);
	if (r == 0)
		r = serve(&s);
	if (s.terminal)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &s.saved); /* it may be gone */
	fd_closep(&s.signals);
	fd_closep(&s.socket);
	(void)pthread_sigmask(SIG_SETMASK, &s.old, NULL); /* cannot fail */
	if (r == 0 && ret_status)
		*ret_status = s.status;
	return r;
}
