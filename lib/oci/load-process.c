/* SPDX-License-Identifier: MIT */
/* load-process - "process" of a config.json: command, environment, ids, capabilities. */
#include <errno.h>
#include <minc/container.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "oci/read.h"
#include "oci/standard.h"

enum { ENV_MAX = 4096, CHANGES_MAX_BYTES = 4096 };

/* The sets, in the order of their names. */
enum { BOUNDING, EFFECTIVE, PERMITTED, INHERITABLE, AMBIENT, SETS };
static const char *const set_names[] = { "bounding",    "effective", "permitted",
					 "inheritable", "ambient",   NULL };

static int load_args(struct reader *r, json_t *process)
{
	cleanup_free const char **argv = NULL;
	json_t *args;
	size_t len;
	int n = read_value(r, process, "process", "args", JSON_ARRAY, &args);

	n = n ? n : read_strings(r, args, "process.args");
	if (n < 0)
		return n;
	len = json_array_size(args);
	if (len == 0)
		return read_refuse(r, "process.args: missing");
	if (json_string_length(json_array_get(args, 0)) == 0)
		return read_refuse(r, "process.args[0]: empty");
	argv = calloc(len + 1, sizeof(*argv));
	if (!argv)
		return read_no_memory(r);
	for (size_t i = 0; i < len; i++)
		argv[i] = json_string_value(json_array_get(args, i));
	return spec_set_argv(r->s, argv);
}

static int add_env(struct reader *r, const char *text, size_t i)
{
	const char *equals = strchr(text, '=');
	char name[256];
	int n;

	if (!equals || equals == text)
		return read_refuse(r, "process.env[%zu]: not NAME=VALUE", i);
	if ((size_t)(equals - text) >= sizeof(name))
		return read_refuse(r, "process.env[%zu]: name too long", i);
	memcpy(name, text, (size_t)(equals - text));
	name[equals - text] = '\0';
	if (strcmp(name, "PATH") == 0 && strcmp(equals + 1, oci_default_path) == 0 &&
	    read_note_is(r, OCI_NOTE_DEFAULT_PATH, "true"))
		return 0;
	n = read_origin(r, "process.env[%zu]", i);
	return n ? n : spec_add_env(r->s, name, equals + 1);
}

static int load_env(struct reader *r, json_t *process)
{
	json_t *env, *value;
	size_t i;
	int n = read_value(r, process, "process", "env", JSON_ARRAY, &env);

	n = n ? n : read_strings(r, env, "process.env");
	if (n < 0)
		return n;
	if (json_array_size(env) > ENV_MAX)
		return read_refuse(r, "process.env: more than %d", ENV_MAX);
	json_array_foreach(env, i, value)
	{
		n = add_env(r, json_string_value(value), i);
		if (n < 0)
			return n;
	}
	return 0;
}

static int load_cwd(struct reader *r, json_t *process)
{
	const char *cwd = NULL;
	int n = read_string(r, process, "process", "cwd", &cwd);

	if (n < 0)
		return n;
	if (!cwd)
		return read_refuse(r, "process.cwd: missing");
	if (read_note_is(r, OCI_NOTE_CWD, "auto"))
		return 0;
	n = read_origin(r, "process.cwd");
	return n ? n : spec_set_cwd(r->s, cwd);
}

static int load_user(struct reader *r, json_t *process, uint32_t *ret_uid,
		     uint32_t *ret_gid)
{
	static const char *const known[] = { "uid", "gid", "umask", "additionalGids",
					     NULL };
	const char *name = read_note(r, OCI_NOTE_USER);
	uint64_t uid = 0, gid = 0, mask = 022;
	json_t *user, *groups = NULL;
	char text[32];
	int n = read_value(r, process, "process", "user", JSON_OBJECT, &user);

	if (n == 0 && user) {
		n = read_only_known(r, user, "process.user", known);
		n = n ? n
		      : read_number(r, user, "process.user", "uid", UINT32_MAX - 1, &uid);
		n = n ? n
		      : read_number(r, user, "process.user", "gid", UINT32_MAX - 1, &gid);
		n = n ? n : read_number(r, user, "process.user", "umask", 0777, &mask);
		n = n ? n
		      : read_value(r, user, "process.user", "additionalGids", JSON_ARRAY,
				   &groups);
		if (n == 0 && json_array_size(groups) > 0)
			n = read_refuse(r, "process.user.additionalGids: not supported");
	}
	if (n == 0 && mask != 022)
		n = spec_set_umask(r->s, (int)mask);
	if (n < 0)
		return n;
	*ret_uid = (uint32_t)uid;
	*ret_gid = (uint32_t)gid;
	if (!name && uid == 0 && gid == 0)
		return 0;
	n = read_origin(r, name ? "annotations.%s" : "process.user%.0s", OCI_NOTE_USER);
	snprintf(text, sizeof(text), "%u:%u", *ret_uid, *ret_gid);
	return n ? n : spec_set_user(r->s, name ? name : text);
}

static int read_set(struct reader *r, json_t *caps, const char *name, uint64_t *ret)
{
	json_t *list, *value;
	char where[64];
	size_t i;
	int n = read_value(r, caps, "process.capabilities", name, JSON_ARRAY, &list);

	*ret = 0;
	snprintf(where, sizeof(where), "process.capabilities.%s", name);
	n = n ? n : read_strings(r, list, where);
	if (n < 0)
		return n;
	json_array_foreach(list, i, value)
	{
		int cap = oci_cap_number(json_string_value(value));

		if (cap < 0)
			return read_refuse(r, "%s[%zu]: %s: unknown capability", where, i,
					   json_string_value(value));
		*ret |= 1ull << cap;
	}
	return 0;
}

