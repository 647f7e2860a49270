/* SPDX-License-Identifier: MIT */
/*
 * import - what minc_import() takes, told apart by content: an OCI layout, an archive of
 * images, a root file system as a directory, a tar, a squashfs or an erofs image.
 */
#include "import/import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/rfc3339.h"
#include "base/str.h"
#include "import/archive.h"
#include "import/import-erofs.h"
#include "import/layout.h"
#include "import/squash-in.h"
#include "import/which.h"
#include "store/platform.h"
#include "store/store-file.h"
#include "tar/budget.h"
#include "tar/fd-source.h"
#include "transfer/change-config.h"
#include "transfer/layer.h"
#include "transfer/listing.h"
#include "transfer/take.h"

enum { COPY_BYTES = 1 << 20, EROFS_MAGIC_AT = 1024, RESERVE_BYTES = 1 << 30 };

static json_t *time_text(time_t t)
{
	char text[RFC3339_MAX];

	return json_string(rfc3339_write(t, -1, text) < 0 ? "1970-01-01T00:00:00Z"
							  : text);
}

/* What was said of an image that says nothing itself. */
static int describe(struct minc_transfer *t, json_t *config)
{
	const char *message = t->text[MINC_TRANSFER_MESSAGE];
	json_t *step = json_array_get(json_object_get(config, "history"), 0);

	if (message && json_object_set_new(step, "comment", json_string(message)) < 0)
		return err_set(t->err, -ENOMEM, "config");
	return change_config(t->err, json_object_get(config, "config"), t->changes);
}

int import_refuse_changes(struct minc_transfer *t, const char *source)
{
	const bool any = t->text[MINC_TRANSFER_MESSAGE] || (t->changes && t->changes[0]);

	return any ? err_say(t->err, -EINVAL,
			     "%s: an image, not a root file system: it takes no message and no changes",
			     source)
		   : 0;
}

/*
 * One layer and nothing else known: the time is the source's, so that the same gives the
 * same.
 */
int import_root_layer(struct minc_transfer *t, const struct layer_made *layer,
		      time_t created)
{
	struct platform machine;
	json_t *config;
	int r;

	platform_machine(&machine);
	config = json_pack("{s:o, s:s, s:s, s:{}, s:{s:s, s:[s]}, s:[{s:o, s:s}]}",
			   "created", time_text(created), "architecture",
			   machine.architecture, "os", "linux", "config", "rootfs",
			   "type", "layers", "diff_ids", layer->diff_id.text, "history",
			   "created", time_text(created), "created_by",
			   "import of a root file system");
	r = config ? describe(t, config) : err_set(t->err, -ENOMEM, "config");
	if (r == 0)
		r = take_built(t, config, layer, 1, "");
	json_decref(config);
	return r;
}

/* So much stays free in the file system @v: a stream without an end shall not fill it. */
static uint64_t reserve(const struct statvfs *v)
{
	const uint64_t twentieth = (uint64_t)v->f_blocks * v->f_frsize / 20;

	return twentieth < RESERVE_BYTES ? twentieth : RESERVE_BYTES;
}

static int check_room(struct minc_transfer *t, const char *source, int fd, uint64_t total)
{
	struct statvfs v;

	if (fstatvfs(fd, &v) < 0 || v.f_blocks == 0) /* it does not tell */
		return 0;
	if ((uint64_t)v.f_bavail * v.f_frsize >= reserve(&v))
		return 0;
	return err_say(t->err, -ENOSPC,
		       "%s: no room for more than %llu bytes in store %s", source,
		       (unsigned long long)total, t->store->path);
}

