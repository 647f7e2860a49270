/* SPDX-License-Identifier: MIT */
/* find - which entry of index.json a user means. */
#pragma once

#include "store/image.h"

/* Its position; whether it was a name. -ENOENT, -ENOTUNIQ, -EINVAL with a message. */
int find_entry(struct store *s, const struct index *index, const char *name, size_t *ret,
	       bool *ret_by_name);
