/* SPDX-License-Identifier: MIT */
/*
 * storage - the directory that keeps what a container writes: storage/ is the overlay's
 * upper layer, work/ its work space, submountN.* the same for mounts below the root,
 * utsname the host name, unpacked an image's files where nothing can serve them, layers
 * what all that lies over (record.h). MINCS's layout, so that "minc -t DIR" goes on where
 * it ended.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <minc/container.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/lease.h"
#include "base/owner.h"
#include "base/str.h"
#include "ns/userns.h"
#include "run/record.h"
#include "run/run.h"

/*
 * A directory that its owner cannot read, of the mount that @dir is in. By what was
 * looked at, never a link.
 */
static int open_closed(int dir, const char *name)
{
	cleanup_close int fd =
		openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char path[sizeof("/proc/self/fd/") + 12];
	struct stat parent, st;

	if (fd < 0 || fstat(dir, &parent) < 0 || fstat(fd, &st) < 0 ||
	    parent.st_dev != st.st_dev)
		return -EACCES;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (chmod(path, 0700) < 0)
		return -errno;
	fd_closep(&fd);
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/*
 * Remove @name below @dir and all in it, following no link and crossing no mount.
 * change/subtree does so too and says what failed, but it stands on the walk of `change`,
 * a room above this one. This one is best effort, and goes as deep as there are
 * descriptors.
 */
static void remove_all(int dir, const char *name)
{
	cleanup_close int fd = -EBADF;
	struct stat parent, st;
	struct dirent *d;
	DIR *list;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == EACCES)
		fd = open_closed(dir, name);
	if (fd < 0 || fstat(dir, &parent) < 0 || fstat(fd, &st) < 0 ||
	    parent.st_dev != st.st_dev)
		return;
	if ((st.st_mode & 0700) != 0700)
		/* an image may have directories that cannot be written */
		(void)fchmod(fd, 0700);
	list = io_list(take_fd(&fd));
	if (!list)
		return;
	while ((d = readdir(list)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			remove_all(dirfd(list), d->d_name);
	closedir(list);
	/* best effort: it is reported elsewhere */
	(void)unlinkat(dir, name, AT_REMOVEDIR);
}

struct target {
	int dir;
	const char *name;
};

static int remove_target(struct err *e, void *data)
{
	const struct target *t = data;

	(void)e;
	remove_all(t->dir, t->name);
	return 0;
}

/*
 * What is still there may belong to subordinate ids: those of an image that was unpacked
 * do.
 */
void storage_remove(int dir, const char *name)
{
	struct target t = { dir, name };

	remove_all(dir, name);
	if (faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		/* best effort, too */
		(void)userns_run(NULL, remove_target, &t, sizeof(t));
}

/* Not another user's, which the environment may still name after su(1) or sudo(8). */
static const char *runtime_dir(const struct host *h)
{
	const char *dir = owner_env_dir("XDG_RUNTIME_DIR");

	if (dir && *dir == '/')
		return dir;
	if (h->owns_run)
		return "/run";
	dir = secure_getenv("TMPDIR");
	return dir && *dir == '/' ? dir : "/tmp";
}

static int make_place(struct minc_ctx *c, struct owner_place *place, struct storage *st)
{
	char path[PATH_MAX];
	int r;

	if (snprintf(path, sizeof(path), "%s/minc%d-XXXXXX", runtime_dir(&c->host),
		     getpid()) >= (int)sizeof(path))
		return err_set(&c->err, -ENAMETOOLONG, "%s", c->spec.storage_origin);
	r = owner_resolve(&c->err, c->spec.storage_origin, path, place);
	if (r == 0)
		r = err_set(&c->err, -EEXIST, "%s: %s", c->spec.storage_origin, path);
	if (r != -ENOENT)
		return r;
	if (!mkdtemp(place->path))
		return err_set(&c->err, -errno, "%s: a directory in %s",
			       c->spec.storage_origin, runtime_dir(&c->host));
	st->made_dir = true;
	return 0;
}

/* Where it is, and that nobody but who named it can put another in its place. */
static int choose(struct minc_ctx *c, struct storage *st, bool *ret_closed)
{
	const char *given = c->storage ? c->storage : c->spec.storage;
	struct owner_place place;
	int r;

	r = given ? owner_resolve_given(&c->err, c->spec.storage_origin, given, &place)
		  : make_place(c, &place, st);
	if (r == -ENOENT)
		return err_set(&c->err, r, "%s", c->spec.storage_origin);
	if (r < 0)
		return r;
	*ret_closed = place.closed;
	free(c->storage);
	c->storage = strdup(place.path);
	if (c->storage)
		return 0;
	if (st->made_dir)
		(void)rmdir(place.path); /* just made, empty */
	st->made_dir = false;
	return err_set(&c->err, -ENOMEM, "%s", c->spec.storage_origin);
}

/* The host name is the container's: kept beside what it wrote. */
static int keep_hostname(struct minc_ctx *c, int dir)
{
	cleanup_close int fd = -EBADF;
	char *text;
	int r;

	if (c->spec.hostname) {
		fd = openat(dir, "utsname",
			    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
		return fd < 0 ? -errno
			      : io_write_all(fd, c->spec.hostname,
					     strlen(c->spec.hostname));
	}
	r = io_read_own_file(dir, "utsname", 256, &text, NULL);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	text[strcspn(text, "\n")] = '\0';
	r = *text ? spec_set_hostname(&c->spec, text) : 0;
	free(text);
	return r;
}

/* What lies in a storage directory besides what note_strangers() knows. */
static bool is_ours(const char *name)
{
	static const char *const ours[] = { ".",           "..",
					    "applied",     ".applied.new",
					    ".layers.new", "lost+found" };

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (str_equal(name, ours[i]))
			return true;
	return false;
}

/* What says whether this start made what has that name; NULL: no start makes it. */
static bool *made(struct storage *st, const char *name)
{
	return str_equal(name, "storage")          ? &st->made_upper
	       : str_equal(name, "work")           ? &st->made_work
	       : str_equal(name, "utsname")        ? &st->made_utsname
	       : str_equal(name, "layers")         ? &st->made_record
	       : str_equal(name, UNPACKED)         ? &st->made_unpacked
	       : str_starts_with(name, "submount") ? &st->made_submounts
						   : NULL;
}

/*
 * What is there already is the user's, whatever its name: an undo must spare it.
 * @ret_foreign: a name that no container leaves there, or "".
 */
static int note_strangers(int dir, struct storage *st, char ret_foreign[NAME_MAX + 1])
{
	DIR *list = io_open_list(dir, ".");
	struct dirent *d;

	if (!list)
		return -errno;
	st->made_work = st->made_submounts = st->made_utsname = st->made_record = true;
	st->made_unpacked = st->made_upper = true;
	while ((d = readdir(list))) {
		bool *flag = made(st, d->d_name);

		if (flag)
			*flag = false;
		else if (!is_ours(d->d_name))
			snprintf(ret_foreign, NAME_MAX + 1, "%s", d->d_name);
	}
	closedir(list);
	return 0;
}

/*
 * What the container writes has the modes that it gives: a set-user-ID file would be
 * there for every user of the host. So the directory is closed to them, unless one above
 * it is, or it also serves for something else: then it is the user's to decide.
 */
static int close_place(struct minc_ctx *c, struct storage *s, const struct stat *st,
		       bool closed, const char *foreign)
{
	if (closed || !owner_lets_others(c->storage, st, 7))
		return 0;
	if (*foreign) {
		err_say(&c->err, -EPERM,
			"%s: other users can look into it (mode %04o), and what containers write must "
			"be out of their reach; it holds %s, too",
			c->spec.storage_origin, (unsigned)(st->st_mode & 07777), foreign);
		err_hint(&c->err, "chmod go-rwx %s, or an empty directory", c->storage);
		return -EPERM;
	}
	if (fchmod(s->lock, 0700) < 0)
		return err_set(&c->err, -errno, "%s: chmod go-rwx",
			       c->spec.storage_origin);
	s->closed_mode = st->st_mode & 07777;
	return 0;
}

/* Open and lock it: the caller's, or nothing is done in it. */
static int open_place(struct minc_ctx *c, struct stat *st, int *ret)
{
	cleanup_close int dir =
		open(c->storage, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (dir < 0 || fstat(dir, st) < 0)
		return err_set(&c->err, -errno, "%s", c->spec.storage_origin);
	if (st->st_uid != c->host.uid) {
		err_say(&c->err, -EPERM,
			"%s: belongs to user %u, who could change what is in it",
			c->spec.storage_origin, (unsigned)st->st_uid);
		if (c->host.uid == 0)
			err_hint(&c->err, "chown root %s, or a directory of root's",
				 c->storage);
		else
			err_hint(&c->err, "a directory of the caller's own keeps it");
		return -EPERM;
	}
	r = lease_try(dir, 0);
	if (r < 0 && r != -EBUSY)
		return err_set(&c->err, r, "%s: lock", c->spec.storage_origin);
	if (r < 0) {
		err_say(&c->err, -EBUSY, "%s: in use by another container",
			c->spec.storage_origin);
		if (st->st_mode & 055) /* others could open it */
			err_hint(&c->err,
				 "or by any process that has it open: fuser -v %s",
				 c->storage);
		return -EBUSY;
	}
	*ret = take_fd(&dir);
	return 0;
}

int storage_prepare(struct minc_ctx *c, struct storage *ret)
{
	char foreign[NAME_MAX + 1] = "";
	bool closed = false;
	struct stat st;
	int r;

	*ret = (struct storage){ .lock = -EBADF };
	if (!c->spec.keep)
		return 0;
	r = choose(c, ret, &closed);
	if (r == 0)
		/* from here on storage_abandon() can undo */
		r = open_place(c, &st, &ret->lock);
	if (r < 0)
		return r;
	r = note_strangers(ret->lock, ret, foreign);
	if (r < 0)
		return err_set(&c->err, r, "%s", c->spec.storage_origin);
	r = close_place(c, ret, &st, closed, foreign);
	if (r < 0)
		return r;
	r = keep_hostname(c, ret->lock);
	return r < 0 ? err_set(&c->err, r, "%s: utsname", c->spec.storage_origin) : 0;
}

int storage_record(struct minc_ctx *c, struct storage *st, const struct plan *p)
{
	int r = st->lock >= 0 && p->record ? record_write(st->lock, p->record) : 0;

	if (r == -EBADMSG)
		return err_say(
			&c->err, r,
			"%s: the file layers in it is not a record of this version",
			c->spec.storage_origin);
	return r < 0 ? err_set(&c->err, r, "%s: layers", c->spec.storage_origin) : 0;
}

void storage_abandon(struct minc_ctx *c, struct storage *st)
{
	struct dirent *d;
	DIR *list;

	if (st->lock >= 0 && st->made_upper) {
		list = io_open_list(st->lock, "."); /* not by name */
		while (list && (d = readdir(list))) {
			const bool *flag = made(st, d->d_name);

			if (flag && *flag)
				storage_remove(dirfd(list), d->d_name);
		}
		if (list)
			closedir(list);
		if (st->closed_mode)
			(void)fchmod(st->lock, st->closed_mode); /* empty, as it was */
	}
	if (st->made_dir && c->storage) {
		/* empty by now; else it holds something not ours */
		(void)rmdir(c->storage);
		free(c->storage);
		c->storage = NULL;
	}
	fd_closep(&st->lock);
}
