/* SPDX-License-Identifier: MIT */
/*
 * digest - "sha256:" and 64 lower-case hexadecimal digits, the only algorithm that stores
 * and registries use. See the OCI image specification, descriptor.md.
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
/* Whether @s begins with 64 digits, and no more of them. */
bool digest_is_hex(const char *s);
/* For qsort(3), bsearch(3) and tsearch(3). */
int digest_compare(const void *a, const void *b);
/* The 64 digits. */
static inline const char *digest_hex(const struct digest *d)
{
	return d->text + 7;
}
