/* SPDX-License-Identifier: MIT */
/*
 * monitor-log - the log of a background container: the part of the monitor's program that
 * writes it, within its size, in the form of live/log.h. It is complete unless the disk
 * is full; then the loss is counted and noted, and the container goes on.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "live/log.h"

struct monitor_log {
	uint64_t max;   /* bytes of the text and of the index; set by the owner */
	int log, index; /* negative: could not be opened */
	uint64_t size, index_size;
	uint64_t lost;          /* bytes, altogether */
	uint32_t lost_before;   /* since the last entry */
	struct log_entry entry; /* the last one */
};

/* Nothing is open yet. */
void monitor_log_init(struct monitor_log *l);
/* Begin an empty log in MONITOR_STATE; what is there under its names is overwritten. */
void monitor_log_open(struct monitor_log *l);
/*
 * Append a piece that was written to @stream; the log becomes the old one first, and the
 * old one goes, if there would be more than l->max bytes.
 */
void monitor_log_write(struct monitor_log *l, unsigned stream, const char *data,
		       size_t len);
/* Nothing more comes: note what was lost at the end. */
void monitor_log_end(struct monitor_log *l, unsigned stream);
