/* SPDX-License-Identifier: MIT */
/*
 * line - the command line of minc: what its options (table.c, as common/tool.h has them)
 * have said, and its defaults.
 */
#ifndef LINE_H
#define LINE_H

#include <minc/minc.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/options.h"

extern const struct tool minc;

enum action {
	ACTION_RUN,
	ACTION_EXPLAIN,
	ACTION_HELP,
	ACTION_VERSION,
	ACTION_COMPLETION,
	ACTION_COMPLETE
};

struct options {
	minc_ctx *c; /* to be set before options_apply() */
	enum action action;
	const char *shell;          /* of ACTION_COMPLETION */
	enum minc_format format;    /* of ACTION_EXPLAIN */
	const char *const *command; /* NULL: the shell */
	int status_fd;              /* for JSON lines; -1: none */
	bool quiet, debug, unused;
	bool keep, tempdir; /* keep what is written; in a directory of the user's */
	const char *root;   /* as given; NULL: "/" */

	struct reading words;
	/* the last one that says something of the root, from 1 on; 0: none */
	size_t root_given;
	unsigned root_flags;
	bool background;
	minc_store *store; /* NULL: nothing of it was asked for */
	/* what runs; a container is to be made of it without -t */
	minc_image *fresh_image;
	bool made;                     /* its container is new */
	bool remove;                   /* and is removed at its end */
	char container[65];            /* of the store, or "" */
	const char *cidfile, *pidfile; /* NULL: none */
};

/* Read @argv, with the tool's name. 0, or -errno with the message of o->words. */
int line_read(struct options *o, int argc, char **argv);

/* Make the library calls. 0, or -errno with that message or the context's. */
int line_apply(struct options *o);

#endif
