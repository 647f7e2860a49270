/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer entry: a payload, and a list of signatures. Nothing may crash, leak or hang;
 * a refusal has a message, and what is read can be written and read again. Build with
 * clang -fsanitize=fuzzer,address,undefined and the sources of the module "import".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "content/hash.h"
#include "sign/sign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct signatures list, again;
	struct arena a = { NULL };
	struct err e = { 0 };
	struct digest d;
	char *written;
	struct ref ref;
	int r;

	hash_buffer("", 0, &d);
	if (ref_parse("alpine", &ref) < 0)
		abort();
	r = payload_check(&e, "payload", text, size, &ref, &d);
	if (r < 0 && !*e.message)
		abort();
	err_clear(&e);
	r = signatures_parse(&a, &e, "signatures", text, size, &list);
	if (r < 0 && (r != -EBADMSG || !*e.message))
		abort();
	if (r == 0) {
		if (signatures_write(&list, &written) < 0 ||
		    signatures_parse(&a, &e, "again", written, strlen(written), &again) <
			    0 ||
		    again.len != list.len)
			abort();
		free(written);
	}
	arena_done(&a);
	return 0;
}
