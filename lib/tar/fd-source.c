/* SPDX-License-Identifier: MIT */
/* fd-source - see fd-source.h. */
#include "tar/fd-source.h"

#include <errno.h>
#include <unistd.h>

static ssize_t read_fd(struct byte_source *s, void *buf, size_t len)
{
	ssize_t n;

	do
		n = read(((struct fd_source *)s)->fd, buf, len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

void fd_source_init(struct fd_source *s, int fd)
{
	*s = (struct fd_source){ .source = { .read = read_fd }, .fd = fd };
}
