/* SPDX-License-Identifier: MIT */
/* options - see options.h. */
#include "common/options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/limit.h"
#include "common/switch.h"

/* One printable line, whatever the user typed. Returns -EINVAL. */
__attribute__((format(printf, 2, 3))) static int complain(struct reading *r,
							  const char *format, ...)
{
	va_list args;
	char *p;

	va_start(args, format);
	(void)vsnprintf(r->message, sizeof(r->message), format, args); /* may be cut */
	va_end(args);
	for (p = r->message; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	return -EINVAL;
}

/* "--bind /a:/b": as the user wrote it, of docker's with a blank; NULL without memory. */
static char *spell(const struct reading *r, const struct given *g)
{
	bool whole = r->grammar == GRAMMAR_MINCS;
	bool joined = !g->value ||
		      (whole && strncmp(g->word, "--", 2) == 0 && strchr(g->word, '='));
	const char *name = whole ? g->word : g->name;
	char *text = NULL;

	if (asprintf(&text, "%s%s%s", name, joined ? "" : " ", joined ? "" : g->value) <
	    0)
		return NULL;
	return text;
}

int options_refuse(struct reading *r, const struct given *g, const char *reason)
{
	char *text = spell(r, g);

	/* The reason is what matters of an over-long option. */
	(void)complain(r, "%.300s: %s", text ? text : g->name, reason);
	free(text);
	return -EINVAL;
}

static bool is_late(const struct option *row)
{
	return row->set || row->call || row->apply || row->flag;
}

/* One more; NULL without memory. */
static struct given *add(struct reading *r)
{
	const size_t few = sizeof(r->few) / sizeof(r->few[0]);
	struct given *more;

	if (!r->given) {
		r->given = r->few;
		r->size = few;
	}
	if (r->len == r->size) {
		more = malloc(2 * r->size * sizeof(*more));
		if (!more)
			return NULL;
		memcpy(more, r->given, r->len * sizeof(*more));
		if (r->given != r->few)
			free(r->given);
		r->given = more;
		r->size *= 2;
	}
	return &r->given[r->len++];
}

static int read_switch(struct reading *r, struct given *g, const char *value)
{
	bool on = true;
	size_t i;

	if (value && !switch_read(value, &on))
		return complain(r, "%s=%.200s: neither true nor false", g->name, value);
	g->value = NULL;
	g->off = !on;
	for (i = 0; !on && i + 1 < r->len; i++) /* what it takes back */
		if (r->given[i].row == g->row)
			r->given[i].off = true;
	return 0;
}

static int store(struct reading *r, const struct given *g)
{
	const struct option *row = g->row;
	void *into = (char *)g->values + row->offset;
	const char *wrong = NULL;

	if (row->read)
		wrong = row->read(into, g->value);
	else if (!is_late(row))
		*(const char **)into = g->value;
	return wrong ? options_refuse(r, g, wrong) : 0;
}

static const char *unknown(const struct reading *r, const char *name)
{
	const struct refusal *row = r->refusals;

	for (; row && row->names; row++)
		if (names_have(row->names, name, strlen(name)))
			return row->reason;
	return "unknown option";
}

static int read_option(struct reading *r, const struct found *f)
{
	struct given *g;

	if (!f->row)
		return complain(r, "%s: %s", f->name, unknown(r, f->name));
	if (f->lacks)
		return complain(r, "%s: %s is missing", f->name, f->row->argument);
	if (r->grammar == GRAMMAR_MINCS && f->row->argument && f->value && !*f->value)
		return complain(r, "%s: empty value ''", f->name);
	g = add(r);
	if (!g)
		return complain(r, "options: out of memory");
	*g = (struct given){ .row = f->row,
			     .values = r->tables[f->table].values,
			     .word = f->word,
			     .value = f->value };
	memcpy(g->name, f->name, sizeof(g->name));
	if (!f->row->argument)
		return read_switch(r, g, f->value); /* it may be taken back */
	r->now = r->len;
	return store(r, g);
}

/* What switches are in the end. */
static int store_switches(struct reading *r)
{
	int bad = 0;
	size_t i;

	for (i = 0; i < r->len && bad == 0; i++) {
		const struct given *g = &r->given[i];

		if (g->row->argument)
			continue;
		r->now = g->off ? r->now : i + 1;
		if (g->row->read)
			bad = g->off ? 0 : store(r, g);
		else if (!is_late(g->row))
			*((bool *)((char *)g->values + g->row->offset)) = !g->off;
	}
	return bad;
}

int options_read(struct reading *r, char **argv)
{
	struct scan s = { .grammar = r->grammar, .command = r->command, .next = argv };
	struct found f = { .word = NULL };
	enum word kind;
	int i, bad = 0;

	r->operands = argv;
	for (i = 0; i < OPTION_TABLES; i++)
		s.tables[i] = r->tables[i].rows;
	while (!r->alone && bad == 0 && (kind = scan_next(&s, &f)) != WORD_END) {
		if (kind == WORD_OPERAND)
			r->operands[r->count++] = (char *)f.word;
		else
			bad = read_option(r, &f);
		if (bad == 0 && kind == WORD_OPTION && f.row->alone &&
		    !r->given[r->len - 1].off)
			r->alone = f.row; /* help and the like */
	}
	for (r->count = r->alone ? 0 : r->count; r->alone && *s.next; s.next++)
		r->operands[r->count++] = *s.next;
	if (bad == 0)
		r->operands[r->count] = NULL;
	return bad == 0 ? store_switches(r) : bad;
}

int options_count(struct reading *r, const struct verb *verb)
{
	int len = (int)strcspn(verb->names, " ");

	if (r->count < verb->least)
		return complain(r, "%.*s: expects %s", len, verb->names, verb->operands);
	if (verb->most >= 0 && r->count > verb->most)
		return complain(r, "%.*s: too many arguments: %.200s", len, verb->names,
				r->operands[verb->most]);
	return 0;
}

int options_set_origin(struct reading *r, minc_ctx *c, const struct given *g)
{
	char *text = spell(r, g);
	int bad = text ? minc_set_origin(c, text)
		       : complain(r, "%s: out of memory", g->name);

	free(text);
	return bad;
}

int options_apply_one(struct reading *r, minc_ctx *c, const struct given *g)
{
	const struct option *row = g->row;
	const char *wrong = NULL;
	int bad = 0;

	r->now = g->off ? r->now : (size_t)(g - r->given) + 1;
	if (g->off || !is_late(row))
		return 0;
	bad = options_set_origin(r, c, g);
	if (bad == 0 && row->apply)
		wrong = row->apply(g->values, g->value);
	if (bad == 0 && !wrong && row->call)
		bad = row->call(c, g->value);
	if (bad == 0 && !wrong && row->set)
		wrong = row->set(c, g->value);
	if (bad == 0 && !wrong && row->flag)
		bad = minc_set_flag(c, row->flag, 1);
	if (wrong == limit_refused)
		return minc_error_code(c);
	return wrong ? options_refuse(r, g, wrong) : bad;
}

int options_apply(struct reading *r, minc_ctx *c)
{
	int bad = 0;
	size_t i;

	for (i = 0; i < r->len && bad == 0; i++)
		bad = options_apply_one(r, c, &r->given[i]);
	return bad == 0 ? minc_set_origin(c, NULL) : bad;
}

void options_done(struct reading *r)
{
	if (r->given != r->few)
		free(r->given);
	r->given = NULL;
	r->len = 0;
}
