/* SPDX-License-Identifier: MIT */
/*
 * recipe - how a container of the store is to be started, as the text that the store
 * keeps for us (minc_store_create()). Lines of a word and a value, in which everything
 * but printable ASCII, and the backslash, is \ooo:
 *
 *	marten 1			version, first
 *	directory /home/anna		paths of options are relative to it
 *	image alpine			as it was typed
 *	remove				when it has ended
 *	starting start-0123456789abcdef	by whom it is started; see starting.h
 *	stop-signal 15			if it is given
 *	stop-grace-ms 10000
 *	label KEY=VALUE
 *	environment NAME=VALUE		all of --env and --env-file
 *	option -v			the words before the image
 *	operand sh			and after it
 *
 * minc's note (common/note.h) has some of these lines, and cannot be started from.
 *
 * Reading is strict: what is unknown, missing or damaged is an error, not a guess.
 */
#ifndef RECIPE_H
#define RECIPE_H

#include <stdbool.h>
#include <stddef.h>

#include "marten/values.h"

struct recipe {
	const char *directory, *image; /* image "": none */
	const char *starting;          /* NULL: it is started later */
	bool remove;
	bool by_minc; /* it only says what is shown, and is started by minc */
	int stop_signal, stop_grace_ms; /* 0; -2: not said */
	struct words labels, environment, options, operands;
	char *text; /* what the above point into, once read */
};

enum { GRACE_UNSAID = -2 };

/* A string for free(3), or NULL without memory. */
char *recipe_write(const struct recipe *r);
/* False: damaged, or no memory. recipe_done() in either case. */
bool recipe_read(const char *text, struct recipe *ret);
void recipe_done(struct recipe *r);

#endif
