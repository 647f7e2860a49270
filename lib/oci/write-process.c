/* SPDX-License-Identifier: MIT */
/* write-process - "process" of a config.json; see load-process.c for the way back. */
#include <errno.h>
#include <linux/capability.h>
#include <minc/container.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "oci/standard.h"
#include "oci/write.h"

enum { NOBODY = 65534 };

/* One half of UID:GID as a number; false for a name. */
static bool parse_id(const char *text, size_t len, uint32_t *ret)
{
	char part[16];
	uint64_t n;

	if (len >= sizeof(part))
		return false;
	memcpy(part, text, len);
	part[len] = '\0';
	if (str_to_u64(part, UINT32_MAX - 1, &n) < 0)
		return false;
	*ret = (uint32_t)n;
	return true;
}

/* UID:GID: then process.user says it all. */
static bool is_numeric(const char *user, uint32_t *uid, uint32_t *gid)
{
	const char *colon = strchr(user, ':');

	return colon && parse_id(user, (size_t)(colon - user), uid) &&
	       parse_id(colon + 1, strlen(colon + 1), gid);
}

void write_ids(const struct writer *w, uint32_t *ret_uid, uint32_t *ret_gid)
{
	const char *user = spec_user(w->s, NULL);

	*ret_uid = *ret_gid = 0;
	if (user && !is_numeric(user, ret_uid, ret_gid))
		*ret_uid = *ret_gid = NOBODY;
}

static void write_user(struct writer *w, json_t *process)
{
	const char *text = spec_user(w->s, NULL);
	json_t *user = json_object();
	uint32_t uid, gid;

	write_ids(w, &uid, &gid);
	if (text && !is_numeric(text, &uid, &gid))
		write_note(w, OCI_NOTE_USER, text);
	write_put(w, user, "uid", json_integer(uid));
	write_put(w, user, "gid", json_integer(gid));
	if (w->s->umask != 022) /* which others have without a word, too */
		write_put(w, user, "umask", json_integer(w->s->umask));
	write_put(w, process, "user", user);
}

/* Whether the user says something of an image's "NAME=VALUE". */
static bool is_given(const struct spec *s, const char *entry)
{
	const size_t len = strcspn(entry, "=");

	for (const struct spec_env *e = s->env; e; e = e->next)
		if (strlen(e->name) == len && strncmp(e->name, entry, len) == 0 &&
		    (e->value || getenv(e->name)))
			return true;
	return false;
}

static void write_env(struct writer *w, json_t *process)
{
	json_t *env = json_array();
	bool path = false;

	for (const char *const *e = w->s->image.env; e && *e; e++) {
		if (**e == '=' || !strchr(*e, '=') || is_given(w->s, *e))
			continue;
		path = path || str_starts_with(*e, "PATH=");
		write_append(w, env, write_text(w, *e));
	}
	for (const struct spec_env *e = w->s->env; e; e = e->next) {
		const char *value = e->value ? e->value : getenv(e->name);

		path = path || (value && strcmp(e->name, "PATH") == 0);
		if (value)
			write_append(w, env, write_format(w, "%s=%s", e->name, value));
	}
	/* every container of ours has it, and other runtimes find args[0] by it */
	if (!path) {
		write_append(w, env, write_format(w, "PATH=%s", oci_default_path));
		write_note(w, OCI_NOTE_DEFAULT_PATH, "true");
	}
	write_put(w, process, "env", env);
}

static void write_cwd(struct writer *w, json_t *process)
{
	const char *cwd = w->s->cwd ? w->s->cwd : w->s->image.cwd;

	if (!cwd) {
		write_note(w, OCI_NOTE_CWD, "auto");
		cwd = str_equal(w->s->root, "/") && w->h->cwd ? w->h->cwd : "/";
	}
	write_put(w, process, "cwd", write_text(w, cwd));
}

static json_t *cap_names(struct writer *w, uint64_t mask)
{
	json_t *ret = json_array();
	char name[64];

	for (unsigned cap = 0; cap < 64; cap++)
		if (mask >> cap & 1 && oci_cap_name(cap, name, sizeof(name)))
			write_append(w, ret, json_string(name));
	return ret;
}

/* The changes in the writer's own words and their result. */
static int resolve_caps(struct writer *w, uint64_t *ret_mask, uint64_t *ret_added)
{
	const uint64_t all = w->h->caps_known & w->h->caps_bounding;
	const bool privileged = spec_flag(w->s, MINC_PRIVILEGED);
	uint64_t mask = privileged ? all : OCI_CAPS_DEFAULT & all, added = 0;
	json_t *changes = NULL;

	for (const struct spec_cap *c = w->s->caps; c; c = c->next) {
		json_t *text = changes;

		if (oci_caps_change(&mask, all, c->add, c->names) < 0 ||
		    oci_caps_change(&added, all, c->add, c->names) < 0) {
			json_decref(changes);
			w->failed = err_say(w->s->err, -EINVAL,
					    "%s: unknown capability in %s", c->origin,
					    c->names);
			return w->failed;
		}
		changes = write_format(w, "%s%s%c%s", text ? json_string_value(text) : "",
				       text ? " " : "", c->add ? '+' : '-', c->names);
		json_decref(text);
	}
	if (changes)
		write_put(w, w->notes, OCI_NOTE_CAPS, changes);
	*ret_mask = mask & all;
	*ret_added = added & all;
	return 0;
}

static void write_caps(struct writer *w, json_t *process)
{
	json_t *caps;
	uint64_t mask = 0, added = 0, ambient;
	uint32_t uid, gid;

	if (resolve_caps(w, &mask, &added) < 0)
		return;
	write_ids(w, &uid, &gid);
	ambient = uid == 0 ? 0 : added;
	caps = json_object();
	write_put(w, caps, "bounding", cap_names(w, mask));
	write_put(w, caps, "effective", cap_names(w, uid == 0 ? mask : ambient));
	write_put(w, caps, "permitted", cap_names(w, uid == 0 ? mask : ambient));
	write_put(w, caps, "inheritable", cap_names(w, ambient));
	write_put(w, caps, "ambient", cap_names(w, ambient));
	write_put(w, process, "capabilities", caps);
}

void write_process(struct writer *w, json_t *top, const char *const *argv)
{
	json_t *process = json_object();

	write_put(w, process, "terminal", json_boolean(spec_flag(w->s, MINC_TERMINAL)));
	write_user(w, process);
	write_put(w, process, "args", write_texts(w, argv));
	write_env(w, process);
	write_cwd(w, process);
	write_caps(w, process);
	write_put(w, process, "noNewPrivileges",
		  json_boolean(!spec_flag(w->s, MINC_PRIVILEGED)));
	write_rlimits(w, process);
	write_put(w, top, "process", process);
}
