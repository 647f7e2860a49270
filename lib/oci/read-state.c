/* SPDX-License-Identifier: MIT */
/*
 * read-state - reading state.json, here because the JSON library is; written by
 * live/state.c.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/str.h"
#include "live/state.h"
#include "json/json-text.h"

__attribute__((visibility("default"))) state_load_fn oci_state_load;

struct fields {
	json_t *object;
	struct arena *a;
	int r; /* the first failure */
};

/* NULL only with a failure, or if it is null and @may_be_null. */
static const char *text(struct fields *f, const char *key, bool may_be_null)
{
	json_t *value = json_object_get(f->object, key);
	const char *copy;

	if (may_be_null && json_is_null(value))
		return NULL;
	if (!json_is_string(value) ||
	    strlen(json_string_value(value)) != json_string_length(value)) {
		f->r = f->r ? f->r : -EBADMSG;
		return NULL;
	}
	copy = arena_strdup(f->a, json_string_value(value));
	if (!copy)
		f->r = -ENOMEM;
	return copy;
}

/* Numbers that a double cannot hold are strings. */
static uint64_t number(struct fields *f, const char *key)
{
	const char *digits = text(f, key, false);
	uint64_t n = 0;

	if (digits && str_to_u64(digits, UINT64_MAX, &n) < 0)
		f->r = f->r ? f->r : -EBADMSG;
	return n;
}

static int process_id(struct fields *f, const char *key)
{
	json_t *value = json_object_get(f->object, key);

	if (json_is_integer(value) && json_integer_value(value) > 0 &&
	    json_integer_value(value) <= INT_MAX)
		return (int)json_integer_value(value);
	f->r = f->r ? f->r : -EBADMSG;
	return -1;
}

static bool flag(struct fields *f, const char *key)
{
	json_t *value = json_object_get(f->object, key);

	if (!json_is_boolean(value))
		f->r = f->r ? f->r : -EBADMSG;
	return json_is_true(value);
}

/* It may be in any encoding. */
static const char *path(struct fields *f, const char *key)
{
	char *copy = (char *)text(f, key, true); /* ours, in the arena */

	if (copy)
		(void)str_unescape_bytes(copy); /* its length is not needed */
	return copy;
}

static const char *const *list(struct fields *f, const char *key)
{
	json_t *value = json_object_get(f->object, key), *item;
	const char **ret;
	size_t i;

	if (!json_is_array(value)) {
		f->r = f->r ? f->r : -EBADMSG;
		return NULL;
	}
	ret = arena_alloc(f->a, (json_array_size(value) + 1) * sizeof(*ret));
	if (!ret) {
		f->r = -ENOMEM;
		return NULL;
	}
	json_array_foreach(value, i, item)
	{
		ret[i] = json_is_string(item)
				 ? arena_strdup(f->a, json_string_value(item))
				 : NULL;
		if (!ret[i])
			f->r = f->r ? f->r : json_is_string(item) ? -ENOMEM : -EBADMSG;
	}
	return ret;
}

int oci_state_load(const char *json, size_t len, struct arena *a, struct state_facts *ret)
{
	json_t *object = NULL, *version;
	struct fields f = { .a = a };
	int r = json_text_read(json, len, &object, NULL);

	if (r < 0)
		return r;
	f.object = object;
	version = json_object_get(object, "version");
	if (!json_is_object(object) || !json_is_integer(version) ||
	    json_integer_value(version) != STATE_VERSION)
		f.r = -EBADMSG;
	if (f.r == 0) {
		*ret = (struct state_facts){
			.pid = process_id(&f, "pid"),
			.start_time = number(&f, "start_time"),
			.created_ns = number(&f, "created_ns"),
			.hostname = text(&f, "hostname", false),
			.storage = path(&f, "storage"),
			.terminal = flag(&f, "terminal"),
			.init = flag(&f, "init"),
			.auto_remove = flag(&f, "auto_remove"),
			.storage_made = flag(&f, "storage_made"),
			.command = list(&f, "command"),
			.cgroups = list(&f, "cgroups"),
		};
	}
	json_decref(object);
	return f.r;
}
