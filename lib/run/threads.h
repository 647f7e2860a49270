/* SPDX-License-Identifier: MIT */
/* threads - of a process that lives, and whose first thread may have ended. */
#pragma once

/*
 * Word @n of the stat(5) of a process, from the state, 3, on; NULL: there are fewer. Ends
 * with a blank.
 */
const char *process_word(const char *stat, int n);

/*
 * A thread of process @pid that has not begun to end, as its first one may have long
 * before the others: its number, or 0. @ret_state: its letter; may be NULL.
 */
int process_thread(int pid, char *ret_state);
