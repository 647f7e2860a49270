/* SPDX-License-Identifier: MIT */
/*
 * load - a config.json becomes a spec (see oci/config.h): the file, its top, root and our
 * annotations. The other rooms: load-process.c, load-mounts.c, load-linux.c.
 *
 * Where OCI asks for less protection than this library gives by default (no masked path,
 * no_new_privs absent), the default stays: a description that does not mention it did not
 * ask to lift it. Where it asks for more than can be given, it is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <minc/container.h>
#include <string.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"
#include "oci/config.h"
#include "oci/read.h"
#include "oci/standard.h"
#include "json/json-text.h"
#include "json/json.h"

enum { FILE_MAX_BYTES = 4 * 1024 * 1024 };

static int load_version(struct reader *r, json_t *top)
{
	const char *version = NULL;
	int n = read_string(r, top, "", "ociVersion", &version);

	if (n < 0)
		return n;
	if (!version)
		return read_refuse(r, "ociVersion: missing");
	if (!str_starts_with(version, "1."))
		return read_refuse(r, "ociVersion: %s: not supported", version);
	return 0;
}

static bool is_our_note(const char *key)
{
	static const char *const notes[] = {
		OCI_NOTE_ROOT,    OCI_NOTE_READONLY,     OCI_NOTE_SUBMOUNTS,
		OCI_NOTE_KEEP,    OCI_NOTE_STORAGE,      OCI_NOTE_USER,
		OCI_NOTE_CWD,     OCI_NOTE_DEFAULT_PATH, OCI_NOTE_CAPS,
		OCI_NOTE_SECCOMP, OCI_NOTE_INTERFACE,    OCI_NOTE_USERNS,
		OCI_NOTE_CPUS,    OCI_NOTE_LAYERS,       OCI_NOTE_FAKE_ROOT,
		OCI_NOTE_BYTES,   OCI_NOTE_SCRATCH,      OCI_NOTE_HOSTS,
	};

	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++)
		if (strcmp(key, notes[i]) == 0)
			return true;
	for (size_t i = 0; i < oci_flag_notes_len; i++)
		if (strcmp(key, oci_flag_notes[i].note) == 0)
			return true;
	return false;
}

/* A note that has only some values: anything else is refused, not taken for "no". */
static int check_choice(const struct reader *r, const char *note, const char *a,
			const char *b)
{
	const char *value = read_note(r, note);

	if (!value || str_equal(value, a) || (b && str_equal(value, b)))
		return 0;
	return read_refuse(r, "annotations.%s: %s: not supported", note, value);
}

static int load_notes(struct reader *r, json_t *top)
{
	const char *key;
	json_t *value;
	int n = read_value(r, top, "", "annotations", JSON_OBJECT, &r->notes);

	json_object_foreach(r->notes, key, value)
	{
		if (!json_is_string(value))
			return read_refuse(r, "annotations.%s: not a string", key);
		if (str_starts_with(key, OCI_NOTE) && !is_our_note(key))
			return read_refuse(r, "annotations.%s: not supported", key);
	}
	n = n ? n : check_choice(r, OCI_NOTE_ROOT, "overlay", "direct");
	n = n ? n : check_choice(r, OCI_NOTE_READONLY, "true", "false");
	n = n ? n : check_choice(r, OCI_NOTE_SUBMOUNTS, "true", "false");
	n = n ? n : check_choice(r, OCI_NOTE_KEEP, "true", "false");
	n = n ? n : check_choice(r, OCI_NOTE_CWD, "auto", NULL);
	n = n ? n : check_choice(r, OCI_NOTE_DEFAULT_PATH, "true", "false");
	for (size_t i = 0; n == 0 && i < oci_flag_notes_len; i++)
		n = check_choice(r, oci_flag_notes[i].note, "true", "false");
	if (n == 0 && !read_note_is(r, OCI_NOTE_FAKE_ROOT, "auto"))
		n = check_choice(r, OCI_NOTE_FAKE_ROOT, "true", "false");
	return n;
}

/* As write_layers() has them. */
static int load_layers(struct reader *r, const char *text)
{
	const char *layers[SPEC_LAYERS_MAX];
	struct spec_image image = { .layers = layers };
	cleanup_free char *copy = strdup(text);
	int n = read_origin(r, "annotations.%s", OCI_NOTE_LAYERS);

	if (!copy)
		return -ENOMEM;
	for (char *p = copy; n == 0 && p;) {
		char *next = strstr(p, "//");

		if (next)
			*next++ = '\0';
		if (image.layers_len == SPEC_LAYERS_MAX)
			return read_refuse(r, "annotations.%s: too many",
					   OCI_NOTE_LAYERS);
		layers[image.layers_len++] = p;
		p = next;
	}
	return n ? n : spec_set_image(r->s, &image);
}

