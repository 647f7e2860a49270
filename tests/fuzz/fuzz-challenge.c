/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer entry: WWW-Authenticate from anywhere. It is refused, or what is given out
 * ends and has no control characters, since it becomes a URL and a line of a request.
 * Build with clang -fsanitize=fuzzer,address,undefined and challenge.c.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "registry/challenge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *s, size_t size)
{
	size_t n = strnlen(s, size);

	if (n == size)
		abort();
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == 0x7f)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct challenge c;
	int r;

	if (!text)
		abort();
	r = challenge_parse(text, &c);
	free(text);
	if (r < 0) {
		if (r != -EBADMSG)
			abort();
		return 0;
	}
	if (c.kind != CHALLENGE_NONE && c.kind != CHALLENGE_BASIC &&
	    c.kind != CHALLENGE_BEARER)
		abort();
	check(c.realm, sizeof(c.realm));
	check(c.service, sizeof(c.service));
	check(c.scope, sizeof(c.scope));
	return 0;
}
