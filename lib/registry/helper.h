/* SPDX-License-Identifier: MIT */
/* helper - the programs docker-credential-NAME. */
#pragma once

#include "registry/auth.h"

/* What it has for @server, in @a; *ret stays as it is where it has nothing. */
int helper_get(struct arena *a, struct err *e, const struct registry_options *o,
	       const char *name, const char *server, struct credentials *ret);
int helper_store(struct err *e, const struct registry_options *o, const char *name,
		 const char *server, const char *user, const char *password);
/* -ENOENT: it has none. */
int helper_erase(struct err *e, const struct registry_options *o, const char *name,
		 const char *server);
/*
 * The answer to "get"; -EBADMSG also for a user that has a colon. Exposed for the fuzzer.
 */
int helper_parse(struct arena *a, const char *text, size_t len, struct credentials *ret);
