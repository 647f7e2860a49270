/* SPDX-License-Identifier: MIT */
/* progress - see progress.h. Only cursor movement is used, no colours. */
#include "progress.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

#include "text.h"

enum {
	BAR_MAX = 40,
	COLUMNS_DEFAULT = 80,
	ROWS_DEFAULT = 24,
	DIGEST_DIGITS = 64,
	SHORT_DIGITS = 12,
	END_USEC = 500 * 1000, /* until the transfer notices the signal */
	TIDY_SECONDS = 5,      /* and for cleaning up */
	KILLED = 128
};

static const int ending[] = { SIGINT, SIGTERM };
static volatile sig_atomic_t cancelled; /* by this signal */

/*
 * It did not end in time, as it waits for a lock, a name server or a disk. Its files in
 * the store have no names, or temporary ones that a later process removes.
 */
static void give_up(int sig)
{
	static const char text[] = "marten: interrupted\n";
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

	(void)sig;
	/* The reader may have stopped, and is not waited for. */
	if (poll(&p, 1, 0) == 1 && write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(KILLED + cancelled);
	_exit(KILLED + cancelled);
}

/* It has noticed in time. What was made in part is removed, maybe many files. */
static void allow_tidying(void)
{
	const struct itimerval end = { .it_value = { .tv_sec = TIDY_SECONDS } };
	static bool allowed;

	if (!allowed)
		(void)setitimer(ITIMER_REAL, &end, NULL); /* cannot fail */
	allowed = true;
}

static void cancel(int sig)
{
	const struct itimerval end = { .it_value = { .tv_usec = END_USEC } };

	cancelled = sig;
	(void)signal(SIGALRM, give_up); /* neither can fail */
	(void)setitimer(ITIMER_REAL, &end, NULL);
}

int progress_cancelled(void)
{
	return cancelled;
}

/* "blob 5f70bf18a086": twelve digits say enough of a digest. */
static void shorten(char *ret, size_t size, const char *what)
{
	static const char hex[] = "0123456789abcdef";
	char text[512], *p;

	(void)printable(text, sizeof(text), what);
	for (p = text; *p; p++) {
		size_t n = strspn(p, hex);

		if (n == DIGEST_DIGITS) {
			memmove(p + SHORT_DIGITS, p + n, strlen(p + n) + 1);
			break;
		}
		p += n ? n - 1 : 0;
	}
	(void)snprintf(ret, size, "%.63s", text);
}

/* A new part; NULL if there are too many. */
static struct part *add(struct progress *p, const char *what)
{
	struct part *part = &p->parts[p->len];

	if (p->len == PROGRESS_PARTS)
		return NULL;
	*part = (struct part){ .said = false };
	(void)snprintf(part->what, sizeof(part->what), "%s", what);
	p->len++;
	return part;
}

static struct part *find(struct progress *p, const char *what)
{
	char clean[sizeof(p->parts->what)];
	int i;

	shorten(clean, sizeof(clean), what);
	for (i = 0; i < p->len; i++)
		if (strcmp(p->parts[i].what, clean) == 0)
			return &p->parts[i];
	return add(p, clean);
}

static void draw_bar(const struct progress *p, const struct part *part)
{
	int room = p->columns - 48, width = room > BAR_MAX ? BAR_MAX : room, full, i;

	if (width < 8 || !part->total)
		return;
	full = (int)((double)part->done / (double)part->total * width);
	(void)fputc('[', stderr);
	for (i = 0; i < width; i++)
		(void)fputc(i < full ? '=' : i == full ? '>' : ' ', stderr);
	(void)fputs("] ", stderr);
}

static void draw_part(const struct progress *p, const struct part *part)
{
	char done[32], total[32];

	(void)size_text(done, sizeof(done), part->done);
	(void)size_text(total, sizeof(total), part->total);
	(void)fprintf(stderr, "\r\033[K%-22.*s", p->columns > 24 ? 40 : 20, part->what);
	if (part->total && part->done >= part->total) {
		(void)fprintf(stderr, "%s\n", total);
		return;
	}
	draw_bar(p, part);
	if (part->total)
		(void)fprintf(stderr, "%s / %s\n", done, total);
	else
		(void)fprintf(stderr, "%s\n", done);
}

/* All lines again, or as many of the last as the screen has. */
static void draw(struct progress *p)
{
	int first = p->len < p->rows ? 0 : p->len - p->rows + 1, i;

	if (p->drawn)
		(void)fprintf(stderr, "\033[%dA", p->drawn);
	for (i = first; i < p->len; i++)
		draw_part(p, &p->parts[i]);
	p->drawn = p->len - first;
	(void)fflush(stderr);
}

static void say_done(struct part *part)
{
	if (part->said)
		return;
	part->said = true;
	(void)fprintf(stderr, "%s: done\n", part->what);
}

static int note(const char *what, uint64_t done, uint64_t total, void *userdata)
{
	struct progress *p = userdata;
	struct part *part = p->quiet ? NULL : find(p, what);

	if (part) {
		part->done = done;
		part->total = total;
	}
	if (part && p->terminal)
		draw(p);
	else if (part && total && done >= total)
		say_done(part);
	if (cancelled)
		allow_tidying();
	return cancelled;
}

static void measure(struct progress *p)
{
	const char *term = getenv("TERM");
	struct winsize size;

	p->rows = ROWS_DEFAULT;
	p->columns = COLUMNS_DEFAULT;
	if (!isatty(STDERR_FILENO) || !term || strcmp(term, "dumb") == 0)
		return;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col) {
		p->columns = size.ws_col;
		p->rows = size.ws_row;
	}
	p->terminal = p->rows > 2;
}

void progress_begin(struct progress *p, minc_transfer *t, bool quiet)
{
	struct sigaction action = { .sa_handler = cancel, .sa_flags = (int)SA_RESETHAND },
			 old;
	sigset_t timer;
	size_t i;

	memset(p, 0, sizeof(*p));
	p->quiet = quiet;
	measure(p);
	(void)sigemptyset(&action.sa_mask);
	for (i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		if (sigaction(ending[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			(void)sigaction(ending[i], &action, NULL); /* cannot fail */
	(void)sigemptyset(&timer); /* it may be blocked by our parent */
	(void)sigaddset(&timer, SIGALRM);
	(void)sigprocmask(SIG_UNBLOCK, &timer, NULL);
	minc_transfer_set_progress(t, note, p);
}

void progress_flush(struct progress *p)
{
	int i;

	for (i = 0; i < p->len; i++) {
		struct part *part = &p->parts[i];

		if (part->total)
			part->done = part->total; /* the last piece was not reported */
		else
			part->total = part->done; /* now it is known */
		if (!p->terminal)
			say_done(part);
	}
	if (p->terminal && p->len)
		draw(p);
	p->len = p->drawn = 0;
}

void progress_clear(struct progress *p)
{
	if (p->drawn)
		(void)fprintf(stderr, "\033[%dA\033[J", p->drawn);
	p->drawn = 0;
}

/* One that was cancelled ends soon, in order or by give_up(). */
void progress_end(struct progress *p, bool ok)
{
	struct sigaction old;
	size_t i;

	for (i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		if (sigaction(ending[i], NULL, &old) == 0 && old.sa_handler == cancel)
			(void)signal(ending[i], SIG_DFL);
	if (ok)
		progress_flush(p);
}
