/* SPDX-License-Identifier: MIT */
/* fd-source - a stream from an open file. */
#pragma once

#include "tar/byte-source.h"

struct fd_source {
	struct byte_source source;
	int fd; /* borrowed */
};

void fd_source_init(struct fd_source *s, int fd);
