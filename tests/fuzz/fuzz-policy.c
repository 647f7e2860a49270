/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer entry: a policy.json. Nothing may crash, leak or hang; a refusal has a
 * message, and a rule that accepts something has one key.
 * Build with clang -fsanitize=fuzzer,address,undefined and the sources of the module
 * "import".
 */
#include <errno.h>
#include <stdlib.h>

#include "sign/sign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy_rule rules[POLICY_RULES_MAX];
	struct arena a = { NULL };
	struct err e = { 0 };
	struct ref ref;
	size_t len = 0;
	int r;

	if (ref_parse("a.example.com/b/c:1", &ref) < 0)
		abort();
	r = policy_find(&a, &e, "policy.json", (const char *)data, size, &ref, rules,
			&len);
	if (r < 0 && (r != -EBADMSG || !*e.message))
		abort();
	for (size_t i = 0; r == 0 && i < len; i++)
		if (!rules[i].refusal && !rules[i].path == !rules[i].data)
			abort();
	arena_done(&a);
	return 0;
}
