/* SPDX-License-Identifier: MIT */
/*
 * options - the command line of minc: one table that is parsed, printed and completed.
 *
 * Reading and applying are two steps. Reading checks the grammar and notes what concerns
 * the tool itself; applying makes one library call per option. So a usage error has no
 * effect, and defaults can depend on what was given.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <minc/minc.h>
#include <stdbool.h>
#include <stddef.h>

enum action {
	ACTION_RUN,
	ACTION_EXPLAIN,
	ACTION_HELP,
	ACTION_VERSION,
	ACTION_COMPLETION
};

struct option;

/* One option of the command line, in the user's spelling. */
struct given {
	const struct option *option;
	const char *word, *value; /* value NULL: none */
};

struct options {
	minc_ctx *c; /* to be set before options_apply() */
	enum action action;
	enum minc_format format; /* of ACTION_EXPLAIN */
	const char *const *command; /* NULL: the shell */
	bool quiet, debug;
	bool keep;	   /* writes are kept in a directory that the library chooses */
	int status_fd;	   /* for JSON lines; -1: none */
	char *root;	   /* absolute path, once applied; owned here */

	struct given *given;
	size_t given_len;
	unsigned root_flags;
	const char *root_dir; /* as given; NULL: "/" */
	const struct given *root_given; /* the option to name in messages about the root */
	bool hostname, tempdir;
	char message[512]; /* our own complaint, one line; "" if the library has one */
};

/* Read @argv. 0, or -errno with o->message. */
int options_read(struct options *o, int argc, char **argv);
/* Make the library calls. 0, or -errno with o->message or the context's message. */
int options_apply(struct options *o);
void options_done(struct options *o);

/* Print for people, and as a script for bash; to stdout. */
void options_help(void);
void options_completion(void);

/* A size such as "64m", an octal mode, flags of a bind: see options.c. */

#endif
