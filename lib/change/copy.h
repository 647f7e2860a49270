/* SPDX-License-Identifier: MIT */
/*
 * copy - files and directories between the host and a container that runs. Everything goes
 * by descriptors: a path of the container resolves inside its root, and below the named
 * object no link is followed on either side. A file appears whole, by rename.
 */
#pragma once

#include "base/err.h"

/* One end of a copy. */
struct copy_end {
	int root; /* the container's; or -EBADF: @path is the host's */
	const char *path;
};

/*
 * Copy @from to @to: into it if it is a directory, else to that name. "DIR/." as @from
 * copies what is in it. @warn is called with a line for each device and socket, which are
 * left out. 0, or -errno with a message.
 */
int copy_files(const struct copy_end *from, const struct copy_end *to,
	       void (*warn)(const char *line, void *userdata), void *userdata, struct err *e);
