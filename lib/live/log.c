/* SPDX-License-Identifier: MIT */
/*
 * log - read what a background container has written (the format: log.h).
 *
 * There are at most two files of text with their indexes, the old one and the one that is
 * written. A reader holds both by descriptor, so that what it reads cannot be exchanged;
 * names are looked at only to find the next file. The state directory may be anything:
 * what is found in it is checked before use, nothing is allocated by its numbers.
 *
 * See inotify(7), flock(2). Does not know how a container is found (state.c).
 */
#include "live/log.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/lease.h"
#include "base/rfc3339.h"
#include "live/log-file.h"

enum { TEXT_SIZE = 64 * 1024, FALLBACK_MS = 250 };

struct reader {
	const struct log_query *query;
	log_output_fn fn;
	void *userdata;
	char *text;       /* TEXT_SIZE */
	bool in_line[3];  /* by stream: the last byte was not a newline */
	int last;         /* stream that wrote last, or 0 */
	uint64_t lost;    /* bytes, to be mentioned before the next text, or at the end */
	bool lost_more;   /* or more */
	uint64_t lost_ns; /* when that began */
};

static int put(struct reader *r, int stream, const char *data, size_t len)
{
	return r->fn(stream, data, len, r->userdata);
}

static int put_time(struct reader *r, int stream, uint64_t time_ns)
{
	const int64_t seconds = (int64_t)(time_ns / 1000000000);
	char text[RFC3339_MAX + 1];
	size_t len;

	if (rfc3339_write(seconds, (int)(time_ns / 1000000 % 1000), text) < 0)
		return -EBADMSG;
	len = strlen(text);
	text[len++] = ' ';
	return put(r, stream, text, len);
}

/* A line about what is missing here, even if the line before is not complete. */
static int put_lost(struct reader *r, uint64_t time_ns, const char *what)
{
	int res = 0;

	if (!(r->query->streams & 1u << LOG_STDERR))
		return 0;
	if (r->last && r->in_line[r->last])
		res = put(r, LOG_STDERR, "\n", 1);
	if (res == 0 && r->query->timestamps)
		res = put_time(r, LOG_STDERR, time_ns);
	if (res == 0)
		res = put(r, LOG_STDERR, what, strlen(what));
	r->in_line[LOG_STDOUT] = r->in_line[LOG_STDERR] = false;
	return res;
}

/* A full disk makes one loss after the other: one line is enough. */
static int put_lost_bytes(struct reader *r)
{
	char line[96];

	if (r->lost == 0)
		return 0;
	(void)snprintf(line, sizeof(line), "[%s%llu bytes of output were lost]\n",
		       r->lost_more ? "at least " : "", (unsigned long long)r->lost);
	r->lost = 0;
	r->lost_more = false;
	return put_lost(r, r->lost_ns, line);
}

static void lose(struct reader *r, const struct log_entry *e)
{
	if (e->lost && r->lost == 0)
		r->lost_ns = e->time_ns;
	r->lost += e->lost;
	r->lost_more = r->lost_more || e->lost == UINT32_MAX;
}

/* Text of one entry, line by line only where each line gets its time. */
static int put_text(struct reader *r, const struct log_entry *e, const char *data,
		    size_t len)
{
	int stream = (int)e->stream, res = put_lost_bytes(r);

	while (len > 0 && res == 0) {
		const char *end = r->query->timestamps ? memchr(data, '\n', len) : NULL;
		size_t n = end ? (size_t)(end - data) + 1 : len;

		if (r->query->timestamps && !r->in_line[stream])
			res = put_time(r, stream, e->time_ns);
		if (res == 0)
			res = put(r, stream, data, n);
		r->in_line[stream] = data[n - 1] != '\n';
		r->last = stream;
		data += n;
		len -= n;
	}
	return res;
}

/* Not exactly the time: an entry's text may have come until the next one could begin. */
static bool is_new(const struct reader *r, const struct log_entry *e)
{
	return r->query->since_ns == 0 || e->time_ns >= r->query->since_ns ||
	       r->query->since_ns - e->time_ns < LOG_ENTRY_NS;
}

static bool is_wanted(const struct reader *r, const struct log_entry *e)
{
	return r->query->streams & 1u << e->stream && is_new(r, e);
}

/* Give out the text of the current entry up to @end. */
static int give(struct reader *r, struct log_file *f, uint64_t end)
{
	int res = 0;

	if (!is_wanted(r, &f->entry))
		f->position = end;
	while (f->position < end && res == 0) {
		size_t want = end - f->position < TEXT_SIZE ? (size_t)(end - f->position)
							    : TEXT_SIZE;
		ssize_t n = pread(f->text, r->text, want, (off_t)f->position);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EBADMSG; /* it became shorter */
		f->position += (uint64_t)n;
		res = put_text(r, &f->entry, r->text, (size_t)n);
	}
	return res;
}

/*
 * Give out what there is. The size is taken before the index is read: of all text that is
 * seen the entry is there.
 */
