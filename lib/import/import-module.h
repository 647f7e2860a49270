/* SPDX-License-Identifier: MIT */
/* import-module - what the module "import" is called for: images in and out. */
#pragma once

#include "store/handles.h"

struct copy_end;
struct copy_how;
struct copy_said;
struct part;
struct volume;

struct import_ops {
	int (*import)(struct minc_transfer *t, const char *source, image_found_fn *fn,
		      void *data);
	int (*export)(struct minc_transfer *t, const char *const *names,
		      const char *target);
	int (*pull)(struct minc_transfer *t, const char *name, image_found_fn *fn,
		    void *data);
	int (*push)(struct minc_transfer *t, const char *name, const char *target);
	int (*login)(struct minc_transfer *t, const char *registry, const char *user,
		     const char *password);
	int (*logout)(struct minc_transfer *t, const char *registry);
	int (*commit)(struct minc_transfer *t, const char *container, image_found_fn *fn,
		      void *data);
	int (*fsck)(struct store *s, unsigned flags, minc_report_fn fn, void *data);
	int (*keygen)(struct err *e, const char *base);
	int (*sign)(struct minc_transfer *t, const char *name, const char *key);
	int (*verify)(struct minc_transfer *t, const char *name, const char *key);
	int (*allows)(struct minc_transfer *t, const char *name,
		      const struct digest *manifest, const struct digest *index);
	/* minc_set_image() without FUSE: files below @dir */
	int (*unpack)(struct err *e, const struct part *p, int dir);
	/* Make the layers that an image of another tool lacks. */
	int (*complete)(struct minc_transfer *t, struct image *img);
	/* minc_copy() with a tar (copy-tar.h) */
	int (*copy_in)(struct err *e, int fd, const struct copy_end *to,
		       const struct copy_how *how, struct copy_said *said);
	int (*copy_out)(struct err *e, const struct copy_end *from, int fd,
			const struct copy_how *how, struct copy_said *said);
	/* minc_add_bind() with MINC_BIND_VOLUME, before the start */
	int (*fill)(struct err *e, const struct volume *v);
};

/* The symbol of the module. */
extern const struct import_ops import_ops;
