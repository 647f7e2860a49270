/* SPDX-License-Identifier: MIT */
/* change-config - one instruction of a Dockerfile, as docker commit --change takes them. */
#pragma once

#include <jansson.h>

#include "base/err.h"

/* "ENV A=B", "CMD [\"sh\"]", ... applied to the "config" of an image's config; -EINVAL. */
int change_config(struct err *e, json_t *config, const char *text);
