/* SPDX-License-Identifier: MIT */
/* manifest - manifests and indexes, parsed. */
#pragma once

#include "store/image.h"

struct manifest_child { /* of an index or manifest list */
	const char *media_type;
	struct digest digest;
	uint64_t size;
	const char *architecture, *os, *variant;
};

/* Whether @media_type is that of an index (or manifest list), of a manifest. */
bool media_is_index(const char *media_type);
bool media_is_manifest(const char *media_type);
/*
 * Parse a manifest into @img, which is new and whose arena is used: layers without diff
 * ids, which image_parse_config() reads. The message names @what. -EBADMSG, -ENOMEM.
 * @media_type: what came with it, or NULL.
 */
int image_parse_manifest(struct image *img, struct err *e, const char *what,
			 const char *text, size_t len, const char *media_type);
/* The same for an index, all in @a. */
int image_parse_index(struct arena *a, struct err *e, const char *what, const char *text,
		      size_t len, struct manifest_child **ret, size_t *ret_len);
