/* SPDX-License-Identifier: MIT */
/*
 * sealed-proc - the part of the sealed program that looks at processes in the host's
 * /proc.
 */
#include <errno.h>
#include <signal.h>

#include "base/digits.h"
#include "base/sys.h"
#include "sealed/sealed-parts.h"

static void put_text(char **to, const char *text)
{
	while (*text)
		*(*to)++ = *text++;
}

uint64_t sealed_read_field(int dir, const char *path, const char *name)
{
	char text[1024];
	const int fd = sys_openat(dir, path, O_RDONLY, 0);
	uint64_t ret = 0;
	long n;

	if (fd < 0)
		return 0;
	n = sys_read(fd, text, sizeof(text) - 1);
	(void)sys_close(fd);
	text[n < 0 ? 0 : n] = '\0';
	for (const char *line = text; *line;) {
		const char *c = line, *want = name;

		while (*want && *c == *want) {
			c++;
			want++;
		}
		if (!*want) {
			while (*c >= '0' && *c <= '9')
				ret = ret * 10 + (uint64_t)(*c++ - '0');
			return ret;
		}
		while (*line && *line++ != '\n')
			;
	}
	return 0;
}

int sealed_open_proc(int tid, uint64_t *ret_pid)
{
	char path[64], *p = path;
	const int pidfd = sys_call(SYS_pidfd_open, tid, 0, 0, 0, 0);
	int fd;

	if (pidfd < 0)
		/* the answer of Linux 6.16 for a thread */
		return pidfd == -ENOENT ? -EINVAL : pidfd;
	put_text(&p, "/proc/self/fdinfo/");
	p = digits_put(p, (uint64_t)pidfd);
	*p = '\0';
	*ret_pid = sealed_read_field(AT_FDCWD, path, "Pid:\t");
	p = path;
	put_text(&p, "/proc/");
	p = digits_put(p, *ret_pid);
	*p = '\0';
	fd = *ret_pid ? sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0) : -ENOENT;
	/* it lives now, so the number was its own before */
	if (fd >= 0 && sys_pidfd_send_signal(pidfd, 0) < 0) {
		(void)sys_close(fd);
		fd = -ESRCH;
	}
	(void)sys_close(pidfd);
	return fd;
}

int sealed_write_map(int proc, const char *name, uint32_t inside, uint32_t outside)
{
	char text[48], *p = text;

	p = digits_put(p, inside);
	put_text(&p, " ");
	p = digits_put(p, outside);
	put_text(&p, " 1\n");
	return sys_write_file(proc, name, text, (size_t)(p - text));
}
