/* SPDX-License-Identifier: MIT */
/*
 * ref - names of images: [REGISTRY/]REPOSITORY[:TAG][@DIGEST], in docker's short form and
 * whole. See distribution/reference. An id is not a name.
 */
#pragma once

#include "content/digest.h"

enum { REF_MAX = 512 };

struct ref {
	char registry[256];   /* "docker.io", "localhost:5000" */
	char repository[256]; /* "library/alpine" */
	char tag[129];        /* "latest"; "" with a digest and no tag */
	struct digest digest; /* "" without one */
};

/* -EINVAL: not a name. "alpine" becomes docker.io library/alpine latest. */
int ref_parse(const char *name, struct ref *ret);
/*
 * As docker prints it, the form index.json has: "alpine:latest", "quay.io/a/b:1",
 * "a@sha256:.."
 */
void ref_short(const struct ref *r, char ret[REF_MAX]);
/* Without tag and digest: "alpine", "quay.io/a/b". */
void ref_short_repository(const struct ref *r, char ret[REF_MAX]);
/* Whole: "docker.io/library/alpine:latest". */
void ref_whole(const struct ref *r, char ret[REF_MAX]);
