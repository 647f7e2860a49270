/* SPDX-License-Identifier: MIT */
/* read - see read.h. */
#include "oci/read.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "json/json.h"

enum { MESSAGE_BYTES = 600 };

static int record(const struct reader *r, int err, const char *text)
{
	if (r->s->sticky == 0) {
		r->s->sticky = err;
		err_clear(r->s->err);
	}
	return err_say(r->s->err, err, "%s: %s", r->file, text);
}

int read_refuse(const struct reader *r, const char *format, ...)
{
	char text[MESSAGE_BYTES];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	return record(r, -EINVAL, text);
}

int read_no_memory(const struct reader *r)
{
	return record(r, -ENOMEM, "out of memory");
}

int read_origin(const struct reader *r, const char *format, ...)
{
	char text[MESSAGE_BYTES];
	va_list ap;
	int n;

	n = snprintf(text, sizeof(text), "%s: ", r->file);
	if (n < 0 || (size_t)n >= sizeof(text))
		n = 0;
	va_start(ap, format);
	vsnprintf(text + n, sizeof(text) - (size_t)n, format, ap);
	va_end(ap);
	return spec_set_origin(r->s, text);
}

/* "where.key", or "key" at the top. */
static const char *full_name(char *buf, size_t len, const char *where, const char *key)
{
	snprintf(buf, len, "%s%s%s", where, *where ? "." : "", key);
	return buf;
}

int read_only_known(const struct reader *r, json_t *object, const char *where,
		    const char *const *known)
{
	const char *key = json_unknown(object, known);
	char name[256];

	return key ? read_refuse(r, "%s: not supported",
				 full_name(name, sizeof(name), where, key))
		   : 0;
}

int read_value(const struct reader *r, json_t *object, const char *where, const char *key,
	       json_type type, json_t **ret)
{
	json_t *value = json_object_get(object, key);
	const char *wanted = value ? json_misses(value, type) : NULL;
	char name[256];

	if (wanted)
		return read_refuse(r, "%s: not %s",
				   full_name(name, sizeof(name), where, key), wanted);
	*ret = value;
	return 0;
}

int read_string(const struct reader *r, json_t *object, const char *where,
		const char *key, const char **ret)
{
	json_t *value = NULL;
	int n = read_value(r, object, where, key, JSON_STRING, &value);

	if (n == 0 && value)
		*ret = json_string_value(value);
	return n;
}

int read_bool(const struct reader *r, json_t *object, const char *where, const char *key,
	      bool *ret)
{
	json_t *value = NULL;
	int n = read_value(r, object, where, key, JSON_TRUE, &value);

	if (n == 0 && value)
		*ret = json_is_true(value);
	return n;
}

int read_number(const struct reader *r, json_t *object, const char *where,
		const char *key, uint64_t max, uint64_t *ret)
{
	char name[256];
	json_t *value = NULL;
	int n = read_value(r, object, where, key, JSON_INTEGER, &value);

	if (n < 0 || !value)
		return n;
	if (!json_is_whole(value, max, ret))
		return read_refuse(r, "%s: %lld is not 0 to %llu",
				   full_name(name, sizeof(name), where, key),
				   (long long)json_integer_value(value),
				   (unsigned long long)max);
	return 0;
}

int read_strings(const struct reader *r, json_t *array, const char *where)
{
	json_t *value = NULL;
	size_t i;

	json_array_foreach(array, i, value) if (
		!json_is_string(value)) return read_refuse(r, "%s[%zu]: not a string",
							   where, i);
	return 0;
}

const char *read_note(const struct reader *r, const char *note)
{
	return json_string_value(json_object_get(r->notes, note));
}

bool read_note_is(const struct reader *r, const char *note, const char *value)
{
	return str_equal(read_note(r, note), value);
}

const char *read_path(const struct reader *r, const char *path)
{
	const char *slash = strrchr(r->file, '/');
	const char *ret;

	if (*path == '/' || *path == '\0' || !slash)
		return path;
	ret = arena_printf(&r->s->arena, "%.*s/%s", (int)(slash - r->file), r->file,
			   path);
	if (!ret)
		(void)read_no_memory(r);
	return ret;
}
