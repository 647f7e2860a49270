/* SPDX-License-Identifier: MIT */
/* memfd - programs that are in no file system; see memfd_create(2). */
#pragma once

#include <stddef.h>

/*
 * An executable's bytes as a file that nobody can read or write, sealed; descriptor or
 * -errno.
 */
int memfd_program(const char *name, const unsigned char *program, size_t len);
