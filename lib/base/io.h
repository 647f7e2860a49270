/* SPDX-License-Identifier: MIT */
/* io - whole reads and writes, in the parent only. */
#pragma once

#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;

/* Read all of @fd, at most @max bytes, as a NUL-terminated string; the caller frees it.
 * -EFBIG if there is more, -errno otherwise. @ret_len may be NULL. */
int io_read_all(int fd, size_t max, char **ret, size_t *ret_len);

/* The same for a file by path, relative to @dir. */
int io_read_file(int dir, const char *path, size_t max, char **ret, size_t *ret_len);

/*
 * The same for a configuration file in its usual place. It may be a link, but must lead
 * to a file, not to something that would be waited for (a FIFO, a terminal). A path that
 * a user names needs io_read_file(): it may be the pipe of another program. -ENOENT, also
 * if a part of the path is no directory, has no message; every other failure has one in
 * @e, about @path.
 */
int io_read_config(struct err *e, const char *path, size_t max, char **ret,
		   size_t *ret_len);

/*
 * The same for a file of the library in a directory where others may write: -EBADMSG
 * if it is a link, a FIFO or anything else but a file.
 */
int io_read_own_file(int dir, const char *name, size_t max, char **ret, size_t *ret_len);

/* A file that is short, or whose beginning will do, with a NUL: length or -errno. */
ssize_t io_read_short(int dir, const char *path, char *buf, size_t size);

/* @len bytes at the most of an open file; fewer only at its end; -errno. */
ssize_t io_read_at(int fd, void *buf, size_t len, off_t at);

/*
 * The directory that @path is in, O_PATH, and its name there. A file that is made by
 * these two can be removed by them, wherever the path leads by then. -EINVAL: @path
 * ends in no name, as "." and "a/.." do.
 */
int io_open_dir_of(const char *path, char ret_name[NAME_MAX + 1]);

/* Directory @name of @at for readdir(3) and closedir(3); NULL with errno. */
DIR *io_open_list(int at, const char *name);
/*
 * The same for directory @fd, which closedir(3) closes, as does a failure. NULL if it is
 * negative.
 */
DIR *io_list(int fd);

/*
 * flock(2) with @how; waits for the lock: 0 or -errno. If that takes long, because the
 * holder is slow or stopped, @waits, which may be NULL, is called once.
 */
int io_lock(int fd, int how, void (*waits)(void *data), void *data);

/* Write all @len bytes; 0 or -errno. */
int io_write_all(int fd, const void *buf, size_t len);
/* The same from @at on, which moves no position; -EIO: the file takes nothing. */
int io_write_all_at(int fd, const void *buf, size_t len, off_t at);

/*
 * The same to a descriptor of the caller's, with an unknown reader. A closed reader
 * gives -EPIPE and no SIGPIPE. While a pipe or socket is full, the call waits, also with
 * O_NONBLOCK, and calls @look, if not NULL, ten times a second; a failure of @look is
 * returned.
 */
int io_write_out(int fd, const void *buf, size_t len, int (*look)(void *data),
		 void *data);

/*
 * SIGPIPE of this thread between the two is not delivered; one that came in between is
 * taken back.
 */
struct io_sigpipe {
	sigset_t before;
	bool pending; /* before */
};
void io_block_sigpipe(struct io_sigpipe *ret);
void io_unblock_sigpipe(const struct io_sigpipe *s);

/*
 * A new or changed file @name in @dir that appears whole: temporary name, fsync, rename.
 */
int io_replace_file(int dir, const char *name, const void *buf, size_t len);
