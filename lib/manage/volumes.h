/* SPDX-License-Identifier: MIT */
/*
 * volumes - directories that outlive containers, and begin as what an image has there.
 *
 *   NAME            the volume, whole: it appears by rename(2)
 *   .new-NAME       beside one that was made without an image: no container has used it
 *   yet .filling-NAME   on its way; who holds the lock removes what somebody else has
 *   left .gone-NAME      being removed
 *
 * The directory they are in is its owner's and closed to others, so that an flock(2) on
 * it is no stranger's to hold: it guards all of the above. No name of a volume begins
 * with a dot.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "store/store.h"

#define VOLUME_NEW     ".new-"
#define VOLUME_FILLING ".filling-"
#define VOLUME_GONE    ".gone-"

int volume_create(struct store *s, const char *name);
int volume_remove(struct store *s, const char *name);

/*
 * The directory of volumes at @path, relative to @at, locked; a descriptor to be closed.
 * It is made if it is missing. What was left of volumes that were to be filled or removed
 * is removed first, unless it was @swept by the caller before: that looks at all that
 * there are.
 */
int volumes_open(struct err *e, int at, const char *path, bool swept);
