/* SPDX-License-Identifier: MIT */
/* import-erofs - an erofs image as a root file system. */
#pragma once

#include <time.h>

#include "store/handles.h"

int import_erofs(struct minc_transfer *t, const char *source, int file, time_t created);
