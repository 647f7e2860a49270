/* SPDX-License-Identifier: MIT */
/*
 * log_read(): what a background container has written, from files made by hand: whole
 * ones, half ones, hostile ones, and ones that a monitor of our own writes and renames
 * meanwhile.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "live/log.h"
#include "suite.h"

enum { OUT = LOG_STDOUT, ERR = LOG_STDERR, BOTH = 1 << OUT | 1 << ERR };

#define SECOND 1000000000ull

static char base[32], got[1 << 20];
static int dir;
static size_t got_len;
static int last_stream;
static struct err err;

static void setup(void)
{
	strcpy(base, "/tmp/minc-log-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(base));
	dir = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir, 0);
	got_len = 0;
	err_clear(&err);
}

static void teardown(void)
{
	static const char *const names[] = { "log",         "log.index", "log.1",
					     "log.index.1", "status",    "lock" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlinkat(dir, names[i], 0); /* most tests make two of them */
	close(dir);
	ck_assert_int_eq(rmdir(base), 0);
}

static void append(const char *name, const void *data, size_t len)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
	close(fd);
}

static void entry(const char *name, uint64_t offset, uint64_t time_ns, uint32_t stream,
		  uint32_t lost)
{
	const struct log_entry e = { offset, time_ns, stream, lost };

	append(name, &e, sizeof(e));
}

/* One write of the container, as the monitor does it. */
static void says(const char *name, uint64_t time_ns, uint32_t stream, const char *text)
{
	char index[32];
	struct stat st = { 0 };

	(void)fstatat(dir, name, &st, 0);
	snprintf(index, sizeof(index), "log.index%s", name + strlen("log"));
	entry(index, (uint64_t)st.st_size, time_ns, stream, 0);
	append(name, text, strlen(text));
}

static int collect(int stream, const char *data, size_t len, void *userdata)
{
	ck_assert(stream == OUT || stream == ERR);
	ck_assert_uint_gt(len, 0);
	ck_assert_uint_lt(got_len + len, sizeof(got));
	memcpy(got + got_len, data, len);
	got_len += len;
	got[got_len] = '\0';
	last_stream = stream;
	return 0;
}

static int reads(struct log_query q)
{
	got_len = 0;
	got[0] = '\0';
	err_clear(&err);
	if (!q.streams)
		q.streams = BOTH;
	return log_read(dir, &q, collect, NULL, &err);
}

#define ck_reads(text, ...)                                                    \
	do {                                                                   \
		ck_assert_int_eq(reads((struct log_query){ __VA_ARGS__ }), 0); \
		ck_assert_str_eq(got, text);                                   \
	} while (0)

START_TEST(no_log_is_an_empty_log)
{
	ck_reads("", .tail = -1);
	ck_reads("", .tail = 5);
	append("log", "", 0);
	append("log.index", "", 0);
	ck_reads("", .tail = -1);
	ck_reads("", .tail = 0);
}
END_TEST

START_TEST(streams_are_kept_apart_and_in_order)
{
	says("log", SECOND, OUT, "one\n");
	says("log", SECOND, ERR, "two\n");
	says("log", 2 * SECOND, OUT, "three");
	ck_reads("one\ntwo\nthree", .tail = -1);
	ck_reads("one\nthree", .tail = -1, .streams = 1 << OUT);
	ck_reads("two\n", .tail = -1, .streams = 1 << ERR);
	ck_assert_int_eq(last_stream, ERR);
}
END_TEST

START_TEST(the_old_file_comes_first)
{
	says("log.1", SECOND, OUT, "old\n");
	says("log", 2 * SECOND, OUT, "new\n");
	ck_reads("old\nnew\n", .tail = -1);
}
END_TEST

START_TEST(since_leaves_out_what_is_older)
{
	says("log.1", 10 * SECOND, OUT, "a\n");
	says("log", 20 * SECOND, OUT, "b\n");
	says("log", 5 * SECOND, OUT, "the clock was put back\n");
	says("log", 30 * SECOND, ERR, "c\n");
	ck_reads("b\nc\n", .tail = -1, .since_ns = 20 * SECOND);
	ck_reads("b\nc\n", .tail = -1, .since_ns = 20 * SECOND + LOG_ENTRY_NS - 1);
	ck_reads("c\n", .tail = -1, .since_ns = 20 * SECOND + LOG_ENTRY_NS);
	ck_reads("", .tail = -1, .since_ns = 40 * SECOND);
	ck_reads("", .tail = -1, .since_ns = UINT64_MAX);
	ck_reads("c\n", .tail = 1, .since_ns = 10 * SECOND);
}
END_TEST

