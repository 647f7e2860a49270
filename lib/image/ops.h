/* SPDX-License-Identifier: MIT */
/*
 * ops - what the exported functions of image.h call in the modules: image_ops of module image
 * (jansson only: reading the store, names, containers) and import_ops of module import (libarchive,
 * libsquashfs, libcrypto). The library itself links none of these.
 */
#pragma once

#include <minc/image.h>

#include "image/image.h"
#include "image/store.h"

struct minc_store {
	struct store *store;
	struct minc_ctx *c;
	const struct image_ops *ops;
};

struct minc_image {
	struct image *image; /* only what a listing needs until ops->whole() */
	const struct image_ops *ops;
};

struct minc_kept {
	struct arena arena;
	const struct image_ops *ops;
	char id[65];
	const char *name, *dir, *note, *image, *image_name;
	int64_t created_ms;
	bool damaged; /* its container.json: only the id is known */
};

struct budget;
struct copy_end;
struct copy_how;
struct copy_said;
struct listing;
struct part;
struct volume;

struct minc_transfer {
	struct store *store;
	struct err *err;
	struct minc_store *owner; /* of the api: not for the modules */
	const char *text[16]; /* by enum minc_transfer_option; owned, MINC_TRANSFER_CHANGE unused */
	const char **changes; /* NULL-terminated, or NULL */
	uint64_t number[16];  /* by enum minc_transfer_number */
	unsigned given;	      /* bit N: number N is not the default */
	struct budget *budget; /* of what is under way; NULL: no bound over all of it */
	struct listing *listing; /* what it has brought so far */
	minc_progress_fn progress;
	void *data;
	struct err failure; /* of the first setting that was refused: what all uses return */
};

/* Hand an image on to a minc_image_fn; NULL: nothing. */
typedef int image_found_fn(struct image *img, void *data); /* takes @img */

struct image_ops {
	int (*open)(struct err *e, const char *path, struct store **ret);
	struct store *(*close)(struct store *s);
	int (*find)(struct store *s, const char *name, const char *platform, struct image **ret);
	int (*foreach)(struct store *s, int (*fn)(struct image *img, void *data), void *data);
	struct image *(*free_image)(struct image *img);
	/* What foreach() left out, see image_whole(); cheap if there is nothing. */
	int (*whole)(struct image *img, struct err *e);
	int (*inspect)(struct image *img, char **ret);
	int (*policy)(struct err *e, const char *store, const char *name);
	int (*tag)(struct store *s, struct image *img, const char *name);
	int (*remove)(struct store *s, const char *name, unsigned flags, minc_dependent_fn fn, void *data);
	int (*prune)(struct store *s, unsigned flags, minc_report_fn fn, void *data);
	int (*usage)(struct store *s, minc_report_fn fn, void *data);
	/* containers/ID/: "container.json", storage/ and work/ when it has run */
	int (*create)(struct store *s, const struct image *img, const char *name, const char *note,
		      char **ret_id);
	int (*containers)(struct store *s, int (*fn)(struct minc_kept *k, void *data), void *data);
	int (*container)(struct store *s, const char *name, struct minc_kept **ret);
	struct minc_kept *(*free_kept)(struct minc_kept *k);
	int (*kept_image)(struct store *s, const struct minc_kept *k, struct image **ret);
	int (*rename)(struct store *s, struct minc_kept *k, const char *name);
	int (*delete)(struct store *s, struct minc_kept *k);
	int (*volume_create)(struct store *s, const char *name);
	int (*volume_remove)(struct store *s, const char *name);
};

struct import_ops {
	int (*import)(struct minc_transfer *t, const char *source, image_found_fn *fn, void *data);
	int (*export)(struct minc_transfer *t, const char *const *names, const char *target);
	int (*pull)(struct minc_transfer *t, const char *name, image_found_fn *fn, void *data);
	int (*push)(struct minc_transfer *t, const char *name, const char *target);
	int (*login)(struct minc_transfer *t, const char *registry, const char *user,
		     const char *password);
	int (*logout)(struct minc_transfer *t, const char *registry);
	int (*commit)(struct minc_transfer *t, const char *container, image_found_fn *fn, void *data);
	int (*fsck)(struct store *s, unsigned flags, minc_report_fn fn, void *data);
	int (*keygen)(struct minc_transfer *t, const char *key);
	int (*sign)(struct minc_transfer *t, const char *name, const char *key);
	int (*verify)(struct minc_transfer *t, const char *name, const char *key);
	int (*allows)(struct minc_transfer *t, const char *name, const struct digest *manifest,
		      const struct digest *index);
	/* minc_set_image() without FUSE: files below @dir */
	int (*unpack)(struct err *e, const struct part *p, int dir);
	/* Make the layers that an image of another tool lacks. */
	int (*complete)(struct minc_transfer *t, struct image *img);
	/* minc_copy() with a tar (copy-tar.h) */
	int (*copy_in)(struct err *e, int fd, const struct copy_end *to, const struct copy_how *how,
		       struct copy_said *said);
	int (*copy_out)(struct err *e, const struct copy_end *from, int fd, const struct copy_how *how,
			struct copy_said *said);
	/* minc_add_bind() with MINC_BIND_VOLUME, before the start */
	int (*fill)(struct err *e, const struct volume *v);
};

/* Symbols of the modules. */
extern const struct image_ops image_ops;
extern const struct import_ops import_ops;
