/* SPDX-License-Identifier: MIT */
/*
 * foreground - the waiting side of a container that runs in somebody's terminal.
 *
 * One thread, one poll(2): the container's pidfd, a signalfd, the caller's terminal and
 * the master of the container's. Signals are blocked, never handled, because the process
 * is not ours. Those that the caller ignores stay ignored (nohup(1), background jobs of
 * scripts).
 *
 * Job control follows the shell's view. In the foreground the terminal is raw: every key
 * goes to the container, whose own line discipline makes the signals. In the background
 * it is left alone and not read. Before we stop, the modes are put back.
 *
 * The difficult case is process 1 of a pid namespace: the kernel withholds from it every
 * signal that it does not catch, so ^C at "minc sleep 9" would do nothing. The bytes that
 * mean a signal are therefore watched on their way, and the signal's default action is
 * asked for when process 1 is the group that its terminal signals.
 *
 * Making the terminal is a step of the plan, not done here. See pty(7), termios(3),
 * signalfd(2), credentials(7), pid_namespaces(7).
 */
#include "tty/foreground.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "tty/outputs.h"

/* A shell gives no signal when it brings a running job to the foreground: poll for it. */
#define BACKGROUND_POLL_MS 500

struct buffer {
	size_t start, len;
	char data[8192];
};

struct session {
	const struct foreground *ct;
	int signals;  /* signalfd */
	int in, out;  /* the caller's side */
	int tty;      /* in and out are this terminal; -EBADF if they are not one */
	int reopened; /* own descriptor of it, or -EBADF */
	int slave;    /* of the container's terminal, open after a hangup, or -EBADF */
	sigset_t watched;
	struct termios saved, modes; /* before and after going raw */
	bool raw;
	bool ended;         /* process 1 has exited: only its last output is left */
	bool in_closed;     /* nothing more to read from the caller */
	bool out_closed;    /* the output has no reader: drop it */
	bool master_closed; /* the container's terminal has ended */
	bool literal;       /* the next byte is quoted by VLNEXT */
	char last;          /* byte read from the caller */
	bool unserved;      /* it was killed for want of what serves it */
	struct buffer input, output; /* the last: not cleared, see foreground_wait() */
	struct outputs outputs;
};

static bool in_foreground(const struct session *s)
{
	pid_t group = tcgetpgrp(s->tty);

	/* A terminal that is not our controlling one has no job control for us. */
	return group < 0 || group == getpgrp();
}

static void copy_size(const struct session *s)
{
	struct winsize size;

	if (s->tty >= 0 && !ioctl(s->tty, TIOCGWINSZ, &size))
		(void)ioctl(s->ct->terminal, TIOCSWINSZ, &size); /* cosmetic */
}

static void enter_raw(struct session *s)
{
	struct termios modes;

	if (s->tty < 0 || s->raw || !in_foreground(s) || tcgetattr(s->tty, &s->saved) < 0)
		return;
	modes = s->saved;
	cfmakeraw(&modes);
	/* In a pipeline others write to the terminal and count on its new lines. */
	if (!isatty(STDOUT_FILENO))
		modes.c_oflag = s->saved.c_oflag;
	if (tcsetattr(s->tty, TCSANOW, &modes) < 0)
		return;
	s->raw = true;
	/* The kernel adjusts: remember what it made of it. */
	if (tcgetattr(s->tty, &s->modes) < 0)
		s->modes = modes;
	copy_size(s);
}

static void leave_raw(struct session *s)
{
	struct termios now;

	if (!s->raw)
		return;
	s->raw = false;
	/* Modes that another program has set since are its own to restore. */
	if (!in_foreground(s) || tcgetattr(s->tty, &now) < 0 ||
	    now.c_lflag != s->modes.c_lflag)
		return;
	(void)tcsetattr(s->tty, TCSANOW, &s->saved); /* the terminal is gone */
}

static void resume(struct session *s)
{
	(void)s->ct->kill(s->ct->userdata, SIGCONT); /* it may have ended */
	/* After SIGSTOP nothing was put back, but the shell has set its own modes. */
	if (s->raw && in_foreground(s))
		(void)tcsetattr(s->tty, TCSANOW, &s->modes); /* the terminal is gone */
	enter_raw(s);
	copy_size(s);
}

/*
 * Stop as the shell expects. SIGTSTP with its default meaning rather than SIGSTOP: the
 * kernel discards it when nobody is there to continue us (an orphaned group).
 */
