/* SPDX-License-Identifier: MIT */
/*
 * environ - --env and --env-file. A file has NAME=VALUE or NAME on a line; blanks before
 * a name, empty lines and those that begin with # are passed over; nothing is unquoted,
 * as docker(1) has it. So is what editors of other systems put there: a byte order mark
 * before the first line, and a carriage return at the end of each.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"

enum { LINE_MAX_BYTES = 1 << 20 };

void environ_done(struct words *list)
{
	size_t i;

	for (i = 0; i < list->len; i++)
		free((char *)list->v[i]); /* made by add() */
	free(list->v);
	*list = (struct words){ .v = NULL };
}

/* "NAME=VALUE", or "NAME" for our own value, if there is one. False without memory. */
static bool add(struct words *list, const char *word)
{
	size_t len = strcspn(word, "="), i;
	const char *own = word[len] ? NULL : getenv(word);
	char *text = NULL;

	if (!word[len] && !own)
		return true;
	if (asprintf(&text, "%s%s%s", word, own ? "=" : "", own ? own : "") < 0)
		return false;
	for (i = 0; i < list->len; i++)
		if (strncmp(list->v[i], word, len) == 0 && list->v[i][len] == '=') {
			free((char *)list->v[i]);
			list->v[i] = text;
			return true;
		}
	if (!read_word(list, text))
		return true;
	free(text);
	return false;
}

/*
 * What is to be read of a line of @n bytes, from its first name on; "" of one that says
 * nothing. A NUL in it cuts it: *@n tells.
 */
static char *trim_line(char *line, ssize_t *n, bool first)
{
	static const char mark[] = "\xef\xbb\xbf", blanks[] = " \t\v\f\r";
	size_t skip = first && strncmp(line, mark, strlen(mark)) == 0 ? strlen(mark) : 0;

	if (*n > 0 && line[*n - 1] == '\n')
		line[--*n] = '\0';
	if (*n > 0 && line[*n - 1] == '\r')
		line[--*n] = '\0';
	skip += strspn(line + skip, blanks);
	*n -= (ssize_t)skip;
	return line + skip;
}

static int add_file(struct call *call, struct words *list, const char *path)
{
	FILE *in = fopen(path, "re");
	char *line = NULL, *word;
	size_t size = 0;
	ssize_t n;
	int number = 0, status = 0;

	if (!in)
		return fail_usage(call, "--env-file %.200s: %s", path, strerror(errno));
	while (status == 0 && (n = getline(&line, &size, in)) >= 0) {
		word = trim_line(line, &n, ++number == 1);
		if (n == 0 || *word == '#')
			continue;
		if ((size_t)n != strlen(word) || n > LINE_MAX_BYTES || *word == '=' ||
		    strcspn(word, " \t") < strcspn(word, "="))
			status = fail_usage(call,
					    "--env-file %.200s: line %d: not NAME=VALUE",
					    path, number);
		else if (!add(list, word))
			status = fail_say("out of memory");
	}
	if (status == 0 && ferror(in))
		status = fail_usage(call, "--env-file %.200s: %s", path, strerror(errno));
	free(line);
	(void)fclose(in); /* only read */
	return status;
}

int environ_collect(struct call *call, const struct run_values *o, struct words *list)
{
	int status = 0;
	size_t i;

	for (i = 0; i < o->env_files.len && status == 0; i++)
		status = add_file(call, list, o->env_files.v[i]);
	for (i = 0; i < o->env.len && status == 0; i++) {
		const char *word = o->env.v[i];

		if (!*word || *word == '=')
			status = fail_usage(call, "--env %.200s: not NAME=VALUE", word);
		else if (!add(list, word))
			status = fail_say("out of memory");
	}
	return status;
}
