/* SPDX-License-Identifier: MIT */
/* switch - what may follow the "=" of an option that is on or off. */
#ifndef SWITCH_H
#define SWITCH_H

#include <stdbool.h>

/*
 * "true", "1" and what else docker(1) takes, or "false"; the function's false: neither.
 */
bool switch_read(const char *value, bool *ret);

#endif
