/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer entry: a layer from anywhere. Nothing may crash, leak or hang; a refusal must
 * have a message, and what is accepted must come out as a tar that is accepted again and
 * gives the same tar. Build with clang -fsanitize=fuzzer,address,undefined and the
 * sources of the module "import".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "squash/squash-tar.h"
#include "squash/squash-to-tar.h"
#include "squash/squash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct memory {
	struct byte_source source;
	const uint8_t *data;
	size_t len;
};

static ssize_t read_memory(struct byte_source *source, void *buf, size_t len)
{
	struct memory *m = (struct memory *)source;

	len = len < m->len ? len : m->len;
	if (len > 0)
		memcpy(buf, m->data, len);
	m->data += len;
	m->len -= len;
	return (ssize_t)len;
}

static int new_file(void)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0)
		abort();
	return fd;
}

/* The tar that comes out, or NULL. */
static char *squash(const uint8_t *data, size_t size, size_t *ret_len)
{
	const struct squash_limits limits = { .max_bytes = 4 << 20,
					      .max_entries = 1000,
					      .threads = 1 };
	struct memory m = { { .read = read_memory }, data, size };
	int image = new_file(), tar = new_file(), r;
	struct squash_result result;
	struct err e = { 0 };
	char *text = NULL;

	r = squash_tar(&e, "fuzz", &m.source, image, true, &limits, NULL, NULL, &result);
	if (r < 0 && !e.message[0])
		abort();
	if (r == 0 && squash_to_tar(&e, "fuzz", &image, 1, true, tar, NULL, NULL) < 0) {
		fprintf(stderr, "%s\n", e.message);
		abort();
	}
	if (r == 0 && (lseek(tar, 0, SEEK_SET) < 0 ||
		       io_read_all(tar, 64 << 20, &text, ret_len) < 0))
		abort();
	close(image);
	close(tar);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t once_len, twice_len;
	char *once = squash(data, size, &once_len), *twice;

	if (!once)
		return 0;
	/* the tar may be larger than its limit: names that were few bytes, or owners */
	twice = once_len <= 4 << 20 ? squash((uint8_t *)once, once_len, &twice_len)
				    : NULL;
	if (twice && (once_len != twice_len || memcmp(once, twice, once_len) != 0))
		abort();
	if (!twice && once_len <= 4 << 20)
		abort();
	free(once);
	free(twice);
	return 0;
}
