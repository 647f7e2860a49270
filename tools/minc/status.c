/* SPDX-License-Identifier: MIT */
/* status - see status.h. A line is one write(2), and a SIGPIPE it makes is taken back. */
#include "status.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/utf8.h"

struct line {
	char text[8192];
	size_t len;
};

static void put(struct line *l, const char *s, size_t len)
{
	if (len > sizeof(l->text) - l->len)
		len = sizeof(l->text) - l->len;
	memcpy(l->text + l->len, s, len);
	l->len += len;
}

static void put_string(struct line *l, const char *s)
{
	char escape[8];

	put(l, "\"", 1);
	while (*s && l->len < sizeof(l->text) - 64) {
		size_t n = utf8_len((const unsigned char *)s);

		if (n == 0) {
			put(l, "\xef\xbf\xbd", 3); /* U+FFFD */
			n = 1;
		} else if (*s == '"' || *s == '\\' || (unsigned char)*s < ' ') {
			put(l, escape,
			    (size_t)snprintf(escape, sizeof(escape), "\\u%04x", *s));
		} else {
			put(l, s, n);
		}
		s += n;
	}
	put(l, "\"", 1);
}

static void put_number(struct line *l, const char *key, int n)
{
	char text[48];

	put(l, text,
	    (size_t)snprintf(text, sizeof(text), "%s\"%s\": %d", l->len ? ", " : "{", key,
			     n));
}

static void send_line(int fd, struct line *l)
{
	const struct timespec now = { 0 };
	sigset_t broken, old;

	put(l, "}\n", 2);
	(void)sigemptyset(&broken);
	(void)sigaddset(&broken, SIGPIPE);
	(void)sigprocmask(SIG_BLOCK, &broken, &old);
	if (write(fd, l->text, l->len) < 0)
		(void)sigtimedwait(&broken, NULL, &now); /* there may be none */
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
}

void status_started(int fd, int pid)
{
	struct line l;

	if (fd < 0)
		return;
	l.len = 0;
	put_number(&l, "child-pid", pid);
	send_line(fd, &l);
}

void status_ended(int fd, int code)
{
	struct line l;

	if (fd < 0)
		return;
	l.len = 0;
	put_number(&l, "exit-code", code);
	send_line(fd, &l);
}

void status_failed(int fd, int status, const char *error, int step, const char *origin)
{
	struct line l;

	if (fd < 0)
		return;
	l.len = 0;
	put_number(&l, "status", status);
	if (step > 0)
		put_number(&l, "step", step);
	put(&l, ", \"origin\": ", 12);
	put_string(&l, origin);
	put(&l, ", \"error\": ", 11);
	put_string(&l, error);
	send_line(fd, &l);
}
