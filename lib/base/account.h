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
 * Whether nobody but @uid and root is in group @gid. One that no file names is @uid's if
 * it has the same number, as where each user has a group; root's has no more members than
 * are listed: the accounts of services that have it are root's.
 */
bool account_is_alone(uid_t uid, gid_t gid);

/* The same for the texts of the two files; NULL: there is none. */
bool account_is_alone_in(const char *passwd, const char *group, uid_t uid, gid_t gid);
