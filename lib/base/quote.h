/* SPDX-License-Identifier: MIT */
/* quote - text for a POSIX shell and for JSON. */
#pragma once

#include <stdio.h>

/* Print @s as one shell word, quoted only if it must be. */
void quote_shell(FILE *out, const char *s);
/*
 * Print @s as a JSON string with its quotation marks; bytes that are not UTF-8 become
 * U+FFFD.
 */
void quote_json(FILE *out, const char *s);
