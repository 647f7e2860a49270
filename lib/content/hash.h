/* SPDX-License-Identifier: MIT */
/* hash - SHA-256, by libcrypto. */
#pragma once

#include <stdint.h>

#include "content/digest.h"

struct hash;
struct hash *hash_new(void); /* NULL without memory */
void hash_update(struct hash *h, const void *data, size_t len);
/* Finish and free. */
void hash_end(struct hash *h, struct digest *ret);
struct hash *hash_free(struct hash *h);
/* Of all of @fd from its beginning, by pread(2); 0 or -errno. */
int hash_fd(int fd, struct digest *ret);
/* The same of its first @len bytes, or of all if there are fewer. */
int hash_part(int fd, uint64_t len, struct digest *ret);
void hash_buffer(const void *data, size_t len, struct digest *ret);
