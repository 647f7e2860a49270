/* SPDX-License-Identifier: MIT */
/*
 * loop - a loop device of a file: system calls only, so that a step and the parent, which
 * looks into an image, share it.
 */
#pragma once

#include <errno.h>
#include <linux/loop.h>
#include <string.h>

#include "base/digits.h"
#include "base/sys.h"

enum { LOOP_TRIES = 64, LOOP_PATH_MAX = sizeof("/dev/loop") + DIGITS_MAX };

/* A free device for @file; -EBUSY: another process was faster. */
static inline int loop_take(int control, int file, char ret_path[LOOP_PATH_MAX])
{
	static const char begin[] = "/dev/loop";
	struct loop_config config;
	int n = sys_ioctl(control, LOOP_CTL_GET_FREE, NULL), fd, r;

	if (n < 0)
		return n;
	memcpy(ret_path, begin, sizeof(begin));
	*digits_put(ret_path + sizeof(begin) - 1, (uint64_t)n) = '\0';
	fd = sys_openat(AT_FDCWD, ret_path, O_RDONLY, 0);
	if (fd < 0)
		return fd;
	memset(&config, 0, sizeof(config));
	config.fd = (uint32_t)file;
	config.info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR;
	r = sys_ioctl(fd, LOOP_CONFIGURE, &config);
	if (r == 0)
		return fd;
	(void)sys_close(fd); /* nothing of ours is on it */
	return r;
}

/*
 * A read-only device of @file, open: it goes with the last descriptor or mount of it, and
 * holds the file. -errno.
 */
static inline int loop_attach(int file, char ret_path[LOOP_PATH_MAX])
{
	int control = sys_openat(AT_FDCWD, "/dev/loop-control", O_RDWR, 0), fd = -EBUSY;

	if (control < 0)
		return control;
	for (int i = 0; i < LOOP_TRIES && fd == -EBUSY; i++)
		fd = loop_take(control, file, ret_path);
	(void)sys_close(control);
	return fd;
}
