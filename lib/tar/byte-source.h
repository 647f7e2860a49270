/* SPDX-License-Identifier: MIT */
/*
 * byte-source - where the bytes of a tar or a blob come from, once, from their beginning
 * to their end.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct byte_source {
	/* @len bytes at the most, 0 at the end, -errno; compressed or not */
	ssize_t (*read)(struct byte_source *src, void *buf, size_t len);
	/* of -EBADMSG and -EOVERFLOW, if there is more to say than the number does */
	const char *why;
	/* bytes that all of it is made from, if these are not the bytes read; or 0 */
	uint64_t packed;
};
