/* SPDX-License-Identifier: MIT */
/* filter - the default profile as a BPF program that is quick to load. See filter.c. */
#pragma once

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

enum { FILTER_MAX = 4096 }; /* instructions the kernel takes (BPF_MAXINSNS) */

/*
 * Compile profile.h's table for a command with capabilities @caps on the machine @machine
 * (uname(2), or NULL for this one) into @out, which has room for FILTER_MAX instructions.
 * Returns their number, -ENOTSUP for a machine that is not known, -E2BIG.
 */
int filter_compile(const char *machine, uint64_t caps, struct sock_filter *out);
