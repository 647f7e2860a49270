/* SPDX-License-Identifier: MIT */
/*
 * certs - whom to trust at a registry: the directories certs.d/HOST[:PORT] of docker and
 * containers, with *.crt (authorities) and *.cert with *.key (who we are), see
 * containers-certs.d(5); and, of our own, token-realm: who else may see the credentials.
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

struct trust {
	const char *ca; /* PEM, with the system's; NULL: those alone */
	size_t ca_len;
	const char *cert, *key; /* paths, or NULL */
	const char *realms;     /* lines, each a server HOST[:PORT]; or NULL */
};

/* @dir: instead of all certs.d, or NULL. @etc: "/etc". Memory of @a. */
int certs_load(struct arena *a, struct err *e, const char *dir, const char *etc,
	       const char *host, struct trust *ret);
