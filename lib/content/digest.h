/* SPDX-License-Identifier: MIT */
/*
 * digest - "sha256:" and 64 lower-case hexadecimal digits, the only algorithm that stores and
 * registries use. See the OCI image specification, descriptor.md.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { DIGEST_HEX = 64, DIGEST_LEN = 7 + DIGEST_HEX, DIGEST_BYTES = 32 };

struct digest {
	char text[DIGEST_LEN + 1]; /* "" : none */
};

/* -EINVAL: not a digest, -EOPNOTSUPP: of another algorithm. */
int digest_parse(const char *s, struct digest *ret);
void digest_from_bytes(const unsigned char bytes[DIGEST_BYTES], struct digest *ret);
bool digest_equal(const struct digest *a, const struct digest *b);
/* The 64 digits. */
static inline const char *digest_hex(const struct digest *d)
{
	return d->text + 7;
}

/* hash.c, with libcrypto: in the modules import and registry. */
struct hash;
struct hash *hash_new(void); /* NULL without memory */
void hash_update(struct hash *h, const void *data, size_t len);
/* Finish and free. */
void hash_end(struct hash *h, struct digest *ret);
struct hash *hash_free(struct hash *h);
/* Of all of @fd from its beginning, by pread(2); 0 or -errno. */
int hash_fd(int fd, struct digest *ret);
void hash_buffer(const void *data, size_t len, struct digest *ret);
