/* SPDX-License-Identifier: MIT */
/* inspect-container - see inspect-container.h. */
#include "oci/inspect-container.h"

#include <errno.h>
#include <stdlib.h>

#include "base/io.h"
#include "base/str.h"
#include "live/background.h"
#include "json/json-text.h"
#include "json/json.h"

__attribute__((visibility("default"))) oci_inspect_fn oci_inspect;

enum { CONFIG_MAX_BYTES = 4 * 1024 * 1024, FIELDS = 18 };

/*
 * Each of these returns NULL without memory: then the whole answer fails.
 *
 * A number that a double may not hold: a string, as in state.json.
 */
static json_t *big_number(uint64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	return json_string(text);
}

static json_t *list(const char *const *words)
{
	cleanup_json json_t *ret = json_array();

	for (; words && *words; words++)
		if (json_array_append_new(ret, json_string(*words)) < 0)
			return NULL;
	return take_json(&ret);
}

static json_t *limits(const struct inspection *i)
{
	cleanup_json json_t *ret = json_array();

	for (size_t n = 0; n < i->limits_len; n++)
		if (json_array_append_new(ret,
					  json_pack("{s:s, s:s}", "limit",
						    i->limits[n].limit, "enforced_by",
						    i->limits[n].enforced_by)) < 0)
			return NULL;
	return take_json(&ret);
}

/* As it is on disk; a damaged one is NULL with -EBADMSG. */
static int load_config(const struct state *s, json_t **ret)
{
	char *text;
	size_t len;
	int r = io_read_own_file(s->dir, "config.json", CONFIG_MAX_BYTES, &text, &len);

	if (r < 0)
		return r == -ENOENT || r == -EFBIG ? -EBADMSG : r;
	r = json_text_read(text, len, ret, NULL);
	free(text);
	return r;
}

/* As config.json has what is not UTF-8. */
static json_t *any_text(const char *s)
{
	bool changed;
	char *copy = str_escape_bytes(s, &changed);
	json_t *ret = copy ? json_string(copy) : NULL;

	free(copy);
	return ret;
}

static json_t *text_or_null(const char *s)
{
	return s && *s ? any_text(s) : json_null();
}

static json_t *describe(const struct state *s, const struct inspection *i, json_t *config)
{
	const struct state_facts *f = &s->facts;
	char log[PATH_MAX + 8];
	json_t *o = json_object();

	snprintf(log, sizeof(log), "%s/log", s->path);
	json_object_set_new(o, "id", json_string(s->id));
	json_object_set_new(o, "name", text_or_null(s->name));
	json_object_set_new(o, "hostname", json_string(f->hostname));
	json_object_set_new(o, "state", json_string(i->state));
	json_object_set_new(o, "pid", i->ended ? json_integer(0) : json_integer(f->pid));
	json_object_set_new(o, "created_ns", big_number(f->created_ns));
	json_object_set_new(o, "ended_ns",
			    i->ended_ns ? big_number(i->ended_ns) : json_null());
	json_object_set_new(o, "exit_status",
			    i->ended ? json_integer(i->status) : json_null());
	json_object_set_new(o, "command", list(f->command));
	json_object_set_new(o, "terminal", json_boolean(f->terminal));
	json_object_set_new(o, "init", json_boolean(f->init));
	json_object_set_new(o, "auto_remove", json_boolean(f->auto_remove));
	json_object_set_new(o, "log", any_text(log));
	json_object_set_new(o, "log_lost_bytes", big_number(i->lost));
	json_object_set_new(o, "storage", text_or_null(f->storage));
	json_object_set_new(o, "state_dir", any_text(s->path));
	json_object_set_new(o, "limits", limits(i));
	json_object_set_new(o, "config", config);
	return o;
}

int oci_inspect(const struct state *s, const struct inspection *i, char **ret)
{
	json_t *config, *object;
	int r = load_config(s, &config);

	if (r < 0)
		return r;
	object = describe(s, i, config);
	/* without memory a field is missing */
	r = json_object_size(object) == FIELDS
		    ? json_text_write(object, JSON_INDENT(2), ret, NULL)
		    : -ENOMEM;
	json_decref(object);
	return r;
}
