/* SPDX-License-Identifier: MIT */
/*
 * seccomp-words - what a seccomp profile in JSON calls things. For seccomp-json.c alone.
 */
#pragma once

#include <stdint.h>

struct word {
	const char *name; /* NULL: the end */
	uint32_t value;
};

extern const struct word words_actions[];
extern const struct word words_operators[];
extern const struct word words_architectures[];
extern const struct word words_errors[];

extern const char *const words_caps[]; /* by number, to NULL */

/*
 * A machine of uname(2) as "arches" names it; @machine itself if there is no other name.
 */
const char *words_machine(const char *machine);