START_TEST(tail_counts_lines_from_the_end)
{
	says("log.1", SECOND, OUT, "1\n2\n");
	says("log", SECOND, OUT, "3\n");
	says("log", SECOND, ERR, "4\n");
	says("log", SECOND, OUT, "5\n6\n");
	ck_reads("", .tail = 0);
	ck_reads("6\n", .tail = 1);
	ck_reads("5\n6\n", .tail = 2);
	ck_reads("4\n5\n6\n", .tail = 3);
	ck_reads("3\n4\n5\n6\n", .tail = 4);
	ck_reads("2\n3\n4\n5\n6\n", .tail = 5);
	ck_reads("1\n2\n3\n4\n5\n6\n", .tail = 6);
	ck_reads("1\n2\n3\n4\n5\n6\n", .tail = 7);
	ck_reads("3\n5\n6\n", .tail = 3, .streams = 1 << OUT);
	ck_reads("4\n", .tail = 3, .streams = 1 << ERR);
	says("log", SECOND, ERR, "half");
	ck_reads("half", .tail = 1);
	ck_reads("6\nhalf", .tail = 2);
}
END_TEST

START_TEST(tail_of_one_line_that_spans_files_and_entries)
{
	says("log.1", SECOND, OUT, "x\nbegin");
	says("log", SECOND, OUT, "middle");
	says("log", 2 * SECOND, OUT, "end\n");
	ck_reads("beginmiddleend\n", .tail = 1);
	ck_reads("", .tail = 1, .streams = 1 << ERR);
}
END_TEST

/*
 * Every number of lines of a log that is larger than any buffer, against a plain count.
 */
START_TEST(tail_of_much)
{
	const size_t lines = 40000;
	char *all = malloc(lines * 8 + 1), *p = all;
	size_t i;
	long tail;

	ck_assert_ptr_nonnull(all);
	for (i = 0; i < lines; i++)
		p += sprintf(p, "%06zu\n", i);
	for (i = 0; i < 1000; i++)
		entry("log.index", i * 280, SECOND + i, OUT, 0);
	append("log", all, (size_t)(p - all));
	for (tail = 1; tail <= (long)lines + 1; tail = tail * 5 / 3 + 1) {
		const char *want = tail >= (long)lines ? all : p - 7 * tail;

		ck_reads(want, .tail = tail);
	}
	ck_reads(p - 7 * 9362, .tail = 9362);
	ck_reads(p - 7 * 9363, .tail = 9363);
	free(all);
}
END_TEST

START_TEST(times_begin_each_line)
{
	says("log", 1700000000 * SECOND + 120000000, OUT, "a\nb");
	says("log", 1700000001 * SECOND, ERR, "x\n");
	says("log", 1700000001 * SECOND, OUT, "c\n\n");
	ck_reads("2023-11-14T22:13:20.120Z a\n2023-11-14T22:13:20.120Z b"
		 "2023-11-14T22:13:21.000Z x\nc\n2023-11-14T22:13:21.000Z \n",
		 .tail = -1, .timestamps = true);
}
END_TEST

START_TEST(a_loss_is_mentioned_in_its_place)
{
	says("log", SECOND, OUT, "before");
	entry("log.index", 6, 2 * SECOND, OUT, 77);
	append("log", "after\n", 6);
	entry("log.index", 12, 3 * SECOND, ERR, UINT32_MAX);
	ck_reads("before\n[77 bytes of output were lost]\nafter\n"
		 "[at least 4294967295 bytes of output were lost]\n",
		 .tail = -1);
	ck_assert_int_eq(last_stream, ERR);
	ck_reads("beforeafter\n", .tail = -1, .streams = 1 << OUT);
	says("log", 3 * SECOND, OUT, "last\n");
	ck_reads("[at least 4294967295 bytes of output were lost]\nlast\n", .tail = 1);
}
END_TEST

START_TEST(losses_without_text_between_are_one)
{
	says("log", SECOND, OUT, "before\n");
	entry("log.index", 7, 2 * SECOND, OUT, 4);
	entry("log.index", 7, 3 * SECOND, ERR, 5);
	entry("log.index", 7, 4 * SECOND, OUT, 6);
	append("log", "after\n", 6);
	ck_reads("before\n[15 bytes of output were lost]\nafter\n", .tail = -1);
	ck_reads("1970-01-01T00:00:02.000Z [15 bytes of output were lost]\n", .tail = -1,
		 .streams = 1 << ERR, .timestamps = true);
	ck_reads("[11 bytes of output were lost]\nafter\n", .tail = -1,
		 .since_ns = 3 * SECOND);
}
END_TEST

