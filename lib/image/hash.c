/* SPDX-License-Identifier: MIT */
/* hash - see digest.h: SHA-256 of libcrypto, which uses the processor's instructions for it. */
#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

#include "image/digest.h"

enum { READ_BYTES = 256 << 10 };

struct hash {
	EVP_MD_CTX *ctx;
};

struct hash *hash_free(struct hash *h)
{
	if (h)
		EVP_MD_CTX_free(h->ctx);
	free(h);
	return NULL;
}

struct hash *hash_new(void)
{
	struct hash *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->ctx = EVP_MD_CTX_new();
	if (!h->ctx || EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1)
		return hash_free(h);
	return h;
}

/* Neither can fail for an initialised digest of memory: see EVP_DigestUpdate(3). */
void hash_update(struct hash *h, const void *data, size_t len)
{
	(void)EVP_DigestUpdate(h->ctx, data, len);
}

void hash_end(struct hash *h, struct digest *ret)
{
	unsigned char bytes[DIGEST_BYTES] = { 0 };

	(void)EVP_DigestFinal_ex(h->ctx, bytes, NULL);
	hash_free(h);
	digest_from_bytes(bytes, ret);
}

int hash_fd(int fd, struct digest *ret)
{
	unsigned char *buf = malloc(READ_BYTES);
	struct hash *h = hash_new();
	off_t offset = 0;
	ssize_t n = buf && h ? 1 : -1;
	int r = buf && h ? 0 : -ENOMEM;

	while (n > 0) {
		n = pread(fd, buf, READ_BYTES, offset);
		if (n < 0 && errno == EINTR) {
			n = 1;
			continue;
		}
		if (n < 0)
			r = -errno;
		if (n > 0)
			hash_update(h, buf, (size_t)n);
		offset += n;
	}
	free(buf);
	if (r < 0)
		hash_free(h);
	else
		hash_end(h, ret);
	return r;
}

void hash_buffer(const void *data, size_t len, struct digest *ret)
{
	unsigned char bytes[DIGEST_BYTES] = { 0 };

	(void)EVP_Digest(data, len, bytes, NULL, EVP_sha256(), NULL);
	digest_from_bytes(bytes, ret);
}
