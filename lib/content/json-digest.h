/* SPDX-License-Identifier: MIT */
/* json-digest - digests and descriptors in JSON; see json/json.h. */
#pragma once

#include "content/digest.h"
#include "json/json.h"

/* A digest that must be there; refused as in json/json.h. */
int json_digest(const struct json_source *src, json_t *o, const char *where,
		const char *key, struct digest *ret);

/* A descriptor, of OCI and of docker alike; NULL without memory. */
json_t *json_descriptor(const char *media_type, const struct digest *d, uint64_t size);
