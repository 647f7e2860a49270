/* SPDX-License-Identifier: MIT */
/*
 * account - who else is in a group, by /etc/passwd and /etc/group. They are read as they
 * are: NSS would load code for it. Users that only a directory service knows are not
 * seen.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/*
 * Whether nobody but @uid and root is in group @gid. A group that is in no file is @uid's
 * if it has the same number, as where each user has a group. Root's group has only the
 * members that are listed: accounts of services in it count as root.
 */
bool account_is_alone(uid_t uid, gid_t gid);

/* The same for the texts of the two files; NULL: there is none. */
bool account_is_alone_in(const char *passwd, const char *group, uid_t uid, gid_t gid);
