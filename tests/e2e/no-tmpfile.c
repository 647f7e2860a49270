/* SPDX-License-Identifier: MIT */
/*
 * no-tmpfile - for LD_PRELOAD: a file system without O_TMPFILE, and with NO_LINKS in the
 * environment without hard links either, as vfat and others are. With NO_PROC: O_TMPFILE,
 * but no /proc to give such a file a name by.
 */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#pragma GCC visibility push(default)

static int open_as_asked(int dir, const char *path, int flags, va_list ap)
{
	const char *said = getenv("NO_TMPFILE_ERRNO");
	const int mode = flags & O_CREAT ? va_arg(ap, int) : 0;

	if ((flags & O_TMPFILE) == O_TMPFILE && !getenv("NO_PROC")) {
		errno = said ? atoi(said) : EOPNOTSUPP;
		return -1;
	}
	return (int)syscall(SYS_openat, dir, path, flags, mode);
}

/* Under both names: the latter is that of programs with large files. */
#define OPENS(end)                                                  \
	int openat##end(int dir, const char *path, int flags, ...); \
	int open##end(const char *path, int flags, ...);            \
	int openat##end(int dir, const char *path, int flags, ...)  \
	{                                                           \
		va_list ap;                                         \
		int ret;                                            \
                                                                    \
		va_start(ap, flags);                                \
		ret = open_as_asked(dir, path, flags, ap);          \
		va_end(ap);                                         \
		return ret;                                         \
	}                                                           \
	int open##end(const char *path, int flags, ...)             \
	{                                                           \
		va_list ap;                                         \
		int ret;                                            \
                                                                    \
		va_start(ap, flags);                                \
		ret = open_as_asked(AT_FDCWD, path, flags, ap);     \
		va_end(ap);                                         \
		return ret;                                         \
	}

OPENS()
OPENS(64)

int linkat(int from, const char *name, int to, const char *other, int flags)
{
	if (getenv("NO_LINKS")) {
		errno = EPERM;
		return -1;
	}
	if (getenv("NO_PROC") && flags) {
		errno = ENOENT;
		return -1;
	}
	return (int)syscall(SYS_linkat, from, name, to, other, flags);
}

int access(const char *path, int mode)
{
	if (getenv("NO_PROC") && strncmp(path, "/proc/self/fd", 13) == 0) {
		errno = ENOENT;
		return -1;
	}
	return (int)syscall(SYS_faccessat, AT_FDCWD, path, mode);
}

int renameat2(int from, const char *name, int to, const char *other, unsigned flags);
int renameat2(int from, const char *name, int to, const char *other, unsigned flags)
{
	if (getenv("NO_LINKS") && flags && atoi(getenv("NO_LINKS")) > 1) {
		errno = EINVAL;
		return -1;
	}
	return (int)syscall(SYS_renameat2, from, name, to, other, flags);
}
