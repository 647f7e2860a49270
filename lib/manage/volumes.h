/* SPDX-License-Identifier: MIT */
/*
 * volumes - directories that outlive containers, and begin as what an image has there.
 *
 *   NAME            the volume, whole: it appears by rename(2)
 *   .new-NAME       beside one that no container has used yet, made without an image
 *   .filling-NAME   being filled, under the lock
 *   .gone-NAME      being removed, under the lock
 *
 * An flock(2) on the directory guards all of these. It is its owner's and closed to
 * others, who therefore cannot hold the lock. No name of a volume begins with a dot.
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
 * The directory of volumes, locked: a descriptor to be closed, or -errno with a message.
 * It is made if it is missing. What killed processes left in it is removed first, unless
 * the caller has @swept it before, as that reads the whole directory.
 */
int volumes_open(struct err *e, const char *path, bool swept);
