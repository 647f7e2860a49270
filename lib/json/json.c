/* SPDX-License-Identifier: MIT */
/* json - see json.h. */
#include "json/json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int json_refuse(const struct json_source *src, const char *format, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	return err_say(src->e, -EBADMSG, "%s: %s", src->what, text);
}

int json_no_memory(const struct json_source *src)
{
	return err_set(src->e, -ENOMEM, "%s", src->what);
}

/* Before the parser recurses. */
static bool too_deep(const char *text, size_t len)
{
	bool quoted = false;
	size_t depth = 0;

	for (size_t i = 0; i < len; i++) {
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && (text[i] == '{' || text[i] == '['))
			depth++;
		else if (!quoted && (text[i] == '}' || text[i] == ']') && depth > 0)
			depth--;
		if (depth > JSON_DEPTH_MAX)
			return true;
	}
	return false;
}

static bool is_blank(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && (text[i] == ' ' || (text[i] >= '\t' && text[i] <= '\r')))
		i++;
	return i == len;
}

int json_strict(const struct json_source *src, const char *text, size_t len, json_t **ret)
{
	json_error_t why;
	json_t *o;
	int r;

	if (is_blank(text, len))
		return json_refuse(src, "empty");
	if (too_deep(text, len))
		return json_refuse(src, "nested more than %d deep", JSON_DEPTH_MAX);
	r = json_text_read(text, len, &o, &why);
	if (r < 0)
		return r == -ENOMEM ? json_no_memory(src)
				    : json_refuse(src, "line %d: %s", why.line, why.text);
	if (json_is_object(o)) {
		*ret = o;
		return 0;
	}
	json_decref(o);
	return json_refuse(src, "not an object");
}

const char *json_misses(const json_t *v, json_type type)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "an object",    [JSON_ARRAY] = "an array",
		[JSON_STRING] = "a string",     [JSON_INTEGER] = "a whole number",
		[JSON_REAL] = "a number",       [JSON_TRUE] = "true or false",
		[JSON_FALSE] = "true or false", [JSON_NULL] = "null",
	};
	const bool is_truth = type == JSON_TRUE || type == JSON_FALSE;

	return (is_truth ? json_is_boolean(v) : json_typeof(v) == type) ? NULL
									: names[type];
}

const char *json_unknown(json_t *o, const char *const *keys)
{
	const char *key;
	json_t *value;

	json_object_foreach(o, key, value)
	{
		size_t i = 0;

		while (keys[i] && strcmp(keys[i], key) != 0)
			i++;
		if (!keys[i])
			return key;
	}
	return NULL;
}

json_t *json_ensure(json_t *o, const char *key, bool array)
{
	json_t *v = json_object_get(o, key);

	if (array ? json_is_array(v) : json_is_object(v))
		return v;
	v = array ? json_array() : json_object();
	return v && json_object_set_new(o, key, v) == 0 ? v : NULL;
}

bool json_is_whole(const json_t *v, uint64_t max, uint64_t *ret)
{
	const json_int_t n = json_integer_value(v);

	if (!json_is_integer(v) || n < 0 || (uint64_t)n > max)
		return false;
	*ret = (uint64_t)n;
	return true;
}

int json_field(const struct json_source *src, json_t *o, const char *where,
	       const char *key, json_type type, json_t **ret)
{
	json_t *v = json_object_get(o, key);
	const char *wanted;

	*ret = NULL;
	if (!v || json_is_null(v))
		return 0;
	wanted = json_misses(v, type);
	if (wanted)
		return json_refuse(src, "%s%s: not %s", where, key, wanted);
	*ret = v;
	return 0;
}

int json_text(const struct json_source *src, json_t *o, const char *where,
	      const char *key, const char **ret)
{
	json_t *v = NULL;
	char *copy;
	int r = json_field(src, o, where, key, JSON_STRING, &v);

	if (r < 0 || !v)
		return r;
	copy = arena_strdup(src->a, json_string_value(v));
	if (!copy)
		return json_no_memory(src);
	*ret = copy;
	return 0;
}

int json_whole(const struct json_source *src, json_t *o, const char *where,
	       const char *key, uint64_t max, uint64_t *ret)
{
	json_t *v = NULL;
	int r = json_field(src, o, where, key, JSON_INTEGER, &v);

	if (r < 0 || !v)
		return r;
	if (!json_is_whole(v, max, ret))
		return json_refuse(src, "%s%s: %lld is not 0 to %llu", where, key,
				   (long long)json_integer_value(v),
				   (unsigned long long)max);
	return 0;
}

int json_only(const struct json_source *src, json_t *o, const char *where,
	      const char *const *keys)
{
	const char *key = json_unknown(o, keys);

	return key ? json_refuse(src, "%s%.64s: unknown", where, key) : 0;
}

int json_texts(const struct json_source *src, json_t *o, const char *where,
	       const char *key, const char *const **ret)
{
	json_t *v = NULL, *item;
	const char **list;
	size_t i;
	int r = json_field(src, o, where, key, JSON_ARRAY, &v);

	if (r < 0)
		return r;
	list = arena_alloc(src->a, (json_array_size(v) + 1) * sizeof(*list));
	if (!list)
		return json_no_memory(src);
	json_array_foreach(v, i, item)
	{
		if (!json_is_string(item))
			return json_refuse(src, "%s%s[%zu]: not a string", where, key, i);
		list[i] = arena_strdup(src->a, json_string_value(item));
		if (!list[i])
			return json_no_memory(src);
	}
	*ret = list;
	return 0;
}

int json_keys(const struct json_source *src, json_t *o, const char *where,
	      const char *key, bool values, const char *const **ret)
{
	json_t *v = NULL, *item;
	const char **list, *name;
	size_t i = 0;
	int r = json_field(src, o, where, key, JSON_OBJECT, &v);

	if (r < 0)
		return r;
	list = arena_alloc(src->a, (json_object_size(v) + 1) * sizeof(*list));
	if (!list)
		return json_no_memory(src);
	json_object_foreach(v, name, item)
	{
		if (values && !json_is_string(item))
			return json_refuse(src, "%s%s: a value is not a string", where,
					   key);
		list[i] = values ? arena_printf(src->a, "%s=%s", name,
						json_string_value(item))
				 : arena_strdup(src->a, name);
		if (!list[i++])
			return json_no_memory(src);
	}
	*ret = list;
	return 0;
}

int json_annotations(const struct json_source *src, json_t *o, const char *where,
		     json_t **ret)
{
	json_t *v = NULL, *item;
	const char *name;
	int r = json_field(src, o, where, "annotations", JSON_OBJECT, &v);

	if (r < 0)
		return r;
	json_object_foreach(v, name, item) if (!json_is_string(item)) return json_refuse(
		src, "%sannotations: a value is not a string", where);
	*ret = v;
	return 0;
}
