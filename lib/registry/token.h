/* SPDX-License-Identifier: MIT */
/* token - tokens, which a server gives for credentials. */
#pragma once

#include "registry/exchange.h"

/* Have p->authorization answer @challenges; a failure is in @e. */
int token_answer(struct registry *reg, struct place *p, const char *challenges,
		 struct err *e);
/* The answer of a token server: its token in @a; -EBADMSG. Exposed for the fuzzer. */
int token_parse(struct arena *a, const char *text, size_t len, const char **ret);
