/* SPDX-License-Identifier: MIT */
/* json-digest - digests in JSON; see base/json.h. */
#pragma once

#include "base/json.h"
#include "content/digest.h"

/* Must be there. */
int json_digest(const struct json_source *src, json_t *o, const char *where, const char *key,
		struct digest *ret);