static int pump(struct reader *r, struct log_file *f)
{
	struct log_entry next;
	int res = log_file_measure(f);

	while (res == 0) {
		res = log_file_peek(f, &next);
		if (res < 0)
			return res;
		if (res == 0) /* no entry follows */
			return f->size > 0 && f->entries == 0 ? -EBADMSG
							      : give(r, f, f->size);
		res = give(r, f, next.offset < f->size ? next.offset : f->size);
		if (res != 0 || f->position < next.offset)
			return res; /* the text before it has to come first */
		log_file_take(f, &next);
		if (is_new(r, &next))
			lose(r, &next);
	}
	return res;
}

/* Count back over one stretch of text. 1: @ret_start is where the wanted lines begin. */
static int count_back(struct reader *r, struct log_file *f, uint64_t begin, uint64_t end,
		      bool *last_seen, long *lines, uint64_t *ret_start)
{
	while (end > begin) {
		size_t len = end - begin < TEXT_SIZE ? (size_t)(end - begin) : TEXT_SIZE;
		ssize_t n = pread(f->text, r->text, len, (off_t)(end - len));

		if (n < 0 && errno == EINTR)
			continue;
		if (n != (ssize_t)len)
			return n < 0 ? -errno : -EBADMSG;
		end -= len;
		if (!*last_seen) { /* the newline at the end ends the last line */
			*last_seen = true;
			len -= r->text[len - 1] == '\n';
		}
		while (len > 0) {
			const char *newline = memrchr(r->text, '\n', len);

			if (!newline)
				break;
			len = (size_t)(newline - r->text);
			if (--*lines == 0) {
				*ret_start = end + len + 1;
				return 1;
			}
		}
	}
	return 0;
}

/*
 * Move @f to where the last @lines lines begin, by the index from its end. 1: done; 0:
 * all of it is wanted, and *@lines more.
 */
static int seek_lines(struct reader *r, struct log_file *f, bool *last_seen, long *lines)
{
	uint64_t number = 0, end, start = 0;
	struct log_entry e;
	int res = log_file_measure(f);

	if (res == 0)
		res = log_file_count(f, &number);
	if (res < 0)
		return res;
	for (end = f->size; number > 0; number--) {
		res = log_file_entry(f, number - 1, &e);
		if (res < 0)
			return res;
		if (e.offset >= end)
			continue; /* no text yet; a damaged order is found when reading */
		if (is_wanted(r, &e))
			res = count_back(r, f, e.offset, end, last_seen, lines, &start);
		if (res < 0)
			return res;
		if (res == 1) {
			f->entries = number;
			f->entry = e;
			f->position = start;
			return 1;
		}
		end = e.offset;
	}
	return 0;
}

/* Nothing of @f is wanted but what comes. */
static int seek_end(struct log_file *f)
{
	struct log_entry e;
	int res = log_file_measure(f);

	while (res == 0) {
		res = log_file_peek(f, &e);
		if (res <= 0 || e.offset > f->size)
			break;
		log_file_take(f, &e);
		res = 0;
	}
	f->position = f->size;
	return res < 0 ? res : 0;
}

/* Where to begin in the old file and in the current one. */
static int seek_tail(struct reader *r, struct log_pair *p)
{
	long lines = r->query->tail;
	bool last_seen = false;
	int res;

	if (lines < 0)
		return 0;
	if (lines == 0) {
		log_file_close(&p->old);
		return log_file_is_open(&p->now) ? seek_end(&p->now) : 0;
	}
	res = log_file_is_open(&p->now) ? seek_lines(r, &p->now, &last_seen, &lines) : 0;
	if (res == 1) {
		log_file_close(&p->old);
		return 0;
	}
	if (res == 0 && log_file_is_open(&p->old))
		res = seek_lines(r, &p->old, &last_seen, &lines);
	return res < 0 ? res : 0;
}

static int pump_pair(struct reader *r, struct log_pair *p)
{
	int res = log_file_is_open(&p->old) ? pump(r, &p->old) : 0;

	log_file_close(&p->old);
	if (res == 0 && log_file_is_open(&p->now))
		res = pump(r, &p->now);
	return res;
}

/*
 * If another file is written now, give out the rest of ours and make *@p what follows it.
 * The monitor may have been faster than we by several files.
 */
static int next_file(int dir, struct reader *r, struct log_pair *p, bool *ret_moved)
{
	struct log_pair next;
	int res = log_pair_open(dir, &next);

	if (res < 0)
		return res;
	*ret_moved = log_file_is_open(&next.now) && !log_file_same(&next.now, &p->now);
	if (!*ret_moved) {
		log_pair_close(&next);
		return 0;
	}
	res = log_file_is_open(&p->now) ? pump(r, &p->now) : 0;
	if (log_file_same(&next.old, &p->now))
		log_file_close(&next.old);
	else if (res == 0 && log_file_is_open(&p->now))
		res = put_lost(r, p->now.entry.time_ns,
			       "[output was lost: it came faster than it was read]\n");
	log_pair_close(p);
	*p = next;
	return res;
}

