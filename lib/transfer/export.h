/* SPDX-License-Identifier: MIT */
/* export - images out of the store, as archives and layouts. */
#pragma once

#include "store/handles.h"

int export_images(struct minc_transfer *t, const char *const *names, const char *target);
