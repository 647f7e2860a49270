/* SPDX-License-Identifier: MIT */
/*
 * owner - who else could search, change or replace what is kept in a place.
 *
 * A path is walked name by name, links too. Nobody but the caller and root may be able to
 * put another thing where the next name is: a directory on the way belongs to one of
 * them, and others do not write to it unless it is sticky, as /tmp is. What is seen in
 * that order stays as it was, so the path that comes out can be used by name.
 *
 * A group counts as nobody else if it is root's, or an ordinary user's own first one
 * (where umask is 002 each user has a group), and nobody else is in it (account.h),
 * unless an access control list names more. Root is who owns "/": in a user namespace the
 * machine's root has another number.
 *
 * Owners that FUSE shows are its server's word: what another user serves is refused, and
 * what nobody says who serves.
 *
 * Who has root do something by sudo(8) may name a place of his own: he could have named
 * any other, too.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"

struct owner_place {
	char path[PATH_MAX]; /* absolute, without links */
	bool closed;         /* a directory above it lets nobody else in */
	/* where it is, or else the last directory that is there, others may make files */
	bool shared;
};

/*
 * Walk @path. -ENOENT, without a message: it is not there; @ret then has where it will
 * be, and all that is there above it has been looked at. Other failures are said in @e,
 * about @what: -EPERM, somebody else could replace it.
 */
int owner_resolve(struct err *e, const char *what, const char *path,
		  struct owner_place *ret);
/*
 * The same for a path that the caller has been given by hand: as root also directories of
 * the user who runs this by sudo(8), and of that user's group, may be on the way. They
 * close nothing.
 */
int owner_resolve_given(struct err *e, const char *what, const char *path,
			struct owner_place *ret);

/* Whether @uid is root, by either number, or the caller. */
bool owner_is_ours(uid_t uid);

/*
 * The user who serves mount @id, a FUSE one, by @mounts, the text of proc(5) mountinfo,
 * which is cut up. -ENOENT: it is not there, or does not say; -EINVAL: what it says is no
 * user.
 */
int owner_find_server(char *mounts, uint64_t id, uid_t *ret);

/*
 * Whether others than the owner, root and the caller have any of @bits (4, 2, 1) on
 * @path.
 */
bool owner_lets_others(const char *path, const struct stat *st, unsigned bits);

/*
 * The directory that environment variable @name has, or NULL: unset, of another user,
 * open for others to write to, or somewhere where another user can exchange it. One left
 * by another user must not guide what the caller does.
 */
const char *owner_env_dir(const char *name);
