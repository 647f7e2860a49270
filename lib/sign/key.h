/* SPDX-License-Identifier: MIT */
/*
 * key - Ed25519 and ECDSA P-256 keys in PEM, by libcrypto. What openssl(1) and cosign(1)
 * read.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "content/digest.h"

enum { KEY_FILE_MAX = 64 << 10, KEY_SIGNATURE_MAX = 128 };

struct key;

/* A new Ed25519 pair in @base.key and @base.pub, neither of which may exist. */
int key_make(struct err *e, const char *base);
/* PKCS#8, with $COSIGN_PASSWORD where it is encrypted. -EBADMSG, -ENOKEY, -errno. */
int key_private(struct err *e, const char *file, struct key **ret);
int key_public(struct err *e, const char *file, struct key **ret);
/* The same from memory; @what names it. */
int key_public_text(struct err *e, const char *what, const char *pem, size_t len,
		    struct key **ret);
struct key *key_free(struct key *k);
static inline void key_freep(struct key **k)
{
	*k = key_free(*k);
}
#define cleanup_key __attribute__((cleanup(key_freep)))
/* Of its SubjectPublicKeyInfo. */
int key_id(const struct key *k, struct digest *ret);
/* -ENOMEM or -EIO. */
int key_sign(const struct key *k, const void *data, size_t len,
	     unsigned char ret[KEY_SIGNATURE_MAX], size_t *ret_len);
bool key_holds(const struct key *k, const void *data, size_t len,
	       const unsigned char *signature, size_t signature_len);
