/* SPDX-License-Identifier: MIT */
/*
 * change-config - instructions of a Dockerfile, as docker commit --change takes them.
 * Words, quotation marks and variables are those of shell-words.h. Where docker and
 * podman differ it is docker's way: ENTRYPOINT empties the command that was inherited,
 * and a relative WORKDIR goes on from the one before.
 */
#pragma once

#include <jansson.h>

#include "base/err.h"

/*
 * "ENV A=B C=D", "CMD [\"sh\"]", ... in order, applied to @config, the "config" of an
 * image's config; @changes ends with NULL, and may be NULL. -EINVAL, -ENOMEM with a
 * message that has the instruction.
 */
int change_config(struct err *e, json_t *config, const char *const *changes);
