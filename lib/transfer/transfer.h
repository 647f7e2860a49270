/* SPDX-License-Identifier: MIT */
/*
 * transfer - the rooms of module import: what brings images into a store and out of it. All is
 * done while the store is shared; an image is listed last, when everything it needs is there.
 */
#pragma once

#include <time.h>

#include "base/json.h"
#include "squash/squash.h"
#include "store/handles.h"

struct signatures;

/* A layer that is in the store now. */
struct layer_made {
	struct digest blob, diff_id;
	uint64_t blob_bytes, layer_bytes;
	const char *media_type;
};

/* layer.c */

/* Asked before a root file system is kept in which lists of images are: not 0 is layer_from_stream()'s. */
typedef int layer_lists_fn(void *data);
/*
 * A tar whose digest nobody has told, to its end: kept as it comes, as a blob, and as a layer, which
 * has whiteouts; or, with @lists, as a root file system.
 */
int layer_from_stream(struct minc_transfer *t, const char *what, struct byte_source *source,
		      layer_lists_fn *lists, void *data, struct layer_made *ret);
/* The same from a directory, see squash_dir(); an upper one has the owners that were seen inside.
 * @packed: bytes of the image that it is the content of, or 0. @without: see squash_limits; or NULL. */
int layer_from_dir(struct minc_transfer *t, const char *what, int dir, bool upper, bool userxattr,
		   const struct squash_owners *owners, uint64_t packed, const char *const *without,
		   struct layer_made *ret);
/* A blob of the store, whose digest was checked; @diff_id: what its tar must be. */
int layer_from_blob(struct minc_transfer *t, struct err *e, const struct digest *blob,
		    const struct digest *diff_id, unsigned threads);
/* Write a blob from a stream; digest and size are checked before it has a name. */
int blob_from_stream(struct minc_transfer *t, const char *what, struct byte_source *source,
		     const struct digest *d, uint64_t size);
bool store_has_blob(struct store *s, const struct digest *d, uint64_t size);
bool store_has_layer(struct store *s, const struct digest *diff_id);
/* What must follow a layer's squashfs in its file, and whether it does; fsck's business. */
int layer_seal(struct err *e, const char *what, int fd, const struct digest *diff_id);
int layer_check(int fd, const struct digest *diff_id); /* -EBADMSG: not what was written */

/* take.c */

/* From the numbers of @t and whether they were given. budget_done() afterwards. */
void take_budget(const struct minc_transfer *t, struct budget *b);

/* Where an image comes from. */
struct origin {
	/* A manifest or index, at the most CONTENT_JSON_MAX; its digest is checked by the caller. */
	int (*text)(struct origin *o, const struct digest *d, uint64_t size, char **ret,
		    size_t *ret_len);
	/* The same for a config, where that is another thing; NULL: it is not. */
	int (*config)(struct origin *o, const struct digest *d, uint64_t size, char **ret,
		      size_t *ret_len);
	/* Bring those blobs to the store. */
	int (*blobs)(struct origin *o, struct image_layer *const *list, size_t len);
	/* Signatures of @d that are kept there, see sign_bring_fn; @o is its data. NULL: none are. */
	int (*signatures)(struct arena *a, const struct digest *d, struct signatures *list, void *o);
	const char *what; /* names it in messages */
};
/*
 * An image by the descriptor of its manifest or index, into the store, listed under @name. A name from
 * t replaces it. @text: the manifest, if it is known already.
 */
int take_image(struct minc_transfer *t, struct origin *o, const char *media_type,
	       const struct digest *d, uint64_t size, const char *name);
/* Layers of an image whose blobs are there: convert what is missing, on all CPUs. */
int take_layers(struct minc_transfer *t, const struct image *img);
/* The same, and then all of them, lowest first: *ret_len descriptors to be closed, also after a failure. */
int take_open_layers(struct minc_transfer *t, const struct image *img, int fds[CONTENT_LAYERS_MAX],
		     size_t *ret_len);
/* Config and layers are there: write both and the manifest, and list it. */
int take_built(struct minc_transfer *t, json_t *config, const struct layer_made *layers,
	       size_t layers_len, const char *name);
/* The same with the config's own text, which decides its id. */
int take_config(struct minc_transfer *t, const char *config, size_t config_len,
		const struct layer_made *layers, size_t layers_len, const char *name);
/* What the budget says of @n images and names, before the first of them is listed. */
int take_counted(struct minc_transfer *t, const char *what, size_t n);
/* A name as the index has it; -EINVAL with a message. NULL or "": "". */
int take_name(struct minc_transfer *t, const char *name, char ret[512]);
/* "a@sha256:..." is a promise: -EBADMSG if that is neither the manifest nor its index. */
int take_check_digest(struct minc_transfer *t, const char *name, const struct digest *manifest,
		      const struct digest *index);

/* listing.c: what is listed at the end of a command, all at once. */
int listing_begin(struct minc_transfer *t);
/* A manifest that is there, of @img; its name is as the index has it, or "". -EBADMSG: not by its digest. */
int listing_add(struct minc_transfer *t, const char *media_type, const struct digest *manifest,
		uint64_t size, const struct image *img, const char *name);
/* One more name of what was added last. */
int listing_add_name(struct minc_transfer *t, const char *name);
/* Unless @r is a failure: list all, hand on each image. In any case after listing_begin(). */
int listing_end(struct minc_transfer *t, int r, image_found_fn *fn, void *data);

/* archive.c, layout.c, directory.c: what minc_import() takes, by its kind. */
/* @known: it is an archive of images; else -ENOMSG: its first names say that it is none. */
int import_archive(struct minc_transfer *t, const char *source, int fd, bool known);
/* What an index.json calls an image, or NULL. docker's word is a whole name, OCI's may be a tag only. */
const char *layout_name(const json_t *annotations);
int import_layout(struct minc_transfer *t, const char *source, int dir);
/* The images of an index.json. */
int import_index(struct minc_transfer *t, struct origin *o, const char *text, size_t len);
int import_squashfs(struct minc_transfer *t, const char *source, int fd, time_t created);
int import_erofs(struct minc_transfer *t, const char *source, int file, time_t created);
/* A root file system that is a layer now. */
int import_root_layer(struct minc_transfer *t, const struct layer_made *layer, time_t created);
/* An image that brings its own description keeps it: -EINVAL where changes were asked for. */
int import_refuse_changes(struct minc_transfer *t, const char *source);
int import_source(struct minc_transfer *t, const char *source, image_found_fn *fn, void *data);

int export_images(struct minc_transfer *t, const char *const *names, const char *target);
int pull_image(struct minc_transfer *t, const char *name, image_found_fn *fn, void *data);
int push_image(struct minc_transfer *t, const char *name, const char *target);
int registry_login(struct minc_transfer *t, const char *registry, const char *user,
		   const char *password);
int registry_logout(struct minc_transfer *t, const char *registry);
int commit_container(struct minc_transfer *t, const char *container, image_found_fn *fn, void *data);
int fsck_store(struct store *s, unsigned flags, minc_report_fn fn, void *data);
