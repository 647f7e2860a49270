/* SPDX-License-Identifier: MIT */
/*
 * shell-words - the words of a Dockerfile instruction: blanks between them, quotation
 * marks, the escape character "\" and variables of the image. See the Dockerfile
 * reference, "Environment replacement". Words are kept as they are written until
 * words_expand() says what they mean, for whether "=" belongs to a name depends on the
 * former.
 */
#pragma once

#include <jansson.h>

#include "base/arena.h"

/*
 * Split @text at blanks that are neither quoted nor escaped: a NULL-terminated array in
 * @a, or NULL without memory.
 */
char **words_split(struct arena *a, const char *text);

/* The first "=" of @word that is neither quoted nor escaped; NULL: there is none. */
char *words_equals(char *word);

/*
 * What @word means: without its quotation marks and escapes, with the variables of @env,
 * an array of "NAME=VALUE". NULL with *ret_wrong saying why, or with it NULL without
 * memory.
 */
char *words_expand(struct arena *a, const json_t *env, const char *word,
		   const char **ret_wrong);
