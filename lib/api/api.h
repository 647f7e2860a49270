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
/*
 * Make what the plan of an image without FUSE lies over, if it is not there; @storage:
 * locked.
 */
int api_unpack_image(minc_ctx *c, int storage);
/*
 * What MINC_BIND_VOLUME asks for, as c->plan.volumes says (volume.c); a message on
 * failure.
 */
int api_fill_volumes(minc_ctx *c);
