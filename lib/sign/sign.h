/* SPDX-License-Identifier: MIT */
/*
 * sign - signatures of images: made and checked with nothing but a key, kept in the store
 * as signatures/HEX (of the manifest), carried to registries and from them as cosign(1)
 * does.
 */
#pragma once

#include "registry/registry-module.h"
#include "sign/payload.h"
#include "store/handles.h"
#include "store/policy.h"

int sign_image(struct minc_transfer *t, const char *name, const char *key);
/* By public key @key, or (NULL) by what policies ask for. -EKEYREJECTED, -ENOKEY. */
int sign_verify(struct minc_transfer *t, const char *name, const char *key);
/* Sign @manifest, which is in the store, as @r's. */
int sign_as(struct minc_transfer *t, const struct ref *r, const struct digest *manifest,
	    const char *key);

/* What the store has; the list may be empty. */
int signatures_read(struct store *s, struct arena *a, const struct digest *manifest,
		    struct signatures *ret);
/* Add @list to what the store has, durably; while shared. */
int signatures_keep(struct store *s, const struct digest *manifest,
		    const struct signatures *list);
