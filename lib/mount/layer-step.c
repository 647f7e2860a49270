/* SPDX-License-Identifier: MIT */
/* layer-step - what layers are mounted from. Child code (style.md section 4). */
#include <errno.h>
#include <linux/loop.h>
#include <string.h>

#include "mount/mount.h"

enum { LOOP_TRIES = 64 };

/* "/dev/loopN" without stdio. */
static void loop_path(char buf[32], int n)
{
	static const char prefix[] = "/dev/loop";
	char digits[12];
	size_t count = 0, len = sizeof(prefix) - 1;

	memcpy(buf, prefix, len);
	do
		digits[count++] = (char)('0' + n % 10);
	while (n /= 10);
	while (count > 0)
		buf[len++] = digits[--count];
	buf[len] = '\0';
}

/* A device of @file; -EBUSY: another process was faster. */
static int take_loop(int control, int file)
{
	struct loop_config config;
	char path[32];
	int n = sys_call(SYS_ioctl, control, LOOP_CTL_GET_FREE, 0, 0, 0), fd, r;

	if (n < 0)
		return n;
	loop_path(path, n);
	fd = sys_openat(AT_FDCWD, path, O_RDONLY, 0);
	if (fd < 0)
		return fd;
	memset(&config, 0, sizeof(config));
	config.fd = (uint32_t)file;
	config.info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR;
	r = sys_call(SYS_ioctl, fd, LOOP_CONFIGURE, &config, 0, 0);
	if (r == 0)
		return fd;
	(void)sys_close(fd); /* nothing of ours is on it */
	return r;
}

int run_loop(struct runner *r, const struct step *s)
{
	int file = sys_openat(AT_FDCWD, s->loop.path, O_RDONLY | O_NOFOLLOW, 0);
	int control, fd = -EBUSY;

	if (file < 0)
		return file;
	control = sys_openat(AT_FDCWD, "/dev/loop-control", O_RDWR, 0);
	if (control < 0)
		fd = control;
	for (int i = 0; i < LOOP_TRIES && fd == -EBUSY; i++)
		fd = take_loop(control, file);
	if (control >= 0)
		(void)sys_close(control);
	(void)sys_close(file); /* the device holds it */
	return runner_put(r, s->loop.ret, fd);
}
