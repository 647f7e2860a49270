/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer entry: the config of an image with no or one layer. Nothing may crash, leak
 * or hang; a refusal has a message, and every volume that is accepted is absolute. Build
 * with clang -fsanitize=fuzzer,address,undefined and the sources of the module "image".
 */
#include <errno.h>
#include <stdlib.h>

#include "store/image-config.h"
#include "store/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const uint8_t *data, size_t size, size_t layers)
{
	struct err e = { 0 };
	struct image *img = image_new();
	struct image_layer layer = { .media_type = MEDIA_OCI_LAYER };
	int r;

	if (!img)
		abort();
	img->config_size = size;
	img->layers = &layer;
	img->layers_len = layers;
	r = image_parse_config(img, &e, "config", (const char *)data, size);
	if (r < 0 && (r != -EBADMSG || !*e.message))
		abort();
	for (size_t i = 0; r == 0 && img->volumes[i]; i++)
		if (img->volumes[i][0] != '/')
			abort();
	img = image_free(img);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	parse(data, size, 0);
	parse(data, size, 1);
	return 0;
}
