/* SPDX-License-Identifier: MIT */
/* files - see files.h. */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
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

/* A file that was made: in @dir, whatever its path leads to by now. */
struct new_file {
	int dir;
	char name[256];
};

/* The directory of @path, and its name there. */
static int find_place(const char *path, struct new_file *ret)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char *parent = slash ? strndup(path, (size_t)(slash - path) + 1) : NULL;
	int r = 0;

	if (slash && !parent)
		return -ENOMEM;
	if (!*name || strlen(name) >= sizeof(ret->name))
		r = *name ? -ENAMETOOLONG : *path ? -EISDIR : -ENOENT;
	if (r == 0) {
		ret->dir = open(parent ? parent : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
		r = ret->dir < 0 ? -errno : 0;
		(void)strcpy(ret->name, name);
	}
	free(parent);
	return r;
}

static void keep(struct new_file *f)
{
	(void)close(f->dir); /* nothing was buffered */
}

static void discard(struct new_file *f)
{
	(void)unlinkat(f->dir, f->name, 0); /* it is said elsewhere why */
	keep(f);
}

/*
 * A new file with @text, or none: 0 or -errno. With 0 @ret is for one of the two above.
 */
static int write_new(const char *path, const char *text, struct new_file *ret)
{
	size_t len = strlen(text);
	int r = find_place(path, ret), fd;
	ssize_t n;

	if (r < 0)
		return r;
	fd = openat(ret->dir, ret->name,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0) {
		r = -errno;
		keep(ret);
		return r;
	}
	n = write(fd, text, len);
	if (n != (ssize_t)len)
		r = n < 0 ? -errno : -ENOSPC;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r < 0)
		discard(ret); /* only a part */
	return r;
}

int files_write_new(const struct text_file *list, size_t len,
		    const struct text_file **ret)
{
	struct new_file made[TEXT_FILES_MAX];
	size_t n;
	int r = 0;

	for (n = 0; n < len; n++) {
		r = list[n].path ? write_new(list[n].path, list[n].text, &made[n]) : 0;
		if (r < 0) {
			*ret = &list[n];
			break;
		}
	}
	while (n-- > 0) {
		if (list[n].path && r < 0)
			discard(&made[n]);
		else if (list[n].path)
			keep(&made[n]);
	}
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
