/* SPDX-License-Identifier: MIT */
/*
 * budget - what one import, load or pull may make of what it is given, over all its
 * layers and images.
 *
 * Without --max-bytes, what is unpacked may be BUDGET_RATIO times what it is unpacked
 * from; all that is more, of all streams together, is at the most BUDGET_FLOOR. A bomb is
 * over that as soon as it has made so much, however long it is, and a stream that stays
 * below costs its sender as much as us. Files and images have the like, by their number.
 * With an option, the number given is the bound.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define BUDGET_FLOOR ((uint64_t)2 << 30)

enum {
	BUDGET_RATIO = 100,
	BUDGET_FILES = 1000000, /* that need no explanation; others: */
	BUDGET_FILE_BYTES = 64, /* of packed tar are one file; ordinary trees have more */
	/* an image, or a name of one, is as much work as that many files */
	BUDGET_IMAGE_FILES = 100,
	BUDGET_IMAGES = 1000 /* that are there whatever number of files was given */
};

struct budget {
	uint64_t max_bytes, max_entries;   /* of all streams; 0: no such bound */
	bool guards_bytes, guards_entries; /* neither was given */
	uint64_t source; /* bytes of the one file that all comes from; 0: it is not one */
	/* so far, under the lock */
	pthread_mutex_t lock;
	uint64_t bytes, entries, images, over, entries_over;
	char over_bytes[64], over_entries[64]; /* words for the bounds that were given */
	pthread_mutex_t alone;                 /* see budget_alone() */
};

/* One stream of it; zeros but for @budget, which may be NULL: no bound. */
struct budget_stream {
	struct budget *budget;
	uint64_t in, out, entries, over, entries_over; /* under the budget's lock */
};

/*
 * The bounds that were given, 0 is without one; NULL: none was. budget_done() afterwards.
 */
void budget_init(struct budget *b, const uint64_t *max_bytes,
		 const uint64_t *max_entries);
void budget_done(struct budget *b);

/*
 * @s has read @in bytes by now, and made @more bytes out of them, beside what it said
 * before.
 * @content: these are a layer's; else there is a layer within them.
 * NULL, or what was exceeded: the end of a message, for -EOVERFLOW; @s->budget's.
 */
const char *budget_unpacked(struct budget_stream *s, uint64_t in, uint64_t more,
			    bool content);
/* The same for @more entries; of a stream that has said what it has read. */
const char *budget_entries(struct budget_stream *s, uint64_t more);
/*
 * What lies unpacked for a moment, of @in bytes, and is counted later: NULL, or what it
 * exceeds.
 */
const char *budget_foresee(struct budget *b, uint64_t in, uint64_t bytes,
			   uint64_t entries);
/* So many images, or further names of one, will be listed. They are no files. */
const char *budget_images(struct budget *b, uint64_t n);

/*
 * One stream at a time may use much memory, from budget_alone() to budget_shared(); the
 * first waits for its turn. Between the two, do not wait for another stream. Without a
 * budget there is one stream, and these do nothing.
 */
void budget_alone(struct budget *b);
void budget_shared(struct budget *b);

/* How much of the file is data; holes cost the sender nothing. */
uint64_t budget_data_of(int fd, uint64_t size);
