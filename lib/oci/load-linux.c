/* SPDX-License-Identifier: MIT */
/*
 * load-linux - "linux" of a config.json: namespaces, id maps, protected paths, seccomp.
 */
#include <errno.h>
#include <minc/container.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "oci/read.h"
#include "oci/standard.h"

/* A cgroup namespace need not be asked for: every container has one, if it can. */
enum { PID, MOUNT, IPC, UTS, NETWORK, USER, CGROUP, KINDS, NEEDED = NETWORK };
static const char *const kinds[] = { "pid",     "mount", "ipc",   "uts",
				     "network", "user",  "cgroup" };

static int load_namespace(struct reader *r, json_t *ns, size_t i, bool *have)
{
	static const char *const known[] = { "type", NULL };
	const char *type = NULL;
	char where[48];
	int n;

	snprintf(where, sizeof(where), "linux.namespaces[%zu]", i);
	if (!json_is_object(ns))
		return read_refuse(r, "%s: not an object", where);
	n = read_only_known(r, ns, where,
			    known); /* a path would be a namespace to join */
	n = n ? n : read_string(r, ns, where, "type", &type);
	if (n < 0)
		return n;
	if (!type)
		return read_refuse(r, "%s.type: missing", where);
	for (size_t k = 0; k < KINDS; k++) {
		if (strcmp(type, kinds[k]) != 0)
			continue;
		if (have[k])
			return read_refuse(r, "linux.namespaces: %s: twice", type);
		have[k] = true;
		return 0;
	}
	return read_refuse(r, "linux.namespaces: %s: not supported", type);
}

static int load_namespaces(struct reader *r, json_t *linux_object, bool *have)
{
	json_t *list = NULL, *ns;
	size_t i;
	int n = read_value(r, linux_object, "linux", "namespaces", JSON_ARRAY, &list);

	json_array_foreach(list, i, ns)
	{
		n = n ? n : load_namespace(r, ns, i, have);
	}
	for (size_t k = 0; n == 0 && k < NEEDED; k++)
		if (!have[k])
			n = read_refuse(r, "linux.namespaces: no %s: not supported",
					kinds[k]);
	return n;
}

static int load_network(struct reader *r, bool own)
{
	const char *interface = read_note(r, OCI_NOTE_INTERFACE);
	char mode[64];
	int n;

	if (interface && !own)
		return read_refuse(r, "annotations.%s: without a network namespace",
				   OCI_NOTE_INTERFACE);
	if (!own)
		return 0; /* the default: the caller's */
	n = read_origin(r, "linux.namespaces");
	snprintf(mode, sizeof(mode), "raw,%s", interface ? interface : "");
	return n ? n : spec_set_network(r->s, interface ? mode : "none");
}

/* The only map: @inside is the caller's own id. */
static int check_map(struct reader *r, json_t *linux_object, const char *key,
		     uint32_t inside, uint32_t own)
{
	static const char *const known[] = { "containerID", "hostID", "size", NULL };
	uint64_t container = 0, host = 0, size = 0;
	json_t *list, *map;
	char where[48];
	int n = read_value(r, linux_object, "linux", key, JSON_ARRAY, &list);

	if (n < 0)
		return n;
	map = json_array_get(list, 0);
	snprintf(where, sizeof(where), "linux.%s", key);
	if (!json_is_object(map) || json_array_size(list) != 1)
		return read_refuse(r, "%s: not one map", where);
	n = read_only_known(r, map, where, known);
	n = n ? n : read_number(r, map, where, "containerID", UINT32_MAX, &container);
	n = n ? n : read_number(r, map, where, "hostID", UINT32_MAX, &host);
	n = n ? n : read_number(r, map, where, "size", UINT32_MAX, &size);
	if (n < 0)
		return n;
	if (size != 1 || container != inside || host != own)
		return read_refuse(
			r,
			"%s: only the caller's own id %u as process.user's %u is "
			"supported",
			where, own, inside);
	return 0;
}

static int load_userns(struct reader *r, json_t *linux_object, bool own, uint32_t uid,
		       uint32_t gid)
{
	const char *note = read_note(r, OCI_NOTE_USERNS);
	int n = 0;

	if (!own && (json_object_get(linux_object, "uidMappings") ||
		     json_object_get(linux_object, "gidMappings")))
		return read_refuse(r, "linux.uidMappings: without a user namespace");
	if (own) {
		n = check_map(r, linux_object, "uidMappings", uid, geteuid());
		n = n ? n : check_map(r, linux_object, "gidMappings", gid, getegid());
	} else if (note && !str_equal(note, "auto")) {
		n = read_refuse(r, "annotations.%s: %s: without a user namespace",
				OCI_NOTE_USERNS, note);
	}
	n = n ? n : read_origin(r, "linux.namespaces");
	if (n < 0)
		return n;
	return spec_set_userns(r->s, note ? note : own ? "single" : "host");
}

static bool is_in(const char *const *list, const char *path)
{
	for (; *list; list++)
		if (strcmp(*list, path) == 0)
			return true;
	return false;
}

/*
 * Paths that every container hides or protects; what is hidden cannot be written either.
 */
static int check_paths(struct reader *r, json_t *linux_object, const char *key,
		       bool readonly)
{
	json_t *list, *path;
	char where[48];
	size_t i;
	int n = read_value(r, linux_object, "linux", key, JSON_ARRAY, &list);

	snprintf(where, sizeof(where), "linux.%s", key);
	n = n ? n : read_strings(r, list, where);
	if (n < 0)
		return n;
	json_array_foreach(list, i, path)
	{
		const char *text = json_string_value(path);

		if (r->privileged || (!is_in(oci_masked_paths, text) &&
				      !(readonly && is_in(oci_readonly_paths, text))))
			return read_refuse(r, "%s: %s: not supported", where, text);
	}
	return 0;
}

static int load_propagation(struct reader *r, json_t *linux_object)
{
	const char *value = NULL;
	int n = read_string(r, linux_object, "linux", "rootfsPropagation", &value);

	if (n < 0 || !value || str_equal(value, "private") ||
	    str_equal(value, "rprivate"))
		return n;
	return read_refuse(r, "linux.rootfsPropagation: %s: not supported", value);
}

static int load_seccomp(struct reader *r)
{
	const char *note = read_note(r, OCI_NOTE_SECCOMP);
	int n;

	if (str_equal(note, "default"))
		return 0;
	n = note ? read_origin(r, "annotations.%s", OCI_NOTE_SECCOMP)
		 : read_origin(r, "linux.seccomp");
	if (n == 0 && note) {
		note = read_path(r, note);
		n = note ? 0 : -ENOMEM;
	}
	return n ? n : spec_set_seccomp(r->s, note ? note : "unconfined");
}

int read_linux(struct reader *r, json_t *linux_object, uint32_t uid, uint32_t gid)
{
	static const char *const known[] = { "namespaces",    "uidMappings",
					     "gidMappings",   "maskedPaths",
					     "readonlyPaths", "rootfsPropagation",
					     "resources",     NULL };
	bool have[KINDS] = { false };
	int n = read_only_known(r, linux_object, "linux", known);

	n = n ? n : load_namespaces(r, linux_object, have);
	n = n ? n : load_network(r, have[NETWORK]);
	n = n ? n : load_userns(r, linux_object, have[USER], uid, gid);
	n = n ? n : check_paths(r, linux_object, "maskedPaths", false);
	n = n ? n : check_paths(r, linux_object, "readonlyPaths", true);
	n = n ? n : load_propagation(r, linux_object);
	n = n ? n : read_resources(r, linux_object);
	return n ? n : load_seccomp(r);
}
