/* SPDX-License-Identifier: MIT */
/*
 * log - how a background container's output lies on disk. "log" is what was written, byte
 * by byte and nothing else, so that cat(1) and tail(1) serve. "log.index" says when and by
 * which stream: an array of struct log_entry in the machine's byte order. When "log" is
 * full, both become "log.1" and "log.index.1" and new ones begin at offset 0.
 *
 * Written by the monitor (monitor-program.c) only, read by anybody who may (log.c). The
 * index is written before the text it speaks of, and a reader may see any prefix of both.
 */
#pragma once

#include <stdint.h>

#define LOG_NAME	"log"
#define LOG_INDEX_NAME	"log.index"
#define LOG_OLD_SUFFIX	".1"

/* A new entry begins when the stream changes, this much time passed, or bytes were lost. */
#define LOG_ENTRY_NS	10000000ull

enum log_stream { LOG_STDOUT = 1, LOG_STDERR = 2 };

/* The bytes of "log" from @offset to the next entry's, or to the end. */
struct log_entry {
	uint64_t offset;
	uint64_t time_ns; /* CLOCK_REALTIME */
	uint32_t stream;  /* enum log_stream */
	uint32_t lost;	  /* bytes that could not be written right before; ~0: that or more */
};
