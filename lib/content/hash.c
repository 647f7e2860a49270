/* SPDX-License-Identifier: MIT */
/* hash - see hash.h. */
#include "content/hash.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/io.h"
#include "content/digest.h"

enum { READ_BYTES = 1 << 20 };

struct hash {
	EVP_MD_CTX *ctx;
};

struct hash *hash_new(void)
{
	struct hash *h = malloc(sizeof(*h));

	if (!h)
		return NULL;
	h->ctx = EVP_MD_CTX_new();
	if (!h->ctx || EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1)
		return hash_free(h);
	return h;
}

void hash_update(struct hash *h, const void *data, size_t len)
{
	(void)EVP_DigestUpdate(h->ctx, data, len); /* cannot fail once it has begun */
}

void hash_end(struct hash *h, struct digest *ret)
{
	unsigned char bytes[DIGEST_BYTES] = { 0 };

	(void)EVP_DigestFinal_ex(h->ctx, bytes, NULL); /* as above */
	digest_from_bytes(bytes, ret);
	hash_free(h);
}

struct hash *hash_free(struct hash *h)
{
	if (h)
		EVP_MD_CTX_free(h->ctx);
	free(h);
	return NULL;
}

int hash_part(int fd, uint64_t len, struct digest *ret)
{
	cleanup_free char *buf = malloc(READ_BYTES);
	struct hash *h = buf ? hash_new() : NULL;
	uint64_t at = 0;

	if (!h)
		return -ENOMEM;
	while (at < len) {
		const size_t want =
			len - at < READ_BYTES ? (size_t)(len - at) : READ_BYTES;
		const ssize_t n = io_read_at(fd, buf, want, (off_t)at);

		if (n < 0) {
			hash_free(h);
			return (int)n;
		}
		if (n == 0)
			break;
		hash_update(h, buf, (size_t)n);
		at += (uint64_t)n;
	}
	hash_end(h, ret);
	return 0;
}

int hash_fd(int fd, struct digest *ret)
{
	return hash_part(fd, UINT64_MAX, ret);
}

void hash_buffer(const void *data, size_t len, struct digest *ret)
{
	unsigned char bytes[DIGEST_BYTES] = { 0 };

	/* cannot fail: it needs no memory */
	(void)EVP_Digest(data, len, bytes, NULL, EVP_sha256(), NULL);
	digest_from_bytes(bytes, ret);
}
