/* SPDX-License-Identifier: MIT */
/* threads - whether a process lives, whose first thread may have ended. */
#pragma once

#include <stdbool.h>

/*
 * Whether process @pid has a thread that has not begun to end: the first one may have, long before the
 * others. @ret_state: the letter of one that has not; may be NULL.
 */
bool process_lives_on(int pid, char *ret_state);
