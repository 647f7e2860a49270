/* SPDX-License-Identifier: MIT */
/* change-config - see change-config.h and the Dockerfile reference. */
#include "transfer/change-config.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "transfer/shell-words.h"
#include "json/json-text.h"
#include "json/json.h"

enum { PORT_MAX = 65535 };

/* What is being done; @text is for messages. */
struct change {
	struct err *e;
	json_t *config;
	struct arena arena;
	const char *text, *value;
	bool has_cmd; /* one of the changes said what it is */
};

static int refuse(const struct change *c, const char *why)
{
	return err_say(c->e, -EINVAL, "--change %.200s: %s", c->text, why);
}

static int no_memory(const struct change *c)
{
	return err_set(c->e, -ENOMEM, "--change %.200s", c->text);
}

/* What @word means; NULL after a message. */
static char *expand(struct change *c, const char *word)
{
	const char *wrong;
	char *text =
		words_expand(&c->arena, json_object_get(c->config, "Env"), word, &wrong);

	if (!text)
		/* the callers return err.code */
		(void)(wrong ? refuse(c, wrong) : no_memory(c));
	return text;
}

/* The words of a JSON array of strings; *ret NULL if it is none. */
static int read_array(struct change *c, const char *text, json_t **ret)
{
	json_t *list = NULL, *item;
	size_t i;

	*ret = NULL;
	if (*text != '[')
		return 0;
	if (json_text_read(text, strlen(text), &list, NULL) == -ENOMEM)
		return no_memory(c);
	json_array_foreach(list, i, item) if (!json_is_string(item))
	{
		json_decref(list);
		return 0;
	}
	if (json_is_array(list))
		*ret = list;
	else
		json_decref(list);
	return 0;
}

/* What a command in words is for: the image's shell, or the one that every system has. */
static json_t *in_shell(const struct change *c)
{
	json_t *shell = json_object_get(c->config, "Shell"), *list, *item;
	size_t i;

	if (!json_is_array(shell) || json_array_size(shell) == 0)
		list = json_pack("[s, s]", "/bin/sh", "-c");
	else
		list = json_copy(shell);
	json_array_foreach(list, i, item) if (!json_is_string(item))
	{
		json_decref(list);
		return json_pack("[s, s]", "/bin/sh", "-c");
	}
	if (list && json_array_append_new(list, json_string(c->value)) < 0) {
		json_decref(list);
		return NULL;
	}
	return list;
}

/*
 * A JSON array of strings, or words for a shell. "[ -f /x ]" is the latter; "['sh']" is
 * meant to be the former, and would only fail when it runs.
 */
static int set_command(struct change *c, const char *key)
{
	json_t *list;
	int r = read_array(c, c->value, &list);

	if (r < 0)
		return r;
	if (!list && c->value[0] == '[' && c->value[1] != ' ')
		return refuse(c, "not a JSON array of strings");
	if (!list)
		list = in_shell(c);
	if (!list || json_object_set_new(c->config, key, list) < 0)
		return no_memory(c);
	if (str_equal(key, "Cmd")) {
		c->has_cmd = true;
	} else if (!c->has_cmd) {
		/* which may not be there: it was for another one */
		(void)json_object_del(c->config, "Cmd");
	}
	return 0;
}

static int set_shell(struct change *c)
{
	json_t *list;
	int r = read_array(c, c->value, &list);

	if (r < 0)
		return r;
	if (json_array_size(list) == 0) {
		json_decref(list);
		return refuse(c, "not a JSON array of strings");
	}
	return json_object_set_new(c->config, "Shell", list) < 0 ? no_memory(c) : 0;
}

static int set_text(struct change *c, const char *key, const char *value)
{
	return json_object_set_new(c->config, key, json_string(value)) < 0 ? no_memory(c)
									   : 0;
}

/* The one word of an instruction that has one. */
static int one_word(struct change *c, const char **ret)
{
	char **words = words_split(&c->arena, c->value);

	if (!words)
		return no_memory(c);
	if (!words[0] || words[1])
		return refuse(c, "expects one value");
	*ret = expand(c, words[0]);
	if (!*ret)
		return c->e->code;
	return **ret ? 0 : refuse(c, "an empty value");
}

