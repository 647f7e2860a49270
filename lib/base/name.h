/* SPDX-License-Identifier: MIT */
/*
 * name - what containers and volumes may be called, wherever a name comes from: one rule
 * for each.
 */
#pragma once

#include <stdbool.h>

/*
 * A container: a word, see below, of 64 bytes at the most, for it is a host name, and no
 * id. 0, or -EINVAL, -ENAMETOOLONG with the reason in *ret_why.
 */
int name_check_container(const char *name, const char **ret_why);
/*
 * A volume: [a-zA-Z0-9_.-], first a letter or digit, so that no option is one; 128 bytes
 * at the most.
 */
bool name_is_volume(const char *name);
