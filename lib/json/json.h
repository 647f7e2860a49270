/* SPDX-License-Identifier: MIT */
/*
 * json - strict reading of texts from others: no duplicate keys, bounded depth, every
 * value of the type it must have; null is the same as nothing, as Go's programs write it.
 * A refusal is "WHAT: WHERE.KEY: not a string" and -EBADMSG.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "json/json-text.h"

enum { JSON_DEPTH_MAX = 64 };

struct json_source {
	struct err *e;
	const char *what; /* names it in messages */
	struct arena *a;  /* strings are copied to it */
};

static inline void json_dropp(json_t **o)
{
	json_decref(*o);
	*o = NULL;
}

static inline json_t *take_json(json_t **o)
{
	json_t *ret = *o;

	*o = NULL;
	return ret;
}

#define cleanup_json __attribute__((cleanup(json_dropp)))

/* An object; bytes after it are refused. */
int json_strict(const struct json_source *src, const char *text, size_t len,
		json_t **ret);

int json_refuse(const struct json_source *src, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int json_no_memory(const struct json_source *src);

/*
 * Whether @v is of @type (JSON_TRUE and JSON_FALSE are one): NULL, or else what it has to
 * be: "a string".
 */
const char *json_misses(const json_t *v, json_type type);

/* The first key of the object @o that is none of @keys, which end with NULL; or NULL. */
const char *json_unknown(json_t *o, const char *const *keys);
/* The array or object @key of @o, borrowed; made if there is none. NULL: no memory. */
json_t *json_ensure(json_t *o, const char *key, bool array);
/* Whether @v is a whole number from 0 to @max: then it is *ret. */
bool json_is_whole(const json_t *v, uint64_t max, uint64_t *ret);

/* The value of @key, NULL where it is absent, null or refused. @where: "" or "config." */
int json_field(const struct json_source *src, json_t *o, const char *where,
	       const char *key, json_type type, json_t **ret);
/* *ret keeps its value where it is absent. */
int json_text(const struct json_source *src, json_t *o, const char *where,
	      const char *key, const char **ret);
int json_whole(const struct json_source *src, json_t *o, const char *where,
	       const char *key, uint64_t max, uint64_t *ret);
/* No other keys than those, which end with NULL. */
int json_only(const struct json_source *src, json_t *o, const char *where,
	      const char *const *keys);
/* An array of strings; a list that ends with NULL, never NULL. */
int json_texts(const struct json_source *src, json_t *o, const char *where,
	       const char *key, const char *const **ret);
/* An object: its keys, or with @values "KEY=VALUE" of strings. */
int json_keys(const struct json_source *src, json_t *o, const char *where,
	      const char *key, bool values, const char *const **ret);
/* An object of strings, if it is there. */
int json_annotations(const struct json_source *src, json_t *o, const char *where,
		     json_t **ret);
