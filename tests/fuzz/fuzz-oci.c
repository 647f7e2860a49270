/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer entry: a config.json from anywhere. Nothing may crash, leak or hang; a
 * refusal must have a message, and what is accepted must be writable and acceptable
 * again. Build with clang -fsanitize=fuzzer,address,undefined and the sources of the
 * module "oci".
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "oci/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int load(struct spec *s, const void *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC), r;
	char path[64];

	if (fd < 0 || io_write_all(fd, data, size) < 0)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = oci_config_load(s, -1, path);
	close(fd);
	return r;
}

static void write_and_load(const struct spec *s)
{
	const struct host host = { .uid = geteuid(),
				   .gid = getegid(),
				   .privileged = true,
				   .caps_known = ~0ull,
				   .caps_bounding = ~0ull,
				   .cwd = "/" };
	struct err e = { 0 };
	struct spec again;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		abort();
	if (oci_config_write(s, &host, NULL, out) < 0)
		abort();
	fclose(out);
	spec_init(&again, &e);
	if (load(&again, text, len) < 0) {
		fprintf(stderr, "%s\n%s", e.message, text);
		abort();
	}
	spec_done(&again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	struct spec s;

	spec_init(&s, &e);
	if (load(&s, data, size) == 0)
		write_and_load(&s);
	else if (!e.message[0] || !s.sticky)
		abort();
	spec_done(&s);
	return 0;
}
