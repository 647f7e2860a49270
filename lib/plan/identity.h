/* SPDX-License-Identifier: MIT */
/* identity - ids of the command, resolved in the container's own user database. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct identity {
	uint32_t uid, gid;
	uint32_t groups[64];
	size_t groups_len;
	char home[256]; /* absolute; "/" if unknown */
	char name[64];  /* "" if unknown */
};
