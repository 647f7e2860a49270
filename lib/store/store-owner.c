/* SPDX-License-Identifier: MIT */
/*
 * store-owner - who may use a store, and who may look into it.
 *
 * It is its owner's alone. containers/ and volumes/ hold set-user-ID files of the
 * containers' users, which a user of the host must not reach; and a lock that a stranger
 * holds would stop everybody who waits for it. The directory is closed (0700) when it
 * becomes a store. Its owner may open it afterwards, so that others run what is in it:
 * then blobs and layers can be read, containers/, volumes/ and the locks never. Only
 * root's store can be used by others: another user could change layers while they are
 * mounted. Nobody but the owner writes to a store.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/owner.h"
#include "store/store-file.h"

enum { OTHERS_WRITE = 2, OTHERS_ANY = 7, CLOSED = 0700 };

static const struct {
	const char *name;
	bool closed;
} rooms[] = {
	{ "blobs", false },      { STORE_BLOBS, false }, { "layers", false },
	{ "signatures", false }, { "containers", true }, { "volumes", true },
};

const char *store_what(const struct store *s, char *buf)
{
	/* cut if it is too long */
	(void)snprintf(buf, STORE_WHAT_MAX, "store %s", s->path);
	return buf;
}

static int refuse_owner(struct store *s, const char *path, const struct stat *st)
{
	err_say(s->err, -EPERM, "store %s: %s%sbelongs to user %u", s->path, path,
		*path ? " " : "", (unsigned)st->st_uid);
	err_hint(
		s->err,
		geteuid() == 0
			? "root does not use what another user could change: marten save and "
			  "marten load take images over"
			: "a store is its owner's, and root's may be read: MINCS_DIR or --store "
			  "names another");
	return -EPERM;
}

/* A file or directory of the store, which is at @path for its owner. */
static int check(struct store *s, const char *path, const struct stat *st,
		 const char *shown)
{
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return refuse_owner(s, shown, st);
	if (!owner_lets_others(path, st, OTHERS_WRITE))
		return 0;
	err_say(s->err, -EPERM, "store %s: %s%sothers can write to it (mode %04o)",
		s->path, shown, *shown ? ": " : "", (unsigned)(st->st_mode & 07777));
	err_hint(s->err, "chmod go-w %s", path);
	return -EPERM;
}

int store_check_file(struct store *s, const char *name, const struct stat *st)
{
	char path[PATH_MAX];

	/* it exists: it is short enough */
	(void)snprintf(path, sizeof(path), "%s/%s", s->path, name);
	return check(s, path, st, name);
}

/* What holds what containers wrote. */
static int close_room(struct store *s, const char *name, const char *path)
{
	if (fchmodat(s->dir, name, CLOSED, 0) == 0)
		return 0;
	err_set(s->err, -errno,
		"store %s: %s: others can look into it, and this cannot be changed",
		s->path, name);
	err_hint(s->err, "chmod go-rwx %s", path);
	return s->err->code;
}

static int check_room(struct store *s, const char *name, bool closed)
{
	struct owner_place place;
	char path[PATH_MAX], what[STORE_WHAT_MAX];
	struct stat st;
	int r;

	if (fstatat(s->dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		/* not there, or not for us: that is said when it is needed */
		return 0;
	if (snprintf(path, sizeof(path), "%s/%s", s->path, name) >= (int)sizeof(path))
		return err_set(s->err, -ENAMETOOLONG, "store %s", s->path);
	if (S_ISLNK(st.st_mode)) { /* to a larger disk */
		r = owner_resolve(s->err, store_what(s, what), path, &place);
		if (r == -ENOENT)
			return 0;
		if (r == 0 && stat(place.path, &st) < 0)
			r = err_set(s->err, -errno, "store %s: %s", s->path, name);
		if (r < 0)
			return r;
	}
	r = check(s, path, &st, name);
	if (r == 0 && closed && !s->foreign &&
	    st.st_mode & (OTHERS_ANY | OTHERS_ANY << 3))
		r = close_room(s, name, path);
	return r;
}

static int close_dir(struct store *s)
{
	if (fchmod(s->dir, CLOSED) == 0 || errno == EROFS) /* there nothing is locked */
		return 0;
	return err_set(s->err, -errno, "store %s: chmod go-rwx", s->path);
}

int store_close_new(struct store *s)
{
	return faccessat(s->dir, STORE_LOCK, F_OK, AT_SYMLINK_NOFOLLOW) == 0
		       ? 0
		       : close_dir(s);
}

int store_check_owner(struct store *s)
{
	struct stat st;
	int r;

	if (fstat(s->dir, &st) < 0)
		return err_set(s->err, -errno, "store %s", s->path);
	s->foreign = st.st_uid != geteuid();
	r = check(s, s->path, &st, "");
	for (size_t i = 0; r == 0 && i < sizeof(rooms) / sizeof(rooms[0]); i++)
		r = check_room(s, rooms[i].name, rooms[i].closed);
	/* made by an earlier version: it is closed once, then the owner may open it */
	if (r == 0 && !s->foreign &&
	    faccessat(s->dir, STORE_OLD_LOCK, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		r = close_dir(s);
		if (r == 0)
			/* fails on a read-only disk */
			(void)unlinkat(s->dir, STORE_OLD_LOCK, 0);
	}
	return r;
}
