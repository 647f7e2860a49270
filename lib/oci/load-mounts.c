/* SPDX-License-Identifier: MIT */
/*
 * load-mounts - "mounts" of a config.json. What the library mounts in every container is
 * accepted where every container has it; the rest are binds and tmpfs.
 */
#include <errno.h>
#include <minc/container.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/str.h"
#include "oci/read.h"
#include "oci/standard.h"

enum { NAME_BYTES = 32, SHM_BYTES = 64 * 1024 * 1024, MOUNTS_MAX = 1024 };

struct entry {
	char where[NAME_BYTES]; /* "mounts[3]" */
	const char *destination, *type, *source;
	/* options */
	bool bind, recursive, readonly, nodev, nosuid, noexec;
	const char *uid, *gid;   /* the same; of a tmpfs */
	const char *size, *mode; /* texts after "=" */
	const char *other;       /* the first that only API file systems have */
};

/* Options that say what is so anyway. */
static bool is_harmless(const char *option)
{
	static const char *const options[] = {
		"rw", "rprivate", "private", "dev", "suid", "exec", "relatime", "defaults"
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (strcmp(option, options[i]) == 0)
			return true;
	return false;
}

static void take_option(struct entry *e, const char *option)
{
	if (str_equal(option, "bind") || str_equal(option, "rbind")) {
		e->bind = true;
		e->recursive = e->recursive || *option == 'r';
	} else if (str_equal(option, "ro") || str_equal(option, "rro")) {
		e->readonly = true;
	} else if (str_equal(option, "nodev")) {
		e->nodev = true;
	} else if (str_equal(option, "nosuid")) {
		e->nosuid = true;
	} else if (str_equal(option, "noexec")) {
		e->noexec = true;
	} else if (str_starts_with(option, "size=")) {
		e->size = option + strlen("size=");
	} else if (str_starts_with(option, "mode=")) {
		e->mode = option + strlen("mode=");
	} else if (str_starts_with(option, "uid=")) {
		e->uid = option + strlen("uid=");
	} else if (str_starts_with(option, "gid=") && str_equal(e->type, "tmpfs")) {
		e->gid = option + strlen("gid=");
	} else if (!is_harmless(option) && !e->other) {
		e->other = option;
	}
}

/* "/dev/" is "/dev": in @mount, too, where the entries that follow look. */
static int clean_destination(const struct reader *r, json_t *mount, struct entry *e)
{
	cleanup_free char *path = strdup(e->destination);

	if (!path)
		return read_no_memory(r);
	if (*path != '/')
		return 0; /* refused by who adds it */
	str_clean_path(path);
	/* any bytes, see str_unescape_bytes() */
	if (json_object_set_new(mount, "destination", json_string_nocheck(path)) < 0)
		return read_no_memory(r);
	e->destination = json_string_value(json_object_get(mount, "destination"));
	return 0;
}

static int read_entry(struct reader *r, json_t *mount, struct entry *e)
{
	static const char *const known[] = { "destination", "type", "source", "options",
					     NULL };
	json_t *options = NULL, *value;
	size_t i;
	int n = read_only_known(r, mount, e->where, known);

	n = n ? n : read_string(r, mount, e->where, "destination", &e->destination);
	n = n ? n : read_string(r, mount, e->where, "type", &e->type);
	n = n ? n : read_string(r, mount, e->where, "source", &e->source);
	n = n ? n : read_value(r, mount, e->where, "options", JSON_ARRAY, &options);
	n = n ? n : read_strings(r, options, e->where);
	if (n < 0)
		return n;
	if (!e->destination)
		return read_refuse(r, "%s.destination: missing", e->where);
	n = clean_destination(r, mount, e);
	if (n < 0)
		return n;
	json_array_foreach(options, i, value) take_option(e, json_string_value(value));
	if (str_equal(e->type, "bind") || str_equal(e->type, "rbind")) {
		e->bind = true;
		e->recursive = e->recursive || *e->type == 'r';
	}
	return 0;
}

static int refuse_option(struct reader *r, const struct entry *e, const char *option)
{
	return read_refuse(r, "%s: %s: option %s: not supported", e->where,
			   e->destination, option);
}

static int refuse_value(struct reader *r, const struct entry *e, const char *name,
			const char *value)
{
	return read_refuse(r, "%s: %s: option %s=%s: not supported", e->where,
			   e->destination, name, value);
}

/* Options of the library's own mounts that are so, or that make no difference. */
static bool is_api_option(const char *option)
{
	static const char *const options[] = { "strictatime", "newinstance",
					       "ptmxmode=0666", "ptmxmode=666", "gid=5" };

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (str_equal(option, options[i]))
			return true;
	return false;
}

/* Octal, as mount(8) reads it. */
static int read_mode(const char *text, unsigned *ret)
{
	char *end;
	unsigned long mode;

	if (!*text || strspn(text, "01234567") != strlen(text) || strlen(text) > 8)
		return -EINVAL;
	mode = strtoul(text, &end, 8);
	if (mode > 07777)
		return -EINVAL;
	*ret = (unsigned)mode;
	return 0;
}

/* What the library's own mount has after @name ("mode="), or NULL. */
static const char *own_value(const struct oci_api_mount *api, const char *name)
{
	for (size_t i = 0; api->options[i]; i++)
		if (str_starts_with(api->options[i], name))
			return api->options[i] + strlen(name);
	return NULL;
}

static bool is_own_mode(const struct oci_api_mount *api, const char *text)
{
	const char *own = own_value(api, "mode=");
	unsigned mode, own_mode;

	return own && read_mode(own, &own_mode) == 0 && read_mode(text, &mode) == 0 &&
	       mode == own_mode;
}

static bool is_own_size(const struct oci_api_mount *api, const char *text)
{
	const char *own = own_value(api, "size=");
	uint64_t size, own_size;

	return own && str_to_size(own, &own_size) == 0 && str_to_size(text, &size) == 0 &&
	       size == own_size;
}

static int check_api(struct reader *r, const struct entry *e,
		     const struct oci_api_mount *api)
{
	if (e->other && !is_api_option(e->other))
		return refuse_option(r, e, e->other);
	if (e->uid || e->gid)
		return refuse_option(r, e, e->uid ? "uid" : "gid");
	if (e->mode && !is_own_mode(api, e->mode))
		return refuse_value(r, e, "mode", e->mode);
	if (e->size && !is_own_size(api, e->size))
		return refuse_value(r, e, "size", e->size);
	if (str_equal(e->destination, "/sys") && !e->readonly && !r->privileged)
		return read_refuse(r, "%s: /sys: not supported without option ro",
				   e->where);
	if (str_equal(e->destination, "/sys") || !e->readonly)
		return 0;
	return refuse_option(r, e, "ro");
}

/*
 * A size, an owner or a mode other than every container's makes it a mount of the user.
 */
static bool is_usual(const struct entry *e)
{
	const bool tmp = str_equal(e->destination, "/tmp"),
		   shm = str_equal(e->destination, "/dev/shm");
	unsigned mode;
	uint64_t size;

	if ((tmp || shm) &&
	    (e->uid || e->gid ||
	     (e->mode && (read_mode(e->mode, &mode) < 0 || mode != 01777))))
		return false;
	if (tmp)
		return !e->size && !e->noexec && !e->readonly;
	if (!shm || !e->size)
		return true;
	return str_to_size(e->size, &size) == 0 && size == SHM_BYTES;
}

/* The library's own mount that this is, or NULL. */
static const struct oci_api_mount *find_api(const struct entry *e)
{
	for (size_t i = 0; i < oci_api_mounts_len; i++) {
		const struct oci_api_mount *a = &oci_api_mounts[i];

		if (!str_equal(a->destination, e->destination))
			continue;
		if (str_equal(a->type, e->type) && !e->bind && is_usual(e))
			return a;
		/* in a user namespace without an own network sysfs cannot be mounted */
		if (e->bind && str_equal(a->destination, "/sys") &&
		    str_equal(e->source, "/sys"))
			return a;
	}
	return NULL;
}

static int load_bind(struct reader *r, const struct entry *e)
{
	const char *source;
	unsigned flags = 0;
	struct stat st;
	int n;

	if (e->other)
		return refuse_option(r, e, e->other);
	if (e->size || e->mode || e->uid)
		return refuse_option(r, e, e->size ? "size" : e->mode ? "mode" : "uid");
	if (!e->source)
		return read_refuse(r, "%s.source: missing", e->where);
	source = read_path(r, e->source);
	if (!source)
		return -ENOMEM;
	/* mounts below the source come with it: that must have been asked for */
	if (!e->recursive && stat(source, &st) == 0 && S_ISDIR(st.st_mode))
		return read_refuse(r,
				   "%s: %s: option bind of a directory: only rbind is "
				   "supported",
				   e->where, e->destination);
	if (e->readonly)
		flags |= MINC_BIND_RDONLY;
	if (!e->nodev)
		flags |= MINC_BIND_DEV;
	if (!e->nosuid)
		flags |= MINC_BIND_SUID;
	if (e->noexec)
		flags |= MINC_BIND_NOEXEC;
	n = read_origin(r, "%s", e->where);
	return n ? n : spec_add_bind(r->s, source, e->destination, flags);
}

static int set_owner(struct reader *r, const struct entry *e)
{
	uint64_t uid = 0, gid = 0;

	if (e->uid && str_to_u64(e->uid, UINT32_MAX - 1, &uid) < 0)
		return read_refuse(r, "%s: uid=%s: not an id", e->where, e->uid);
	if (e->gid && str_to_u64(e->gid, UINT32_MAX - 1, &gid) < 0)
		return read_refuse(r, "%s: gid=%s: not an id", e->where, e->gid);
	return spec_set_tmpfs_owner(r->s, (uint32_t)uid, (uint32_t)gid);
}

static int load_tmpfs(struct reader *r, const struct entry *e)
{
	unsigned mode = 01777;
	uint64_t size = 0;
	int n;

	if (e->other)
		return refuse_option(r, e, e->other);
	if (e->size && str_to_size(e->size, &size) < 0)
		return read_refuse(r, "%s: size=%s: not a size", e->where, e->size);
	if (e->mode && read_mode(e->mode, &mode) < 0)
		return read_refuse(r, "%s: mode=%s: not an octal mode", e->where,
				   e->mode);
	mode |= (e->readonly ? MINC_TMPFS_RDONLY : 0) |
		(e->noexec ? MINC_TMPFS_NOEXEC : 0);
	n = read_origin(r, "%s", e->where);
	n = n ? n : spec_add_tmpfs(r->s, e->destination, size, mode);
	return n || (!e->uid && !e->gid) ? n : set_owner(r, e);
}

static int load_debugfs(struct reader *r, const struct entry *e)
{
	int n;

	if (e->other || e->uid)
		return refuse_option(r, e, e->other ? e->other : "uid");
	if (e->readonly)
		return refuse_option(r, e, "ro");
	n = read_origin(r, "%s", e->where);
	return n ? n : spec_set_flag(r->s, MINC_DEBUGFS, 1);
}

static int load_entry(struct reader *r, const struct entry *e, bool first)
{
	const struct oci_api_mount *api = first ? find_api(e) : NULL;

	if (api)
		return check_api(r, e, api);
	if (e->bind)
		return load_bind(r, e);
	if (str_equal(e->type, "tmpfs"))
		return load_tmpfs(r, e);
	if (str_equal(e->type, "debugfs") &&
	    str_equal(e->destination, "/sys/kernel/debug"))
		return load_debugfs(r, e);
	return read_refuse(r, "%s: %s: type %s: not supported", e->where, e->destination,
			   e->type ? e->type : "none");
}

/* Whether an earlier entry has the destination: then this one is mounted on top of it. */
static bool is_first(json_t *mounts, size_t index, const char *destination)
{
	for (size_t i = 0; i < index; i++)
		if (str_equal(json_string_value(json_object_get(json_array_get(mounts, i),
								"destination")),
			      destination))
			return false;
	return true;
}

int read_mounts(struct reader *r, json_t *mounts)
{
	json_t *mount;
	size_t i;
	int n = 0;

	if (json_array_size(mounts) > MOUNTS_MAX)
		return read_refuse(r, "mounts: more than %d", MOUNTS_MAX);
	r->s->listing = true;
	json_array_foreach(mounts, i, mount)
	{
		struct entry e = { 0 };

		snprintf(e.where, sizeof(e.where), "mounts[%zu]", i);
		n = json_is_object(mount) ? read_entry(r, mount, &e)
					  : read_refuse(r, "%s: not an object", e.where);
		if (n == 0)
			n = load_entry(r, &e, is_first(mounts, i, e.destination));
		if (n < 0)
			break;
	}
	r->s->listing = false;
	return n;
}
