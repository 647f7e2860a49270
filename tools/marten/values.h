/* SPDX-License-Identifier: MIT */
/*
 * values - what option values mean. Each function returns NULL with the value in @into,
 * or what is wrong with it.
 */
#ifndef VALUES_H
#define VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* int: "9", "0" to look only, "KILL", "SIGKILL", in any case; "RTMIN+3". */
const char *read_signal(void *into, const char *value);
/* int, milliseconds: whole seconds, or -1. */
const char *read_grace(void *into, const char *value);
/* long: a number, or "all" for -1. */
const char *read_lines(void *into, const char *value);
/*
 * int64_t, milliseconds since the epoch: "10m", "1h30m" ago; "1700000000.5";
 * "2023-11-14[T22:13[:20[.5]]][Z|+01:00]", local time without a zone.
 */
const char *read_time(void *into, const char *value);
/* struct given_number: "64g", "0" for no limit; a plain number. */
struct given_number {
	bool given;
	uint64_t n;
};
const char *read_size(void *into, const char *value);
const char *read_count(void *into, const char *value);
/* bool: "json", or "table" as without it. */
const char *read_format(void *into, const char *value);

/* Repeated values in their order. */
struct words {
	const char **v;
	size_t len;
};
const char *read_word(void *into, const char *value);

#endif
