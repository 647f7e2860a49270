/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer entry: a manifest from a registry or a file. Nothing may crash, leak or hang;
 * a refusal has a message, and what is accepted has as many layers as it says. Build with
 * clang -fsanitize=fuzzer,address,undefined and the sources of the module "image".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/image.h"
#include "store/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	struct image *img = image_new();
	int r;

	if (!img)
		abort();
	r = image_parse_manifest(img, &e, "manifest", (const char *)data, size, NULL);
	if (r < 0 ? r != -EBADMSG || !*e.message : !media_is_manifest(img->media_type))
		abort();
	for (size_t i = 0; r == 0 && i < img->layers_len; i++)
		if (strlen(img->layers[i].digest.text) != DIGEST_LEN)
			abort();
	img = image_free(img);
	return 0;
}
