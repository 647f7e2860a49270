/* SPDX-License-Identifier: MIT */
/* change-config - see change-config.h and the Dockerfile reference. */
#include "image/change-config.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/fd.h"
#include "base/json-text.h"
#include "base/str.h"

static int refuse(struct err *e, const char *text, const char *why)
{
	return err_say(e, -EINVAL, "--change %.200s: %s", text, why);
}

static int no_memory(struct err *e, const char *text)
{
	return err_set(e, -ENOMEM, "--change %.200s", text);
}

/* The array or object of @key, made if missing; borrowed. */
static json_t *list_of(json_t *config, const char *key, bool array)
{
	json_t *v = json_object_get(config, key);

	if (array ? json_is_array(v) : json_is_object(v))
		return v;
	v = array ? json_array() : json_object();
	return v && json_object_set_new(config, key, v) == 0 ? v : NULL;
}

/* A JSON array of strings, or words for a shell. */
static int set_command(struct err *e, json_t *config, const char *key, const char *text,
		       const char *value)
{
	json_t *list = NULL, *item;
	size_t i;

	if (*value != '[') {
		list = json_pack("[s, s, s]", "/bin/sh", "-c", value);
	} else {
		if (json_text_read(value, strlen(value), &list, NULL) == -ENOMEM)
			return no_memory(e, text);
		json_array_foreach(list, i, item)
			if (!json_is_string(item)) {
				json_decref(list);
				list = NULL;
				break;
			}
		if (!json_is_array(list))
			return refuse(e, text, "not a JSON array of strings");
	}
	return json_object_set_new(config, key, list) < 0 ? no_memory(e, text) : 0;
}

static int set_text(struct err *e, json_t *config, const char *key, const char *text,
		    const char *value)
{
	return json_object_set_new(config, key, json_string(value)) < 0 ? no_memory(e, text) : 0;
}

/* "A=B", also with the value in double quotation marks; or the old "A B" of ENV. */
static int split_pair(struct err *e, const char *text, const char *value, char **ret_name,
		      const char **ret_value)
{
	const size_t len = strcspn(value, "= \t");
	char *copy;

	if (len == 0 || !value[len])
		return refuse(e, text, "expects NAME=VALUE");
	copy = strdup(value);
	if (!copy)
		return no_memory(e, text);
	copy[len] = '\0';
	*ret_name = copy;
	*ret_value = copy + len + 1;
	if (**ret_value == '"') {
		const size_t n = strlen(*ret_value);

		if (n < 2 || (*ret_value)[n - 1] != '"') {
			free(copy);
			*ret_name = NULL;
			return refuse(e, text, "a quotation mark is missing");
		}
		copy[len + 1 + n - 1] = '\0';
		(*ret_value)++;
	}
	return 0;
}

static int set_env(struct err *e, json_t *config, const char *text, const char *value)
{
	json_t *list = list_of(config, "Env", true), *item;
	cleanup_free char *name = NULL;
	const char *content;
	size_t i, len;
	int r = list ? split_pair(e, text, value, &name, &content) : no_memory(e, text);

	if (r < 0)
		return r;
	len = strlen(name);
	json_array_foreach(list, i, item)
	{
		const char *old = json_string_value(item);

		if (old && strncmp(old, name, len) == 0 && old[len] == '=') {
			(void)json_array_remove(list, i);
			break;
		}
	}
	return json_array_append_new(list, json_sprintf("%s=%s", name, content)) < 0 ?
		       no_memory(e, text) :
		       0;
}

static int set_label(struct err *e, json_t *config, const char *text, const char *value)
{
	json_t *list = list_of(config, "Labels", false);
	cleanup_free char *name = NULL;
	const char *content;
	int r = list ? split_pair(e, text, value, &name, &content) : no_memory(e, text);

	if (r < 0)
		return r;
	return json_object_set_new(list, name, json_string(content)) < 0 ? no_memory(e, text) : 0;
}

static int add_key(struct err *e, json_t *config, const char *key, const char *text,
		   const char *value)
{
	json_t *list = list_of(config, key, false);

	return !list || json_object_set_new(list, value, json_object()) < 0 ? no_memory(e, text) : 0;
}

/* "80", "80/tcp", "53/udp" */
static int add_port(struct err *e, json_t *config, const char *text, const char *value)
{
	char port[32];
	const size_t len = strcspn(value, "/");
	uint64_t n;

	if (len == 0 || len > 5 || (value[len] && !str_equal(value + len, "/tcp") &&
				    !str_equal(value + len, "/udp") && !str_equal(value + len, "/sctp")))
		return refuse(e, text, "not a port");
	memcpy(port, value, len);
	port[len] = '\0';
	if (str_to_u64(port, 65535, &n) < 0 || n == 0)
		return refuse(e, text, "not a port");
	strcpy(port + len, value[len] ? value + len : "/tcp"); /* room for both */
	return add_key(e, config, "ExposedPorts", text, port);
}

int change_config(struct err *e, json_t *config, const char *text)
{
	const size_t len = strcspn(text, " \t");
	const char *value = text + len + strspn(text + len, " \t");

#define IS(word) (len == strlen(word) && strncasecmp(text, word, len) == 0)
	if (!*value)
		return refuse(e, text, "expects INSTRUCTION VALUE");
	if (!str_is_printable_utf8(value))
		return refuse(e, text, "control characters");
	if (IS("CMD"))
		return set_command(e, config, "Cmd", text, value);
	if (IS("ENTRYPOINT"))
		return set_command(e, config, "Entrypoint", text, value);
	if (IS("ENV"))
		return set_env(e, config, text, value);
	if (IS("LABEL"))
		return set_label(e, config, text, value);
	if (IS("EXPOSE"))
		return add_port(e, config, text, value);
	if (IS("VOLUME"))
		return *value == '/' ? add_key(e, config, "Volumes", text, value) :
				       refuse(e, text, "not an absolute path");
	if (IS("WORKDIR"))
		return *value == '/' ? set_text(e, config, "WorkingDir", text, value) :
				       refuse(e, text, "not an absolute path");
	if (IS("USER"))
		return set_text(e, config, "User", text, value);
	if (IS("STOPSIGNAL"))
		return set_text(e, config, "StopSignal", text, value);
#undef IS
	return refuse(e, text, "an unknown instruction");
}
