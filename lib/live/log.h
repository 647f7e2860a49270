/* SPDX-License-Identifier: MIT */
/*
 * log - how a background container's output lies on disk. "log" is what was written, byte
 * by byte and nothing else, so that cat(1) and tail(1) serve. "log.index" says when and
 * by which stream: an array of struct log_entry in the machine's byte order. When "log"
 * is full, both become "log.1" and "log.index.1" and new ones begin at offset 0.
 *
 * Written by the monitor (monitor-log.c) only, read by anybody who may (log.c). The
 * index is written before the text it speaks of, and a reader may see any prefix of both.
 * Which index belongs to which text has to be clear at any moment: "log.index" is renamed
 * first, then "log", which is not empty; then a new "log" is made, and its index last.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define LOG_NAME       "log"
#define LOG_INDEX_NAME "log.index"
#define LOG_OLD_SUFFIX ".1"

/*
 * A new entry begins when the stream changes, this much time passed, or bytes were lost.
 */
#define LOG_ENTRY_NS 10000000ull

enum log_stream { LOG_STDOUT = 1, LOG_STDERR = 2 };

/* The bytes of "log" from @offset to the next entry's, or to the end. */
struct log_entry {
	uint64_t offset;
	uint64_t time_ns; /* CLOCK_REALTIME */
	uint32_t stream;  /* enum log_stream */
	uint32_t
		lost; /* bytes that could not be written right before; ~0: that or more */
};

/* What a reader wants. */
struct log_query {
	unsigned streams;  /* 1 << LOG_STDOUT, 1 << LOG_STDERR */
	bool follow;       /* until the container ended */
	bool timestamps;   /* before each line */
	uint64_t since_ns; /* leave out what is older */
	long tail;         /* last lines; -1: all */
};

/* A piece of output; not 0 ends log_read(), which returns it. */
typedef int (*log_output_fn)(int stream, const char *data, size_t len, void *userdata);

/*
 * Read the log of the state directory @dir. Follows until "status" is there, or nobody
 * holds "lock" any more, and all was read. -EBADMSG: damaged, with a message in @e.
 */
int log_read(int dir, const struct log_query *q, log_output_fn fn, void *userdata,
	     struct err *e);
