/* SPDX-License-Identifier: MIT */
/*
 * copy - files and directories between the host and a container, or two. Everything goes
 * by descriptors: a path of a container resolves inside its root, and below the named
 * object no link is followed on either side. A file appears whole, by rename.
 */
#pragma once

#include "base/err.h"
#include "change/ends.h"

/*
 * Copy @from to @to: into it if it is a directory, else to that name. "DIR/." as @from
 * copies what is in it. 0, or -errno with a message.
 */
int copy_files(const struct copy_end *from, const struct copy_end *to,
	       const struct copy_how *how, struct copy_said *said, struct err *e);
