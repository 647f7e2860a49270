/* SPDX-License-Identifier: MIT */
/*
 * owner - whether another user could search, change or replace the files in a place.
 *
 * A path is walked name by name, links too. Only the caller and root may be able to
 * exchange the next name: each directory on the way belongs to one of
 * them, and others do not write to it unless it is sticky, as /tmp is. A name that was
 * checked in this order cannot change later, so the resulting path can be used by name.
 *
 * A group counts as no other user if it is root's, or an ordinary user's first group
 * (with umask 002 each user has a group), and nobody else is in it (account.h),
 * unless an access control list names more. Root is the owner of "/": in a user namespace
 * the machine's root has another number.
 *
 * The owners on a FUSE file system are the word of its server. It is refused if another
 * user serves it, or if the server's user is not known.
 *
 * A user who calls sudo(8) may name a place of his own: he could name any other as well.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"

struct owner_place {
	char path[PATH_MAX]; /* absolute, without links */
	bool closed;         /* a directory above it is closed to others */
	/* others may make files where it is, or else in the last existing directory */
	bool shared;
};

/*
 * Walk @path: 0. -ENOENT, without a message: it does not exist; @ret then has the path
 * where it will be, and all existing directories above are checked. Other failures have a
 * message in @e, about @what: -EPERM, another user could replace it.
 */
int owner_resolve(struct err *e, const char *what, const char *path,
		  struct owner_place *ret);
/*
 * The same for a path that a user named: for root, directories of the user who calls
 * sudo(8), and of that user's group, may be on the way. They do not set @closed.
 */
int owner_resolve_given(struct err *e, const char *what, const char *path,
			struct owner_place *ret);

/* Whether @uid is root, by either number, or the caller. */
bool owner_is_ours(uid_t uid);

/*
 * The user who serves mount @id, a FUSE one, by @mounts, the text of proc(5) mountinfo,
 * which is cut up. -ENOENT: the mount is not there, or names no user; -EINVAL: the
 * text is not a user.
 */
int owner_find_server(char *mounts, uint64_t id, uid_t *ret);

/*
 * Whether others than the owner, root and the caller have any of @bits (4, 2, 1) on
 * @path.
 */
bool owner_lets_others(const char *path, const struct stat *st, unsigned bits);

/*
 * The directory in environment variable @name, or NULL: unset, of another user, writable
 * for others, or where another user can exchange it. A variable left by another user, as
 * by su(1), must not guide the caller.
 */
const char *owner_env_dir(const char *name);
