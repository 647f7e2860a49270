/* SPDX-License-Identifier: MIT */
/* shell-words - see shell-words.h. */
#include "transfer/shell-words.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"

static const char
	blanks[] = " \t",
	name_letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

/* The first of @stop that is not quoted or escaped, or the end. */
static char *skip_quoted(char *p, const char *stop)
{
	char quote = '\0';

	for (; *p; p++) {
		if (*p == '\\' && quote != '\'') {
			if (!p[1])
				return p + 1;
			p++;
		} else if (quote) {
			quote = *p == quote ? '\0' : quote;
		} else if (*p == '"' || *p == '\'') {
			quote = *p;
		} else if (strchr(stop, *p)) {
			return p;
		}
	}
	return p;
}

char **words_split(struct arena *a, const char *text)
{
	char *p = arena_strdup(a, text);
	char **list = arena_alloc(a, (strlen(text) / 2 + 2) * sizeof(*list));
	size_t n = 0;

	if (!p || !list)
		return NULL;
	for (p += strspn(p, blanks); *p; p += strspn(p, blanks)) {
		char *end = skip_quoted(p, blanks);

		list[n++] = p;
		p = end;
		if (*end) {
			*end = '\0';
			p++;
		}
	}
	list[n] = NULL;
	return list;
}

char *words_equals(char *word)
{
	char *p = skip_quoted(word, "=");

	return *p ? p : NULL;
}

static const char *value_of(const json_t *env, const char *name, size_t len)
{
	const json_t *item;
	size_t i;

	json_array_foreach(env, i, item)
	{
		const char *text = json_string_value(item);

		if (text && strncmp(text, name, len) == 0 && text[len] == '=')
			return text + len + 1;
	}
	return NULL;
}

struct expansion {
	struct arena *a;
	const json_t *env;
	FILE *out;
	const char *wrong;
};

/* ${NAME}, ${NAME:-WORD} and its kind, after "${"; what follows it, or NULL. */
static const char *put_braced(struct expansion *x, const char *p)
{
	const size_t len = strspn(p, name_letters);
	const char *end = strchr(p + len, '}'), *op = p + len, *word, *value;
	bool is_set;

	x->wrong = end ? "only ${NAME}, ${NAME:-WORD} and ${NAME:+WORD} are known"
		       : "a } is missing";
	if (!end || len == 0)
		return NULL;
	value = value_of(x->env, p, len);
	is_set = value && (*op != ':' || *value);
	op += *op == ':';
	if (op == end && end != p + len)
		return NULL;
	if (op < end && *op != '-' && *op != '+')
		return NULL;
	if (op < end) {
		const char *inner =
			arena_printf(x->a, "%.*s", (int)(end - op - 1), op + 1);

		x->wrong = NULL;
		word = inner ? words_expand(x->a, x->env, inner, &x->wrong) : NULL;
		if (!word)
			return NULL;
		value = *op == '-' ? (is_set ? value : word) : (is_set ? word : "");
	}
	fputs(value ? value : "", x->out);
	return end + 1;
}

/* At a "$"; what follows it, or NULL. */
static const char *put_variable(struct expansion *x, const char *p)
{
	const size_t len = p[1] >= '0' && p[1] <= '9' ? 0 : strspn(p + 1, name_letters);
	const char *value;

	if (p[1] == '{')
		return put_braced(x, p + 2);
	if (len == 0) {
		fputc('$', x->out);
		return p + 1;
	}
	value = value_of(x->env, p + 1, len);
	fputs(value ? value : "", x->out);
	return p + 1 + len;
}

static const char *put_double_quoted(struct expansion *x, const char *p)
{
	while (*p && *p != '"') {
		if (*p == '$') {
			p = put_variable(x, p);
			if (!p)
				return NULL;
			continue;
		}
		if (*p == '\\' && p[1] && strchr("\"$\\", p[1]))
			p++;
		fputc(*p++, x->out);
	}
	x->wrong = "a quotation mark is missing";
	return *p ? p + 1 : NULL;
}

static const char *put_single_quoted(struct expansion *x, const char *p)
{
	const size_t len = strcspn(p, "'");

	fwrite(p, 1, len, x->out);
	x->wrong = "a quotation mark is missing";
	return p[len] ? p + len + 1 : NULL;
}

static const char *put_word(struct expansion *x, const char *p)
{
	while (p && *p) {
		if (*p == '\'') {
			p = put_single_quoted(x, p + 1);
		} else if (*p == '"') {
			p = put_double_quoted(x, p + 1);
		} else if (*p == '$') {
			p = put_variable(x, p);
		} else {
			if (*p == '\\' && p[1])
				p++;
			fputc(*p++, x->out);
		}
	}
	return p;
}

char *words_expand(struct arena *a, const json_t *env, const char *word,
		   const char **ret_wrong)
{
	struct expansion x = { .a = a, .env = env };
	char *text = NULL, *copy = NULL;
	bool right;
	size_t len;

	*ret_wrong = NULL;
	x.out = open_memstream(&text, &len);
	if (!x.out)
		return NULL;
	right = put_word(&x, word);
	if (fclose(x.out) == 0 && right)
		copy = arena_strdup(a, text);
	else if (!right)
		*ret_wrong = x.wrong;
	free(text);
	return copy;
}
