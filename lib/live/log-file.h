/* SPDX-License-Identifier: MIT */
/*
 * log-file - a log's text with its index, held open; and which of them are there. For
 * log.c. The format is in log.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "live/log.h"

enum { LOG_CACHED = 64 };

struct log_file {
	int text, index; /* descriptors, or -EBADF */
	dev_t device;
	ino_t inode;            /* of the text */
	uint64_t size;          /* of the text, when it was measured */
	uint64_t position;      /* what is before it was given out or left out */
	uint64_t entries;       /* taken so far */
	struct log_entry entry; /* the last of them */
	struct log_entry cache[LOG_CACHED];
	uint64_t cache_first, cache_len;
};

struct log_pair {
	struct log_file old, now; /* neither, the newest, or both are open */
};

/*
 * Open the log of @dir. Both files, for one moment, even if the monitor changes names
 * meanwhile; -EBADMSG if something else has one of the names.
 */
int log_pair_open(int dir, struct log_pair *ret);
void log_pair_close(struct log_pair *p);

bool log_file_is_open(const struct log_file *f);
/* Both open and the same. */
bool log_file_same(const struct log_file *a, const struct log_file *b);
void log_file_close(struct log_file *f);

/* Take f->size; -EBADMSG if there is less than before. */
int log_file_measure(struct log_file *f);
/* How many entries the index has. */
int log_file_count(const struct log_file *f, uint64_t *ret);
/* Entry @number, which exists; -EBADMSG if it cannot be one. */
int log_file_entry(struct log_file *f, uint64_t number, struct log_entry *ret);
/* The entry after the last one taken: 1, or 0 if there is none. -EBADMSG as above. */
int log_file_peek(struct log_file *f, struct log_entry *ret);
void log_file_take(struct log_file *f, const struct log_entry *e);
