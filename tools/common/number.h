/* SPDX-License-Identifier: MIT */
/* number - strict numbers: what is not all of one is an error, never a guess. */
#ifndef NUMBER_H
#define NUMBER_H

#include <stdint.h>

/* Digits of @base from @s on, up to @max; *@ret_end is what follows. -EINVAL, -ERANGE. */
int number_parse(const char *s, const char **ret_end, int base, uint64_t max,
		 uint64_t *ret);

/* "64m", in bytes, not 0; k, m, g and t are powers of 1024. -EINVAL, -ERANGE. */
int number_parse_size(const char *s, const char **ret_end, uint64_t *ret);

/* Octal, or "host" for -1. NULL, or what is wrong with it. */
const char *number_parse_umask(const char *s, int *ret);

#endif
