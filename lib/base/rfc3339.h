/* SPDX-License-Identifier: MIT */
/*
 * rfc3339 - times as text, in UTC: "2024-01-31T23:59:59Z", as OCI and docker write them;
 * see RFC 3339.
 */
#pragma once

#include <stdint.h>

enum { RFC3339_MAX = 40 };

/* @ms: thousandths behind the seconds; negative: none. -EOVERFLOW: no such year. */
int rfc3339_write(int64_t seconds, int ms, char ret[RFC3339_MAX]);
/* "2024-01-31T23:59:59.123456789Z" in ms since the epoch, 0 before it; -EINVAL. */
int rfc3339_read_ms(const char *text, int64_t *ret);