/* The names of @mask as one change of the spec; none for an empty mask. */
static int change_caps(struct reader *r, bool add, uint64_t mask)
{
	char names[1024] = "", name[64];
	size_t len = 0;

	if (!mask)
		return 0;
	for (unsigned cap = 0; cap < 64; cap++) {
		if (!(mask >> cap & 1) || !oci_cap_name(cap, name, sizeof(name)))
			continue;
		len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s",
					len ? "," : "", name + strlen("CAP_"));
		if (len >= sizeof(names))
			return read_refuse(r, "process.capabilities: too many");
	}
	return spec_change_caps(r->s, add, names);
}

/* "-all +chown,kill +setuid", as the writer made it; *mask follows. */
static int apply_changes(struct reader *r, const char *note, uint64_t all, uint64_t *mask)
{
	char *copy, *save = NULL;

	if (strlen(note) > CHANGES_MAX_BYTES)
		return read_refuse(r, "annotations.%s: too long", OCI_NOTE_CAPS);
	copy = arena_strdup(&r->s->arena, note);
	if (!copy)
		return read_no_memory(r);
	for (char *word = strtok_r(copy, " ", &save); word;
	     word = strtok_r(NULL, " ", &save)) {
		int n;

		if ((*word != '+' && *word != '-') ||
		    oci_caps_change(mask, all, *word == '+', word + 1) < 0)
			return read_refuse(r, "annotations.%s: %s: unknown change",
					   OCI_NOTE_CAPS, word);
		n = spec_change_caps(r->s, *word == '+', word + 1);
		if (n < 0)
			return n;
	}
	return 0;
}

/*
 * The sets of OCI as changes of the default. Root gets its sets from the bounding set by
 * execve(2), so they must agree; another user gets only what is ambient, and here that is
 * what was added.
 */
static int apply_sets(struct reader *r, const uint64_t *sets, uint64_t base, bool root)
{
	const uint64_t bounding = sets[BOUNDING], ambient = sets[AMBIENT];
	int n;

	if (sets[INHERITABLE] != ambient)
		return read_refuse(
			r, "process.capabilities.inheritable: not supported where it "
			   "differs from ambient");
	if ((root || ambient) &&
	    (sets[EFFECTIVE] != bounding || sets[PERMITTED] != bounding))
		return read_refuse(
			r, "process.capabilities: effective and permitted must equal "
			   "bounding");
	if (ambient && (root || ambient != bounding))
		return read_refuse(r, "process.capabilities.ambient: not supported %s",
				   root ? "for user 0"
					: "where it differs from bounding");
	if (!ambient && !root && bounding & ~base)
		return read_refuse(
			r, "process.capabilities.bounding: beyond the default only "
			   "with ambient for a user other than 0");
	if (ambient) {
		n = spec_change_caps(r->s, false, "all");
		return n ? n : change_caps(r, true, ambient);
	}
	n = change_caps(r, false, base & ~bounding);
	return n ? n : change_caps(r, true, bounding & ~base);
}

static uint64_t all_caps(void)
{
	uint64_t all = 0;
	char name[64];

	for (unsigned cap = 0; cap < 64; cap++)
		if (oci_cap_name(cap, name, sizeof(name)))
			all |= 1ull << cap;
	return all;
}

static int load_caps(struct reader *r, json_t *process, bool root)
{
	const char *note = read_note(r, OCI_NOTE_CAPS);
	const uint64_t all = all_caps();
	uint64_t sets[SETS] = { 0 }, mask = r->privileged ? all : OCI_CAPS_DEFAULT;
	json_t *caps;
	int n = read_value(r, process, "process", "capabilities", JSON_OBJECT, &caps);

	n = n || !caps ? n : read_only_known(r, caps, "process.capabilities", set_names);
	for (int i = 0; n == 0 && caps && i < SETS; i++)
		n = read_set(r, caps, set_names[i], &sets[i]);
	n = n ? n : read_origin(r, "process.capabilities");
	if (n < 0)
		return n;
	if (!note)
		return apply_sets(r, sets, mask, root);
	n = apply_changes(r, note, all, &mask);
	if (n == 0 && sets[BOUNDING] & ~mask)
		return read_refuse(
			r, "process.capabilities.bounding: contradicts annotations.%s",
			OCI_NOTE_CAPS);
	/* what the kernel of the writer did not have, or somebody took out since */
	return n ? n : change_caps(r, false, mask & ~sets[BOUNDING]);
}

static int load_no_new_privs(struct reader *r, json_t *process)
{
	bool on = !r->privileged;
	int n = read_bool(r, process, "process", "noNewPrivileges", &on);

	if (n < 0 || on == !r->privileged)
		return n;
	return read_refuse(r, "process.noNewPrivileges: %s: not supported",
			   on ? "true" : "false");
}

int read_process(struct reader *r, json_t *process, uint32_t *ret_uid, uint32_t *ret_gid)
{
	static const char *const known[] = {
		"terminal",        "user",    "args", "env", "cwd", "capabilities",
		"noNewPrivileges", "rlimits", NULL
	};
	bool terminal = false;
	int n = read_only_known(r, process, "process", known);

	n = n ? n : read_bool(r, process, "process", "terminal", &terminal);
	n = n ? n : load_args(r, process);
	n = n ? n : load_env(r, process);
	n = n ? n : load_cwd(r, process);
	n = n ? n : load_user(r, process, ret_uid, ret_gid);
	n = n ? n : load_caps(r, process, *ret_uid == 0 && !read_note(r, OCI_NOTE_USER));
	n = n ? n : load_no_new_privs(r, process);
	n = n ? n : read_rlimits(r, process);
	if (n < 0 || !terminal)
		return n;
	n = read_origin(r, "process.terminal");
	return n ? n : spec_set_flag(r->s, MINC_TERMINAL, 1);
}
