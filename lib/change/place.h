/* SPDX-License-Identifier: MIT */
/*
 * place - a name in a directory, and making something there. It appears dressed and
 * whole: what is cut short leaves what was there. The directory may be another's, who
 * swaps names meanwhile: all is done by descriptors, no link is followed, and what was
 * made is known again before it is changed.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "change/xattr.h"

struct place {
	int dir;
	char name[NAME_MAX + 1];
};

struct place_xattr {
	const char *name;
	const void *value;
	size_t len;
};

/* What it is to look like. */
struct dress {
	mode_t mode; /* with its type */
	bool owned;  /* it is given to @uid and @gid; else it is of who makes it */
	uid_t uid;
	gid_t gid;
	dev_t rdev;
	struct timespec times[2];
	unsigned kinds; /* of attributes: XATTR_* */
	int from;       /* whose, a descriptor; or -EBADF: these */
	const struct place_xattr *xattrs;
	size_t xattrs_len;
};

/* A file in the making. */
struct fresh {
	int fd;        /* to read and write */
	char name[40]; /* "": it has none yet */
};

/* 0 or -errno. */
int place_begin(const struct place *p, struct fresh *ret);
/*
 * After @r, 0: dress it, and put it in the place of anything but a directory; a file that
 * is a mount point gets its contents instead. Else it goes. *ret_poor is set if an
 * attribute could not be given.
 */
int place_end(const struct place *p, struct fresh *f, const struct dress *d, int r,
	      bool *ret_poor);
/* A symbolic link to @target, a FIFO or a device, likewise. */
int place_node(const struct place *p, const struct dress *d, const char *target);
/*
 * Enter a directory, made with mode 0700 if there is none: *ret_made. -ENOTDIR: something
 * else is there. A descriptor, or -errno.
 */
int place_dir(const struct place *p, bool *ret_made);
/* Owner, attributes, mode and times of what was made. */
int place_dress(int fd, const struct dress *d, bool *ret_poor);
/* Another name for the file @fd. */
int place_link(const struct place *p, int fd);
