/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer entry: a registries.conf from anywhere. It is refused with a message, or
 * every rule has what it must have, and names that are made by it are whole.
 * Build with clang -fsanitize=fuzzer,address,undefined and mirrors.c, toml.c and base.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "registry/mirrors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct arena *a, const struct rule *rule, const struct ref *r)
{
	const char *host, *name;

	if (!rule)
		return;
	for (size_t i = 0; i < rule->len; i++) {
		if (!rule->mirrors[i].location)
			abort();
		if (mirrors_rewrite(a, rule, r, rule->mirrors[i].location, &host,
				    &name) == 0 &&
		    (!*host || !*name || strchr(host, '/')))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ref refs[] = {
		{ .registry = "docker.io", .repository = "library/alpine" },
		{ .registry = "a.example.com", .repository = "x/y/z" },
		{ .registry = "localhost:5000", .repository = "b" },
	};
	char *text = strndup((const char *)data, size);
	struct mirrors m = { 0 };
	struct arena a = { 0 };
	struct err e = { 0 };
	int r;

	if (!text)
		abort();
	r = mirrors_parse(&a, &e, "registries.conf", text, &m);
	if ((r < 0) != (e.message[0] != '\0') || (r < 0 && r != -EBADMSG))
		abort();
	for (size_t i = 0; r == 0 && i < sizeof(refs) / sizeof(refs[0]); i++)
		check(&a, mirrors_find(&m, &refs[i]), &refs[i]);
	free(text);
	arena_done(&a);
	return 0;
}
