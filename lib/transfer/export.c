/* SPDX-License-Identifier: MIT */
/*
 * export - images leave the store: as an OCI layout (directory or tar), as a
 * docker-archive, or their root file system as a tar, a directory or a squashfs image.
 * What is written depends on the images alone.
 */
#include "transfer/export.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"
#include "change/subtree.h"
#include "content/json-digest.h"
#include "content/ref.h"
#include "squash/squash-tar.h"
#include "squash/squash-to-dir.h"
#include "squash/squash-to-tar.h"
#include "store/find.h"
#include "store/store-file.h"
#include "tar/fd-source.h"
#include "tar/holes.h"
#include "transfer/take.h"
#include "json/json.h"

enum { COPY_BYTES = 1 << 20 };

/* Where files go: to a directory or to a tar. */
struct out {
	struct minc_transfer *t;
	const char *target;
	int dir;           /* or -EBADF */
	struct archive *a; /* or NULL */
	int fd;            /* of the tar */
	bool holes;        /* in it, where zeros are */
	char *buf;
	/* what was told last, "" at first, and how far it is: */
	char now[DIGEST_LEN + 32];
	uint64_t done, total;
	char **written; /* names, so that nothing is written twice */
	size_t len, room;
};

static bool is_written(struct out *o, const char *name)
{
	for (size_t i = 0; i < o->len; i++)
		if (str_equal(o->written[i], name))
			return true;
	return false;
}

static int note_written(struct out *o, const char *name)
{
	char **more = array_grow(o->written, &o->room, o->len + 1, sizeof(*more));

	if (!more)
		return err_set(o->t->err, -ENOMEM, "%s", o->target);
	o->written = more;
	o->written[o->len] = strdup(name);
	if (!o->written[o->len])
		return err_set(o->t->err, -ENOMEM, "%s", o->target);
	o->len++;
	return 0;
}

static int begin_entry(struct out *o, const char *name, uint64_t size)
{
	struct archive_entry *entry = archive_entry_new();
	int r;

	if (!entry)
		return err_set(o->t->err, -ENOMEM, "%s", o->target);
	archive_entry_set_pathname(entry, name);
	archive_entry_set_mode(entry, S_IFREG | 0644);
	archive_entry_set_size(entry, (int64_t)size);
	archive_entry_set_mtime(entry, 0, 0);
	r = archive_write_header(o->a, entry);
	archive_entry_free(entry);
	return r == ARCHIVE_OK
		       ? 0
		       : err_set(o->t->err,
				 archive_errno(o->a) ? -archive_errno(o->a) : -EIO, "%s",
				 o->target);
}

static int put_piece(struct out *o, int fd, const void *data, size_t len)
{
	int r;

	if (o->a) {
		if (archive_write_data(o->a, data, len) == (la_ssize_t)len)
			return 0;
		r = archive_errno(o->a) ? -archive_errno(o->a) : -EIO;
	} else {
		r = holes_write(fd, data, len);
	}
	return r < 0 ? err_set(o->t->err, r, "%s", o->target) : 0;
}

