/* SPDX-License-Identifier: MIT */
/* starting - see starting.h. */
#include "starting.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static const char prefix[] = "start-";
enum { TRIES = 8 };

static bool path_of(char path[PATH_MAX], const char *store, const char *name)
{
	return snprintf(path, PATH_MAX, "%s/containers/%s", store, name) < PATH_MAX;
}

/*
 * A sweep takes a file that is not locked yet for one that was left: then it has no name.
 */
static int make_locked(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 && st.st_nlink > 0)
		return fd;
	(void)close(fd); /* nothing was written */
	return -EAGAIN;
}

bool starting_begin(struct starting *s, const char *store)
{
	unsigned long long random;
	char path[PATH_MAX];
	int i;

	s->fd = -1;
	for (i = 0; i < TRIES && s->fd < 0; i++) {
		if (getrandom(&random, sizeof(random), 0) != sizeof(random))
			break;
		(void)snprintf(s->word, sizeof(s->word), "%s%016llx", prefix, random);
		if (!path_of(path, store, s->word))
			break;
		s->fd = make_locked(path);
		if (s->fd == -ENOENT && path_of(path, store, ""))
			(void)mkdir(path, 0700); /* or the next try tells */
	}
	return s->fd >= 0;
}

void starting_end(struct starting *s, const char *store)
{
	char path[PATH_MAX];

	if (s->fd < 0)
		return;
	if (path_of(path, store, s->word))
		(void)unlink(path); /* or a sweep does */
	(void)close(s->fd);         /* nothing was written */
	s->fd = -1;
}

/*
 * As starting_has_died(). @ret: a lock of it is held there, or -1: it is gone, or not
 * ours to see.
 */
static bool has_died(const char *store, const char *word, int *ret)
{
	char path[PATH_MAX];

	*ret = -1;
	if (strchr(word, '/') || !path_of(path, store, word))
		return false;
	*ret = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (*ret < 0)
		return errno == ENOENT;
	if (flock(*ret, LOCK_SH | LOCK_NB) == 0)
		return true;
	(void)close(*ret); /* only looked at */
	*ret = -1;
	return false;
}

bool starting_has_died(const char *store, const char *word)
{
	int fd;
	const bool died = has_died(store, word, &fd);

	if (fd >= 0)
		(void)close(fd); /* only looked at */
	return died;
}

/* It is removed under the lock, which make_locked() therefore gets too late. */
static void sweep_one(int dir, const char *store, const char *word)
{
	int fd;

	if (!has_died(store, word, &fd) || fd < 0)
		return;
	(void)unlinkat(dir, word, 0); /* or the next one does */
	(void)close(fd);              /* nothing was written */
}

void starting_sweep(const char *store)
{
	char path[PATH_MAX];
	struct dirent *d;
	DIR *list = path_of(path, store, "") ? opendir(path) : NULL;

	while (list && (d = readdir(list)))
		if (strncmp(d->d_name, prefix, strlen(prefix)) == 0)
			sweep_one(dirfd(list), store, d->d_name);
	if (list)
		(void)closedir(list);
}
