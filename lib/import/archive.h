/* SPDX-License-Identifier: MIT */
/* archive - archives of images. */
#pragma once

#include "store/handles.h"

/* archive.c, layout.c, directory.c: what minc_import() takes, by its kind. */
/* @known: it is an archive of images; else -ENOMSG: its first names say that it is none. */
int import_archive(struct minc_transfer *t, const char *source, int fd, bool known);
