/* SPDX-License-Identifier: MIT */
/*
 * top - the processes of a container: those whose pid namespace is its process 1's, or
 * lies below. Only /proc knows them all, for a process that entered has its parent
 * outside. Whatever vanishes meanwhile, or is not ours to look at, is passed over.
 *
 * Field N of NSpid in /proc/PID/status is the number in the Nth namespace from the
 * reader's down: a process with fewer fields than process 1 is in no such namespace. See
 * proc_pid_status(5), ioctl_nsfs(2).
 */
#include <dirent.h>
#include <linux/nsfs.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"
#include "run/run.h"
#include "run/threads.h"

enum { STATUS_BYTES = 8192, DEPTH_MAX = 33 /* 32 below the first; pid_namespaces(7) */ };

struct scan {
	int proc;     /* /proc */
	ino_t ns;     /* of the container */
	size_t depth; /* fields that its process 1 has */
	size_t gone;  /* that ended before they were looked at */
};

/* Beginning of the value in line "\nNAME:\t" of @status, or NULL. */
static const char *status_value(const char *status, const char *name)
{
	const char *line = strstr(status, name);

	return line ? line + strlen(name) : NULL;
}

/* Read /proc/@pid/status; 0 or -errno, -ESRCH if there is no such process. */
static int read_status(int proc, int pid, char *buf)
{
	cleanup_close int fd = -EBADF;
	char path[32];
	ssize_t n;

	snprintf(path, sizeof(path), "%d/status", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	n = read(fd, buf, STATUS_BYTES - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return 0;
}

/* The numbers of NSpid; how many. */
static size_t parse_numbers(const char *status, int *ret)
{
	const char *p = status_value(status, "\nNSpid:");
	size_t n = 0;
	char *end;

	for (; p && *p == '\t' && n < DEPTH_MAX; p = end)
		ret[n++] = (int)strtol(p, &end, 10);
	return n;
}

/* Whether the pid namespace of @pid, or that @above levels up, is the container's. */
static bool is_inside(const struct scan *s, int pid, size_t above)
{
	cleanup_close int fd = -EBADF;
	struct stat st;
	char path[32];

	snprintf(path, sizeof(path), "%d/ns/pid", pid);
	if (above == 0)
		return fstatat(s->proc, path, &st, 0) == 0 && st.st_ino == s->ns;
	fd = openat(s->proc, path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && above-- > 0) {
		int parent = ioctl(fd, NS_GET_PARENT);

		fd_closep(&fd);
		fd = parent;
	}
	return fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == s->ns;
}

static bool inspect(struct scan *s, int pid, struct process *ret)
{
	char status[STATUS_BYTES];
	int numbers[DEPTH_MAX] = { 0 };
	const char *state, *pending;
	size_t n;

	if (read_status(s->proc, pid, status) < 0) {
		s->gone++;
		return false;
	}
	n = parse_numbers(status, numbers);
	if (n < s->depth || !is_inside(s, pid, n - s->depth))
		return false;
	state = status_value(status, "\nState:\t");
	pending = status_value(status, "\nShdPnd:\t");
	ret->pid = pid;
	ret->pid_inside = numbers[s->depth - 1];
	ret->state = state ? *state : '?';
	if (ret->state == 'Z')
		(void)process_thread(pid, &ret->state); /* or it is one */
	ret->pending = pending && strtoull(pending, NULL, 16) >> (SIGSTOP - 1) & 1;
	return true;
}

/* The namespace of @ct, by its process 1. */
static int look_at(const struct minc_container *ct, struct scan *ret)
{
	char status[STATUS_BYTES], path[32];
	int numbers[DEPTH_MAX], r;
	struct stat st;

	if (ct->ended)
		return -ESRCH;
	r = read_status(ret->proc, ct->pid, status);
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "%d/ns/pid", ct->pid);
	if (fstatat(ret->proc, path, &st, 0) < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	/* if it is alive now, what was read above was its own */
	r = sys_pidfd_send_signal(ct->pidfd, 0);
	if (r < 0)
		return r;
	ret->ns = st.st_ino;
	ret->depth = parse_numbers(status, numbers);
	return ret->depth > 0 ? 0 : -ESRCH;
}

static int begin(const struct minc_container *ct, struct scan *ret)
{
	int r;

	memset(ret, 0, sizeof(*ret));
	ret->proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ret->proc < 0)
		return -errno;
	r = look_at(ct, ret);
	if (r < 0)
		fd_closep(&ret->proc);
	return r;
}

static int by_pid(const void *a, const void *b)
{
	const struct process *x = a, *y = b;

	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static int append(struct process **list, size_t *len, size_t *size,
		  const struct process *p)
{
	struct process *more = array_grow(*list, size, *len + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	*list = more;
	(*list)[(*len)++] = *p;
	return 0;
}

int top_look(const struct minc_container *ct, struct process **ret, size_t *ret_len,
	     size_t *ret_gone)
{
	struct process *list = NULL;
	size_t len = 0, size = 0;
	struct dirent *entry;
	struct scan s;
	DIR *dir;
	int r = begin(ct, &s);

	if (r < 0)
		return r;
	dir = io_list(s.proc);
	if (!dir)
		return -errno;
	while (r == 0 && (entry = readdir(dir))) {
		struct process p;
		uint64_t pid;

		if (str_to_u64(entry->d_name, INT32_MAX, &pid) == 0 &&
		    inspect(&s, (int)pid, &p))
			r = append(&list, &len, &size, &p);
	}
	closedir(dir);
	if (r < 0) {
		free(list);
		return r;
	}
	if (len)
		qsort(list, len, sizeof(*list), by_pid);
	*ret = list;
	*ret_len = len;
	*ret_gone = s.gone;
	return 0;
}

int top_list(const struct minc_container *ct, struct process **ret, size_t *ret_len)
{
	size_t gone;

	return top_look(ct, ret, ret_len, &gone);
}

int top_inspect(const struct minc_container *ct, int pid, struct process *ret)
{
	struct scan s;
	int r = begin(ct, &s);

	if (r < 0)
		return r;
	r = inspect(&s, pid, ret);
	fd_closep(&s.proc);
	return r;
}
