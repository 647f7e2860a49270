/* SPDX-License-Identifier: MIT */
/* archive - archives of images. */
#pragma once

#include "store/handles.h"

/*
 * @known: it is an archive of images; else -ENOMSG: its first names say that it is none.
 */
int import_archive(struct minc_transfer *t, const char *source, int fd, bool known);