static int set_word(struct change *c, const char *key)
{
	const char *value = NULL;
	int r = one_word(c, &value);

	return r < 0 ? r : set_text(c, key, value);
}

/* One variable of Env, in the place of an older one. */
static int put_env(struct change *c, json_t *list, const char *name, const char *value)
{
	const size_t len = strlen(name);
	json_t *item, *text = json_sprintf("%s=%s", name, value);
	size_t i;

	if (!text)
		return no_memory(c);
	json_array_foreach(list, i, item)
	{
		const char *old = json_string_value(item);

		if (old && strncmp(old, name, len) == 0 && old[len] == '=')
			return json_array_set_new(list, i, text) < 0 ? no_memory(c) : 0;
	}
	return json_array_append_new(list, text) < 0 ? no_memory(c) : 0;
}

static int put_label(struct change *c, json_t *list, const char *name, const char *value)
{
	return json_object_set_new(list, name, json_string(value)) < 0 ? no_memory(c) : 0;
}

typedef int put_fn(struct change *c, json_t *list, const char *name, const char *value);

/* The old form, "A the rest": all after the name is the value. */
static int split_rest(struct change *c, char ***ret)
{
	const size_t len = strcspn(c->value, " \t");
	char **list = arena_alloc(&c->arena, 3 * sizeof(*list));

	if (!c->value[len])
		return refuse(c, "expects NAME=VALUE");
	if (!list || !(list[0] = arena_printf(&c->arena, "%.*s", (int)len, c->value)) ||
	    !(list[1] = arena_strdup(&c->arena,
				     c->value + len + strspn(c->value + len, " \t"))))
		return no_memory(c);
	*ret = list;
	return 0;
}

/* Names and values as they are written, one after the other. */
static int split_pairs(struct change *c, char ***ret)
{
	char **words = words_split(&c->arena, c->value), **list;
	size_t n = 0;

	if (!words)
		return no_memory(c);
	while (words[n])
		n++;
	if (n > 0 && !words_equals(words[0]))
		return split_rest(c, ret);
	list = arena_alloc(&c->arena, (2 * n + 1) * sizeof(*list));
	if (!list)
		return no_memory(c);
	for (size_t i = 0; i < n; i++) {
		char *equals = words_equals(words[i]);

		if (!equals)
			return refuse(c, "expects NAME=VALUE, for each of several");
		*equals = '\0';
		list[2 * i] = words[i];
		list[2 * i + 1] = equals + 1;
	}
	*ret = list;
	return 0;
}

/* All values are made before the first is set: they see the variables of before. */
static int set_pairs(struct change *c, json_t *list, put_fn *put)
{
	char **pairs = NULL;
	int r = list ? split_pairs(c, &pairs) : no_memory(c);

	for (size_t i = 0; r == 0 && pairs && pairs[i]; i++) {
		pairs[i] = expand(c, pairs[i]);
		if (!pairs[i])
			return c->e->code;
		if (i % 2 == 0 && (!*pairs[i] || strchr(pairs[i], '=')))
			r = refuse(c, "expects NAME=VALUE");
	}
	for (size_t i = 0; r == 0 && pairs && pairs[i]; i += 2)
		r = put(c, list, pairs[i], pairs[i + 1]);
	return r;
}

static int add_key(struct change *c, const char *key, const char *name)
{
	json_t *list = json_ensure(c->config, key, false);

	return !list || json_object_set_new(list, name, json_object()) < 0 ? no_memory(c)
									   : 0;
}

static int add_volume(struct change *c, const char *path)
{
	return *path == '/' ? add_key(c, "Volumes", path)
			    : refuse(c, "not an absolute path");
}

/* Words, or a JSON array of them. */
static int add_volumes(struct change *c)
{
	json_t *list, *item;
	char **words;
	size_t i;
	int r = read_array(c, c->value, &list);

	if (r < 0)
		return r;
	if (!list && *c->value == '[')
		return refuse(c, "not a JSON array of strings");
	json_array_foreach(list, i, item)
	{
		const char *path = r == 0 ? expand(c, json_string_value(item)) : NULL;

		r = r < 0 ? r : path ? add_volume(c, path) : c->e->code;
	}
	if (list) {
		json_decref(list);
		return r;
	}
	words = words_split(&c->arena, c->value);
	if (!words)
		return no_memory(c);
	for (i = 0; r == 0 && words[i]; i++) {
		const char *path = expand(c, words[i]);

		r = path ? add_volume(c, path) : c->e->code;
	}
	return r;
}

