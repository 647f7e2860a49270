/* SPDX-License-Identifier: MIT */
/*
 * which - what an archive or a directory is, by the lists of images that are in it: a
 * root file system may well have a file "manifest.json", but not one that names configs
 * and layers.
 */
#pragma once

#include <stddef.h>

#include "store/handles.h"

/*
 * manifest.json of docker-save(1): a list of images, each with config and layers. 1, 0;
 * -ENOMEM.
 */
int which_is_docker(const char *text, size_t len);
/* The index of an OCI layout names an image. 1, 0; -ENOMEM. */
int which_has_name(const char *text, size_t len);
/*
 * A tar has been read as a root file system, and has files that are called like lists of
 * images. 1: they are such, and it is an archive of images; 0: they are not; -EBADMSG: it
 * is one, but not whole; -errno: it cannot be read.
 */
int which_archive(struct minc_transfer *t, const char *source, int fd);
/*
 * A directory: 1: an OCI layout; 0: a root file system; -EBADMSG: what has to be packed
 * first; -errno.
 */
int which_directory(struct minc_transfer *t, const char *source, int dir);
