/* SPDX-License-Identifier: MIT */
/* realm - which token server may see which credentials. */
#pragma once

#include "registry/exchange.h"

/* HOST[:PORT], as far as its characters say. */
bool realm_is_host(const char *text);
/* Whether the token server at @url may see the credentials that are for @p. */
bool realm_may_know(const struct registry *reg, const struct place *p, const char *url);
