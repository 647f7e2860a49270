/* SPDX-License-Identifier: MIT */
/*
 * progress - how far a transfer is, on standard error: one line for each part, redrawn on
 * a terminal, else one when it is done. A first SIGINT or SIGTERM cancels the transfer,
 * which then cleans up. marten ends at a second signal, if the transfer does not notice
 * the first for half a second, or if cleaning up takes five seconds.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <minc/image.h>
#include <stdbool.h>

enum { PROGRESS_PARTS = 64 };

struct progress {
	bool quiet, terminal;
	/* drawn: lines on the screen below where we began */
	int columns, rows, len, drawn;
	struct part {
		char what[64];
		uint64_t done, total;
		bool said;
	} parts[PROGRESS_PARTS];
};

void progress_begin(struct progress *p, minc_transfer *t, bool quiet);
/* All parts so far are done: something else may be printed. */
void progress_flush(struct progress *p);
/* @ok: everything arrived, also parts of unknown size. */
void progress_end(struct progress *p, bool ok);
/* What is drawn goes: something else may be printed, and all is drawn again below. */
void progress_clear(struct progress *p);
/* The signal that came, or 0. */
int progress_cancelled(void);

#endif
