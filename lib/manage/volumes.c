/* SPDX-License-Identifier: MIT */
/* volumes - see volumes.h. */
#include "manage/volumes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/name.h"
#include "base/str.h"
#include "store/discard.h"

enum { NAME_BYTES = 300 };

/* Remove what killed processes left: whoever fills or removes one has the lock, as we. */
static void sweep(int dir)
{
	DIR *list = io_open_list(dir, ".");
	struct dirent *d;

	while (list && (d = readdir(list)))
		if (str_starts_with(d->d_name, VOLUME_FILLING) ||
		    str_starts_with(d->d_name, VOLUME_GONE))
			(void)discard(NULL, dir, d->d_name); /* or the next one does it */
	if (list)
		closedir(list);
}

/* The owner's alone: containers choose the modes of the files in it. */
static int check(struct err *e, int dir, const char *path)
{
	struct stat st;

	if (fstat(dir, &st) < 0)
		return err_set(e, -errno, "volumes %s", path);
	if (st.st_uid != geteuid())
		return err_say(e, -EPERM, "volumes %s: belongs to user %u", path,
			       (unsigned)st.st_uid);
	if (!(st.st_mode & 077))
		return 0;
	err_say(e, -EPERM, "volumes %s: others can look into it (mode %04o)", path,
		(unsigned)(st.st_mode & 07777));
	err_hint(e, "chmod go-rwx %s", path);
	return -EPERM;
}

int volumes_open(struct err *e, const char *path, bool swept)
{
	cleanup_close int dir = -EBADF;
	int r;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_set(e, -errno, "volumes %s", path);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_set(e, -errno, "volumes %s", path);
	r = check(e, dir, path);
	while (r == 0 && flock(dir, LOCK_EX) < 0)
		if (errno != EINTR)
			r = err_set(e, -errno, "volumes %s: lock", path);
	if (r < 0)
		return r;
	if (!swept)
		sweep(dir);
	return take_fd(&dir);
}

/* An empty one, whatever the umask of the caller is. */
static int make(int dir, const char *name)
{
	cleanup_close int fd = -EBADF;
	int r;

	if (mkdirat(dir, name, 0755) < 0)
		return -errno;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && fchmod(fd, 0755) == 0)
		return 0;
	r = -errno;
	(void)unlinkat(dir, name, AT_REMOVEDIR); /* the first failure is said */
	return r;
}

/* The mark first: without its volume it means nothing. */
static int make_new(int dir, const char *name)
{
	cleanup_close int fd = -EBADF;
	char mark[NAME_BYTES];
	int r;

	if (faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	snprintf(mark, sizeof(mark), VOLUME_NEW "%s", name);
	fd = openat(dir, mark, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : make(dir, name);
	if (fd >= 0 && r < 0)
		(void)unlinkat(dir, mark, 0); /* the first failure is said */
	return r;
}

static int open_room(struct store *s, const char *name)
{
	char path[PATH_MAX];
	int fd, r;

	if (!name_is_volume(name))
		return err_say(
			s->err, -EINVAL,
			"volume %.200s: letters, digits, \"_\", \".\" and \"-\" only",
			name);
	r = store_make(s);
	if (r < 0)
		return r;
	if (snprintf(path, sizeof(path), "%s/volumes", s->path) >= (int)sizeof(path))
		return err_set(s->err, -ENAMETOOLONG, "store %s", s->path);
	fd = volumes_open(s->err, path, s->volumes_swept);
	s->volumes_swept = s->volumes_swept || fd >= 0;
	return fd;
}

int volume_create(struct store *s, const char *name)
{
	cleanup_close int dir = open_room(s, name);
	int r;

	if (dir < 0)
		return dir;
	r = make_new(dir, name);
	return r < 0 ? err_set(s->err, r, "volume %.200s", name) : 0;
}

/* A process killed since our sweep may have left something there. */
static int set_aside(int dir, const char *name, const char *gone)
{
	int r = renameat(dir, name, dir, gone) < 0 ? -errno : 0;

	if (r != -ENOTEMPTY && r != -EEXIST)
		return r;
	r = discard(NULL, dir, gone);
	return r == 0 && renameat(dir, name, dir, gone) < 0 ? -errno : r;
}

int volume_remove(struct store *s, const char *name)
{
	cleanup_close int dir = open_room(s, name);
	char gone[NAME_BYTES], mark[NAME_BYTES];
	int r;

	if (dir < 0)
		return dir;
	snprintf(gone, sizeof(gone), VOLUME_GONE "%.200s", name);
	snprintf(mark, sizeof(mark), VOLUME_NEW "%.200s", name);
	r = set_aside(dir, name, gone);
	if (r == 0 && unlinkat(dir, mark, 0) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0) /* from here on it is not there, whatever happens */
		r = discard(s->err, dir, gone);
	if (r == 0)
		return 0;
	err_set(s->err, r, "volume %.200s", name);
	if (r == -EACCES || r == -EPERM)
		err_hint(s->err,
			 "its files belong to other ids: with newuidmap(1), or as root, "
			 "the next change of a volume removes what is left");
	return r;
}
