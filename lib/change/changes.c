/* SPDX-License-Identifier: MIT */
/* changes - the handle of minc/change.h: a storage directory, locked, and its base. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/lease.h"
#include "change/change.h"

void changes_begin(struct minc_changes *chs)
{
	if (chs->c->spec.sticky == 0)
		err_clear(chs->err);
}

int changes_stick(struct minc_changes *chs, int r)
{
	if (r < 0 && !chs->failure.code)
		chs->failure = *chs->err;
	return r;
}

int changes_failed(struct minc_changes *chs)
{
	if (chs->failure.code && chs->c->spec.sticky == 0)
		*chs->err = chs->failure;
	return chs->failure.code;
}

static int open_storage(struct minc_changes *chs)
{
	int r;

	chs->dir = open(chs->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (chs->dir < 0)
		return err_set(chs->err, -errno, "%s", chs->name);
	r = lease_try(chs->dir, 0);
	if (r == -EBUSY)
		return err_say(chs->err, r, "%s: in use by a container", chs->name);
	if (r < 0)
		return err_set(chs->err, r, "%s: lock", chs->name);
	r = record_read(chs->dir, &chs->rec);
	if (r == -ENOENT)
		return err_say(chs->err, -ENODATA,
			       "%s: no container has been started with it", chs->name);
	if (r == -EBADMSG)
		return err_say(chs->err, r, "%s/layers: not a record of this version",
			       chs->name);
	return r < 0 ? err_set(chs->err, r, "%s/layers", chs->name) : 0;
}

int changes_check_owner(const struct minc_changes *chs)
{
	struct stat st;

	if (chs->elsewhere)
		return 0;
	if (fstat(chs->dir, &st) < 0)
		return err_set(chs->err, -errno, "%s", chs->name);
	if (st.st_uid == geteuid())
		return 0;
	err_say(chs->err, -EPERM, "%s: belongs to another user, who chooses the base",
		chs->name);
	err_hint(chs->err, "name the base to apply the changes to");
	return -EPERM;
}

/*
 * The root that the container had. Its path had no links when it was noted down. If one
 * is there now, somebody has put it there, and the changes were meant for another place.
 */
static int open_noted(struct minc_changes *chs)
{
	cleanup_close int top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_object struct object o = OBJECT_NONE;
	const char *path = chs->rec.root;
	int r = top < 0 ? -errno : object_open_path(top, path, &o);

	if (r == 0 && !object_exists(&o))
		r = -ENOENT;
	if (r == -ENOTDIR || (r == 0 && !object_is_dir(&o))) {
		err_say(chs->err, -ENOTDIR,
			"%s: the root that the container had, and now a link or below one",
			path);
		err_hint(
			chs->err,
			"where it leads to the changes may not belong; --base names a directory");
		return -ENOTDIR;
	}
	if (r < 0)
		return err_set(chs->err, r, "%s", path);
	chs->base = take_fd(&o.fd);
	return 0;
}

static int open_base(struct minc_changes *chs, const char *base)
{
	const char *path = base ? base : chs->rec.root;

	/* Without privilege the marks of such an overlay cannot be seen. */
	if (!chs->rec.userxattr && !chs->c->host.privileged)
		return err_say(chs->err, -EPERM,
			       "%s: written with privilege, cannot be read without",
			       chs->name);
	if (!path) { /* layers are read as they are: by a library, and not only shown */
		int r = changes_check_owner(chs);

		return r < 0 ? r : lower_open(chs);
	}
	if (!base)
		return open_noted(chs);
	chs->elsewhere = true;
	chs->base = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return chs->base < 0 ? err_set(chs->err, -errno, "%s", path) : 0;
}

int changes_open(struct minc_ctx *c, const char *storage, const char *base,
		 struct minc_changes **ret)
{
	struct minc_changes *chs = calloc(1, sizeof(*chs));
	int r = 0;

	if (chs) {
		chs->c = c;
		chs->err = &c->err;
		chs->dir = chs->base = chs->journal.fd = -EBADF;
		chs->name = strdup(storage);
	}
	if (!chs || !chs->name) {
		changes_free(chs);
		return err_set(&c->err, -ENOMEM, "%s", storage);
	}
	r = open_storage(chs);
	if (r == 0)
		r = open_base(chs, base);
	if (r < 0)
		changes_free(chs);
	else
		*ret = chs;
	return r;
}

int changes_walk(struct minc_changes *chs, const struct walk_ops *ops)
{
	return walk_run(&chs->rec, chs->dir, chs->base, chs->elsewhere, ops, chs);
}

struct minc_changes *changes_free(struct minc_changes *chs)
{
	if (!chs)
		return NULL;
	compare_clear(chs);
	journal_done(&chs->journal);
	inodes_done(&chs->links);
	names_done(&chs->only);
	names_done(&chs->exclude);
	record_done(&chs->rec);
	chs->lower = lower_close(chs->lower);
	fd_closep(&chs->base);
	fd_closep(&chs->dir);
	free(chs->name);
	free(chs);
	return NULL;
}

int changes_set_flag(struct minc_changes *chs, enum minc_changes_flag flag, int on)
{
	bool *which = flag == MINC_CHANGES_KEEP    ? &chs->keep
		      : flag == MINC_CHANGES_FORCE ? &chs->force
						   : NULL;

	changes_begin(chs);
	if (!which || (on != 0 && on != 1))
		return changes_stick(
			chs, err_say(chs->err, -EINVAL,
				     "minc_changes_set_flag: unknown flag or value"));
	*which = on;
	return 0;
}
