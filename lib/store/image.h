/* SPDX-License-Identifier: MIT */
/*
 * image - a manifest and its config, checked: what the public minc_image is. All strings
 * are in its arena. Parsed strictly: no duplicate keys, bounded size, depth and number of
 * layers, media types that agree, as many diff ids as layers.
 */
#pragma once

#include "store/store.h"

struct image_layer {
	const char *media_type;
	struct digest digest;    /* of the blob, as the manifest has it */
	uint64_t size;           /* of the blob */
	struct digest diff_id;   /* of the uncompressed tar */
	const char *const *urls; /* of a foreign layer; NULL-terminated, maybe empty */
	uint64_t mounted_size;   /* of layers/HEX.sqfs; 0: not there */
	bool fresh; /* the blob has just come, and its diff id is not checked yet */
};

struct image_history {
	int64_t created_ms;
	const char *created_by, *author, *comment;
	bool empty_layer;
};

struct image {
	struct arena arena;
	/* only store_path, name, media_type, digests, mounted_size, created_ms */
	bool listed;
	const char *store_path; /* absolute */
	const char *name;       /* in index.json, or "" */
	/* the name for policies: the same, or that at the making of its container */
	const char *asked;
	/* the entry's: of an index, or that of the manifest */
	struct digest listed_digest;
	struct digest index; /* that it was chosen from; "" none */
	const char *media_type;
	struct digest manifest, config;
	const char *manifest_json, *config_json;
	size_t manifest_len, config_len;
	const char *config_media_type;
	uint64_t config_size;
	struct image_layer *layers; /* lowest first */
	size_t layers_len;
	uint64_t mounted_size;
	int64_t created_ms;
	const char *architecture, *os, *variant, *author;
	const char *platform; /* of the three, "" if they are not said */
	const char *user, *cwd, *stop_signal;
	/* NULL-terminated, never NULL */
	const char *const *env,
		*const *entrypoint,
			*const *cmd, *const *volumes,
					     *const *ports,
						     *const *labels; /* "KEY=VALUE" */
	struct image_history *history;                               /* oldest first */
	size_t history_len;
};

/* How many indexes, in one another and all together, an image is looked for in. */
enum { INDEX_DEPTH_MAX = 8, INDEXES_MAX = 64 };
struct image *image_new(void);
struct image *image_free(struct image *img);
/* Read the image that @entry names, or with an index among it this machine's. */
int image_load(struct store *s, const struct index_entry *entry, struct image **ret);
/*
 * The same for @platform (NULL: as above); -ENOENT, with a message: it is for another
 * one.
 */
int image_load_platform(struct store *s, const struct index_entry *entry,
			const char *platform, struct image **ret);
/*
 * The image with this manifest, which may be one of an index that @entry names; -ENOENT.
 */
int image_load_manifest(struct store *s, const struct index_entry *entry,
			const struct digest *manifest, struct image **ret);
/*
 * Newest first, each freed after its call. Those whose entry of index.json says what a
 * listing needs are not read: ->listed, until image_whole() reads the rest. Others always
 * are whole.
 */
int image_foreach(struct store *s, int (*fn)(struct image *img, void *data), void *data);
int image_whole(struct image *img, struct err *e);
