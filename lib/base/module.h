/* SPDX-License-Identifier: MIT */
/*
 * module - parts of the library that are loaded when a plan first needs them. The
 * libraries they link would cost every start more than the kernel needs for the whole
 * container (docs/architecture.md, "Modules"). A module is $libdir/minc/minc-NAME.so;
 * MINC_MODULE_DIR names another directory, but not in a set-user-ID program. A static
 * build has the modules linked in.
 */
#pragma once

#include <stddef.h>

#include "base/err.h"

/*
 * Write the path of program @name, which is installed beside the modules, to @ret, which
 * has @len bytes. Returns 0, or -ENOSYS with a message in @e that names the program or
 * the library that it needs.
 */
int module_program(const char *name, struct err *e, char *ret, size_t len);

/*
 * Load module @name ("mounts", "seccomp", "oci") and write the address of its @symbol to
 * *ret. It stays loaded for the life of the process. Returns 0, or -ENOSYS with a message
 * in @e that names the missing file or package.
 */
int module_symbol(const char *name, const char *symbol, struct err *e, void **ret);
