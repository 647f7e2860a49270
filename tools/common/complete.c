/* SPDX-License-Identifier: MIT */
/* complete - see complete.h. */
#include "common/complete.h"

#include <stdio.h>
#include <string.h>

#include "common/grammar.h"

struct completion {
	const struct tool *tool;
	const struct verb *verb; /* NULL: before it, or there are none */
	const char *word;        /* to be completed: what is there */
	int before;              /* how much of it stays as it is: "--format=" */
	const char *first; /* the value of the first option of all verbs; NULL: none */
	bool place;        /* names are followed by a colon */
	const char *end;   /* the last line: ":files" or ":dirs"; NULL: none */
};

static bool begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

const char *complete_first(const struct completion *c)
{
	return c->first;
}

const char *complete_typed(const struct completion *c)
{
	return c->word + c->before;
}

/* A word of @len bytes that fits; @description NULL: none. */
static void offer(const struct completion *c, const char *s, size_t len,
		  const char *description)
{
	const char *typed = complete_typed(c);

	if (strlen(typed) > len || !begins(s, typed))
		return;
	(void)printf("%.*s%.*s%s%s\n", c->before, c->word, (int)len, s,
		     description ? "\t" : "", description ? description : "");
}

static void offer_names(const struct completion *c, const char *names,
			const char *description)
{
	for (; *names; names += strspn(names, " ")) {
		size_t n = strcspn(names, " ");

		offer(c, names, n, description);
		names += n;
	}
}

/*
 * Nothing that a shell could take apart, or a terminal obey: others may have written it.
 */
static bool is_plain(const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_.:/@+-";

	return !s[strspn(s, plain)];
}

void complete_name(const struct completion *c, const char *name, const char *description)
{
	if (begins(name, complete_typed(c)) && *name && *name != '-' && is_plain(name))
		(void)printf("%.*s%s%s\t%s\n", c->before, c->word, name,
			     c->place ? ":" : "",
			     is_plain(description) ? description : "");
}

static void offer_options(const struct completion *c, const struct option *row)
{
	for (; row && row->names; row++)
		if (row->help)
			offer_names(c, row->names, row->help);
}

static void offer_verbs(const struct completion *c)
{
	const struct verb *const *table, *verb;

	for (table = c->tool->verbs; table && *table; table++)
		for (verb = *table; verb->names; verb++)
			offer_names(c, verb->names, verb->help);
}

static void offer_subverbs(const struct completion *c)
{
	const struct subverb *sub = c->verb ? c->verb->words : NULL;

	for (; sub && sub->word; sub++) {
		const struct verb *same =
			sub->verb ? tool_find_verb(c->tool, sub->verb) : NULL;

		offer(c, sub->word, strlen(sub->word), same ? same->help : NULL);
	}
}

/* One piece of "CONTAINER|DIR", of @len bytes; returns NAME_* that it means. */
static unsigned offer_piece(struct completion *c, const char *s, size_t len)
{
	static const struct {
		const char *word, *end;
		unsigned names;
	} kinds[] = {
		// clang-format off
		{ "CONTAINER", NULL, NAME_CONTAINER }, { "IMAGE", NULL, NAME_IMAGE },
		{ "VOLUME", NULL, NAME_VOLUME }, { "FILE", ":files", 0 },
		{ "HOST", ":files", 0 }, { "DIR", ":dirs", 0 },
		// clang-format on
	};
	size_t i, n;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		n = strlen(kinds[i].word);
		if (len < n || strncmp(s, kinds[i].word, n) != 0)
			continue;
		c->end = kinds[i].end ? kinds[i].end : c->end;
		return kinds[i].names;
	}
	if (len >= 4 && strncmp(s, "VERB", 4) == 0)
		offer_subverbs(c);
	n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-");
	if (n >= len)
		offer(c, s, len, NULL);
	return 0;
}

/* What "[=shell|json|oci]" or "CONTAINER|DIR", of @len bytes, stands for. */
static void offer_kind(struct completion *c, const char *kind, size_t len)
{
	unsigned names = 0;
	size_t n;

	for (; len > 0; kind += n, len -= n) {
		n = strspn(kind, "[=|].");
		n = n < len ? n : len;
		kind += n;
		len -= n;
		n = strcspn(kind, "|].:[");
		n = n < len ? n : len;
		names |= n ? offer_piece(c, kind, n) : 0;
		c->place |=
			n < len && kind[n] == ':' && (n + 1 == len || kind[n + 1] == '|');
		/* "NAME[=VALUE]": only what comes first is completed */
		if (n < len && strchr(":[", kind[n]))
			n = strcspn(kind, "|") < len ? strcspn(kind, "|") : len;
	}
	if (names && c->tool->names)
		c->tool->names(c, names);
}

