/* SPDX-License-Identifier: MIT */
/*
 * volume-fill - see volume-fill.h and manage/volumes.h. A volume is filled under another
 * name and then renamed, so that one that is there is whole; once, for what containers
 * wrote is nothing to write over.
 */
#include "transfer/volume-fill.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "manage/volumes.h"
#include "store/discard.h"

enum { NAME_BYTES = 300 };

static int fill_at(struct err *e, const struct volume *v, int dir, const char *name)
{
	cleanup_close int to = -EBADF;
	int r = mkdirat(dir, name, 0700) < 0 ? -errno : 0;

	if (r == -EEXIST) { /* what a killed one left there is newer than the sweep */
		r = discard(NULL, dir, name);
		if (r == 0 && mkdirat(dir, name, 0700) < 0)
			r = -errno;
	}
	if (r == 0) {
		to = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		r = to < 0 ? -errno : 0;
	}
	if (r == 0)
		r = part_to_dir(e, &v->part, to);
	if (r == 1) /* renamed, it counts as whole, also after a loss of power */
		r = syncfs(to) < 0 ? -errno : 0;
	return r < 0 ? err_set(e, r, "volume %s", v->path) : 0;
}

/*
 * Over a new one, which is empty unless its owner has put something into it: then that
 * stays.
 */
static int put_in_place(struct err *e, const struct volume *v, int dir, const char *from,
			const char *name)
{
	int r = renameat(dir, from, dir, name) < 0 ? -errno : 0;

	if (r == -ENOTEMPTY || r == -EEXIST)
		r = discard(e, dir, from);
	else if (r == 0 && fsync(dir) < 0)
		r = -errno;
	return r < 0 ? err_set(e, r, "volume %s", v->path) : 0;
}

static int fill_locked(struct err *e, const struct volume *v, int dir, const char *name)
{
	char mark[NAME_BYTES], from[NAME_BYTES];
	bool there = faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0, is_new;
	int r;

	if (snprintf(mark, sizeof(mark), VOLUME_NEW "%s", name) >= (int)sizeof(mark) ||
	    snprintf(from, sizeof(from), VOLUME_FILLING "%s", name) >= (int)sizeof(from))
		return err_set(e, -ENAMETOOLONG, "volume %s", v->path);
	is_new = faccessat(dir, mark, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	r = there && !is_new ? 0 : fill_at(e, v, dir, from);
	if (r == 0 && (!there || is_new))
		r = put_in_place(e, v, dir, from, name);
	else if (r < 0)
		(void)discard(NULL, dir, from); /* or the next one does it */
	if (r == 0 && is_new && unlinkat(dir, mark, 0) < 0)
		r = err_set(e, -errno, "volume %s", v->path);
	return r;
}

int volume_fill(struct err *e, const struct volume *v)
{
	const char *name = strrchr(v->path, '/') + 1;
	cleanup_close int dir = -EBADF;
	char parent[PATH_MAX];
	int r;

	if (snprintf(parent, sizeof(parent), "%.*s", (int)(name - v->path), v->path) >=
		    (int)sizeof(parent) ||
	    !*name)
		return err_set(e, *name ? -ENAMETOOLONG : -EINVAL, "volume %s", v->path);
	dir = volumes_open(e, parent, v->swept);
	r = dir < 0 ? dir : fill_locked(e, v, dir, name);
	return r;
}
