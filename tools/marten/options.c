/* SPDX-License-Identifier: MIT */
/*
 * options - the words after a verb, in the grammar of docker(1) and podman(1): short
 * options may be joined (-it, -n5), long ones take "=" or the next word, switches "=true"
 * and "=false", "--" ends them, and they may follow operands unless these are a command.
 * Long options are not abbreviated, as getopt_long(3) would allow: each new one could break
 * a script.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/limit.h"
#include "common/switch.h"
#include "verb.h"

struct reading {
	struct call *call;
	char *values;
	char **next; /* the word after the one being read */
};

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

static const struct option *find_in(const struct option *row, const char *word,
				    size_t len)
{
	for (; row->names; row++)
		if (names_have(row->names, word, len))
			return row;
	return NULL;
}

static const struct option *find(const struct verb *verb, const char *word, size_t len)
{
	const struct option *row = find_in(verb->options, word, len);

	return row ? row : find_in(global_options, word, len);
}

/* For options_apply(); what is wrong, or NULL. */
static const char *keep(struct call *call, const struct option *row, const char *name,
			const char *value)
{
	struct given *more = realloc(call->given, (call->given_len + 1) * sizeof(*more));

	if (!more)
		return "out of memory";
	call->given = more;
	more += call->given_len++;
	*more = (struct given){ .row = row, .value = value };
	(void)snprintf(more->name, sizeof(more->name), "%s", name);
	return NULL;
}

/* @value NULL: no "=" was there. False after a complaint. */
static bool store_switch(struct reading *r, const struct option *row, const char *name,
			 const char *value)
{
	const char *wrong = NULL;
	bool on = true;

	if (value && !switch_read(value, &on)) {
		(void)fail_usage(r->call, "%s=%.200s: neither true nor false", name, value);
		return false;
	}
	if (row->set)
		wrong = keep(r->call, row, name, on ? "true" : "false");
	else
		*(bool *)(r->values + row->offset) = on;
	if (wrong)
		(void)fail_usage(r->call, "%s: %s", name, wrong);
	return !wrong;
}

static bool store(struct reading *r, const struct option *row, const char *name,
		  const char *value)
{
	bool global = row == global_options;
	void *into = (global ? (char *)r->call : r->values) + row->offset;
	const char *wrong = NULL;

	if (!row->argument)
		return store_switch(r, row, name, value);
	if (!value) {
		value = *r->next;
		if (!value) {
			(void)fail_usage(r->call, "%s: %s is missing", name,
					 row->argument);
			return false;
		}
		r->next++;
	}
	if (row->set)
		wrong = keep(r->call, row, name, value);
	else if (row->read)
		wrong = row->read(into, value);
	else
		*(const char **)into = value;
	if (wrong)
		(void)fail_usage(r->call, "%s %.200s: %s", name, value, wrong);
	return !wrong;
}

/* Complains; always false. */
static bool refuse(const struct reading *r, const char *name)
{
	const struct refusal *row = r->call->verb->refusals;

	for (; row && row->names; row++)
		if (names_have(row->names, name, strlen(name)))
			break;
	(void)fail_usage(r->call, "%s: %s", name,
			 row && row->names ? row->reason : "unknown option");
	return false;
}

static bool read_long(struct reading *r, const char *word)
{
	const char *equals = strchr(word, '=');
	size_t len = equals ? (size_t)(equals - word) : strlen(word);
	const struct option *row = find(r->call->verb, word, len);
	char name[64];

	(void)snprintf(name, sizeof(name), "%.*s", len < 60 ? (int)len : 60, word);
	if (!row)
		return refuse(r, name);
	return store(r, row, name, equals ? equals + 1 : NULL);
}

/* "-it", "-n5", "-n 5", "-n=5", "-d=false" */
static bool read_short(struct reading *r, const char *word)
{
	const char *p;

	for (p = word + 1; *p; p++) {
		const char name[] = { '-', *p, '\0' };
		const struct option *row = find(r->call->verb, name, 2);

		if (!row)
			return refuse(r, name);
		if (row->argument)
			return store(r, row, name, p[1] == '=' ? p + 2 : p[1] ? p + 1 : NULL);
		if (p[1] == '=')
			return store(r, row, name, p + 2);
		if (!store(r, row, name, NULL))
			return false;
	}
	return true;
}

static bool enough_operands(struct call *call)
{
	const struct verb *verb = call->verb;
	size_t len = strcspn(verb->names, " ");

	if (call->count < verb->least) {
		(void)fail_usage(call, "%.*s: expects %s", (int)len, verb->names,
				 verb->operands);
		return false;
	}
	if (verb->most >= 0 && call->count > verb->most) {
		(void)fail_usage(call, "%.*s: too many arguments: %.200s", (int)len,
				 verb->names, call->operands[verb->most]);
		return false;
	}
	return true;
}

/* Operands move to the front of @argv, over the options that were read. */
bool options_read(struct call *call, char **argv, void *values)
{
	struct reading r = { .call = call, .values = values, .next = argv };
	bool ended = false;

	call->operands = argv;
	while (*r.next) {
		char *word = *r.next++;

		if (ended || *word != '-' || !word[1]) {
			call->operands[call->count++] = word;
			ended = ended || call->verb->command;
		} else if (strcmp(word, "--") == 0) {
			ended = true;
		} else if (strcmp(word, "--help") == 0 ||
			   (strcmp(word, "-h") == 0 && !find(call->verb, "-h", 2))) {
			print_verb_help(call->verb);
			call->verb = NULL; /* nothing else to do */
			return true;
		} else if (!(word[1] == '-' ? read_long(&r, word)
					    : read_short(&r, word))) {
			return false;
		}
	}
	call->operands[call->count] = NULL;
	return enough_operands(call);
}

int options_apply(struct call *call)
{
	size_t i;

	for (i = 0; i < call->given_len; i++) {
		const struct given *g = &call->given[i];
		char origin[256];
		const char *wrong;

		if (g->row->argument) /* cut if it is long */
			(void)snprintf(origin, sizeof(origin), "%s %s", g->name, g->value);
		else
			(void)snprintf(origin, sizeof(origin), "%s%s", g->name,
				       *g->value == 't' ? "" : "=false");
		if (minc_set_origin(call->c, origin) < 0)
			return fail_library(call);
		wrong = g->row->set(call->c, g->value);
		if (wrong == limit_refused)
			return fail_library(call);
		if (wrong)
			return fail_usage(call, "%.200s: %s", origin, wrong);
	}
	return minc_set_origin(call->c, NULL) < 0 ? fail_library(call) : 0;
}
