/* SPDX-License-Identifier: MIT */
/*
 * subtree - whole directories: remove one, or look whether one may be removed. As deep as
 * it may be, with one descriptor and no recursion: the way up is "..", and checked to be
 * the directory that was left.
 */
#pragma once

#include "change/object.h"

/*
 * Called for each object below a directory and for itself, before what is in it; not 0
 * stops the walk, which returns it.
 */
typedef int tree_fn(const struct object *o, void *userdata);

int subtree_visit(int dir, const char *name, tree_fn *fn, void *userdata);
/* Remove @name in @dir, whatever it is, crossing no mount; 0 also if it is not there. */
int subtree_remove(int dir, const char *name);
