/* SPDX-License-Identifier: MIT */
/*
 * note - what is written down with a container of the store (minc_store_create()), in
 * lines of a word and a value. marten's are recipes (marten/container/recipe.h); minc's
 * begin with "minc 1" and only say what is shown: image, operand.., and remove.
 */
#ifndef NOTE_H
#define NOTE_H

#include <stdio.h>

#define NOTE_MINC "minc 1"

/* "WORD VALUE": everything but printable ASCII, and the backslash, is \ooo. */
void note_put(FILE *out, const char *word, const char *value);

#endif
