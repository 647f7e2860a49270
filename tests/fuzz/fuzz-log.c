/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer entry: a log from anywhere. Nothing may crash, leak or hang; a refusal must
 * have a message; what is given out is never more than there is, and the last lines are
 * the end of the whole. The input: a byte that chooses the query, four 16-bit lengths,
 * then the contents of log.1, log.index.1, log and log.index.
 * Build with clang -fsanitize=fuzzer,address,undefined and log.c, log-file.c and err.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "live/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = { "log.1", "log.index.1", "log", "log.index" };

struct sum {
	size_t len;
	char text[4 * 65536];
};

static int collect(int stream, const char *data, size_t len, void *userdata)
{
	struct sum *sum = userdata;

	if (len > sizeof(sum->text) - sum->len)
		abort();
	memcpy(sum->text + sum->len, data, len);
	sum->len += len;
	return 0;
}

static size_t put_file(int dir, const char *name, const uint8_t *data, size_t len)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, len) != (ssize_t)len || close(fd) < 0)
		abort();
	return len;
}

static int read_log(int dir, const struct log_query *q, struct sum *sum)
{
	struct err e = { 0 };
	int r;

	sum->len = 0;
	r = log_read(dir, q, collect, sum, &e);
	if ((r < 0) != (e.message[0] != '\0'))
		abort();
	return r;
}

/* Whether the entries are in order and within the text: both ways to read must agree. */
static bool is_sane(const uint8_t *index, size_t len, size_t text_len)
{
	uint64_t before = 0;

	for (; len >= sizeof(struct log_entry); len -= sizeof(struct log_entry)) {
		struct log_entry e;

		memcpy(&e, index, sizeof(e));
		if (e.offset < before || e.offset > text_len)
			return false;
		before = e.offset;
		index += sizeof(e);
	}
	return true;
}

static void check(int dir, uint8_t choice, bool sane)
{
	static struct sum all, last;
	struct log_query q = { .streams = choice & 6 ? choice & 6 : 6,
			       .follow = choice & 1,
			       .since_ns = choice & 8 ? 1u << 30 : 0,
			       .tail = -1 };

	if (choice & 16) { /* times add to the text: nothing to compare */
		q.tail = choice >> 5;
		(void)read_log(dir, &q, &all); /* only its end matters */
		return;
	}
	if (read_log(dir, &q, &all) < 0)
		return;
	q.tail = choice >> 5;
	if (read_log(dir, &q, &last) < 0 && sane)
		abort();
	if (sane && (last.len > all.len ||
		     memcmp(all.text + all.len - last.len, last.text, last.len) != 0))
		abort();
}

static char base[] = "/tmp/minc-fuzz-log-XXXXXX";
static int dir = -1;

static void remove_all(void)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlinkat(dir, names[i], 0); /* not each input has all of them */
	if (rmdir(base) < 0)
		perror(base);
}

static void make_directory(void)
{
	if (!mkdtemp(base) || (dir = open(base, O_DIRECTORY | O_CLOEXEC)) < 0 ||
	    atexit(remove_all) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *p = data + 9;
	size_t i, text_len = 0;
	bool sane = true;

	if (dir < 0)
		make_directory();
	if (size < 9)
		return 0;
	for (i = 0; i < 4; i++) {
		size_t left = size - (size_t)(p - data);
		size_t len = data[1 + 2 * i] | (size_t)data[2 + 2 * i] << 8;

		len = put_file(dir, names[i], p, len < left ? len : left);
		if (i % 2)
			sane = is_sane(p, len, text_len) && sane;
		text_len = len;
		p += len;
	}
	check(dir, data[0], sane);
	return 0;
}
