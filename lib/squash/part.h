/* SPDX-License-Identifier: MIT */
/*
 * part - files of an image for a container, before it starts: the whole image or one
 * directory of it. Owners are those that the container will see: with a range of ids it
 * is done by a process that is root of a namespace with the same ranges, or, for root, by
 * number. In module import.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct part {
	const char *what;          /* for messages */
	const char *const *layers; /* absolute paths, lowest first */
	size_t layers_len;
	const char *inside;      /* directory of the image; "" for all of it */
	bool single, range, few; /* as in struct plan */
	/* whose the directory is where the image has none; it is then empty */
	uint32_t uid, gid;
};

/*
 * To @dir, which is empty. 0, or 1: there are files that may not be on the disk yet;
 * -errno with a message.
 */
int part_to_dir(struct err *e, const struct part *p, int dir);
