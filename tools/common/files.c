/* SPDX-License-Identifier: MIT */
/* files - see files.h. */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_FAILED = 125, FILES_LINE_MAX = 8192 };

void files_fill_standard(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			_exit(EXIT_FAILED);
}

int files_write_new(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644), r = 0;
	size_t len = strlen(text);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, len);
	if (n != (ssize_t)len)
		r = n < 0 ? -errno : -ENOSPC;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r < 0)
		(void)unlink(path); /* only a part */
	return r;
}

void files_print_or_warn(const char *tool, const char *what, const char *line)
{
	void (*pipe_handler)(int) = signal(SIGPIPE, SIG_IGN); /* a failure, not an end */
	char text[FILES_LINE_MAX];
	size_t len;
	ssize_t n;

	(void)snprintf(text, sizeof(text), "%s\n", line); /* cut if it is too long */
	len = strlen(text);
	n = fflush(stdout) == 0 ? write(STDOUT_FILENO, text, len) : -1;
	if (n != (ssize_t)len) {
		(void)fprintf(stderr, "%s: warning: standard output: %s\n", tool,
			      strerror(n < 0 ? errno : ENOSPC));
		(void)fprintf(stderr, "%s: %s: %s", tool, what, text);
	}
	(void)signal(SIGPIPE, pipe_handler);
}
