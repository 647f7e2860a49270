/* SPDX-License-Identifier: MIT */
/* sign-remote - signatures in a registry. */
#pragma once

#include "registry/registry-module.h"
#include "sign/payload.h"

/* Add what is at the tag sha256-HEX.sig, if it is there; strings in @a. */
int sign_fetch(struct err *e, const struct registry_ops *ops, struct registry *reg,
	       struct arena *a, const struct digest *manifest, struct signatures *list);
/* Write all of @list there. */
int sign_push(struct err *e, const struct registry_ops *ops, struct registry *reg,
	      const struct digest *manifest, const struct signatures *list);