static void offer_value(struct completion *c, const struct option *row)
{
	const char *kind = row->complete ? row->complete : row->argument;

	offer_kind(c, kind, strlen(kind));
}

/*
 * Operand @n of the verb, as "CONTAINER NAME" has it; the last counts for all if it ends
 * with "...".
 */
static void offer_operand(struct completion *c, int n)
{
	const char *kinds = c->verb->complete ? c->verb->complete : c->verb->operands;
	size_t len;

	for (; *kinds; kinds += len + strspn(kinds + len, " ")) {
		len = strcspn(kinds, " ");
		if (n-- > 0 && !(len > 3 && strstr(kinds, "...") &&
				 strstr(kinds, "...") < kinds + len))
			continue;
		offer_kind(c, kinds, len);
		return;
	}
}

/* An option that is begun, and one whose value is: "--format=js". */
static void offer_option(struct completion *c, const struct scan *s, bool whole)
{
	const char *equals = strchr(c->word, '=');
	const struct option *row = NULL;
	int i;

	for (i = 0; equals && i < OPTION_TABLES && s->tables[i] && !row; i++)
		row = option_find(s->tables[i], c->word, (size_t)(equals - c->word));
	if (equals) {
		c->before = (int)(equals - c->word) + 1;
		if (row && row->argument && begins(c->word, "--"))
			offer_value(c, row);
		return;
	}
	if (c->verb)
		offer(c, "--help", strlen("--help"), "Show what this verb does");
	offer_options(c, whole ? s->tables[0] : NULL);
}

/*
 * Reads on, to the first operand if @one; sets how many there were. The option whose
 * value comes.
 */
static const struct option *skip(struct completion *c, struct scan *s, bool one,
				 int *ret_count, const char **ret_first)
{
	const struct option *everywhere = c->tool->everywhere;
	struct found f = { .word = NULL };
	const struct option *lacking = NULL;
	enum word kind;

	*ret_count = 0;
	while ((kind = scan_next(s, &f)) != WORD_END) {
		lacking = kind == WORD_OPTION && f.row && f.lacks ? f.row : NULL;
		if (kind == WORD_OPTION && f.row && f.value && everywhere &&
		    strcmp(f.row->names, everywhere->names) == 0)
			c->first = f.value;
		*ret_first =
			*ret_count == 0 && kind == WORD_OPERAND ? f.word : *ret_first;
		*ret_count += kind == WORD_OPERAND;
		if (one && *ret_count > 0)
			break;
	}
	return lacking;
}

/* The verb that "image ls" is; NULL: there is none. Its words are left in @s. */
static const struct verb *follow(const struct completion *c, const struct verb *verb,
				 struct scan *s)
{
	const struct subverb *sub = verb->words;

	for (; sub && sub->word && *s->next; sub++)
		if (strcmp(sub->word, *s->next) == 0) {
			s->next += sub->verb ? 1 : 0;
			return sub->verb ? tool_find_verb(c->tool, sub->verb) : verb;
		}
	return verb;
}

static void complete_verb(struct completion *c, struct scan *s, const char *word)
{
	const struct verb *verb = tool_find_verb(c->tool, word);
	const struct option *lacking;
	const char *first = NULL;
	int count;

	c->verb = verb ? follow(c, verb, s) : NULL;
	if (!c->verb)
		return;
	*s = (struct scan){ .grammar = s->grammar,
			    .command = c->verb->command,
			    .next = s->next,
			    .tables = { c->verb->options, c->tool->everywhere } };
	lacking = skip(c, s, false, &count, &first);
	if (lacking)
		offer_value(c, lacking);
	else if (!s->ended && *c->word == '-')
		offer_option(c, s, true);
	else
		offer_operand(c, count);
}

void complete(const struct tool *tool, char **words)
{
	struct scan s = { .grammar = tool->grammar,
			  .tables = { tool->options },
			  .command = true,
			  .next = words };
	struct completion c = { .tool = tool, .word = "" };
	const struct option *lacking;
	const char *first = NULL;
	int count = 0, n = 0;

	while (words[n])
		n++;
	if (n > 0) { /* the last is not read */
		c.word = words[n - 1];
		words[n - 1] = NULL;
	}
	lacking = skip(&c, &s, true, &count, &first);
	if (count > 0 && tool->verbs)
		complete_verb(&c, &s, first);
	else if (count > 0)
		(void)printf(":command %d\n", (int)(s.next - words) - 1);
	else if (lacking)
		offer_value(&c, lacking);
	else if (!s.ended && *c.word == '-')
		offer_option(&c, &s, true);
	else if (tool->verbs)
		offer_verbs(&c);
	else
		(void)printf(":command %d\n", n > 0 ? n - 1 : 0);
	if (c.end)
		(void)printf("%s %.*s\n", c.end, c.before, c.word);
}
