/* SPDX-License-Identifier: MIT */
/* find - which entry of index.json a user means. */
#pragma once

#include "store/image.h"

/* Its position; whether it was a name. -ENOENT, -ENOTUNIQ, -EINVAL with a message. */
int find_entry(struct store *s, const struct index *index, const char *name, size_t *ret,
	       bool *ret_by_name);

/* By name, id, digest, or a prefix of one; see minc_image_find(). */
int image_find(struct store *s, const char *name, struct image **ret);
/* See minc_image_find_platform(). */
int image_find_platform(struct store *s, const char *name, const char *platform,
			struct image **ret);
/* By the digest of its manifest, also if that is only in an index. */
int image_find_manifest(struct store *s, const char *digest, struct image **ret);
