/* SPDX-License-Identifier: MIT */
/*
 * module - parts that are loaded only when a plan needs them, because the libraries they
 * link would cost every start more than the kernel needs for the whole container
 * (design.md section 3). Files: $libdir/minc/minc-NAME.so; MINC_MODULE_DIR names another
 * directory (ignored when running set-user-ID). A static build has them linked in.
 */
#pragma once

#include <stddef.h>

#include "base/err.h"

/*
 * Path of program @name, which is installed beside the modules; -ENOSYS with a message that names
 * it or the library it needs.
 */
int module_program(const char *name, struct err *e, char *ret, size_t len);

/*
 * Address of @symbol in module @name ("mounts", "seccomp", "oci"), kept loaded for the
 * life of the process; -ENOSYS with a message naming the missing file or package.
 */
int module_symbol(const char *name, const char *symbol, struct err *e, void **ret);
