/* SPDX-License-Identifier: MIT */
/* image-file - files of an image that is not mounted; in module import. */
#pragma once

#include <stddef.h>

#include "base/err.h"

/*
 * The text of file @path (relative, "etc/passwd") of the image whose layers are the
 * squashfs files @layers, lowest first: whiteouts hide, symbolic links are followed
 * inside. Ended by NUL, for free(3). -ENOENT: it has no such file; -EFBIG; -EBADMSG with
 * a message.
 */
typedef int image_file_read_fn(const char *const *layers, size_t len, const char *path,
			       size_t max, struct err *e, char **ret);
extern __attribute__((visibility("default"))) image_file_read_fn image_file_read;
