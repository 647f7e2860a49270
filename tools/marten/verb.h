/* SPDX-License-Identifier: MIT */
/*
 * verb - one command of marten, as a table: read by main.c and options.c, printed by
 * print.c, carried out by the files that are named after what their verbs do.
 */
#ifndef VERB_H
#define VERB_H

#include <minc/minc.h>
#include <stdbool.h>
#include <stddef.h>

enum { EXIT_OURS = 125 };

/*
 * Where an option's value goes: @offset in the verb's values, a bool without argument, a
 * const char * with one, or whatever @read makes of it. @read returns NULL, or what is
 * wrong with the value.
 */
struct option {
	const char *names; /* all spellings, separated by blanks; NULL ends the table */
	const char *argument; /* "TIME": a value follows; NULL: none does */
	const char *help;
	size_t offset;
	const char *(*read)(void *into, const char *value);
};

struct call {
	const struct verb *verb;
	minc_ctx *c;
	const void *values; /* of the verb's own type */
	char **operands;    /* NULL-terminated */
	int count;
};

struct verb {
	const char *names;    /* all of them, separated by blanks */
	const char *operands; /* as --help writes them, "" for none */
	int least, most;      /* how many; most -1: any number */
	bool command;         /* options end at the first operand: a command follows */
	const char *help;
	const struct option *options;
	const void *defaults; /* what the values are before the options; NULL: zeros */
	size_t size;          /* of the values, at most VALUES_SIZE */
	int (*run)(struct call *call); /* the exit status */
};

enum { VALUES_SIZE = 128 };

extern const struct option no_options[];

/* The files' tables, each ends with names NULL. */
extern const struct verb list_verbs[], interact_verbs[], watch_verbs[], change_verbs[],
	show_verbs[], stats_verbs[], review_verbs[], files_verbs[];
extern const struct verb *const verb_tables[]; /* ends with NULL */

/* options.c: read @argv after the verb. False after a complaint on stderr. */
bool options_read(struct call *call, char **argv, void *values);
bool names_have(const char *names, const char *word, size_t len);

/* print.c: to stdout. */
void print_usage(FILE *out);
void print_help(void);
void print_verb_help(const struct verb *verb);
void print_completion(void);

/* main.c: say what went wrong on stderr; these return EXIT_OURS, the first the context's. */
int fail_library(const struct call *call);
int fail_usage(const struct call *call, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int fail_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Whether @ct has not ended; otherwise says so. The library has the last word. */
bool is_alive(const minc_container *ct);

/*
 * Do @fn to each operand's container; those that come after a failure are done, too.
 * @fn returns an exit status. 0, or the last failure's.
 */
int each_container(struct call *call, int (*fn)(struct call *call, minc_container *ct));

#endif
