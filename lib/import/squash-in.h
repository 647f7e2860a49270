/* SPDX-License-Identifier: MIT */
/* squash-in - a squashfs image as a root file system. */
#pragma once

#include <time.h>

#include "store/handles.h"

int import_squashfs(struct minc_transfer *t, const char *source, int fd, time_t created);
