/* SPDX-License-Identifier: MIT */
/*
 * monitor-attach - those who are attached to a background container: the part of the
 * monitor's program that speaks with them. monitor.h says in which words. No call waits.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "live/monitor-clock.h"
#include "live/monitor.h"

#define SLOW_NS 500000000ull

enum { CLIENTS_MAX = 32, CHUNK_BYTES = 64 * 1024 };

struct client {
	int fd;       /* negative: free */
	bool output;  /* it wants what is written */
	bool behind;  /* it took nothing for too long: only tried, never waited for */
	bool patient; /* the starter: waited for as long as it takes */
	/* it has hung up: what it typed before is kept while its place is not needed */
	bool left;
	size_t sent; /* of the piece on its way */
	uint64_t lost;
};

struct attach {
	bool terminal;
	bool hurry; /* who is waited for is not waited for longer than the deadline */
	int master; /* of the container's terminal, or negative */
	int spare;  /* given up to accept one too many, and send it away */
	unsigned stream; /* of the piece */
	size_t chunk_len, input_len, input_start;
	uint64_t deadline; /* for those who do not take the piece */
	struct client clients[CLIENTS_MAX];
	char chunk[CHUNK_BYTES]; /* the piece on its way */
	/* what was typed, and the terminal did not take yet */
	char input[ATTACH_DATA_MAX + 1];
};

/* Nobody is attached yet. */
void attach_init(struct attach *a);
/* The starter, by MONITOR_CONTROL: it hears all, and what it is too slow for waits. */
void attach_starter(struct attach *a);
/* Somebody knocks at MONITOR_LISTEN. */
void attach_accept(struct attach *a);
/* @len bytes of @stream are in a->chunk: to be offered by attach_spread(). */
void attach_begin(struct attach *a, unsigned stream, size_t len);
/* Offer the piece to all; it is done with, chunk_len 0, when nobody is waited for. */
void attach_spread(struct attach *a);
/* What to poll(2) for, CLIENTS_MAX of them. */
void attach_watch(const struct attach *a, struct pollfd *p);
/*
 * What was seen: messages are read, unless the terminal takes none; who has left is
 * dropped.
 */
void attach_hear(struct attach *a, const struct pollfd *p);
/* What was typed, as much of it as the terminal takes. */
void attach_type(struct attach *a);
/* The last words to all. */
void attach_end(struct attach *a, int32_t status);