static void stop_self(void)
{
	struct sigaction action = { 0 };
	sigset_t stop;

	(void)sigaction(SIGTSTP, NULL, &action);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	if (action.sa_handler == SIG_DFL) {
		(void)raise(SIGTSTP);
		(void)pthread_sigmask(SIG_UNBLOCK, &stop, NULL); /* stops here */
		(void)pthread_sigmask(SIG_BLOCK, &stop, NULL);
	} else {
		(void)raise(SIGSTOP);
	}
}

static void close_output(struct session *s)
{
	s->out_closed = true;
	s->output.len = 0;
}

static void suspend(struct session *s)
{
	leave_raw(s);
	(void)s->ct->kill(s->ct->userdata, SIGTSTP); /* it may have ended */
	stop_self();
	resume(s);
}

static void take_signal(struct session *s, int sig)
{
	if (sig == SIGTSTP)
		suspend(s);
	else if (sig == SIGCONT)
		resume(s);
	else if (sig == SIGWINCH && s->tty >= 0)
		copy_size(s);
	else if (!s->ended)
		(void)s->ct->kill(s->ct->userdata, sig); /* it may have ended */
	else if (sig != SIGWINCH) {
		close_output(s); /* the user does not want to wait for it */
		outputs_drop(&s->outputs);
	}
}

static void read_signals(struct session *s)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		take_signal(s, (int)info.ssi_signo);
}

/* The container's terminal has made @sig of a key. */
static void typed_signal(struct session *s, int sig)
{
	pid_t group;

	if (ioctl(s->ct->terminal, TIOCGPGRP, &group) < 0 || group != s->ct->pid)
		return;
	/* Never stop the container if we cannot hand the terminal back to a shell. */
	if (sig == SIGTSTP && !sigismember(&s->watched, SIGTSTP))
		return;
	if (s->ct->default_action(s->ct->userdata, sig) > 0 && sig == SIGTSTP)
		(void)kill(0, SIGTSTP); /* the whole job, ourselves by way of signalfd */
}

static void watch_keys(struct session *s, const struct termios *t, const char *keys,
		       ssize_t len)
{
	static const struct {
		int key, sig;
	} table[] = { { VINTR, SIGINT }, { VQUIT, SIGQUIT }, { VSUSP, SIGTSTP } };
	ssize_t i;
	size_t k;

	for (i = 0; i < len; i++) {
		cc_t c = (cc_t)keys[i];

		if (s->literal || c == _POSIX_VDISABLE) {
			s->literal = false;
			continue;
		}
		s->literal = (t->c_lflag & ICANON) && (t->c_lflag & IEXTEN) &&
			     c == t->c_cc[VLNEXT];
		for (k = 0; k < sizeof(table) / sizeof(table[0]); k++)
			if ((t->c_lflag & ISIG) && c == t->c_cc[table[k].key])
				typed_signal(s, table[k].sig);
	}
}

/* Caller's bytes to the container. */
static void write_input(struct session *s)
{
	struct buffer *b = &s->input;
	const char *keys = b->data + b->start;
	struct termios t;
	bool known = tcgetattr(s->ct->terminal, &t) == 0;
	ssize_t n = write(s->ct->terminal, keys, b->len);

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			b->len = 0; /* it will never be read */
		return;
	}
	b->start += (size_t)n;
	b->len -= (size_t)n;
	if (known)
		watch_keys(s, &t, keys, n);
}

/*
 * The caller's input has ended: type what means that. In the middle of a line the first
 * VEOF only hands the line over. A terminal does not end, it hangs up, with a signal.
 */
static void close_input(struct session *s)
{
	struct buffer *b = &s->input;
	struct termios t;

	s->in_closed = true;
	if (s->tty >= 0 || tcgetattr(s->ct->terminal, &t) < 0 || !(t.c_lflag & ICANON))
		return;
	b->start = 0;
	b->data[b->len++] = (char)t.c_cc[VEOF];
	if (s->last && s->last != '\n')
		b->data[b->len++] = (char)t.c_cc[VEOF];
}

static void read_input(struct session *s)
{
	struct buffer *b = &s->input;
	ssize_t n = read(s->in, b->data, sizeof(b->data));

	if (n > 0) {
		b->start = 0;
		b->len = (size_t)n;
		s->last = b->data[n - 1];
	} else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	} else if (n < 0 && s->tty >= 0 && !in_foreground(s)) {
		s->raw = false; /* a new foreground program has set the modes it wants */
	} else {
		close_input(s);
	}
}

/*
 * All slaves are closed. They may be opened again by a container that lives on, and the
 * master would report the hangup without end until then: be a slave ourselves.
 */