START_TEST(a_loss_at_the_end_is_known_from_the_status)
{
	says("log", SECOND, OUT, "before\n");
	entry("log.index", 7, 2 * SECOND, OUT, 4);
	append("status", "0 5000000000 9\n", 15);
	ck_reads("before\n[9 bytes of output were lost]\n", .tail = -1);
	ck_reads("before\n[9 bytes of output were lost]\n", .tail = -1, .follow = true);
	ck_reads("[5 bytes of output were lost]\n", .tail = 0);
	ck_reads("[5 bytes of output were lost]\n", .tail = -1, .since_ns = 5 * SECOND);
	ck_reads("", .tail = -1, .since_ns = 6 * SECOND);
	says("log.1", SECOND, OUT, "old\n"); /* and what was before it is not known */
	ck_reads("old\nbefore\n[4 bytes of output were lost]\n", .tail = -1);
}
END_TEST

static int refuse(int stream, const char *data, size_t len, void *userdata)
{
	return ++*(int *)userdata == 2 ? -EPIPE : 0;
}

static int enough(int stream, const char *data, size_t len, void *userdata)
{
	return 42;
}

START_TEST(the_receiver_may_end_it)
{
	const struct log_query q = { .streams = BOTH, .tail = -1 };
	int calls = 0;

	says("log.1", SECOND, OUT, "a\n");
	says("log", SECOND, OUT, "b\n");
	says("log", SECOND, ERR, "c\n");
	ck_assert_int_eq(log_read(dir, &q, refuse, &calls, &err), -EPIPE);
	ck_assert_int_eq(calls, 2);
	ck_assert_int_eq(log_read(dir, &q, enough, NULL, &err), 42);
}
END_TEST

START_TEST(half_an_index_entry_is_none)
{
	says("log", SECOND, OUT, "whole\n");
	append("log.index", "half an entry", 13);
	ck_reads("whole\n", .tail = -1);
	ck_reads("whole\n", .tail = 1);
}
END_TEST

START_TEST(an_entry_without_text_waits)
{
	says("log", SECOND, OUT, "text\n");
	entry("log.index", 5, SECOND, ERR, 0);
	entry("log.index", 4096, SECOND, ERR, 0);
	entry("log.index", UINT64_MAX, SECOND, ERR, 0);
	ck_reads("text\n", .tail = -1);
	ck_reads("text\n", .tail = 3);
	ck_reads("", .tail = 0);
}
END_TEST

static void ck_damaged(void)
{
	static const long tails[] = { -1, 1 };
	size_t i;

	for (i = 0; i < 2; i++) {
		ck_assert_int_eq(reads((struct log_query){ .tail = tails[i] }), -EBADMSG);
		ck_assert_str_ne(err.message, "");
		if (!strchr("log", got[0]))
			return;
	}
}

START_TEST(damage_is_refused)
{
	switch (_i) {
	case 0: /* text without an index */
		append("log", "text\n", 5);
		append("log.index", "", 0);
		ck_assert_int_eq(reads((struct log_query){ .tail = -1 }), -EBADMSG);
		return;
	case 1: /* text before the first entry */
		entry("log.index", 2, SECOND, OUT, 0);
		append("log", "text\n", 5);
		ck_assert_int_eq(reads((struct log_query){ .tail = -1 }), -EBADMSG);
		return;
	case 2: /* no such stream */
		entry("log.index", 0, SECOND, 3, 0);
		append("log", "text\n", 5);
		break;
	case 3: /* offsets that go back */
		entry("log.index", 0, SECOND, OUT, 0);
		entry("log.index", 4, SECOND, OUT, 0);
		entry("log.index", 2, SECOND, OUT, 0);
		append("log", "text\n", 5);
		ck_assert_int_eq(reads((struct log_query){ .tail = -1 }), -EBADMSG);
		return;
	case 4: /* other kinds of files */
		append("log.index", "", 0);
		ck_assert_int_eq(mkfifoat(dir, "log", 0600), 0);
		break;
	case 5:
		append("log", "", 0);
		ck_assert_int_eq(symlinkat("/etc/passwd", dir, "log.index"), 0);
		break;
	case 6: /* something else altogether */
		append("log", "text\n", 5);
		append("log.index", "{\"this\": \"is not an index at all\"}", 34);
		break;
	}
	ck_damaged();
}
END_TEST

