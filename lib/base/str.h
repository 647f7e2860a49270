/* SPDX-License-Identifier: MIT */
/* str - strict numbers and text checks. Numbers are whole strings: "1x", "+1" and "" fail. */
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

/* Valid UTF-8 without control characters: fit for hostname, environment name, message. */
bool str_is_printable_utf8(const char *s);
/* What a terminal obeys, and what is no character, becomes "?"; other characters stay. */
void str_make_printable(char *s);

bool str_starts_with(const char *s, const char *prefix);
bool str_equal(const char *a, const char *b);
