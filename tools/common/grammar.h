/* SPDX-License-Identifier: MIT */
/*
 * grammar - the words of a command line, one after the other: which option, with which
 * value.
 */
#ifndef GRAMMAR_H
#define GRAMMAR_H

#include "common/tool.h"

enum { OPTION_NAME_MAX = 64, OPTION_TABLES = 3 };

struct scan {
	enum grammar grammar;
	/* the first that knows a name; NULL: none */
	const struct option *tables[OPTION_TABLES];
	bool command;     /* options end at the first operand */
	char **next;      /* the word after the one that was found */
	const char *rest; /* of joined short options; NULL: none */
	bool ended;       /* what is left are operands */
};

enum word { WORD_END, WORD_OPERAND, WORD_OPTION };

struct found {
	const char *word; /* all of it */
	/* of an option: */
	const struct option *row;   /* NULL: it is unknown */
	int table;                  /* whose it is */
	char name[OPTION_NAME_MAX]; /* as the user spelled it, cut if it is long */
	const char *value;          /* of a switch: what follows its "="; NULL: none */
	bool lacks;                 /* it needs a value, and there is no further word */
};

/*
 * What comes next in @s; @ret is what the call before gave, and is filled except at the
 * end.
 */
enum word scan_next(struct scan *s, struct found *ret);

/* Whether @word, of @len bytes, is one of @names. */
bool names_have(const char *names, const char *word, size_t len);
const struct option *option_find(const struct option *rows, const char *word, size_t len);

#endif
