/* SPDX-License-Identifier: MIT */
/* sign - keygen, sign, verify: signatures of images. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "marten/call.h"
#include "marten/transfer.h"

enum { EXIT_NOT_VERIFIED = 1 };

struct sign_values {
	const char *key, *policy;
};

static int run_keygen(struct call *call)
{
	const char *name = call->operands[0];
	struct transfer x;
	int r = 0, status;

	if (transfer_begin(&x, call, true))
		r = minc_keygen(x.t, name);
	status = transfer_end(&x, r);
	if (status == 0)
		(void)printf("%s.key\n%s.pub\n", name, name);
	return status;
}

static int run_sign(struct call *call)
{
	const struct sign_values *o = call->values;
	struct transfer x;
	int r = 0;

	if (!o->key)
		return fail_usage(call, "sign: --key FILE is needed");
	if (transfer_begin(&x, call, true))
		r = minc_sign(x.t, call->operands[0], o->key);
	return transfer_end(&x, r);
}

static int run_verify(struct call *call)
{
	const struct sign_values *o = call->values;
	struct transfer x;
	int r = 0, status;

	if (transfer_begin(&x, call, true)) {
		transfer_text(&x, MINC_TRANSFER_POLICY, o->policy);
		if (!x.failed)
			r = minc_verify(x.t, call->operands[0], o->key);
	}
	status = transfer_end(&x, r);
	return r == -EKEYREJECTED || r == -ENOKEY ? EXIT_NOT_VERIFIED : status;
}

// clang-format off
static const struct option sign_options[] = {
	{ "-k --key", "FILE", "Private key, PEM", .offset = offsetof(struct sign_values, key) },
	{ .names = NULL }
};
static const struct option verify_options[] = {
	{ "-k --key", "FILE", "Public key, PEM; without it, as the policy says",
	  .offset = offsetof(struct sign_values, key) },
	{ "--policy", "FILE", "Which names need which signature",
	  .offset = offsetof(struct sign_values, policy) },
	{ .names = NULL }
};
const struct verb sign_verbs[] = {
	{ .names = "keygen", .operands = "FILE", .least = 1, .most = 1,
	  .help = "Make a pair of keys, FILE.key and FILE.pub", .options = no_options,
	  .run = run_keygen },
	{ .names = "sign", .operands = "IMAGE", .least = 1, .most = 1,
	  .help = "Sign an image", .options = sign_options, .run = run_sign },
	{ .names = "verify", .operands = "IMAGE", .least = 1, .most = 1,
	  .help = "Check the signature of an image", .options = verify_options,
	  .run = run_verify },
	{ .names = NULL }
};
// clang-format on
