/* SPDX-License-Identifier: MIT */
/*
 * str - strict numbers and text checks. Numbers are whole strings: "1x", "+1" and ""
 * fail.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decimal 0..@max; -EINVAL if it is anything else, -ERANGE if too large. */
int str_to_u64(const char *s, uint64_t max, uint64_t *ret);

/* Bytes with an optional k, m, g or t suffix (powers of 1024); -EINVAL, -ERANGE. */
int str_to_size(const char *s, uint64_t *ret);

/* Only digits, at least one. */
bool str_is_number(const char *s);

/* @len lower-case hexadecimal digits and nothing else. */
bool str_is_hex(const char *s, size_t len);

/* Valid UTF-8 without control characters: fit for hostname, environment name, message. */
bool str_is_printable_utf8(const char *s);
/* Control characters and bytes that are no character become "?"; the rest stays. */
void str_make_printable(char *s);

/*
 * Any bytes as UTF-8, and back: bytes that are no character become U+EF80 to U+EFFF,
 * one for each byte from 0x80 on, and so do the bytes of these characters themselves.
 * The copy is for free(3); NULL without memory. @ret_changed: it differs from @s.
 */
char *str_escape_bytes(const char *s, bool *ret_changed);
/* In place; the new length. */
size_t str_unescape_bytes(char *s);

/* "\040" becomes a blank, in place, as in proc(5) mountinfo; what is no escape stays. */
void str_unescape_octal(char *s);

/*
 * In place: an absolute path without ".", "..", and slashes too many, by its words alone,
 * as docker(1) has it: "/a/../b/./c/" becomes "/b/c", and ".." of the root is the root.
 */
void str_clean_path(char *path);

bool str_starts_with(const char *s, const char *prefix);
/* Not if @end is all of @s. */
bool str_ends_with(const char *s, const char *end);
bool str_equal(const char *a, const char *b);
