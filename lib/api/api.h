/* SPDX-License-Identifier: MIT */
/* api - the exported functions: validate, delegate, nothing else. */
#pragma once

#include <minc/minc.h>

#include "run/run.h"

#define MINC_EXPORT __attribute__((visibility("default")))

/*
 * A new failure may be recorded, unless one of configuration stands for good: then that.
 * Probes the host if that has not been done.
 */
int api_begin(minc_ctx *c);
