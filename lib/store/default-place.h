/* SPDX-License-Identifier: MIT */
/* default-place - where the store is by default. */
#pragma once

#include "base/err.h"

/*
 * A path for free(3), maybe relative. -EBADMSG: /etc/mincs.conf does not say it plainly;
 * -ENOENT: there is no place. Both have a message.
 */
int place_default(struct err *e, char **ret);
/*
 * MINCS_DIR= of a mincs.conf, which MINCS's scripts source: the last assignment, plain or
 * quoted. It is not executed: -EBADMSG if the shell would expand something. -ENOENT:
 * none.
 */
int place_from_conf(const char *text, char **ret);