static int open_file(struct out *o, const char *name, uint64_t size)
{
	int fd;

	if (o->a)
		return begin_entry(o, name, size);
	fd = openat(o->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	return fd < 0 ? err_set(o->t->err, -errno, "%s/%s", o->target, name) : fd;
}

static int end_file(struct out *o, int fd, int r)
{
	if (o->a)
		return r;
	if (r == 0 && (holes_end(fd) < 0 || fsync(fd) < 0))
		r = err_set(o->t->err, -errno, "%s", o->target);
	(void)close(fd); /* synced */
	return r;
}

static int put_text(struct out *o, const char *name, const char *text, size_t len)
{
	int fd, r;

	if (is_written(o, name))
		return 0;
	fd = open_file(o, name, len);
	if (fd < 0)
		return fd;
	r = end_file(o, fd, put_piece(o, fd, text, len));
	return r < 0 ? r : note_written(o, name);
}

/* How far it is; also asked while nobody takes what is written: -ECANCELED. */
static int tell(void *data)
{
	const struct out *o = data;

	if (!o->t->progress)
		return 0;
	return o->t->progress(*o->now ? o->now : o->target, o->done, o->total, o->t->data)
		       ? -ECANCELED
		       : 0;
}

static int put_blob(struct out *o, const char *name, const struct digest *d)
{
	uint64_t size, done = 0;
	cleanup_close int from = -EBADF;
	int fd, r = 0;

	if (is_written(o, name))
		return 0;
	from = store_open_blob(o->t->store, d, &size);
	if (from < 0)
		return from;
	fd = open_file(o, name, size);
	if (fd < 0)
		return fd;
	snprintf(o->now, sizeof(o->now), "%s", name);
	o->done = 0;
	o->total = size;
	while (r == 0 && done < size) {
		const ssize_t n = read(from, o->buf, COPY_BYTES);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			r = err_set(o->t->err, n < 0 ? -errno : -EBADMSG, "blob %.19s...",
				    d->text);
		else
			r = put_piece(o, fd, o->buf, (size_t)n);
		o->done = done += n > 0 ? (uint64_t)n : 0;
		if (r == 0 && tell(o) < 0)
			r = err_set(o->t->err, -ECANCELED, "%s", o->target);
	}
	r = end_file(o, fd, r);
	return r < 0 ? r : note_written(o, name);
}

static int put_json(struct out *o, const char *name, json_t *root)
{
	cleanup_free char *text = NULL;
	size_t len = 0;
	int r = root ? json_text_write(root, JSON_COMPACT, &text, &len) : -ENOMEM;

	return r == 0 ? put_text(o, name, text, len)
		      : err_set(o->t->err, r, "%s", o->target);
}

static int put_oci_image(struct out *o, const struct image *img, json_t *manifests)
{
	char name[STORE_PATH_LEN];
	json_t *entry;
	int r = 0;

	for (size_t i = 0; r == 0 && i < img->layers_len; i++) {
		store_blob_path(digest_hex(&img->layers[i].digest), name);
		r = put_blob(o, name, &img->layers[i].digest);
	}
	store_blob_path(digest_hex(&img->config), name);
	if (r == 0)
		r = put_text(o, name, img->config_json, img->config_len);
	store_blob_path(digest_hex(&img->manifest), name);
	if (r == 0)
		r = put_text(o, name, img->manifest_json, img->manifest_len);
	if (r < 0)
		return r;
	entry = json_descriptor(img->media_type, &img->manifest, img->manifest_len);
	if (entry && *img->name)
		(void)json_object_set_new(entry, "annotations",
					  json_pack("{s:s}", REF_NAME_ANNOTATION,
						    img->name));
	return json_array_append_new(manifests, entry) < 0
		       ? err_set(o->t->err, -ENOMEM, "%s", o->target)
		       : 0;
}

static int put_oci(struct out *o, struct image **images, size_t len)
{
	static const char version[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
	json_t *manifests = json_array();
	cleanup_json json_t *root =
		json_pack("{s:i, s:O}", "schemaVersion", 2, "manifests", manifests);
	int r = root ? put_text(o, "oci-layout", version, sizeof(version) - 1) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < len; i++)
		r = put_oci_image(o, images[i], manifests);
	json_decref(manifests);
	return r == 0 ? put_json(o, "index.json", root) : r;
}

static int put_docker_image(struct out *o, const struct image *img, json_t *list)
{
	json_t *layers = json_array(), *tags = json_array();
	char name[DIGEST_LEN + 32];
	int r = layers && tags ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < img->layers_len; i++) {
		snprintf(name, sizeof(name), "%s.tar",
			 digest_hex(&img->layers[i].digest));
		r = put_blob(o, name, &img->layers[i].digest);
		if (r == 0 && json_array_append_new(layers, json_string(name)) < 0)
			r = -ENOMEM;
	}
	snprintf(name, sizeof(name), "%s.json", digest_hex(&img->config));
	if (r == 0)
		r = put_text(o, name, img->config_json, img->config_len);
	if (r == 0 && *img->name && !strchr(img->name, '@'))
		r = json_array_append_new(tags, json_string(img->name)) < 0 ? -ENOMEM : 0;
	if (r == 0)
		r = json_array_append_new(list, json_pack("{s:s, s:O, s:O}", "Config",
							  name, "RepoTags", tags,
							  "Layers", layers)) < 0
			    ? -ENOMEM
			    : 0;
	json_decref(layers);
	json_decref(tags);
	return r < 0 ? err_set(o->t->err, r, "%s", o->target) : 0;
}