/* What cannot be read twice is copied, to a file without a name. */
static int spool(struct minc_transfer *t, const char *source, int from, int *ret)
{
	cleanup_close int fd = store_scratch(t->store);
	cleanup_free char *buf = malloc(COPY_BYTES);
	const uint64_t max = t->number[MINC_TRANSFER_MAX_BYTES];
	uint64_t total = 0, checked = 0;
	ssize_t n;
	int r;

	if (fd < 0)
		return fd;
	if (!buf)
		return err_set(t->err, -ENOMEM, "%s", source);
	while ((n = read(from, buf, COPY_BYTES)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(t->err, -errno, "%s", source);
		total += (uint64_t)n;
		if (max && total > max)
			return err_say(t->err, -EOVERFLOW,
				       "%s: more than %llu bytes (--max-bytes)", source,
				       (unsigned long long)max);
		r = io_write_all(fd, buf, (size_t)n);
		if (r < 0)
			return err_set(t->err, r, "store %s", t->store->path);
		if (total >= checked + COPY_BYTES) {
			r = check_room(t, source, fd, total);
			if (r < 0)
				return r;
			checked = total;
		}
	}
	*ret = take_fd(&fd);
	return 0;
}

/* 1, 0; what cannot be read is of no other kind for that: -errno. */
static int has_magic(struct minc_transfer *t, const char *source, int fd, off_t at,
		     const char *magic)
{
	const size_t len = strlen(magic);
	char found[8];
	const ssize_t n = io_read_at(fd, found, len, at);

	if (n < 0)
		return err_set(t->err, (int)n, "%s", source);
	return n == (ssize_t)len && memcmp(found, magic, len) == 0;
}

struct told {
	struct minc_transfer *t;
	const char *source;
	int fd;
	bool images;
};

static int look_again(void *data)
{
	struct told *told = data;
	int r = which_archive(told->t, told->source, told->fd);

	told->images = r > 0;
	return r > 0 ? -ENOMSG : r;
}

/* What was read in vain is no reason to read less of it now. */
static void spend_again(struct minc_transfer *t)
{
	const uint64_t source = t->budget->source;

	budget_done(t->budget);
	take_budget(t, t->budget);
	t->budget->source = source;
}

/*
 * A root file system, by its first names. That is known when all of it has been read:
 * else it is an archive of images whose files are called as nobody would have thought.
 */
static int import_tar(struct minc_transfer *t, const char *source, int fd, time_t created)
{
	struct told told = { .t = t, .source = source, .fd = fd };
	struct fd_source stream;
	struct layer_made layer;
	int r;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_set(t->err, -errno, "%s", source);
	fd_source_init(&stream, fd);
	r = layer_from_stream(t, source, &stream.source, look_again, &told, &layer);
	if (!told.images)
		return r < 0 ? r : import_root_layer(t, &layer, created);
	spend_again(t);
	return import_archive(t, source, fd, true);
}

static int import_file(struct minc_transfer *t, const char *source, int fd,
		       const struct stat *st)
{
	int r;

	if (st->st_size == 0)
		return err_say(t->err, -EBADMSG, "%s: it is empty", source);
	r = has_magic(t, source, fd, 0, "hsqs");
	if (r != 0)
		return r < 0 ? r : import_squashfs(t, source, fd, st->st_mtime);
	r = has_magic(t, source, fd, EROFS_MAGIC_AT, "\xe2\xe1\xf5\xe0");
	if (r != 0)
		return r < 0 ? r : import_erofs(t, source, fd, st->st_mtime);
	r = import_archive(t, source, fd, false);
	if (r != -ENOMSG)
		return r;
	spend_again(t);
	return import_tar(t, source, fd, st->st_mtime);
}

static int import_dir(struct minc_transfer *t, const char *source, int dir,
		      const struct stat *st)
{
	struct layer_made layer;
	int r = which_directory(t, source, dir);

	if (r > 0) {
		r = import_refuse_changes(t, source);
		return r < 0 ? r : import_layout(t, source, dir);
	}
	if (r == 0)
		r = layer_from_dir(t, source, dir, false, false, NULL, 0, NULL, &layer);
	return r < 0 ? r : import_root_layer(t, &layer, st->st_mtime);
}

static int import_open(struct minc_transfer *t, const char *source, int fd)
{
	cleanup_close int spooled = -EBADF;
	struct stat st;
	char name[REF_MAX];
	/* before the work */
	int r = t->text[MINC_TRANSFER_NAME] ? take_name(t, "", name) : 0;

	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return err_set(t->err, -errno, "%s", source);
	if (S_ISDIR(st.st_mode))
		return import_dir(t, source, fd, &st);
	if (!S_ISREG(st.st_mode) || st.st_size == 0) {
		/* files of /proc do not say how long they are */
		r = spool(t, source, fd, &spooled);
		if (r == 0 && fstat(spooled, &st) < 0)
			r = err_set(t->err, -errno, "%s", source);
		fd = spooled;
	}
	if (r == 0) /* the spool was filled byte by byte */
		t->budget->source = spooled < 0 ? budget_data_of(fd, (uint64_t)st.st_size)
						: (uint64_t)st.st_size;
	return r < 0 ? r : import_file(t, source, fd, &st);
}

int import_source(struct minc_transfer *t, const char *source, image_found_fn *fn,
		  void *data)
{
	const bool input = str_equal(source, "-");
	cleanup_close int fd = input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
				     : open(source, O_RDONLY | O_CLOEXEC);
	struct budget budget;
	int r;

	if (fd < 0)
		return err_set(t->err, -errno, "%s", input ? "standard input" : source);
	r = take_begin(t, &budget);
	return r < 0 ? r
		     : take_end(t, import_open(t, input ? "standard input" : source, fd),
				fn, data);
}
