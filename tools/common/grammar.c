/* SPDX-License-Identifier: MIT */
/*
 * grammar - see grammar.h. getopt_long(3) can express neither: of MINCS, that -n takes
 * the next word only if that names a mode; of docker(1), that long options are not
 * abbreviated, as each new one could break a script.
 */
#include "common/grammar.h"

#include <stdio.h>
#include <string.h>

bool names_have(const char *names, const char *word, size_t len)
{
	while (*names) {
		size_t n = strcspn(names, " ");

		if (n == len && strncmp(names, word, n) == 0)
			return true;
		names += n + strspn(names + n, " ");
	}
	return false;
}

const struct option *option_find(const struct option *rows, const char *word, size_t len)
{
	for (; rows->names; rows++)
		if (names_have(rows->names, word, len))
			return rows;
	return NULL;
}

/* Sets the row, the table and the name of @ret; false: it is unknown. */
static bool find(const struct scan *s, const char *word, size_t len, struct found *ret)
{
	int i;

	ret->row = NULL;
	for (i = 0; i < OPTION_TABLES && s->tables[i] && !ret->row; i++) {
		ret->row = option_find(s->tables[i], word, len);
		ret->table = i;
	}
	(void)snprintf(ret->name, sizeof(ret->name), "%.*s", len < 60 ? (int)len : 60,
		       word);
	return ret->row;
}

static bool needs_value(const struct option *row)
{
	return row->argument && *row->argument != '[';
}

/* The next word is the value, if there is one. */
static void take_next(struct scan *s, struct found *f)
{
	f->value = *s->next;
	f->lacks = !f->value;
	s->next += f->value ? 1 : 0;
}

/* "--net", "--net=none", and of MINCS "-n": a word that is one option. */
static void read_whole(struct scan *s, struct found *f)
{
	bool is_long = strncmp(f->word, "--", 2) == 0;
	const char *equals = strchr(f->word, '=');
	size_t len = equals ? (size_t)(equals - f->word) : strlen(f->word);

	(void)find(s, f->word, len, f);
	if (!is_long && equals && !(f->row && !f->row->argument)) {
		equals = NULL; /* only a switch has one after a short name */
		(void)find(s, f->word, strlen(f->word), f);
	}
	if (!f->row)
		return;
	if (equals)
		f->value = equals + 1;
	else if (needs_value(f->row) ||
		 (f->row->takes && *s->next && f->row->takes(*s->next)))
		take_next(s, f);
}

/* One of "-it", "-n5", "-n 5", "-n=5", "-d=false" */
static void read_joined(struct scan *s, struct found *f)
{
	const char *p = s->rest;
	const char name[] = { '-', *p++, '\0' };

	s->rest = *p ? p : NULL;
	if (!find(s, name, 2, f) || (!f->row->argument && *p != '='))
		return;
	s->rest = NULL;
	if (*p)
		f->value = *p == '=' ? p + 1 : p;
	else
		take_next(s, f);
}

enum word scan_next(struct scan *s, struct found *ret)
{
	const char *word = s->rest ? ret->word : *s->next;
	bool joined = s->grammar == GRAMMAR_DOCKER;

	*ret = (struct found){ .word = word };
	if (!word)
		return WORD_END;
	if (s->rest) {
		read_joined(s, ret);
		return WORD_OPTION;
	}
	s->next++;
	if (!s->ended && strcmp(word, "--") == 0) {
		s->ended = true;
		return scan_next(s, ret);
	}
	if (s->ended || *word != '-' || (joined && !word[1])) {
		s->ended = s->ended || s->command;
		return WORD_OPERAND;
	}
	if (joined && word[1] != '-') {
		s->rest = word + 1;
		read_joined(s, ret);
	} else {
		read_whole(s, ret);
	}
	return WORD_OPTION;
}
