/* SPDX-License-Identifier: MIT */
/* lease - see lease.h. */
#include "base/lease.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"

/* The object may be no file or directory of ours: never wait for it. */
enum { OPEN_FLAGS = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC };
enum { LOOK_MS = 50 }; /* far longer than a look takes */

int lease_take(int fd, int at, const char *name)
{
	struct stat held, named;

	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return -errno;
	if (fstat(fd, &held) < 0)
		return -errno;
	if (fstatat(at, name, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !is_same_file(&held, &named))
		return -ESTALE;
	return 0;
}

int lease_try(int fd, int wait_ms)
{
	static const struct timespec ms = { .tv_nsec = 1000000 };

	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		if (errno != EWOULDBLOCK)
			return -errno;
		if (i >= LOOK_MS && i >= wait_ms)
			return -EBUSY;
		(void)nanosleep(&ms, NULL);
	}
	return 0;
}

int lease_look(int at, const char *name)
{
	cleanup_close int fd = openat(at, name, OPEN_FLAGS);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_SH | LOCK_NB) == 0)
		return 0; /* closing gives it back */
	return errno == EWOULDBLOCK ? 1 : -errno;
}

void lease_sweep(int at, const char *name, int flags)
{
	cleanup_close int fd = openat(at, name, OPEN_FLAGS);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		(void)unlinkat(at, name, flags); /* or it is used again */
}
