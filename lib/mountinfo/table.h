/* SPDX-License-Identifier: MIT */
/*
 * table - which mounts lie below a directory of the host, from /proc/self/mountinfo by
 * libmount. Lives in the module "mounts": reading the table costs more than a start that
 * does not need it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

struct submount {
	const char *path;   /* absolute, in the caller's view */
	const char *fstype; /* "ext4", "fuse.sshfs", ... */
	bool directory;     /* else a file is mounted on a file */
	bool out_of_reach;  /* below a directory that we may not search */
};

/*
 * Mounts strictly below @root (absolute, no symlinks) that can be seen: a parent comes
 * before what is mounted in it, and a mount hidden by a later one on the same or a higher
 * directory is left out. One that is out of reach cannot be shown, but the kernel knows
 * of it when a user namespace copies what is above. Returns 0, -ENOMEM, or the error of
 * reading the table.
 */
typedef int mount_table_fn(const char *root, struct arena *a, struct submount **ret,
			   size_t *ret_len, struct err *e);
