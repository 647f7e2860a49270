/* SPDX-License-Identifier: MIT */
/* idle - be small while the command runs. */
#ifndef IDLE_H
#define IDLE_H

/*
 * Give back the pages of program and libraries that starting a container needed: the
 * kernel fetches what waiting needs again. Not for a library: the program is not ours.
 */
void idle_forget_code(void);

#endif
