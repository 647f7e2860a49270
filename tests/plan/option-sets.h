/* SPDX-License-Identifier: MIT */
/*
 * option-sets - containers that the suites "plan" and "fail" share: one is planned for a
 * machine that does not exist and compared with a golden file, the other makes each step
 * of each of them fail on the machine there is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "plan/spec.h"

/* Where a set finds its files; all below one temporary directory. */
struct places {
	char base[64];    /* absolute, without links */
	char root[80];    /* an almost empty root directory */
	char tree[80];    /* another, for which the planner is told of mounts below */
	char data[80];    /* a directory to bind */
	char file[96];    /* a file in it */
	char storage[80]; /* where a container keeps what it writes */
	int fd;           /* number 50: an open file to pass */
};

enum option_set_flags {
	SET_USER = 1 << 0,       /* for a caller without privilege; else for root */
	SET_OLD_KERNEL = 1 << 1, /* overlay takes its layers by path: before 6.13 */
	SET_TEMPLATE = 1 << 2,   /* root's nearly empty mount namespace is there */
	SET_API_PATHS = 1 << 3,  /* the kernel has all of host_api_paths */
	SET_RESOLV = 1 << 4,     /* the host has /etc/resolv.conf and /etc/hosts */
	SET_STORAGE = 1 << 5,    /* writes are kept in places.storage */
	SET_SUBMOUNTS = 1 << 6,  /* reads the table of mounts */
	SET_LINK = 1 << 7,       /* needs the interface minctest0 */
	SET_MAY_LACK = 1 << 8,   /* needs what not every kernel has */
	SET_RUN_ONLY = 1 << 9,   /* its plan depends on the machine's files */
	SET_PLAN_ONLY = 1 << 10, /* for a machine that this one is not */
	SET_V1 = 1 << 11,        /* control groups of version 1; with SET_V2: hybrid */
	SET_V2 = 1 << 12,
	SET_SYSTEMD = 1 << 13 /* and no group of one's own */
};

struct option_set {
	const char *name; /* of its golden file */
	unsigned flags;
	void (*apply)(struct spec *s, const struct places *at);
	const char *const *argv;
};
extern const struct option_set option_sets[];
extern const size_t option_sets_len;

/* Make and remove the directories; 0 or -errno. Owned by the caller's effective user. */
int places_make(struct places *at);
void places_remove(const struct places *at);
/* Remove everything in directory @path, but not itself; following no link. */
void places_empty(const char *path);
/* Whether nothing is in directory @path. */
bool places_is_empty(const char *path);
