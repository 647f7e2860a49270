/* SPDX-License-Identifier: MIT */
/*
 * verb - one command of marten, as a table: read by main.c and options.c, printed by
 * help.c, carried out by the files of verbs/ that are named after what their verbs do.
 */
#ifndef VERB_H
#define VERB_H

#include <minc/image.h>
#include <minc/minc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { EXIT_OURS = 125 };

/*
 * Where an option's value goes: @offset in the verb's values, a bool without argument, a
 * const char * with one, or whatever @read makes of it. Or nowhere: @set is a call of the
 * library, made later by options_apply(). Both return NULL, or what is wrong with the
 * value; @set also limit_refused (common/limit.h), if the context has the message.
 *
 * An option without argument is a switch: "=true" and "=false" may follow it. Without
 * @read; the value of its @set is "true" or "false".
 */
struct option {
	const char *names; /* all spellings, separated by blanks; NULL ends the table */
	const char *argument; /* "TIME": a value follows; NULL: none does */
	const char *help;
	size_t offset;
	const char *(*read)(void *into, const char *value);
	const char *(*set)(minc_ctx *c, const char *value);
};

/* An option with @set, in the user's spelling. */
struct given {
	const struct option *row;
	char name[64];
	const char *value; /* of a switch: "true" or "false" */
};

/* Options of others that we know and do not have, with the reason. */
struct refusal {
	const char *names; /* NULL ends the table */
	const char *reason;
};

struct call {
	const struct verb *verb;
	minc_ctx *c;
	const void *values; /* of the verb's own type */
	char **operands;    /* NULL-terminated */
	int count;
	char **words; /* all after the verb, as they were */
	struct given *given;
	size_t given_len;
	const char *store_dir; /* --store, or NULL */
	minc_store *store;     /* see call_store() */
};

struct verb {
	const char *names;    /* all of them, separated by blanks */
	const char *operands; /* as --help writes them, "" for none */
	int least, most;      /* how many; most -1: any number */
	bool command;         /* options end at the first operand: a command follows */
	const char *help;
	const struct option *options;
	const struct refusal *refusals; /* NULL: none */
	const void *defaults; /* what the values are before the options; NULL: zeros */
	size_t size;          /* of the values, at most VALUES_SIZE */
	int (*run)(struct call *call); /* the exit status */
};

enum { VALUES_SIZE = 512 };

extern const struct option no_options[];

/* The files' tables, each ends with names NULL. */
extern const struct verb run_verbs[], list_verbs[], interact_verbs[], watch_verbs[],
	change_verbs[], show_verbs[], stats_verbs[], review_verbs[], files_verbs[],
	images_verbs[], archive_verbs[], registry_verbs[], sign_verbs[], upkeep_verbs[],
	volume_verbs[], group_verbs[];
extern const struct option global_options[]; /* before a verb, and after any */
extern const struct verb *const verb_tables[]; /* ends with NULL */

/* options.c: read @argv after the verb. False after a complaint on stderr. */
bool options_read(struct call *call, char **argv, void *values);
/* Make the library calls of those with @set. 0, or an exit status after a complaint. */
int options_apply(struct call *call);
bool names_have(const char *names, const char *word, size_t len);

/* A context, the options of @argv, and what the verb does with them; the exit status. */
int run_verb(const struct verb *verb, char **argv, const char *store_dir);
const struct verb *find_verb(const char *word);

/* The image store, opened at the first call; NULL after a complaint. */
minc_store *call_store(struct call *call);

/* help.c: to stdout. */
void print_usage(FILE *out);
void print_help(void);
void print_verb_help(const struct verb *verb);
void print_completion(void);

/* main.c: say what went wrong on stderr; these return EXIT_OURS, the first the context's. */
int fail_library(const struct call *call);
int fail_usage(const struct call *call, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int fail_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Warnings of the library, for minc_set_log(). */
void warn_line(const char *line, void *userdata);

/* Whether @ct has not ended; otherwise says so. The library has the last word. */
bool is_alive(const minc_container *ct);

/*
 * Do @fn to each operand's container; those that come after a failure are done, too.
 * @fn returns an exit status. 0, or the last failure's.
 */
int each_container(struct call *call, int (*fn)(struct call *call, minc_container *ct));
/*
 * The same, where one of the store that was not started yet is no failure: @answer is printed
 * for it, if there is one; without one, neither is one that ran before the machine was started.
 */
int each_kept(struct call *call, int (*fn)(struct call *call, minc_container *ct),
	      const char *answer);

#endif
