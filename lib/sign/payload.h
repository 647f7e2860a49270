/* SPDX-License-Identifier: MIT */
/*
 * payload - what is signed: "simple signing" as cosign(1) has it, a JSON text with the
 * digest of a manifest and the repository it is for. See containers-signature(5). And the
 * list of signatures that a store keeps for a manifest.
 */
#pragma once

#include "base/arena.h"
#include "content/ref.h"
#include "sign/key.h"

enum {
	PAYLOAD_MAX = 16 << 10,
	SIGNATURES_MAX = 32, /* of one manifest */
	SIGNATURES_FILE_MAX = 1 << 20
};

/* In @a; NULL without memory. */
const char *payload_write(struct arena *a, const struct ref *r,
			  const struct digest *manifest);
/*
 * Whether the payload is for @manifest, as @r's (NULL: as anybody's). -EBADMSG with a
 * message that names @what; -EKEYREJECTED: for another manifest or repository.
 */
int payload_check(struct err *e, const char *what, const char *text, size_t len,
		  const struct ref *r, const struct digest *manifest);

struct signature {
	const char *payload;
	size_t payload_len;
	const unsigned char *bytes;
	size_t len;
	/* of the key, hexadecimal, "" unknown: a newer one of the same key replaces it */
	const char *keyid;
};

struct signatures {
	struct signature v[SIGNATURES_MAX];
	size_t len;
};

/* Parse the file; all in @a. */
int signatures_parse(struct arena *a, struct err *e, const char *what, const char *text,
		     size_t len, struct signatures *ret);
/* For free(3); -ENOMEM. */
int signatures_write(const struct signatures *s, char **ret);
/* Add one; it replaces the same, or one by that key for the same payload. -E2BIG. */
int signatures_add(struct signatures *s, const struct signature *one);
/* Remove those that do not say @manifest is @r's. */
void signatures_only(struct signatures *s, const struct ref *r,
		     const struct digest *manifest);
/* Base64, in @a; NULL: not base64, longer than @max, or without memory. */
const void *payload_decode(struct arena *a, const char *text, size_t max,
			   size_t *ret_len);
/* NULL without memory */
char *payload_encode(struct arena *a, const void *data, size_t len);
/*
 * Is there a signature by @k among them that says @manifest is @r's? -EKEYREJECTED with
 * one line that begins with @what.
 */
int signatures_check(struct err *e, const char *what, const struct signatures *s,
		     const struct key *k, const char *key_name, const struct ref *r,
		     const struct digest *manifest);