/* "80", "80/tcp", "8000-8010/udp": each port is one key. */
static int add_ports(struct change *c, char *text)
{
	static const char *const protocols[] = { "tcp", "udp", "sctp" };
	char *protocol = strchr(text, '/'), *to, name[32];
	uint64_t first, last;
	size_t i = 0;

	if (protocol)
		*protocol++ = '\0';
	while (protocol && i < 3 && strcasecmp(protocol, protocols[i]) != 0)
		i++;
	to = strchr(text, '-');
	if (to)
		*to++ = '\0';
	if (i == 3 || str_to_u64(text, PORT_MAX, &first) < 0 || first == 0 ||
	    str_to_u64(to ? to : text, PORT_MAX, &last) < 0 || last < first)
		return refuse(c, "not a port");
	for (; first <= last; first++) {
		int r;

		snprintf(name, sizeof(name), "%u/%s", (unsigned)first, protocols[i]);
		r = add_key(c, "ExposedPorts", name);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Unlike elsewhere a variable may have several words. */
static int expose(struct change *c)
{
	char *text = expand(c, c->value), *rest = NULL;
	int r = text ? 0 : c->e->code;

	for (char *p = text ? strtok_r(text, " \t", &rest) : NULL; p && r == 0;
	     p = strtok_r(NULL, " \t", &rest))
		r = add_ports(c, p);
	return r;
}

/* A relative one goes on from the one before; all of the line is the path. */
static int set_directory(struct change *c)
{
	const char *old = json_string_value(json_object_get(c->config, "WorkingDir"));
	const char *value = expand(c, c->value);
	char *path;

	if (!value)
		return c->e->code;
	if (!*value)
		return refuse(c, "an empty value");
	path = arena_printf(&c->arena, "/%s/%s", *value != '/' && old ? old : "", value);
	if (!path)
		return no_memory(c);
	str_clean_path(path);
	return set_text(c, "WorkingDir", path);
}

static int set_user(struct change *c)
{
	return set_word(c, "User");
}

static int set_signal(struct change *c)
{
	return set_word(c, "StopSignal");
}

static int set_env(struct change *c)
{
	return set_pairs(c, json_ensure(c->config, "Env", true), put_env);
}

static int set_label(struct change *c)
{
	return set_pairs(c, json_ensure(c->config, "Labels", false), put_label);
}

static int set_cmd(struct change *c)
{
	return set_command(c, "Cmd");
}

static int set_entrypoint(struct change *c)
{
	return set_command(c, "Entrypoint");
}

static int change_one(struct change *c)
{
	static const struct {
		const char *word;
		int (*fn)(struct change *c);
	} instructions[] = { { "CMD", set_cmd },        { "ENTRYPOINT", set_entrypoint },
			     { "ENV", set_env },        { "EXPOSE", expose },
			     { "LABEL", set_label },    { "SHELL", set_shell },
			     { "USER", set_user },      { "STOPSIGNAL", set_signal },
			     { "VOLUME", add_volumes }, { "WORKDIR", set_directory } };
	const size_t len = strcspn(c->text, " \t");

	c->value = c->text + len + strspn(c->text + len, " \t");
	if (!*c->value)
		return refuse(c, "expects INSTRUCTION VALUE");
	if (!str_is_printable_utf8(c->value))
		return refuse(c, "control characters");
	for (size_t i = 0; i < sizeof(instructions) / sizeof(instructions[0]); i++)
		if (len == strlen(instructions[i].word) &&
		    strncasecmp(c->text, instructions[i].word, len) == 0)
			return instructions[i].fn(c);
	return refuse(c, "an unknown instruction");
}

int change_config(struct err *e, json_t *config, const char *const *changes)
{
	struct err ignored = { 0 };
	struct change c = { .e = e ? e : &ignored, .config = config };
	int r = 0;

	for (; changes && *changes && r == 0; changes++) {
		c.text = *changes;
		r = change_one(&c);
		arena_done(&c.arena);
	}
	return r;
}
