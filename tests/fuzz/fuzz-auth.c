/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer entry: a config.json or auth.json from anywhere, a helper's answer, a token
 * server's answer. Nothing may crash or leak; a refusal of a file has a message;
 * credentials have no control characters in the user's name, and a token is one word.
 * Build with clang -fsanitize=fuzzer,address,undefined and the sources of the module
 * "registry".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "registry/exchange.h"
#include "registry/helper.h"
#include "registry/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_file(struct arena *a, const char *text, size_t size,
		       const char *registry)
{
	struct credentials c = { 0 };
	struct err e = { 0 };
	json_t *file = NULL;
	int r = auth_parse(&e, "auth.json", text, size, &file);

	if (r == 0) {
		(void)auth_helper(file, registry); /* any answer will do */
		r = auth_entry(a, &e, file, "auth.json", registry, "library/alpine", &c);
	}
	if ((r < 0) != (e.message[0] != '\0'))
		abort();
	if (c.user && (!c.password || strchr(c.user, ':')))
		abort();
	if (c.user && !auth_basic(a, &c))
		abort();
	json_decref(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct credentials c = { 0 };
	struct arena a = { 0 };
	const char *token = NULL;

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	check_file(&a, text, size, "docker.io");
	check_file(&a, text, size, "localhost:5000");
	if (helper_parse(&a, text, size, &c) == 0 && !c.user && !c.identity)
		abort();
	if (token_parse(&a, text, size, &token) == 0 &&
	    (!*token || strpbrk(token, " \r\n\t")))
		abort();
	free(text);
	arena_done(&a);
	return 0;
}
