/* SPDX-License-Identifier: MIT */
/*
 * call - one verb of marten that is carried out: what the files of verbs/ are given, and
 * what all of them need. The rows of a verb are those of common/tool.h.
 */
#ifndef CALL_H
#define CALL_H

#include <minc/image.h>
#include <minc/minc.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/options.h"
#include "common/tool.h"

enum { EXIT_OURS = 125 };

struct call {
	const struct verb *verb;
	minc_ctx *c;
	const void *values; /* of the verb's own type */
	char **operands;    /* NULL-terminated */
	int count;
	char **words; /* all after the verb, as they were */
	struct reading reading;
	const char *store_dir; /* --store, or NULL */
	minc_store *store;     /* see call_store() */
	void *own;             /* what functions of the verb share */
};

enum { VALUES_SIZE = 512 }; /* of any verb's, at most */

/* All verbs, with the options before them; no options. */
extern const struct tool marten;
extern const struct option no_options[];

/* The files' tables, each ends with names NULL. */
extern const struct verb run_verbs[], list_verbs[], interact_verbs[], watch_verbs[],
	change_verbs[], show_verbs[], stats_verbs[], review_verbs[], copy_verbs[],
	images_verbs[], archive_verbs[], registry_verbs[], sign_verbs[], upkeep_verbs[],
	volume_verbs[], group_verbs[];

/* Read @argv after the verb into @values. False after a complaint on stderr. */
bool call_read(struct call *call, char **argv, void *values);
/* Make the library calls of its options. 0, or an exit status after a complaint. */
int call_apply(struct call *call);

/* A context, the options of @argv, and what the verb does with them; the exit status. */
int run_verb(const struct verb *verb, char **argv, const char *store_dir);

/* The origin "OPTION VALUE", as minc_set_origin(). */
int set_origin(minc_ctx *c, const char *option, const char *value);

/* The image store, opened at the first call; NULL after a complaint. */
minc_store *call_store(struct call *call);

/* names.c: those of containers, images and volumes, for completion. */
void offer_names(const struct completion *c, unsigned kinds);

/* Say what went wrong on stderr; these return EXIT_OURS, the first the context's. */
int fail_library(const struct call *call);
/* The reader of stdout has closed it: end by SIGPIPE, if possible, without a message. */
int end_unread(void);
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
 * The same, where one of the store that was not started yet is no failure: @answer is
 * printed for it, if there is one; without one, neither is one that ran before the
 * machine was started.
 */
int each_kept(struct call *call, int (*fn)(struct call *call, minc_container *ct),
	      const char *answer);

#endif
