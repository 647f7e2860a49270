/* SPDX-License-Identifier: MIT */
/*
 * holes - a new file that is written from its beginning to its end: long runs of zeros
 * are not written and become holes. So a copy of a sparse file is sparse, also where its
 * holes were read as zeros.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* @fd is a regular file, writes go where it is, and there is nothing behind that. */
bool holes_can(int fd);
/* Write all @len bytes, or go on without those that are zeros; 0 or -errno. */
int holes_write(int fd, const void *buf, size_t len);
/* The end, which may have been zeros; 0 or -errno. */
int holes_end(int fd);
