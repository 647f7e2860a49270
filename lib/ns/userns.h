/* SPDX-License-Identifier: MIT */
/*
 * userns - a caller's subordinate ids, and work that needs them: files that a container
 * wrote belong to ids that only a user namespace with these ranges has a right to. Used
 * by the modules, too, so it knows neither spec nor plan. See subuid(5),
 * user_namespaces(7).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"

/* The kernel takes 340 lines, user_namespaces(7), of which one is the caller's own. */
enum { IDMAP_LINES_MAX = 340, IDMAP_RANGES_MAX = IDMAP_LINES_MAX - 1 };

struct id_range {
	uint32_t start, count;
};

struct id_ranges {
	struct id_range uids[IDMAP_RANGES_MAX], gids[IDMAP_RANGES_MAX];
	size_t uids_len, gids_len;
};

/*
 * Copy the next line of *text, as of passwd(5) or subuid(5), into @buf and cut it at ':':
 * how many fields, at most @max; 0 at the end. *text may be NULL. Comments, empty lines
 * and those that @buf does not hold are passed over.
 */
size_t passwd_next(const char **text, char *buf, size_t len, char **fields, size_t max);

/* Name of user @uid in the passwd(5) text @passwd; false if it has none. */
bool passwd_name(const char *passwd, uint32_t uid, char *ret, size_t len);

/*
 * The ranges of user @uid: 1; 0 if it has none, or newuidmap(1) is missing; with a
 * message -E2BIG, more than the kernel takes in a map, and -EINVAL, an id twice in them.
 */
int userns_ranges(struct err *e, uint32_t uid, struct id_ranges *ret);

/*
 * newuidmap(1)'s arguments, "inside outside count" of each: 0 is @self, from 1 on follow
 * the ranges. In @a, ends with NULL; NULL without memory.
 */
const char *const *userns_map_args(struct arena *a, uint32_t self,
				   const struct id_range *v, size_t len);

/*
 * Advice for a namespace that cannot be made, by clone(2) or unshare(2): names the knob
 * that forbids it.
 */
void userns_hint(struct err *e);

/*
 * Run newuidmap(1) and newgidmap(1), both at the same time, on @pid to write its maps;
 * the lists end with NULL. A complaint becomes the message.
 */
int userns_write_maps(struct err *e, pid_t pid, const char *const *uid_args,
		      const char *const *gid_args);

/*
 * Run @fn in a child that is root of a user namespace with the caller's ranges, mapped as
 * in its containers. What it writes to memory is lost, but not *@data (@size bytes), nor
 * the message. Returns what it does; -ENOTSUP, without a message, if there is no such
 * namespace for the caller.
 */
typedef int userns_fn(struct err *e, void *data);
int userns_run(struct err *e, userns_fn *fn, void *data, size_t size);
/*
 * The same in the user namespace @userns, if the caller has one above it: the child has
 * all its capabilities there, the caller's ids, and nothing in there can look into it.
 */
int userns_run_in(struct err *e, int userns, userns_fn *fn, void *data, size_t size);