static void hold_slave(struct session *s)
{
	fd_closep(&s->slave);
	s->slave = ioctl(s->ct->terminal, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (s->slave < 0) {
		s->master_closed = s->in_closed = true;
		s->input.len = 0;
	}
}

/* Read the container's bytes, to the empty buffer; false if there are none now. */
static bool read_output(struct session *s)
{
	struct buffer *b = &s->output;
	ssize_t n;

	if (s->ct->terminal < 0 || s->master_closed)
		return false;
	n = read(s->ct->terminal, b->data, sizeof(b->data));
	if (n > 0) {
		b->start = 0;
		b->len = s->out_closed ? 0 : (size_t)n;
		return true;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (!s->ended)
		hold_slave(s);
	return false;
}

static void write_output(struct session *s)
{
	struct buffer *b = &s->output;
	ssize_t n = write(s->out, b->data + b->start, b->len);

	if (n >= 0) {
		b->start += (size_t)n;
		b->len -= (size_t)n;
	} else if (errno != EAGAIN && errno != EINTR) {
		close_output(s);
	}
}

enum {
	ON_PIDFD,
	ON_SIGNALS,
	ON_IN,
	ON_OUT,
	ON_MASTER,
	ON_OUTPUTS,
	ON_WATCHED = ON_OUTPUTS + OUTPUTS,
	ON_MAX = ON_WATCHED + HELD_WATCHED_MAX
};

/* How many of @p. */
static size_t watch(const struct session *s, struct pollfd *p)
{
	bool terminal = s->ct->terminal >= 0 && !s->ended;
	bool listen = terminal && !s->in_closed && (s->raw || s->tty < 0);
	bool open = terminal && !s->master_closed;
	short master = 0;

	if (open && !s->output.len)
		master = POLLIN;
	if (open && s->input.len)
		master |= POLLOUT;
	p[ON_PIDFD] = (struct pollfd){ s->ended ? -1 : s->ct->pidfd, POLLIN, 0 };
	p[ON_SIGNALS] = (struct pollfd){ s->signals, POLLIN, 0 };
	p[ON_IN] = (struct pollfd){ listen && !s->input.len ? s->in : -1, POLLIN, 0 };
	p[ON_OUT] = (struct pollfd){ s->output.len ? s->out : -1, POLLOUT, 0 };
	p[ON_MASTER] = (struct pollfd){ master ? s->ct->terminal : -1, master, 0 };
	outputs_watch(&s->outputs, p + ON_OUTPUTS);
	return ON_WATCHED +
	       (s->ended || s->unserved ? 0 : held_watch(s->ct->held, p + ON_WATCHED));
}

static void copy(struct session *s, const struct pollfd *p)
{
	if (p[ON_IN].revents)
		read_input(s);
	if (p[ON_MASTER].revents) {
		if (!s->output.len)
			(void)read_output(s); /* nothing now: poll again */
		else if (p[ON_MASTER].revents & POLLHUP)
			hold_slave(s);
	}
	if (s->input.len)
		write_input(s);
	if (p[ON_OUT].revents && s->output.len)
		write_output(s);
}

static bool is_done(struct session *s)
{
	if (!s->ended || s->output.len || (!s->out_closed && read_output(s)))
		return false;
	return outputs_are_empty(&s->outputs);
}

/* Until process 1 ended and its output is written. */
static int serve(struct session *s)
{
	struct pollfd p[ON_MAX];
	size_t n;
	int r;

	for (;;) {
		if (is_done(s))
			return 0;
		n = watch(s, p);
		r = poll(p, n, s->tty >= 0 && !s->raw ? BACKGROUND_POLL_MS : -1);
		if (r < 0 && errno == EINTR)
			continue; /* a signal handler of the caller ran */
		if (r < 0)
			return -errno;
		if (s->tty >= 0 && !s->ended)
			enter_raw(s);
		if (p[ON_SIGNALS].revents)
			read_signals(s);
		if (s->ct->terminal >= 0)
			copy(s, p);
		outputs_copy(&s->outputs, p + ON_OUTPUTS);
		for (size_t i = ON_WATCHED; i < n && !s->unserved; i++) {
			s->unserved = p[i].revents;
			if (s->unserved)
				/* or it has ended */
				(void)s->ct->kill(s->ct->userdata, SIGKILL);
		}
		if (p[ON_PIDFD].revents)
			s->ended = true;
	}
}

/* First of 0, 1, 2 that is a terminal and not opened as @useless; -EBADF without one. */
static int find_terminal(int useless)
{
	int fd, flags;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		flags = fcntl(fd, F_GETFL);
		if (flags >= 0 && (flags & O_ACCMODE) != useless && isatty(fd))
			return fd;
	}
	return -EBADF;
}

/*
 * A descriptor of terminal @fd of our own. O_NONBLOCK belongs to the open file, which @fd
 * shares with the shell and every other program in the terminal. /dev/tty comes first:
 * after su(1) the terminal's own device file cannot be opened.
 */
static int reopen_terminal(int fd)
{
	const int flags = O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
	cleanup_close int own = open("/dev/tty", flags);
	unsigned a, b;
	char path[32];

	if (own >= 0 && !ioctl(fd, TIOCGDEV, &a) && !ioctl(own, TIOCGDEV, &b) && a == b)
		return take_fd(&own);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags);
}

