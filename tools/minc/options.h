/* SPDX-License-Identifier: MIT */
/*
 * options - the command line of minc: one table that is read, printed and completed.
 *
 * Reading and applying are two steps. Reading checks the grammar and notes what concerns
 * the tool itself; applying makes one library call per option. So a usage error has no
 * effect, and defaults can depend on what was given. An option without a value is a switch:
 * "=false" after it takes back those before it, "=true" changes nothing.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <minc/minc.h>
#include <stdbool.h>
#include <stddef.h>

struct options;

/* A row does one of four things; none of them: accepted without effect. */
struct option {
	const char *names; /* all spellings, separated by blanks */
	/* "DIR": a value follows; "[MODE]": one may follow; "[=X]": only after "=" */
	const char *argument;
	const char *help;
	bool (*takes)(const char *next); /* whether the next word is the [MODE] */
	bool alone; /* what follows does not matter */
	int (*note)(struct options *o, const char *value); /* while reading */
	int (*set)(struct options *o, const char *value);  /* while applying */
	int (*call)(minc_ctx *c, const char *value);       /* the same, in the library */
	const char *(*limit)(minc_ctx *c, const char *value); /* see common/limit.h */
	enum minc_flag flag;                               /* to be turned on */
};

extern const struct option option_table[]; /* ends with names NULL */

enum action {
	ACTION_RUN,
	ACTION_EXPLAIN,
	ACTION_HELP,
	ACTION_VERSION,
	ACTION_COMPLETION
};

/* One option of the command line, in the user's spelling. */
struct given {
	const struct option *option;
	const char *word, *value; /* value NULL: none */
	bool off;		  /* a switch with "=false", or one before it */
};

struct options {
	minc_ctx *c; /* to be set before options_apply() */
	enum action action;
	enum minc_format format;    /* of ACTION_EXPLAIN */
	const char *const *command; /* NULL: the shell */
	int status_fd;              /* for JSON lines; -1: none */
	bool quiet, debug;
	bool keep, tempdir; /* keep what is written; in a directory of the user's */
	const char *root;   /* as given; NULL: "/" */
	char message[512];  /* our own complaint, one line; "" if the library has one */

	struct given *given, few[16]; /* few: saves the first malloc(3), and so a start */
	size_t given_len;
	const struct given *now;        /* being read or applied */
	const struct given *root_given; /* the last one that says something of the root */
	unsigned root_flags;
	bool background;
	minc_store *store;	 /* NULL: nothing of it was asked for */
	minc_image *fresh_image; /* what runs; a container is to be made of it without -t */
	bool from_image, made;	 /* it names the root; its container is new */
	bool remove;		 /* what is new goes with the end */
	char container[65];	 /* of the store, or "" */
	const char *cidfile, *pidfile; /* NULL: none */
};

/* Read @argv. 0, or -errno with o->message. */
int options_read(struct options *o, int argc, char **argv);

/* Make the library calls. 0, or -errno with o->message or the context's message. */
int options_apply(struct options *o);
void options_done(struct options *o);

/* For the table: complain about the option that is read or applied. Returns -EINVAL. */
int options_refuse(struct options *o, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Print for people, and as a script for bash(1), to stdout. */
void options_help(void);
void options_completion(void);

#endif
