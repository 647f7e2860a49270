/* SPDX-License-Identifier: MIT */
/*
 * challenge - see challenge.h. The list has a grammar that looks ambiguous: a comma
 * separates parameters of a challenge as well as challenges; a word that no "=" follows
 * begins a new one.
 */
#include "registry/challenge.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* RFC 9110 section 5.6.2 */
static bool is_token(char c)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || (c && strchr(others, c));
}

static const char *skip_blanks(const char *p, const char *blanks)
{
	return p + strspn(p, blanks);
}

static int read_word(const char **p, char *ret, size_t size)
{
	size_t n = 0;

	while (is_token((*p)[n]))
		n++;
	if (n == 0 || n >= size)
		return -EBADMSG;
	memcpy(ret, *p, n);
	ret[n] = '\0';
	*p += n;
	return 0;
}

/* A quoted string or a word. */
static int read_text(const char **p, char *ret, size_t size)
{
	size_t n = 0;

	if (**p != '"')
		return read_word(p, ret, size);
	for (++*p; **p != '"'; ++*p) {
		if (**p == '\\')
			++*p;
		if ((unsigned char)**p < ' ' || **p == 0x7f || n + 1 >= size)
			return -EBADMSG;
		ret[n++] = **p;
	}
	ret[n] = '\0';
	++*p;
	return 0;
}

static void keep(struct challenge *c, const char *name, const char *value)
{
	const struct {
		const char *name;
		char *to;
		size_t size;
	} fields[] = {
		{ "realm", c->realm, sizeof(c->realm) },
		{ "service", c->service, sizeof(c->service) },
		{ "scope", c->scope, sizeof(c->scope) },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strcasecmp(name, fields[i].name) == 0 && !fields[i].to[0] &&
		    strlen(value) < fields[i].size)
			memcpy(fields[i].to, value, strlen(value) + 1);
}

static void finish(const struct challenge *now, struct challenge *best)
{
	if (now->kind > best->kind)
		*best = *now;
}

static void begin(struct challenge *c, const char *scheme)
{
	*c = (struct challenge){ .kind = CHALLENGE_NONE };
	if (strcasecmp(scheme, "basic") == 0)
		c->kind = CHALLENGE_BASIC;
	else if (strcasecmp(scheme, "bearer") == 0)
		c->kind = CHALLENGE_BEARER;
}

static int parse_line(const char **p, struct challenge *best)
{
	struct challenge now = { .kind = CHALLENGE_NONE };
	char word[128], value[2048];

	for (*p = skip_blanks(*p, " \t,"); **p && **p != '\n';
	     *p = skip_blanks(*p, " \t,")) {
		const char *after;

		if (read_word(p, word, sizeof(word)) < 0)
			return -EBADMSG;
		after = skip_blanks(*p, " \t");
		if (*after != '=') { /* a new challenge */
			finish(&now, best);
			begin(&now, word);
			continue;
		}
		*p = skip_blanks(after + 1, " \t");
		if (read_text(p, value, sizeof(value)) < 0)
			return -EBADMSG;
		keep(&now, word, value);
	}
	finish(&now, best);
	return 0;
}

int challenge_parse(const char *lines, struct challenge *ret)
{
	struct challenge best = { .kind = CHALLENGE_NONE };

	for (const char *p = lines; *p; p += *p == '\n') {
		int r = parse_line(&p, &best);

		if (r < 0)
			return r;
	}
	*ret = best;
	return 0;
}
