/* SPDX-License-Identifier: MIT */
/*
 * fd - file descriptors that close themselves, ownership in words, and whether two are of
 * the same file.
 * An unset descriptor is -EBADF; 0 is a valid one.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static inline void fd_closep(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* nothing was buffered: a failure changes nothing */
	*fd = -EBADF;
}

static inline void ptr_freep(void *p)
{
	free(*(void **)p);
}

#define cleanup_close __attribute__((cleanup(fd_closep)))
#define cleanup_free  __attribute__((cleanup(ptr_freep)))

static inline int take_fd(int *fd)
{
	int ret = *fd;

	*fd = -EBADF;
	return ret;
}

#define take_ptr(p)                             \
	({                                      \
		__typeof__(*(p)) taken_ = *(p); \
		*(p) = NULL;                    \
		taken_;                         \
	})

/* Move @fd to a number of at least @lowest, CLOEXEC; closes @fd. Returns it or -errno. */
static inline int fd_move_up(int fd, int lowest)
{
	int up;

	if (fd < 0 || fd >= lowest)
		return fd;
	up = fcntl(fd, F_DUPFD_CLOEXEC, lowest);
	if (up < 0)
		up = -errno;
	(void)close(fd); /* the duplicate holds the file */
	return up;
}

/* Whether both are of one file, or one namespace. */
static inline bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}
