/* SPDX-License-Identifier: MIT */
/*
 * tool - what may be said to a tool, as rows of tables. The same rows are read
 * (options.c, in one of the grammars of grammar.c), printed (help.c), completed
 * (complete.c) and, by way of --help, compared with the manual pages (docs/check). A tool
 * has options; one that does several things also has verbs, each with options of its own.
 */
#ifndef TOOL_H
#define TOOL_H

#include <minc/minc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One option. What becomes of it, while words are read:
 *
 *	@read	it is given the value, and where it goes: @offset in the values of the
 *	        table
 *	none	of all these: it is stored there, a bool of a switch, else a const char *
 *
 * or later, by options_apply():
 *
 *	@flag	is turned on
 *	@call	a call of the library
 *	@set	the same, of several calls
 *	@apply	what needs the values of the table
 *
 * The functions return NULL, or what is wrong with the value; those for later also
 * limit_refused (common/limit.h), if the context has the message.
 *
 * An option without argument is a switch: "=false" after it takes back those before it,
 * "=true" changes nothing. Its functions are called for what is on in the end, after all
 * words were read.
 */
struct option {
	const char *names; /* all spellings, separated by blanks; NULL ends the table */
	/* "DIR": a value follows; "[MODE]": one may follow; "[=X]": only after "=" */
	const char *argument;
	const char *help; /* NULL: it is not shown */
	const char *(*read)(void *into, const char *value);
	const char *(*set)(minc_ctx *c, const char *value);
	int (*call)(minc_ctx *c, const char *value);
	const char *(*apply)(void *values, const char *value);
	bool (*takes)(const char *next); /* whether the next word is the [MODE] */
	/* for completion, where @argument does not tell; see complete.h */
	const char *complete;
	enum minc_flag flag;
	uint16_t offset;
	bool alone; /* what follows does not matter */
};

/* Options of other tools that these do not have, with the reason. */
struct refusal {
	const char *names; /* NULL ends the table */
	const char *reason;
};

/* What the first operand of a verb may be, as "ls" in "image ls". */
struct subverb {
	const char *word; /* NULL ends the table */
	/* the same as this verb; NULL: the verb itself knows what to do */
	const char *verb;
	const char *option; /* with this one; NULL: none */
};

struct call;       /* of a verb: each tool has its own */
struct completion; /* see complete.h */

struct verb {
	const char *names;    /* all of them, separated by blanks; NULL ends the table */
	const char *operands; /* as --help writes them, "" for none */
	int least, most;      /* how many; most -1: any number */
	bool command;         /* options end at the first operand: a command follows */
	const char *help;
	const struct option *options;
	const struct refusal *refusals; /* NULL: none */
	const void *defaults; /* what the values are before the options; NULL: zeros */
	size_t size;          /* of the values */
	int (*run)(struct call *call); /* the exit status */
	/* frees what the values have, also where a later word was wrong; NULL: nothing */
	void (*done)(void *values);
	const struct subverb *words; /* NULL: its first operand is as others */
	const char *complete;        /* for completion, where @operands does not tell */
};

enum grammar {
	/*
	 * Of MINCS: options come first, the first word that does not begin with "-" is
	 * the command, short options are not joined, no value is empty.
	 */
	GRAMMAR_MINCS,
	/*
	 * Of docker(1) and podman(1): short options may be joined (-it, -n5), and they
	 * may follow operands unless these are a command. Long options are not
	 * abbreviated.
	 */
	GRAMMAR_DOCKER
};

struct tool {
	const char *name, *about, *usage; /* the first two lines of --help */
	const char *end;                  /* and its last */
	int column;                       /* where it says what an option does */
	enum grammar grammar;
	const struct option *options; /* before a verb */
	/* those of them that every verb has, too; NULL: none */
	const struct option *everywhere;
	/* tables, ends with NULL; NULL: a command follows the options */
	const struct verb *const *verbs;
	/*
	 * The names of things that it has, for completion, by complete_name(); NULL:
	 * none.
	 */
	void (*names)(const struct completion *c, unsigned kinds);
};

/* The row with @word among its names; NULL without one. */
const struct verb *tool_find_verb(const struct tool *tool, const char *word);

#endif
