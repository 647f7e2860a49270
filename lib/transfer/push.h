/* SPDX-License-Identifier: MIT */
/* push - images to a registry. */
#pragma once

#include "store/handles.h"

int push_image(struct minc_transfer *t, const char *name, const char *target);
