/* SPDX-License-Identifier: MIT */
/* layout - images from an OCI image layout, a directory. Nothing in it is followed. */
#include "import/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"
#include "content/json-digest.h"
#include "store/manifest.h"
#include "store/store-file.h"
#include "tar/fd-source.h"
#include "transfer/layer.h"
#include "transfer/take.h"
#include "json/json.h"

struct layout {
	struct origin origin;
	struct minc_transfer *t;
	int dir;
};

/* Regular files only: a FIFO would wait, a link leads elsewhere. */
static int open_file(const struct layout *l, int dir, const char *where, const char *name)
{
	cleanup_close int fd =
		openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(l->t->err, -errno, "%s%s/%s", l->origin.what, where, name);
	if (!S_ISREG(st.st_mode))
		return err_say(l->t->err, -EBADMSG, "%s%s/%s: not a file", l->origin.what,
			       where, name);
	return take_fd(&fd);
}

static int open_blob(const struct layout *l, const struct digest *d)
{
	enum { FLAGS = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };
	cleanup_close int blobs = openat(l->dir, "blobs", FLAGS);
	cleanup_close int sha256 = blobs < 0 ? -EBADF : openat(blobs, "sha256", FLAGS);

	if (sha256 < 0)
		return err_set(l->t->err, -errno, "%s/" STORE_BLOBS, l->origin.what);
	return open_file(l, sha256, "/" STORE_BLOBS, digest_hex(d));
}

static int get_text(struct origin *o, const struct digest *d, uint64_t size, char **ret,
		    size_t *ret_len)
{
	const struct layout *l = (const struct layout *)o;
	cleanup_close int fd = open_blob(l, d);
	int r;

	(void)size; /* the caller compares */
	if (fd < 0)
		return fd;
	r = io_read_all(fd, CONTENT_JSON_MAX, ret, ret_len);
	return r < 0 ? err_set(l->t->err, r, "%s: %.19s...", o->what, d->text) : 0;
}

static int get_blobs(struct origin *o, struct image_layer *const *list, size_t len)
{
	const struct layout *l = (const struct layout *)o;
	int r = 0;

	for (size_t i = 0; i < len && r == 0; i++) {
		cleanup_close int fd = open_blob(l, &list[i]->digest);
		struct fd_source source;
		char what[64];

		if (fd < 0)
			return fd;
		fd_source_init(&source, fd);
		snprintf(what, sizeof(what), "blob %.12s", digest_hex(&list[i]->digest));
		r = blob_from_stream(l->t, what, &source.source, &list[i]->digest,
				     list[i]->size);
	}
	return r;
}

const char *layout_name(const json_t *annotations)
{
	const char *name =
		json_string_value(json_object_get(annotations, DOCKER_NAME_ANNOTATION));

	if (!name || !*name)
		name = json_string_value(json_object_get(annotations,
							 REF_NAME_ANNOTATION));
	return name && *name ? name : NULL;
}

/*
 * What lies beside images, and is none: what a build was made of, signatures, and the
 * like.
 */
static bool is_beside(json_t *entry, const json_t *annotations)
{
	json_t *platform = json_object_get(entry, "platform");
	const char *os = json_string_value(json_object_get(platform, "os"));
	const char *type = json_string_value(json_object_get(entry, "artifactType"));

	return json_object_get(annotations, "vnd.docker.reference.type") ||
	       (os && str_equal(os, "unknown")) ||
	       (type && *type && !str_equal(type, MEDIA_OCI_CONFIG) &&
		!str_equal(type, MEDIA_DOCKER_CONFIG));
}

int import_index(struct minc_transfer *t, struct origin *o, const char *text, size_t len)
{
	struct arena a = { NULL };
	struct json_source src = { t->err, o->what, &a };
	cleanup_json json_t *root = NULL;
	json_t *list = NULL, *entry, *notes;
	size_t i, found = 0;
	int r;

	src.what = arena_printf(&a, "%s: index.json", o->what);
	r = src.what ? json_strict(&src, text, len, &root)
		     : err_set(t->err, -ENOMEM, "%s", o->what);

	if (r == 0)
		r = json_field(&src, root, "", "manifests", JSON_ARRAY, &list);
	if (r == 0)
		r = take_counted(t, o->what, json_array_size(list));
	json_array_foreach(list, i, entry)
	{
		const char *media_type = MEDIA_OCI_MANIFEST;
		struct digest d;
		uint64_t size = 0;

		if (r == 0 && !json_is_object(entry))
			r = json_refuse(&src, "manifests: not an object");
		if (r == 0)
			r = json_text(&src, entry, "manifests.", "mediaType",
				      &media_type);
		if (r < 0)
			break;
		if (!media_is_index(media_type) && !media_is_manifest(media_type))
			continue; /* an artifact: not an image */
		r = json_annotations(&src, entry, "manifests.", &notes);
		if (r == 0 && is_beside(entry, notes))
			continue;
		if (r == 0)
			r = json_digest(&src, entry, "manifests.", "digest", &d);
		if (r == 0)
			r = json_whole(&src, entry, "manifests.", "size",
				       CONTENT_JSON_MAX, &size);
		if (r == 0)
			r = take_image(t, o, media_type, &d, size, layout_name(notes));
		if (r != 0)
			break;
		found++;
	}
	if (r == 0 && found == 0)
		r = err_say(t->err, -EBADMSG, "%s: an OCI image layout without an image",
			    o->what);
	arena_done(&a);
	return r;
}

int import_layout(struct minc_transfer *t, const char *source, int dir)
{
	struct layout l = {
		.origin = { .text = get_text, .blobs = get_blobs, .what = source },
		.t = t,
		.dir = dir
	};
	cleanup_free char *text = NULL;
	cleanup_close int fd = open_file(&l, dir, "", "index.json");
	size_t len;
	int r;

	if (fd < 0)
		return fd;
	r = io_read_all(fd, CONTENT_JSON_MAX, &text, &len);
	if (r < 0)
		return err_set(t->err, r, "%s/index.json", source);
	return import_index(t, &l.origin, text, len);
}