static int put_docker(struct out *o, struct image **images, size_t len)
{
	cleanup_json json_t *list = json_array();
	int r = list ? 0 : err_set(o->t->err, -ENOMEM, "%s", o->target);

	for (size_t i = 0; r == 0 && i < len; i++)
		r = put_docker_image(o, images[i], list);
	return r == 0 ? put_json(o, "manifest.json", list) : r;
}

static la_ssize_t write_out(struct archive *a, void *data, const void *buf, size_t len)
{
	struct out *o = data;
	int r = o->holes ? holes_write(o->fd, buf, len)
			 : io_write_out(o->fd, buf, len, tell, o);

	if (r < 0)
		archive_set_error(a, -r, "%s", strerror(-r));
	return r < 0 ? -1 : (la_ssize_t)len;
}

static int put_archive(struct out *o, struct image **images, size_t len,
		       int (*put)(struct out *o, struct image **images, size_t len))
{
	int r;

	o->a = archive_write_new();
	o->buf = malloc(COPY_BYTES);
	if (!o->a || !o->buf)
		return err_set(o->t->err, -ENOMEM, "%s", o->target);
	(void)archive_write_set_format_ustar(o->a);
	(void)archive_write_set_bytes_per_block(o->a, COPY_BYTES);
	(void)archive_write_set_bytes_in_last_block(o->a, 512);
	o->holes = holes_can(o->fd);
	if (archive_write_open(o->a, o, NULL, write_out, NULL) != ARCHIVE_OK)
		return err_set(o->t->err, -ENOMEM, "%s", o->target);
	r = put(o, images, len);
	if (archive_write_close(o->a) != ARCHIVE_OK && r == 0)
		r = err_set(o->t->err, archive_errno(o->a) ? -archive_errno(o->a) : -EIO,
			    "%s", o->target);
	if (r == 0 && o->holes && holes_end(o->fd) < 0)
		r = err_set(o->t->err, -errno, "%s", o->target);
	return r;
}

static void out_done(struct out *o)
{
	if (o->a)
		archive_write_free(o->a);
	for (size_t i = 0; i < o->len; i++)
		free(o->written[i]);
	free(o->written);
	free(o->buf);
}

/* How far a root is that is written: its own part of what is told. */
static int tell_root(uint64_t done, void *data)
{
	const struct minc_transfer *t = data;

	return t->progress ? t->progress("root file system", done, 0, t->data) : 0;
}

/* A tar of the root becomes one squashfs image: squash-in.c says why by a tar. */
static int put_squashfs(struct minc_transfer *t, const char *what, const int *fds,
			size_t len, int out)
{
	cleanup_close int tar = store_scratch(t->store);
	struct squash_limits limits = { 0 };
	struct squash_result result;
	struct fd_source source;
	int r = tar < 0 ? tar
			: squash_to_tar(t->err, what, fds, len, false, tar, tell_root, t);

	if (r == 0 && lseek(tar, 0, SEEK_SET) < 0)
		r = err_set(t->err, -errno, "%s", what);
	if (r < 0)
		return r;
	fd_source_init(&source, tar);
	return squash_tar(t->err, what, &source.source, out, false, &limits, tell_root, t,
			  &result);
}

static int put_root(struct minc_transfer *t, const char *format, const struct image *img,
		    const char *target, int out)
{
	int fds[CONTENT_LAYERS_MAX];
	size_t len = 0;
	int r = take_open_layers(t, img, fds, &len);

	if (r == 0 && str_equal(format, "tar"))
		r = squash_to_tar(t->err, target, fds, len, false, out, tell_root, t);
	else if (r == 0 && str_equal(format, "dir"))
		r = squash_to_dir(t->err, target, fds, len, out, geteuid() != 0,
				  tell_root, t);
	else if (r == 0)
		r = put_squashfs(t, target, fds, len, out);
	for (size_t i = 0; i < len; i++)
		(void)close(fds[i]); /* only read */
	return r;
}

static int put_layout(struct minc_transfer *t, struct image **images, size_t len,
		      const char *target, int dir)
{
	struct out o = { .t = t,
			 .target = target,
			 .dir = dir,
			 .fd = -EBADF,
			 .buf = malloc(COPY_BYTES) };
	int r = o.buf ? 0 : err_set(t->err, -ENOMEM, "%s", target);

	if (r == 0 &&
	    (mkdirat(dir, "blobs", 0755) < 0 || mkdirat(dir, STORE_BLOBS, 0755) < 0))
		r = err_set(t->err, -errno, "%s/blobs", target);
	if (r == 0)
		r = put_oci(&o, images, len);
	out_done(&o);
	return r;
}

