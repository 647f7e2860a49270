/* SPDX-License-Identifier: MIT */
/* hint - known causes behind an errno that says too little, for people. */
#pragma once

#include "base/err.h"
#include "plan/plan.h"

/* Why step @s failed with @err; @note is what the kernel said of a file system, or "". */
void hint_step(struct err *e, const struct plan *p, const struct step *s, int err,
	       const char *note);
/* Why there were no new namespaces. */
void hint_clone(struct err *e, const struct plan *p, int err);
