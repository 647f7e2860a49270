/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer entry: a state.json from anywhere. Nothing may crash, leak or hang; it is
 * refused as damaged, or every fact is there and in range.
 * Build with clang -fsanitize=fuzzer,address,undefined and the sources of the module
 * "oci".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "live/state.h"

state_load_fn oci_state_load;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count(const char *const *list)
{
	size_t n = 0;

	for (; *list; list++)
		n += strlen(*list) + 1;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct state_facts f = { 0 };
	struct arena a = { 0 };
	int r = oci_state_load((const char *)data, size, &a, &f);

	if (r != 0 && r != -EBADMSG && r != -ENOMEM)
		abort();
	if (r == 0 && (f.pid <= 0 || !f.hostname || strlen(f.hostname) > size ||
		       (f.storage && strlen(f.storage) > size) ||
		       count(f.command) > size || count(f.cgroups) > size))
		abort();
	arena_done(&a);
	return 0;
}
