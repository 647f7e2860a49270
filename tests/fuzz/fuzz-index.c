/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer entry: an index from a registry, and an index.json from another tool. Nothing
 * may crash, leak or hang; a refusal has a message; a platform is found among the
 * children or not. Build with clang -fsanitize=fuzzer,address,undefined and the sources
 * of the module "image".
 */
#include <errno.h>
#include <stdlib.h>

#include "store/index.h"
#include "store/manifest.h"
#include "store/needed.h"
#include "store/platform.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int r, const struct err *e)
{
	if (r < 0 && ((r != -EBADMSG && r != -ENOENT) || !*e->message))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct manifest_child *children;
	struct needed refs = { .v = NULL };
	struct arena a = { NULL };
	struct err e = { 0 };
	struct index index;
	size_t len, i;
	int r;

	r = image_parse_index(&a, &e, "index", text, size, &children, &len);
	check(r, &e);
	if (r == 0)
		check(image_choose_platform(&e, "index", children, len, "linux/arm/v7",
					    &i),
		      &e);
	err_clear(&e);
	check(index_parse(&a, &e, "index.json", text, size, &index), &e);
	if (needed_add_text(&refs, text, size) < 0)
		abort();
	needed_done(&refs);
	arena_done(&a);
	return 0;
}
