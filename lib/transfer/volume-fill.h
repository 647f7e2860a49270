/* SPDX-License-Identifier: MIT */
/*
 * volume-fill - how a volume begins (manage/volumes.h): with what an image has there. In
 * module import.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "squash/part.h"

struct volume {
	const char *path; /* absolute */
	bool swept;       /* another one in its directory was filled just before */
	struct part part; /* no layers: there is no image */
};

/* Make the volume, if it is missing or new. */
int volume_fill(struct err *e, const struct volume *v);
