/* SPDX-License-Identifier: MIT */
/* api - the exported functions: validate, delegate, nothing else. */
#pragma once

#include <minc/minc.h>

#include "run/run.h"

#define MINC_EXPORT __attribute__((visibility("default")))

/* A new failure may be recorded, unless one of configuration stands for good; the host is
 * probed. 0 or -errno. */
int api_begin(minc_ctx *c);
