/* SPDX-License-Identifier: MIT */
/* streams-step - child code of streams.c; the pipes are made by the caller. */
#include <errno.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "tty/tty-rows.h"

int run_pipe(struct runner *r, const struct step *s)
{
	const struct step_pipe *d = s->data;
	int ends[2];
	int ret = sys_call(SYS_pipe2, ends, O_CLOEXEC, 0, 0, 0);

	if (ret < 0)
		return ret;
	ret = runner_put(r, d->ret_read, ends[0]);
	if (ret == 0)
		ret = runner_put(r, d->ret_write, ends[1]);
	else
		(void)sys_close(ends[1]); /* nothing in it */
	return ret;
}

/* What has no name: a FIFO of a file system is somebody's file. */
static bool is_pipe(int fd, struct stat *ret)
{
	struct statfs fs;

	return sys_call(SYS_newfstatat, fd, "", ret, SYS_AT_EMPTY_PATH, 0) == 0 &&
	       S_ISFIFO(ret->st_mode) && sys_call(SYS_fstatfs, fd, &fs, 0, 0, 0) == 0 &&
	       fs.f_type == PIPEFS_MAGIC;
}

/*
 * For what @fd is open for, and no more: who may write shall not read what others have
 * written.
 */
static void open_to_all(int fd)
{
	struct stat st;
	unsigned mode;
	int flags;

	if (!is_pipe(fd, &st))
		return;
	flags = sys_fcntl(fd, F_GETFL, 0);
	if (flags < 0)
		return;
	mode = st.st_mode & 07777;
	if ((flags & O_ACCMODE) != O_WRONLY)
		mode |= S_IRUSR | S_IRGRP | S_IROTH;
	if ((flags & O_ACCMODE) != O_RDONLY)
		mode |= S_IWUSR | S_IWGRP | S_IWOTH;
	if (mode != (st.st_mode & 07777))
		/* another's: it can be used, not opened, as before */
		(void)sys_fchmod(fd, mode);
}

int run_streams(struct runner *r, const struct step *s)
{
	const struct step_streams *d = s->data;
	int ret = 0;

	for (int fd = 0; fd < 3 && ret >= 0; fd++) {
		if (d->replace[fd] != SLOT_NONE)
			ret = sys_dup3(runner_fd(r, d->replace[fd]), fd, 0);
		if (ret >= 0)
			open_to_all(fd);
	}
	return ret < 0 ? ret : 0;
}
