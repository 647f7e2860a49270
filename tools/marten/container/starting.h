/* SPDX-License-Identifier: MIT */
/*
 * starting - whether the marten that makes a container and starts it right away still
 * lives: one that was killed in between leaves a container that nobody will start. Its
 * recipe (recipe.h) has a word, and a file of that name in containers/ of the store is
 * locked, flock(2), as long as that marten lives: a number of a process would mean
 * something else in another pid namespace, and after a while.
 */
#ifndef STARTING_H
#define STARTING_H

#include <stdbool.h>

struct starting {
	int fd; /* negative: none */
	char word[32];
};

/* @store: its path. False without the file; what is made then is not taken away. */
bool starting_begin(struct starting *s, const char *store);
/* It runs, or was discarded: the file is not needed any more. */
void starting_end(struct starting *s, const char *store);

/* Whether the marten that wrote @word has ended without starting_end(). */
bool starting_has_died(const char *store, const char *word);
/* Remove what such have left beside their containers. */
void starting_sweep(const char *store);

#endif
