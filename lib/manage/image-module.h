/* SPDX-License-Identifier: MIT */
/* image-module - what the module "image" is called for: the store and what is in it. */
#pragma once

#include "store/handles.h"

struct image_ops {
	int (*open)(struct err *e, const char *path, struct store **ret);
	struct store *(*close)(struct store *s);
	int (*find)(struct store *s, const char *name, const char *platform,
		    struct image **ret);
	int (*foreach)(struct store *s, int (*fn)(struct image *img, void *data),
		       void *data);
	struct image *(*free_image)(struct image *img);
	/* What foreach() left out, see image_whole(); cheap if there is nothing. */
	int (*whole)(struct image *img, struct err *e);
	int (*inspect)(struct image *img, char **ret);
	int (*policy)(struct err *e, const char *store, const char *name);
	int (*tag)(struct store *s, struct image *img, const char *name);
	int (*remove)(struct store *s, const char *name, unsigned flags,
		      minc_dependent_fn fn, void *data);
	int (*remove_all)(struct store *s, const char *const *names, unsigned flags,
			  minc_dependent_fn fn, minc_removal_fn each, void *data);
	int (*prune)(struct store *s, unsigned flags, minc_report_fn fn, void *data);
	int (*usage)(struct store *s, minc_report_fn fn, void *data);
	/* containers/ID/: "container.json", storage/ and work/ when it has run */
	int (*create)(struct store *s, const struct image *img, const char *name,
		      const char *note, char **ret_id);
	int (*containers)(struct store *s, int (*fn)(struct minc_kept *k, void *data),
			  void *data);
	int (*container)(struct store *s, const char *name, struct minc_kept **ret);
	struct minc_kept *(*free_kept)(struct minc_kept *k);
	int (*kept_image)(struct store *s, const struct minc_kept *k, struct image **ret);
	int (*rename)(struct store *s, struct minc_kept *k, const char *name);
	int (*delete)(struct store *s, struct minc_kept *k);
	int (*volume_create)(struct store *s, const char *name);
	int (*volume_remove)(struct store *s, const char *name);
};

/* The symbol of the module. */
extern const struct image_ops image_ops;