static int apply_fake_root(struct reader *r)
{
	int n;

	r->s->fake_root_auto = read_note_is(r, OCI_NOTE_FAKE_ROOT, "auto");
	if (r->s->fake_root_auto || !read_note(r, OCI_NOTE_FAKE_ROOT))
		return 0;
	n = read_origin(r, "annotations.%s", OCI_NOTE_FAKE_ROOT);
	return n ? n
		 : spec_set_flag(r->s, MINC_FAKE_ROOT,
				 read_note_is(r, OCI_NOTE_FAKE_ROOT, "true"));
}

/* A number of bytes, or -1. */
static int apply_scratch(struct reader *r, const char *text)
{
	const bool none = str_equal(text, "-1");
	uint64_t size = 0;
	int n = read_origin(r, "annotations.%s", OCI_NOTE_SCRATCH);

	if (n == 0 && !none && (str_to_size(text, &size) < 0 || size > INT64_MAX))
		return read_refuse(r, "annotations.%s: %s: not a size", OCI_NOTE_SCRATCH,
				   text);
	return n ? n
		 : spec_set_limit(r->s, MINC_LIMIT_SCRATCH, none ? -1 : (int64_t)size);
}

/* "NAME:ADDRESS NAME:ADDRESS" */
static int apply_hosts(struct reader *r, const char *text)
{
	char one[512];
	int n = read_origin(r, "annotations.%s", OCI_NOTE_HOSTS);

	while (n == 0 && text && *text) {
		const size_t len = strcspn(text, " ");

		if (len >= sizeof(one))
			return read_refuse(r, "annotations.%s: too long", OCI_NOTE_HOSTS);
		memcpy(one, text, len);
		one[len] = '\0';
		n = spec_add_host(r->s, one);
		text += len + (text[len] == ' ');
	}
	return n;
}

/* What needs nothing but its annotation. */
static int apply_notes(struct reader *r)
{
	const char *storage = read_note(r, OCI_NOTE_STORAGE);
	const char *cpus = read_note(r, OCI_NOTE_CPUS);
	const char *layers = read_note(r, OCI_NOTE_LAYERS);
	const char *scratch = read_note(r, OCI_NOTE_SCRATCH);
	int n = 0;

	for (size_t i = 0; n == 0 && i < oci_flag_notes_len; i++) {
		const struct oci_flag_note *f = &oci_flag_notes[i];

		if (!read_note_is(r, f->note, "true"))
			continue;
		n = read_origin(r, "annotations.%s", f->note);
		n = n ? n : spec_set_flag(r->s, f->flag, 1);
	}
	if (n == 0 && layers)
		n = load_layers(r, layers);
	if (n == 0)
		n = apply_hosts(r, read_note(r, OCI_NOTE_HOSTS));
	n = n ? n : apply_fake_root(r);
	r->privileged = spec_flag(r->s, MINC_PRIVILEGED);
	if (n == 0 && (storage || read_note_is(r, OCI_NOTE_KEEP, "true"))) {
		n = read_origin(r, "annotations.%s", OCI_NOTE_STORAGE);
		if (n == 0 && storage) {
			storage = read_path(r, storage);
			n = storage ? 0 : -ENOMEM;
		}
		n = n ? n : spec_set_storage(r->s, storage);
	}
	if (n == 0 && cpus) {
		n = read_origin(r, "annotations.%s", OCI_NOTE_CPUS);
		n = n ? n : spec_set_cpus(r->s, cpus);
	}
	if (n == 0 && scratch)
		n = apply_scratch(r, scratch);
	return n;
}

