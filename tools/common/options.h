/* SPDX-License-Identifier: MIT */
/*
 * options - a command line is read and applied. Reading checks the grammar and fills the
 * values of the tables; applying makes the calls of the library. So a usage error has no
 * effect, and defaults can depend on what was given.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "common/grammar.h"

/* One option of the command line. */
struct given {
	const struct option *row;
	void *values;             /* of its table */
	const char *word, *value; /* value NULL: none, as of any switch */
	char name[OPTION_NAME_MAX];
	bool off; /* a switch with "=false", or one before it */
};

struct reading {
	enum grammar grammar;
	struct {
		const struct option *rows; /* NULL: no table */
		void *values;
	} tables[OPTION_TABLES];
	const struct refusal *refusals; /* NULL: none */
	bool command;                   /* options end at the first operand */

	/* NULL-terminated; after an option that stands alone, all that follows */
	char **operands;
	int count;
	struct given *given, few[16]; /* few: saves the first malloc(3), and so a start */
	size_t len, size;
	size_t now; /* which is read or applied, from 1 on; 0: none yet */
	/* the option that ended the reading; NULL: none did */
	const struct option *alone;
	char message[512]; /* a complaint, one printable line; "" if there is none */
};

/* Read @argv, in which the operands move to the front. 0, or -errno with the message. */
int options_read(struct reading *r, char **argv);
/* Whether as many operands as @verb has are there: 0, or -errno with the message. */
int options_count(struct reading *r, const struct verb *verb);
/*
 * What the option @g is there for, with itself as the origin: 0, or -errno with the
 * message, "" if the context has it. The origin stays.
 */
int options_apply_one(struct reading *r, minc_ctx *c, const struct given *g);
/* All of them, in their order; then there is no origin. The same. */
int options_apply(struct reading *r, minc_ctx *c);
void options_done(struct reading *r);

/* The origin that @g is: 0 or -errno, the message is in the context. */
int options_set_origin(struct reading *r, minc_ctx *c, const struct given *g);
/* Complain of @g. Returns -EINVAL. */
int options_refuse(struct reading *r, const struct given *g, const char *reason);

#endif