/* The monitor renames the index first: then it still belongs to the current text. */
START_TEST(a_monitor_that_died_while_renaming)
{
	switch (_i) {
	case 0: /* the index only; the old text has lost its own */
		append("log.1", "old text without an index\n", 26);
		says("log", SECOND, OUT, "text\n");
		ck_assert_int_eq(renameat(dir, "log.index", dir, "log.index.1"), 0);
		break;
	case 1: /* and the text */
		says("log.1", SECOND, OUT, "text\n");
		break;
	case 2: /* and made a new text */
		says("log.1", SECOND, OUT, "text\n");
		append("log", "", 0);
		break;
	}
	ck_reads("text\n", .tail = -1);
	ck_reads("text\n", .tail = 1);
	ck_reads("text\n", .tail = -1, .follow = true);
}
END_TEST

/* A monitor: holds the lock, writes, renames, and ends with a status or without. */
struct monitor {
	pthread_t thread;
	int lock, lines, rotate_every;
	bool status;
};

static void rotate(void)
{
	ck_assert_int_eq(renameat(dir, "log.index", dir, "log.index.1"), 0);
	ck_assert_int_eq(renameat(dir, "log", dir, "log.1"), 0);
	append("log", "", 0);
	append("log.index", "", 0);
}

static void *monitor_main(void *data)
{
	struct monitor *m = data;
	char line[32];
	int i;

	for (i = 0; i < m->lines; i++) {
		if (m->rotate_every && i % m->rotate_every == m->rotate_every - 1)
			rotate();
		snprintf(line, sizeof(line), "line %d\n", i);
		says("log", SECOND, i % 2 ? OUT : ERR, line);
	}
	if (m->status)
		append("status", "0 0 0\n", 6);
	close(m->lock);
	/*
	 * What a monitor's end does to its log, in case the lock was a moment too late.
	 */
	append("log", "", 0);
	return NULL;
}

static void start_monitor(struct monitor *m)
{
	m->lock = openat(dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(m->lock, 0);
	ck_assert_int_eq(flock(m->lock, LOCK_EX), 0);
	append("log", "", 0);
	append("log.index", "", 0);
	ck_assert_int_eq(pthread_create(&m->thread, NULL, monitor_main, m), 0);
}

START_TEST(following_ends_with_the_status)
{
	struct monitor m = { .lines = 1000, .status = _i };
	int i, at = 0;

	start_monitor(&m);
	ck_assert_int_eq(reads((struct log_query){ .tail = -1, .follow = true }), 0);
	pthread_join(m.thread, NULL);
	for (i = 0; i < m.lines; i++) {
		char line[32];
		int len = snprintf(line, sizeof(line), "line %d\n", i);

		ck_assert_mem_eq(got + at, line, (size_t)len);
		at += len;
	}
	ck_assert_uint_eq(got_len, (size_t)at);
}
END_TEST

/* Whoever keeps up reads each byte once; whoever does not is told. */
START_TEST(following_survives_rotation)
{
	struct monitor m = { .lines = 3000, .rotate_every = 50, .status = true };
	const char *p;
	int next = 0, gaps = 0;

	start_monitor(&m);
	ck_assert_int_eq(reads((struct log_query){ .tail = -1, .follow = true }), 0);
	pthread_join(m.thread, NULL);
	for (p = got; *p; p = strchr(p, '\n') + 1) {
		int number;

		if (*p == '[') {
			gaps++;
			continue;
		}
		ck_assert_int_eq(sscanf(p, "line %d\n", &number), 1);
		if (next && gaps == 0)
			ck_assert_int_eq(number, next);
		ck_assert_int_ge(number, next);
		if (number > next)
			gaps = 0;
		next = number + 1;
	}
	ck_assert_int_eq(next, m.lines);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("log");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, no_log_is_an_empty_log);
	tcase_add_test(t, streams_are_kept_apart_and_in_order);
	tcase_add_test(t, the_old_file_comes_first);
	tcase_add_test(t, since_leaves_out_what_is_older);
	tcase_add_test(t, tail_counts_lines_from_the_end);
	tcase_add_test(t, tail_of_one_line_that_spans_files_and_entries);
	tcase_add_test(t, tail_of_much);
	tcase_add_test(t, times_begin_each_line);
	tcase_add_test(t, a_loss_is_mentioned_in_its_place);
	tcase_add_test(t, losses_without_text_between_are_one);
	tcase_add_test(t, a_loss_at_the_end_is_known_from_the_status);
	tcase_add_test(t, the_receiver_may_end_it);
	tcase_add_test(t, half_an_index_entry_is_none);
	tcase_add_test(t, an_entry_without_text_waits);
	tcase_add_loop_test(t, damage_is_refused, 0, 7);
	tcase_add_loop_test(t, a_monitor_that_died_while_renaming, 0, 3);
	tcase_add_loop_test(t, following_ends_with_the_status, 0, 2);
	tcase_add_test(t, following_survives_rotation);
	return run_case("log", t);
}
