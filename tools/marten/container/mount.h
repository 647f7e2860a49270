/* SPDX-License-Identifier: MIT */
/*
 * mount - --volume, --mount, --tmpfs and --device become library calls. Volumes with a
 * name are directories below volumes/ of the store, made when they are first used; those
 * without one belong to the container.
 */
#ifndef MOUNT_H
#define MOUNT_H

#include <minc/minc.h>
#include <stdbool.h>

#include "marten/values.h"

/* The directory for volumes of the store, and of the container. */
struct places {
	const char *store, *container;
	int anonymous; /* how many of the latter there are */
};

/*
 * Each returns NULL, or what is wrong with the value, or limit_refused (common/limit.h)
 * if the context has the message.
 */
typedef const char *mount_fn(minc_ctx *c, struct places *p, const char *value);
mount_fn mount_volume, mount_mount, mount_memory;
const char *mount_device(minc_ctx *c, const char *value);
/* An empty directory of the container's own at @target. */
const char *mount_anonymous(minc_ctx *c, struct places *p, const char *target);

/*
 * Whether one of the values of --volume, --mount and --tmpfs puts something at @target.
 */
bool mount_covers(const struct words *volumes, const struct words *mounts,
		  const struct words *tmpfs, const char *target);

/* The name of a volume, which is gone afterwards; not 0 ends it. */
typedef int volume_fn(const char *name, void *userdata);

/*
 * @fn is called for each value of --volume and --mount that is of a volume with a name.
 * One that is wrong is of none: no start takes it. 0, what @fn returned, or -1: no
 * memory.
 */
int mount_each_volume(const struct words *volumes, const struct words *mounts,
		      volume_fn *fn, void *userdata);

#endif
