/* SPDX-License-Identifier: MIT */
/* recipe - see recipe.h. */
#include "recipe.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/note.h"
#include "common/number.h"

static const char version[] = "marten 1";

static void put_words(FILE *out, const char *word, const struct words *list)
{
	size_t i;

	for (i = 0; i < list->len; i++)
		note_put(out, word, list->v[i]);
}

char *recipe_write(const struct recipe *r)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	(void)fprintf(out, "%s\n", version);
	note_put(out, "directory", r->directory);
	note_put(out, "image", r->image);
	if (r->remove)
		(void)fputs("remove\n", out);
	if (r->starting)
		note_put(out, "starting", r->starting);
	if (r->stop_signal)
		(void)fprintf(out, "stop-signal %d\n", r->stop_signal);
	if (r->stop_grace_ms >= -1)
		(void)fprintf(out, "stop-grace-ms %d\n", r->stop_grace_ms);
	put_words(out, "label", &r->labels);
	put_words(out, "environment", &r->environment);
	put_words(out, "option", &r->options);
	put_words(out, "operand", &r->operands);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

/* In place; false if it is not what note_put() writes. */
static bool unescape(char *s)
{
	char *to = s;

	while (*s) {
		int n = 0, i;

		if ((unsigned char)*s < ' ' || (unsigned char)*s >= 0x7f)
			return false;
		if (*s != '\\') {
			*to++ = *s++;
			continue;
		}
		for (i = 1; i < 4; i++) {
			if (s[i] < '0' || s[i] > '7')
				return false;
			n = n * 8 + s[i] - '0';
		}
		if (n < 1 || n > 255)
			return false;
		*to++ = (char)n;
		s += 4;
	}
	*to = '\0';
	return true;
}

/* "-1" is a number here. */
static bool read_int(const char *s, int least, int *ret)
{
	const char *end;
	uint64_t n;

	if (strcmp(s, "-1") == 0 && least == -1) {
		*ret = -1;
		return true;
	}
	if (number_parse(s, &end, 10, INT_MAX, &n) < 0 || *end)
		return false;
	*ret = (int)n;
	return true;
}

static bool take(struct recipe *r, const char *word, char *value)
{
	const struct {
		const char *word;
		struct words *list;
	} lists[] = { { "label", &r->labels },
		      { "environment", &r->environment },
		      { "option", &r->options },
		      { "operand", &r->operands } };
	size_t i;

	if (strcmp(word, "remove") == 0)
		return r->remove = !*value;
	if (!unescape(value))
		return false;
	for (i = 0; i < 4; i++)
		if (strcmp(word, lists[i].word) == 0)
			return read_word(lists[i].list, value) == NULL;
	if (strcmp(word, "directory") == 0 && !r->directory)
		return *(r->directory = value) == '/';
	if (strcmp(word, "image") == 0 && !r->image)
		return (r->image = value);
	if (strcmp(word, "starting") == 0 && !r->starting)
		return (r->starting = value);
	if (strcmp(word, "stop-signal") == 0)
		return read_int(value, 1, &r->stop_signal) && r->stop_signal > 0 &&
		       r->stop_signal <= 64;
	return strcmp(word, "stop-grace-ms") == 0 &&
	       read_int(value, -1, &r->stop_grace_ms);
}

bool recipe_read(const char *text, struct recipe *ret)
{
	char *line, *end;

	*ret = (struct recipe){ .stop_grace_ms = GRACE_UNSAID, .text = strdup(text) };
	if (!ret->text)
		return false;
	for (line = ret->text; *line; line = end + 1) {
		char *value;

		end = strchr(line, '\n');
		if (!end)
			return false;
		*end = '\0';
		if (line == ret->text) {
			ret->by_minc = strcmp(line, NOTE_MINC) == 0;
			if (!ret->by_minc && strcmp(line, version) != 0)
				return false;
			continue;
		}
		value = strchr(line, ' ');
		if (value)
			*value++ = '\0';
		if (!take(ret, line, value ? value : end))
			return false;
	}
	return (ret->directory || ret->by_minc) && ret->image;
}

void recipe_done(struct recipe *r)
{
	free(r->labels.v);
	free(r->environment.v);
	free(r->options.v);
	free(r->operands.v);
	free(r->text);
	*r = (struct recipe){ .text = NULL };
}
