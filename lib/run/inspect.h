/* SPDX-License-Identifier: MIT */
/* inspect - all that is known of a background container, as JSON. */
#pragma once

#include "run/run.h"

/*
 * A JSON object, for free(3). @config: text of its config.json, which is JSON. 0, -ENOMEM,
 * or -EBADMSG: damaged.
 */
int inspect_json(const struct minc_container *ct, const char *config, char **ret);
