/* SPDX-License-Identifier: MIT */
/*
 * write - a spec becomes a config.json (see oci/config.h): the top, root and annotations.
 * The other rooms: write-process.c, write-linux.c.
 *
 * Other runtimes do not know our annotations. What they make of the rest must never be
 * wider than what was asked for: the root below an overlay is read-only for them, and a
 * user that only the container's passwd(5) knows is nobody.
 */
#include "oci/write.h"

#include <errno.h>
#include <minc/container.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "oci/config.h"
#include "oci/standard.h"
#include "json/json-text.h"
#include "json/json.h"

void write_put(struct writer *w, json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) < 0 && w->failed == 0)
		w->failed = -ENOMEM;
}

void write_append(struct writer *w, json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) < 0 && w->failed == 0)
		w->failed = -ENOMEM;
}

json_t *write_text(struct writer *w, const char *text)
{
	cleanup_free char *copy = NULL;
	json_t *ret = NULL;
	bool changed = false;

	if (w->failed < 0)
		return NULL;
	copy = str_escape_bytes(text, &changed);
	if (copy)
		ret = json_string(copy);
	w->escaped = w->escaped || changed;
	if (!ret)
		w->failed = -ENOMEM;
	return ret;
}

json_t *write_format(struct writer *w, const char *format, ...)
{
	cleanup_free char *text = NULL;
	json_t *ret = NULL;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		text = NULL;
	va_end(ap);
	if (text)
		ret = write_text(w, text);
	else if (w->failed == 0)
		w->failed = -ENOMEM;
	return ret;
}

json_t *write_path(struct writer *w, const char *path)
{
	const char *cwd = w->h->cwd;

	if (*path == '/' || !cwd)
		return write_text(w, path);
	if (str_equal(path, "."))
		return write_text(w, cwd);
	if (str_starts_with(path, "./"))
		path += 2;
	return write_format(w, "%s%s%s", cwd, str_equal(cwd, "/") ? "" : "/", path);
}

json_t *write_texts(struct writer *w, const char *const *list)
{
	json_t *ret = json_array();

	for (; *list; list++)
		write_append(w, ret, write_text(w, *list));
	return ret;
}

void write_note(struct writer *w, const char *note, const char *value)
{
	write_put(w, w->notes, note, write_text(w, value));
}

/* Absolute paths in one text: only between two of them are two slashes. */
static void write_layers(struct writer *w)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	for (size_t i = 0; out && i < w->s->image.layers_len; i++)
		fprintf(out, "%s%s", i ? "/" : "", w->s->image.layers[i]);
	if (!out || fclose(out) != 0)
		w->failed = -ENOMEM;
	else
		write_note(w, OCI_NOTE_LAYERS, text);
	free(text);
}

static void write_root(struct writer *w, json_t *top)
{
	const unsigned flags = w->s->root_flags;
	const bool direct = flags & MINC_ROOT_DIRECT, readonly = flags & MINC_ROOT_RDONLY;
	json_t *root = json_object();

	write_put(w, root, "path", write_path(w, w->s->root));
	write_put(w, root, "readonly", json_boolean(readonly || !direct));
	write_put(w, top, "root", root);
	if (!direct)
		write_note(w, OCI_NOTE_ROOT, "overlay");
	if (!direct && readonly)
		write_note(w, OCI_NOTE_READONLY, "true");
	if (flags & (MINC_ROOT_SUBMOUNTS | MINC_ROOT_NOSUBMOUNTS))
		write_note(w, OCI_NOTE_SUBMOUNTS,
			   flags & MINC_ROOT_SUBMOUNTS ? "true" : "false");
	if (w->s->image.layers_len)
		write_layers(w);
	if (w->s->keep)
		write_note(w, OCI_NOTE_KEEP, "true");
	if (w->s->storage)
		write_put(w, w->notes, OCI_NOTE_STORAGE, write_path(w, w->s->storage));
}

static void write_cpus(struct writer *w)
{
	char text[16 * 16 + 1], *p = text;

	for (int i = 15; i >= 0; i--)
		p += sprintf(p, "%016llx", (unsigned long long)w->s->cpus[i]);
	p = text + strspn(text, "0");
	if (*p)
		write_note(w, OCI_NOTE_CPUS, p);
}

static void write_scratch(struct writer *w)
{
	const struct spec_limit *limit = &w->s->limits[MINC_LIMIT_SCRATCH];

	if (limit->set)
		write_put(w, w->notes, OCI_NOTE_SCRATCH,
			  write_format(w, "%lld", (long long)limit->value));
}

static void write_hosts(struct writer *w)
{
	cleanup_free char *text = NULL;
	size_t len;
	FILE *out = w->s->names ? open_memstream(&text, &len) : NULL;

	if (!w->s->names)
		return;
	for (const struct spec_name *n = w->s->names; n && out; n = n->next)
		fprintf(out, "%s%s:%s", n == w->s->names ? "" : " ", n->name, n->address);
	if (out && fclose(out) == 0)
		write_note(w, OCI_NOTE_HOSTS, text);
	else
		w->failed = -ENOMEM;
}

static void write_flags(struct writer *w)
{
	for (size_t i = 0; i < oci_flag_notes_len; i++)
		if (spec_flag(w->s, oci_flag_notes[i].flag))
			write_note(w, oci_flag_notes[i].note, "true");
	if (w->s->flag_origin[MINC_FAKE_ROOT])
		write_note(w, OCI_NOTE_FAKE_ROOT,
			   spec_flag(w->s, MINC_FAKE_ROOT) ? "true" : "false");
	else if (w->s->image.layers_len || w->s->fake_root_auto) /* so that exec knows */
		write_note(w, OCI_NOTE_FAKE_ROOT, "auto");
}

static void write_top(struct writer *w, json_t *top, const char *const *argv)
{
	write_put(w, top, "ociVersion", json_string("1.0.2"));
	write_process(w, top, argv);
	write_root(w, top);
	if (w->s->hostname)
		write_put(w, top, "hostname", write_text(w, w->s->hostname));
	write_mounts(w, top);
	write_linux(w, top);
	write_flags(w);
	write_cpus(w);
	write_scratch(w);
	write_hosts(w);
	if (w->escaped)
		write_put(w, w->notes, OCI_NOTE_BYTES, json_string("escaped"));
}

int oci_config_write(const struct spec *s, const struct host *h, const char *const *argv,
		     FILE *out)
{
	const char *const shell[] = { h->shell ? h->shell : "/bin/sh", NULL };
	cleanup_json json_t *top = json_object();
	struct writer w = { .s = s, .h = h, .notes = json_object() };
	cleanup_free char *text = NULL;

	write_put(&w, top, "annotations", w.notes);
	if (s->fds)
		return err_say(s->err, -ENOTSUP,
			       "file descriptor %d: a config.json cannot pass "
			       "open files",
			       s->fds->target);
	w.in_userns = spec_own_userns(s, h->privileged);
	if (w.failed == 0)
		write_top(&w, top,
			  argv            ? argv
			  : s->argv       ? s->argv
			  : s->image.argv ? s->image.argv
					  : shell);
	if (w.failed == 0)
		w.failed = json_text_write(top, JSON_INDENT(2), &text, NULL);
	if (w.failed == 0 && (fputs(text, out) < 0 || fputc('\n', out) < 0))
		w.failed = -EIO;
	return w.failed < 0 ? err_set(s->err, w.failed, "config.json") : 0;
}
