/* SPDX-License-Identifier: MIT */
/* api - the exported functions: validate, delegate, nothing else. */
#pragma once

#include <minc/minc.h>

#include "run/run.h"

#define MINC_EXPORT __attribute__((visibility("default")))

/*
 * Forget the failure of the last call. One of configuration is not forgotten, but
 * returned. Probes the host if that has not been done.
 */
int api_begin(minc_ctx *c);
/* The same, for what gives a command descriptors: -EBADF if one is closed by now. */
int api_begin_process(minc_ctx *c);
/* What was recorded before goes, unless it is a failure of configuration. */
void api_forget_failure(minc_ctx *c);
/* The same, and refuse @ct with -EINVAL unless it lives in the background. */
int api_check_background(minc_ctx *c, const minc_container *ct);
/* The description that @ct was started from, into @ret, which is for spec_done(). */
int api_load_description(const minc_container *ct, struct spec *ret, struct err *e);
/*
 * Unpack the image for a plan that cannot mount it, unless that was done before, in
 * @storage, which is locked.
 */
int api_unpack_image(minc_ctx *c, int storage);
/* Fill new volumes of the plan (volume.c). */
int api_fill_volumes(minc_ctx *c);
