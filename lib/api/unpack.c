/* SPDX-License-Identifier: MIT */
/*
 * unpack - an image's files in the storage of a container, where neither the kernel nor a
 * FUSE server can mount its layers. Once: what was made for the same layers is used
 * again.
 *
 *   unpacked/rootfs   the files; by rename(2), so they are complete
 *   unpacked/layers   of what
 *   unpacked/partial  removed when it is found
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/api-store.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/module.h"
#include "base/str.h"
#include "squash/part.h"

enum { LAYERS_TEXT_MAX = 4 << 20, UNPACKED_SAID_BYTES = 32 << 20 };

/* A line for each layer. */
static char *describe_layers(const struct spec_image *image)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	for (size_t i = 0; i < image->layers_len; i++)
		fprintf(out, "%s\n", image->layers[i]);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static bool is_unpacked(int dir, const char *layers)
{
	cleanup_free char *text = NULL;

	return faccessat(dir, "rootfs", F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
	       io_read_own_file(dir, "layers", LAYERS_TEXT_MAX, &text, NULL) == 0 &&
	       str_equal(text, layers);
}

static int note_layers(int dir, const char *layers)
{
	cleanup_close int fd =
		openat(dir, "layers",
		       O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : io_write_all(fd, layers, strlen(layers));
}

static int unpack(minc_ctx *c, int dir)
{
	const struct spec_image *image = &c->spec.image;
	const struct part part = { .what = image->name,
				   .layers = image->layers,
				   .layers_len = image->layers_len,
				   .inside = "",
				   .single = c->plan.owners.single,
				   .range = c->plan.owners.range,
				   .few = c->plan.owners.few };
	cleanup_close int partial = -EBADF;
	void *ops;
	int r = module_symbol("import", "import_ops", &c->err, &ops);

	if (r < 0)
		return r;
	if (mkdirat(dir, "partial", 0700) < 0)
		return -errno;
	partial = openat(dir, "partial", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (partial < 0)
		return -errno;
	r = ((const struct import_ops *)ops)->unpack(&c->err, &part, partial);
	if (r >= 0 && renameat(dir, "partial", dir, "rootfs") < 0)
		r = -errno;
	return r;
}

/* Only if it takes a noticeable time: a small image is not worth a warning each time. */
static void warn(minc_ctx *c)
{
	const struct spec_image *image = &c->spec.image;
	off_t bytes = 0;
	char text[256];
	struct stat st;

	for (size_t i = 0; i < image->layers_len; i++)
		if (stat(image->layers[i], &st) == 0)
			bytes += st.st_size;
	if (!c->log || bytes < UNPACKED_SAID_BYTES)
		return;
	snprintf(
		text, sizeof(text),
		"/dev/fuse: %s: the image is unpacked, which takes time and space: load the fuse "
		"module or give access to the device",
		strerror(-c->host.fuse));
	c->log(text, c->log_data);
}

int api_unpack_image(minc_ctx *c, int storage)
{
	cleanup_free char *layers = describe_layers(&c->spec.image);
	cleanup_close int dir = -EBADF;
	int r = layers ? 0 : -ENOMEM;

	if (r == 0 && mkdirat(storage, UNPACKED, 0700) < 0 && errno != EEXIST)
		r = -errno;
	if (r == 0) {
		dir = openat(storage, UNPACKED,
			     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		r = dir < 0 ? -errno : 0;
	}
	if (r == 0 && is_unpacked(dir, layers))
		return 0;
	if (r == 0) {
		warn(c);
		storage_remove(dir, "partial");
		storage_remove(dir, "rootfs");
		r = note_layers(dir, layers);
	}
	if (r == 0) {
		r = unpack(c, dir);
		if (r < 0)
			storage_remove(dir, "partial");
	}
	return r < 0 ? err_set(&c->err, r, "%s: " UNPACKED, c->storage) : 0;
}
