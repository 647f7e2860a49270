/* SPDX-License-Identifier: MIT */
/*
 * import-erofs - an erofs image as a root file system. Where the kernel mounts it for us,
 * from there, with all that it has; the mount is attached nowhere and goes with its
 * descriptor. Else fsck.erofs unpacks it into the store for a moment, without extended
 * attributes and hard links and, to an ordinary user, with all files the user's, which
 * become root's.
 */
#include "import/import-erofs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "change/subtree.h"
#include "import/import.h"
#include "mount/loop.h"
#include "process/program.h"
#include "store/store-file.h"
#include "tar/budget.h"
#include "transfer/layer.h"

enum { FULL_BYTES = 1 << 20 };

static int configure(int fs, unsigned command, const char *key, const char *value)
{
	return (int)syscall(SYS_fsconfig, fs, command, key, value, 0);
}

/* Its root directory, to read; -errno where that cannot be. */
static int mount_image(int file)
{
	cleanup_close int loop = -EBADF, fs = -EBADF, mount = -EBADF;
	char path[LOOP_PATH_MAX];
	int fd;

	loop = loop_attach(file, path);
	if (loop < 0)
		return loop;
	fs = (int)syscall(SYS_fsopen, "erofs", FSOPEN_CLOEXEC);
	if (fs < 0 || configure(fs, FSCONFIG_SET_STRING, "source", path) < 0 ||
	    configure(fs, FSCONFIG_SET_FLAG, "ro", NULL) < 0 ||
	    configure(fs, FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
		return -errno;
	mount = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC,
			     MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				     MOUNT_ATTR_NOEXEC);
	fd = mount < 0 ? -1 : openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* What is being unpacked, and what there is of it. */
struct unpacking {
	struct minc_transfer *t;
	const char *name; /* of the directory in the store, for a moment */
	uint64_t packed, bytes, entries;
	const char *over; /* what it exceeds, or NULL */
};

static int count(const struct object *o, void *data)
{
	struct unpacking *u = data;

	u->bytes += (uint64_t)o->st.st_blocks * 512;
	u->entries++;
	u->over = budget_foresee(u->t->budget, u->packed, u->bytes, u->entries);
	return u->over ? -EOVERFLOW : 0;
}

/* A look at the disk while the program writes: it knows of no bounds. */
static int measure(void *data)
{
	struct unpacking *u = data;
	int r;

	u->bytes = u->entries = 0;
	r = subtree_visit(u->t->store->dir, u->name, count, u);
	/* else it is still being made */
	return r == -EOVERFLOW || r == -ENOMEM || r == -EACCES ? r : 0;
}

/* The program's own words would not tell. */
static bool is_full(const struct store *s)
{
	struct statvfs v;

	return fstatvfs(s->dir, &v) == 0 && v.f_blocks > 0 &&
	       (uint64_t)v.f_bavail * v.f_frsize < FULL_BYTES;
}

static int unpack(struct unpacking *u, const char *source, int file, const char *dir)
{
	char option[PATH_MAX];
	const char *keep = geteuid() == 0 ? "--preserve" : "--preserve-perms";
	const char *const argv[] = { "fsck.erofs", option, keep, "/proc/self/fd/0",
				     NULL };
	const struct program fsck = {
		.argv = argv, .in = file, .watch = measure, .watch_data = u
	};
	struct minc_transfer *t = u->t;
	struct program_end end;
	int r;

	if (snprintf(option, sizeof(option), "--extract=%s", dir) >= (int)sizeof(option))
		return err_set(t->err, -ENAMETOOLONG, "%s", source);
	r = program_run(&fsck, &end);
	if (r == -EOVERFLOW)
		return err_say(t->err, r, "%s: %s", source, u->over);
	if (r == -ENOENT)
		return err_say(
			t->err, -ENOSYS,
			"%s: an erofs image, for which fsck.erofs (erofs-utils) is missing",
			source);
	if (r < 0)
		return err_set(t->err, r, "%s: fsck.erofs", source);
	if (end.status != 0 && is_full(t->store))
		return err_set(t->err, -ENOSPC, "store %s: %s unpacked", t->store->path,
			       source);
	if (end.status != 0)
		return err_say(
			t->err, -EBADMSG,
			"%s: an erofs image that fsck.erofs cannot unpack: damaged, or "
			"compressed in a way that it does not know",
			source);
	return 0;
}

static int layer_from_unpacked(struct minc_transfer *t, const char *source,
			       const char *path, uint64_t packed, struct layer_made *ret)
{
	const struct squash_ids uids = { .outside = geteuid(), .count = 1 };
	const struct squash_ids gids = { .outside = getegid(), .count = 1 };
	const struct squash_owners owners = { &uids, &gids, 1, 1 };
	cleanup_close int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return err_set(t->err, -errno, "%s: unpacked", source);
	return layer_from_dir(t, source, dir, false, false,
			      geteuid() == 0 ? NULL : &owners, packed, NULL, ret);
}

static void tell_losses(const struct minc_transfer *t, const char *source)
{
	char line[256];

	if (!t->store->warn)
		return;
	snprintf(line, sizeof(line),
		 "%.160s: unpacked without extended attributes and hard links%s", source,
		 geteuid() == 0 ? "" : ", and all files become root's");
	t->store->warn(line, t->store->warn_data);
}

static int by_tool(struct minc_transfer *t, const char *source, int file, uint64_t packed,
		   struct layer_made *ret)
{
	char name[64], path[PATH_MAX];
	struct unpacking u = { .t = t, .name = name, .packed = packed };
	int r;

	store_temporary(name);
	if (mkdirat(t->store->dir, name, 0700) < 0)
		return err_set(t->err, -errno, "store %s: %s", t->store->path, name);
	if (snprintf(path, sizeof(path), "%s/%s/root", t->store->path, name) >=
	    (int)sizeof(path))
		r = err_set(t->err, -ENAMETOOLONG, "%s", source);
	else
		r = unpack(&u, source, file, path);
	if (r == 0)
		r = layer_from_unpacked(t, source, path, packed, ret);
	(void)subtree_remove(t->store->dir, name); /* else the next sweep does */
	if (r == 0)
		tell_losses(t, source);
	return r;
}

int import_erofs(struct minc_transfer *t, const char *source, int file, time_t created)
{
	cleanup_close int dir = geteuid() == 0 ? mount_image(file) : -EPERM;
	struct layer_made layer;
	const uint64_t packed = t->budget ? t->budget->source : 0;
	int r = dir < 0 ? by_tool(t, source, file, packed, &layer)
			: layer_from_dir(t, source, dir, false, false, NULL, packed, NULL,
					 &layer);

	return r < 0 ? r : import_root_layer(t, &layer, created);
}
