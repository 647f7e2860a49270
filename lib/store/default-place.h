/* SPDX-License-Identifier: MIT */
/* default-place - where the store is if nobody says. */
#pragma once

#include "base/err.h"

/*
 * A path from malloc(3), maybe relative. -EBADMSG: /etc/mincs.conf says it in an unknown
 * way.
 */
int place_default(struct err *e, char **ret);
/*
 * MINCS_DIR= of a mincs.conf, which MINCS's scripts source: the last assignment, plain or
 * quoted. It is not executed: -EBADMSG if the shell would expand something. -ENOENT:
 * none.
 */
int place_from_conf(const char *text, char **ret);