static bool makes_directory(const char *format)
{
	return str_equal(format, "oci") || str_equal(format, "dir");
}

static int write_format(struct minc_transfer *t, const char *format,
			struct image **images, size_t len, const char *target, int fd)
{
	struct out o = { .t = t, .target = target, .dir = -EBADF, .fd = fd };
	int r;

	if (str_equal(format, "oci"))
		return put_layout(t, images, len, target, fd);
	if (!str_equal(format, "oci-archive") && !str_equal(format, "docker-archive"))
		return put_root(t, format, images[0], target, fd);
	r = put_archive(&o, images, len,
			str_equal(format, "oci-archive") ? put_oci : put_docker);
	out_done(&o);
	return r;
}

/*
 * What is made now, or -1 with errno. A root has owners and set-user-ID files: it is
 * closed until it is whole.
 */
static int make_target(int dir, const char *name, const char *format)
{
	const bool root = str_equal(format, "dir");
	struct stat st;
	int fd;

	if (!makes_directory(format))
		return openat(dir, name,
			      O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (mkdirat(dir, name, root ? 0700 : 0755) < 0)
		return -1;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		const int error = errno;

		/* only if it is empty, as we made it */
		(void)unlinkat(dir, name, AT_REMOVEDIR);
		errno = error;
		return -1;
	}
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid())
		return fd;
	(void)close(fd); /* of somebody who could change what we make in it */
	errno = EPERM;
	return -1;
}

/*
 * Nothing of ours stays after a failure. It is removed where it was made: the path may
 * lead to what is not ours by then.
 */
static int export_to(struct minc_transfer *t, const char *format, struct image **images,
		     size_t len, const char *target)
{
	const bool directory = makes_directory(format);
	cleanup_close int dir = -EBADF, fd = -EBADF;
	char name[NAME_MAX + 1];
	int r;

	if (str_equal(target, "-")) {
		if (directory || str_equal(format, "squashfs"))
			return err_say(t->err, -EINVAL,
				       "format %s: not to standard output", format);
		return write_format(t, format, images, len, "standard output",
				    STDOUT_FILENO);
	}
	if (!directory && *target && target[strlen(target) - 1] == '/')
		return err_set(t->err, -EISDIR, "%s", target);
	dir = io_open_dir_of(target, name);
	if (dir < 0)
		return err_set(t->err, dir == -EINVAL ? -EEXIST : dir, "%s", target);
	fd = make_target(dir, name, format);
	if (fd < 0)
		return err_set(t->err, -errno, "%s", target);
	r = write_format(t, format, images, len, target, fd);
	if (r == 0 && fsync(fd) < 0)
		r = err_set(t->err, -errno, "%s", target);
	if (r < 0 && directory)
		(void)subtree_remove(dir, name); /* the failure before is what counts */
	else if (r < 0)
		(void)unlinkat(dir, name, 0); /* it was made just now */
	return r;
}

static int check_format(struct minc_transfer *t, const char *format, size_t len)
{
	static const char *const formats[] = { "oci", "oci-archive", "docker-archive",
					       "tar", "dir",         "squashfs" };

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (str_equal(format, formats[i]))
			return i < 3 || len == 1
				       ? 0
				       : err_say(t->err, -EINVAL,
						 "format %s: one image only", format);
	return err_say(t->err, -EINVAL, "format %.80s: unknown", format);
}

int export_images(struct minc_transfer *t, const char *const *names, const char *target)
{
	const char *format = t->text[MINC_TRANSFER_FORMAT];
	struct image **images;
	size_t len = 0, found = 0;
	int r;

	while (names[len])
		len++;
	format = format ? format : "oci-archive";
	r = check_format(t, format, len);
	if (r < 0)
		return r;
	images = calloc(len + 1, sizeof(struct image *));
	if (!images)
		return err_set(t->err, -ENOMEM, "%s", target);
	r = store_share(t->store);
	if (r == 0) {
		while (r == 0 && found < len) {
			r = image_find(t->store, names[found], &images[found]);
			found += r == 0;
		}
		if (r == 0)
			r = export_to(t, format, images, len, target);
		store_unshare(t->store);
	}
	for (size_t i = 0; i < found; i++)
		image_free(images[i]);
	free(images);
	return r;
}
