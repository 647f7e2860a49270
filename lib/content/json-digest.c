/* SPDX-License-Identifier: MIT */
/* json-digest - see json-digest.h. */
#include "content/json-digest.h"

#include <errno.h>

int json_digest(const struct json_source *src, json_t *o, const char *where,
		const char *key, struct digest *ret)
{
	json_t *v = NULL;
	int r = json_field(src, o, where, key, JSON_STRING, &v);

	if (r < 0)
		return r;
	if (!v)
		return json_refuse(src, "%s%s: missing", where, key);
	r = digest_parse(json_string_value(v), ret);
	return r == -EOPNOTSUPP
		       ? json_refuse(src, "%s%s: only sha256 is supported", where, key)
	       : r < 0 ? json_refuse(src, "%s%s: not a digest", where, key)
		       : 0;
}

json_t *json_descriptor(const char *media_type, const struct digest *d, uint64_t size)
{
	return json_pack("{s:s, s:s, s:I}", "mediaType", media_type, "digest", d->text,
			 "size", (json_int_t)size);
}