static int load_root(struct reader *r, json_t *top)
{
	static const char *const known[] = { "path", "readonly", NULL };
	bool overlay = read_note_is(r, OCI_NOTE_ROOT, "overlay"), readonly = false;
	unsigned flags = overlay ? 0 : MINC_ROOT_DIRECT;
	const char *path = NULL;
	json_t *root;
	int n = read_value(r, top, "", "root", JSON_OBJECT, &root);

	if (n < 0)
		return n;
	n = root ? read_only_known(r, root, "root", known)
		 : read_refuse(r, "root: missing");
	n = n ? n : read_string(r, root, "root", "path", &path);
	n = n ? n : read_bool(r, root, "root", "readonly", &readonly);
	if (n < 0)
		return n;
	path = path ? read_path(r, path) : "";
	if (!path)
		return -ENOMEM;
	if (overlay)
		readonly = read_note_is(r, OCI_NOTE_READONLY, "true");
	if (readonly)
		flags |= MINC_ROOT_RDONLY;
	if (read_note(r, OCI_NOTE_SUBMOUNTS))
		flags |= read_note_is(r, OCI_NOTE_SUBMOUNTS, "true")
				 ? MINC_ROOT_SUBMOUNTS
				 : MINC_ROOT_NOSUBMOUNTS;
	n = read_origin(r, "root.path");
	return n ? n : spec_set_root(r->s, path, flags);
}

static int load_hostname(struct reader *r, json_t *top)
{
	const char *name = NULL;
	int n = read_string(r, top, "", "hostname", &name);

	if (n < 0 || !name)
		return n;
	n = read_origin(r, "hostname");
	return n ? n : spec_set_hostname(r->s, name);
}

/* All strings, but for the names of fields, in place. */
static int unescape(json_t *value)
{
	cleanup_free char *text = NULL;
	const char *key;
	json_t *item;
	size_t i;
	int n = 0;

	json_object_foreach(value, key, item) n = n ? n : unescape(item);
	json_array_foreach(value, i, item) n = n ? n : unescape(item);
	if (!json_is_string(value))
		return n;
	text = strdup(json_string_value(value));
	if (!text || json_string_setn_nocheck(value, text, str_unescape_bytes(text)) < 0)
		return -ENOMEM;
	return 0;
}

static int load_top(struct reader *r, json_t *top)
{
	static const char *const known[] = { "ociVersion",  "root",   "process",
					     "hostname",    "mounts", "linux",
					     "annotations", NULL };
	json_t *process, *mounts, *linux_object;
	uint32_t uid = 0, gid = 0;
	int n = load_version(r, top);

	n = n ? n : read_only_known(r, top, "", known);
	n = n ? n : read_value(r, top, "", "process", JSON_OBJECT, &process);
	n = n ? n : read_value(r, top, "", "mounts", JSON_ARRAY, &mounts);
	n = n ? n : read_value(r, top, "", "linux", JSON_OBJECT, &linux_object);
	n = n ? n : load_notes(r, top);
	if (n == 0 && read_note_is(r, OCI_NOTE_BYTES, "escaped") && unescape(top) < 0)
		n = read_no_memory(r);
	n = n ? n : apply_notes(r);
	n = n ? n : load_root(r, top);
	n = n ? n : load_hostname(r, top);
	if (n == 0 && process)
		n = read_process(r, process, &uid, &gid);
	if (n == 0 && mounts)
		n = read_mounts(r, mounts);
	if (n == 0 && !linux_object)
		n = read_refuse(r, "linux: missing");
	return n ? n : read_linux(r, linux_object, uid, gid);
}

static int read_text(int dir, const char *path, char **ret, size_t *ret_len)
{
	const char *slash = strrchr(path, '/');

	if (dir < 0)
		return io_read_file(AT_FDCWD, path, FILE_MAX_BYTES, ret, ret_len);
	return io_read_own_file(dir, slash ? slash + 1 : path, FILE_MAX_BYTES, ret,
				ret_len);
}

int oci_config_load(struct spec *s, int dir, const char *path)
{
	cleanup_json json_t *top = NULL;
	struct reader r = { .s = s, .file = path };
	const char *caller_origin = s->origin;
	cleanup_free char *text = NULL;
	json_error_t error;
	size_t len;
	int n = read_text(dir, path, &text, &len);

	if (n < 0) {
		if (s->sticky == 0) {
			s->sticky = n;
			err_clear(s->err);
		}
		if (n == -EBADMSG)
			return err_say(s->err, n, "%s: not a regular file", path);
		return err_set(s->err, n, "%s", path);
	}
	n = json_text_read(text, len, &top, &error);
	if (n == -ENOMEM)
		n = spec_refuse(s, n, path, "");
	else if (n < 0)
		n = read_refuse(&r, "line %d: %s", error.line, error.text);
	else if (!json_is_object(top))
		n = read_refuse(&r, "not a JSON object");
	else
		n = load_top(&r, top);
	s->origin = caller_origin;
	return n;
}
