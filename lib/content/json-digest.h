/* SPDX-License-Identifier: MIT */
/* json-digest - digests in JSON; see json/json.h. */
#pragma once

#include "content/digest.h"
#include "json/json.h"

/* A digest that must be there; refused as in json/json.h. */
int json_digest(const struct json_source *src, json_t *o, const char *where,
		const char *key, struct digest *ret);
