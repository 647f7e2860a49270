/* SPDX-License-Identifier: MIT */
/* utf8 - what is a character, in bytes that may be anything. */
#ifndef UTF8_H
#define UTF8_H

#include <stddef.h>

/* Length of the UTF-8 character at @s; 0 if it is none. */
size_t utf8_len(const unsigned char *s);

#endif