/*
 * Whether nothing more will come: the exit status is known, or the monitor is gone, whose
 * death takes its lock away.
 */
static bool is_over(int dir)
{
	return faccessat(dir, "status", F_OK, 0) == 0 || lease_look(dir, "lock") != 1;
}

/* -EBADF if the user has no watches left: then the log is looked at now and then. */
static int watch(int dir)
{
	cleanup_close int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char path[40];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", dir);
	if (fd < 0 ||
	    inotify_add_watch(fd, path,
			      IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE |
				      IN_DELETE | IN_DELETE_SELF) < 0)
		return -EBADF;
	return take_fd(&fd);
}

/*
 * Until something happened in the directory; what, is found by looking. A file that was
 * closed may mean that the monitor is dying, and its lock goes a moment after: from then
 * on *@closed, which shortens the waits, finds that without another event.
 */
static int wait_for_change(int watch_fd, bool *closed)
{
	struct pollfd fd = { .fd = watch_fd, .events = POLLIN };
	_Alignas(struct inotify_event) char events[4096];
	ssize_t n, at;

	if (poll(&fd, 1, watch_fd < 0 || *closed ? FALLBACK_MS : -1) < 0)
		return -errno;
	while (watch_fd >= 0 && (n = read(watch_fd, events, sizeof(events))) > 0)
		for (at = 0; at < n;) {
			const struct inotify_event *e = (const void *)(events + at);

			*closed = *closed || e->mask & (IN_CLOSE_WRITE | IN_Q_OVERFLOW);
			at += (ssize_t)(sizeof(*e) + e->len);
		}
	return 0;
}

static int follow(int dir, int watch_fd, struct reader *r, struct log_pair *p)
{
	bool closed = false;

	for (;;) {
		bool over =
			is_over(dir); /* asked first: what came before is read below */
		bool moved = false;
		int res = pump_pair(r, p);

		if (res == 0)
			res = next_file(dir, r, p, &moved);
		if (res == 0 && moved)
			continue;
		if (res == 0 && !over)
			res = wait_for_change(watch_fd, &closed);
		if (res != 0 || over)
			return res;
	}
}

/* What the status says of the end: when it was, and all bytes that were lost. */
static bool read_status(int dir, uint64_t *ret_ended_ns, uint64_t *ret_lost)
{
	cleanup_close int fd =
		openat(dir, "status", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	unsigned long long ended, lost;
	char text[128];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		return false;
	text[n] = '\0';
	if (sscanf(text, "%*d %llu %llu", &ended, &lost) != 2)
		return false;
	*ret_ended_ns = ended;
	*ret_lost = lost;
	return true;
}

/*
 * A loss after which nothing more was written is in no entry: it is what the status says
 * more than all entries. That is only known while none of them was given up.
 */
static int lose_the_end(int dir, struct reader *r, const struct log_pair *p)
{
	struct log_file all = p->now;
	uint64_t ended_ns = 0, lost = 0;
	struct log_entry e;
	int res;

	if (!read_status(dir, &ended_ns, &lost) || lost == 0 ||
	    faccessat(dir, LOG_NAME LOG_OLD_SUFFIX, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	all.entries = all.cache_len = 0;
	while (log_file_is_open(&all) && (res = log_file_peek(&all, &e)) != 0) {
		if (res < 0)
			return res;
		if (e.lost == UINT32_MAX || e.lost > lost)
			return 0;
		lost -= e.lost;
		log_file_take(&all, &e);
	}
	e = (struct log_entry){ .time_ns = ended_ns };
	if (lost > 0 && is_new(r, &e)) {
		r->lost_ns = r->lost ? r->lost_ns : ended_ns;
		r->lost += lost;
	}
	return 0;
}

static int read_pair(int dir, int watch_fd, struct reader *r, struct log_pair *p)
{
	int res = seek_tail(r, p);

	if (res == 0)
		res = r->query->follow ? follow(dir, watch_fd, r, p) : pump_pair(r, p);
	if (res == 0)
		res = lose_the_end(dir, r, p);
	return res == 0 ? put_lost_bytes(r) : res;
}

int log_read(int dir, const struct log_query *q, log_output_fn fn, void *userdata,
	     struct err *e)
{
	/* Before the first look, so that nothing happens between the two. */
	cleanup_close int watch_fd = q->follow ? watch(dir) : -EBADF;
	struct reader r = { .query = q, .fn = fn, .userdata = userdata };
	struct log_pair pair;
	int res;

	r.text = malloc(TEXT_SIZE);
	if (!r.text)
		return err_set(e, -ENOMEM, "log");
	res = log_pair_open(dir, &pair);
	if (res == 0) {
		res = read_pair(dir, watch_fd, &r, &pair);
		log_pair_close(&pair);
	}
	free(r.text);
	if (res == -EBADMSG)
		return err_say(e, res, "log: its index is damaged");
	return res < 0 ? err_set(e, res, "log") : res;
}