static void open_caller(struct session *s)
{
	s->in = find_terminal(O_WRONLY);
	s->out = find_terminal(O_RDONLY);
	s->tty = s->in >= 0 ? s->in : s->out;
	if (s->tty < 0) {
		s->in = STDIN_FILENO;
		s->out = STDOUT_FILENO;
		return;
	}
	s->reopened = reopen_terminal(s->tty);
	if (s->reopened >= 0)
		s->in = s->out = s->tty = s->reopened;
	s->in_closed = s->in < 0;
	s->out_closed = s->out < 0;
}

/* Block what is to be forwarded, unless the caller ignores it, and open the signalfd. */
static int open_signals(struct session *s, sigset_t *ret_old)
{
	static const int wanted[] = { SIGINT,  SIGQUIT,  SIGTERM, SIGHUP, SIGUSR1,
				      SIGUSR2, SIGWINCH, SIGTSTP, SIGCONT };
	struct sigaction action = { 0 };
	sigset_t blocked;
	size_t i;

	sigemptyset(&s->watched);
	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		bool needed = wanted[i] == SIGWINCH || wanted[i] == SIGCONT;

		(void)sigaction(wanted[i], NULL, &action); /* cannot fail */
		if (needed || action.sa_handler != SIG_IGN)
			sigaddset(&s->watched, wanted[i]);
	}
	s->signals = signalfd(-1, &s->watched, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signals < 0)
		return -errno;
	/* Blocked, these make reading in the background fail and all else succeed. */
	blocked = s->watched;
	sigaddset(&blocked, SIGTTIN);
	sigaddset(&blocked, SIGTTOU);
	sigaddset(&blocked, SIGPIPE);
	(void)pthread_sigmask(SIG_BLOCK, &blocked, ret_old); /* cannot fail */
	return 0;
}

/* A SIGPIPE that our own write made must not reach the caller. */
static void restore_signals(const struct session *s, const sigset_t *old)
{
	const struct timespec now = { 0 };
	sigset_t broken;

	sigemptyset(&broken);
	sigaddset(&broken, SIGPIPE);
	if ((s->out_closed || s->outputs.broken) && !sigismember(old, SIGPIPE))
		(void)sigtimedwait(&broken, NULL, &now); /* there may be none */
	(void)pthread_sigmask(SIG_SETMASK, old, NULL);
}

int foreground_wait(const struct foreground *ct, int *ret_status)
{
	struct session s; /* 16 KiB: the buffers are not cleared, so mostly untouched */
	sigset_t old;
	int flags = 0, r;

	memset(&s, 0, offsetof(struct session, input));
	s.input.len = s.output.len = 0;
	s.ct = ct;
	s.tty = s.reopened = s.slave = -EBADF;
	r = open_signals(&s, &old);
	if (r < 0)
		return r;
	outputs_begin(&s.outputs, ct->held);
	if (ct->terminal >= 0) {
		open_caller(&s);
		flags = fcntl(ct->terminal, F_GETFL);
		(void)fcntl(ct->terminal, F_SETFL, flags | O_NONBLOCK); /* cannot fail */
		enter_raw(&s);
	}
	r = serve(&s);
	if (ct->terminal >= 0)
		(void)fcntl(ct->terminal, F_SETFL, flags); /* cannot fail */
	leave_raw(&s);
	fd_closep(&s.signals);
	fd_closep(&s.reopened);
	fd_closep(&s.slave);
	outputs_drop(&s.outputs);
	restore_signals(&s, &old);
	if (r == 0 && s.outputs.failed < 0)
		r = s.outputs.failed;
	return r < 0 ? r : ct->wait(ct->userdata, ret_status);
}
