/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer entry: the name of an image, and a mincs.conf. What is accepted means the
 * same when it is read again in its whole and in its short form, and holds nothing that a
 * path, a URL or a terminal could take for more.
 * Build with clang -fsanitize=fuzzer,address,undefined and the sources of the module
 * "image".
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "content/ref.h"
#include "store/default-place.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct ref *r)
{
	char text[REF_MAX], whole[REF_MAX];
	struct ref again;

	ref_whole(r, whole);
	if (ref_parse(whole, &again) < 0 || memcmp(&again, r, sizeof(again)) != 0)
		abort();
	if (strstr(r->registry, "..") || strstr(r->repository, "..") ||
	    strpbrk(whole, " \t\r\n\033?#%\\") || strstr(whole, "//"))
		abort();
	ref_short(r, text);
	if (ref_parse(text, &again) < 0)
		abort();
	ref_whole(&again, text);
	if (strcmp(text, whole) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *path = NULL;
	struct ref r;

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	memset(&r, 0, sizeof(r)); /* compared as a whole */
	if (ref_parse(text, &r) == 0)
		check(&r);
	(void)place_from_conf(text, &path); /* any answer will do */
	free(path);
	free(text);
	return 0;
}
