/* SPDX-License-Identifier: MIT */
/*
 * ends - where a copy begins and where it ends: a path of the host, or of a container.
 * That one is seen as from inside, also by links that change at the same time; nothing of
 * the host is reached by it. What DEST means follows cp(1) and docker(1): into a
 * directory that is there, else under that name.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "change/object.h"
#include "change/place.h"

/* The ids @inside, as a container counts, are those @outside, as we do. */
struct end_ids {
	uint32_t inside, outside, count;
};
enum { END_IDS_MAX = 340 }; /* all that the kernel takes: user_namespaces(7) */

struct copy_end {
	int root; /* the container's; or -EBADF: @path is the host's */
	const char *path;
	char label[80]; /* "box:", for messages; "" of the host */
	bool one_owner; /* there is only one */
	bool numbered;  /* owners have other numbers inside: these */
	struct end_ids uids[END_IDS_MAX], gids[END_IDS_MAX];
	size_t uids_len, gids_len;
	bool idle;    /* nothing runs in it: */
	dev_t memory; /* what is written there would be lost */
};

enum { COPY_SAID_BYTES = 2048, COPY_DEPTH_MAX = 200 };

/* What was left out, in memory that a child shares. */
struct copy_said {
	char text[COPY_SAID_BYTES]; /* lines, each ends with a NUL */
	size_t used;
	unsigned more; /* that did not fit */
};

struct copy_how {
	/* owners, set-ID bits, capabilities and access control lists, too */
	bool archive;
	bool follow; /* SRC, if it is a link */
};

/* What was found of SRC. */
struct end_source {
	struct object object;
	/* that it gets in a directory; ".": what is in it is meant */
	char name[NAME_MAX + 1];
};

/* Record "END: what", returns @r. @below: "" or "/name". */
int end_fail(const struct copy_end *end, struct err *e, int r, const char *below);
/*
 * Open @path as seen by @end, links followed; @flags of open(2). A descriptor or -errno.
 */
int end_open(const struct copy_end *end, const char *path, int flags);
/*
 * Find SRC; a link itself, unless @follow or a slash after it says otherwise. 0 or
 * -errno. To be closed with object_close().
 */
int end_find_source(const struct copy_end *end, bool follow, struct end_source *ret);
/* The place that DEST is for @source; 0, or -errno with a message. */
int end_find_target(const struct copy_end *end, const struct end_source *source,
		    struct err *e, struct place *ret);
/* DEST as the directory of an archive; a descriptor, or -errno with a message. */
int end_open_directory(const struct copy_end *end, struct err *e);
/*
 * Whether what is written to @name in directory @dir, or "" to that, stays: 0, or -EROFS
 * with a message. A name that is not there is its directory's.
 */
int end_check(const struct copy_end *end, int dir, const char *name, const char *below,
	      struct err *e);
/* An owner of a file as the container counts; -1: nobody there. */
int64_t end_id_inside(const struct end_ids *ids, size_t len, uint32_t outside);
/*
 * Give @d the owner @uid and @gid as the container counts or, not @keep, its root: 0, or
 * -EINVAL: it has no such. On the host only root gives files away.
 */
int end_own(const struct copy_end *end, bool keep, int64_t uid, int64_t gid,
	    struct dress *d);
/* Note "END:PATH: @why". */
void end_say(struct copy_said *said, const struct copy_end *end, const char *below,
	     const char *why);
/*
 * Whether what is written at @to with this dress may have set-ID bits and capabilities:
 * the owner that they speak of is the true one, and what is @source at @from had no fewer
 * rights. Takes the bits away if not. @from may be NULL: a tar.
 */
void end_limit_rights(const struct copy_end *from, const struct stat *source,
		      const struct copy_end *to, const struct copy_how *how,
		      struct dress *d);
/* "a/b/" is b in a; "b" is b in "."; "/", "." and "a/." are "." in themselves; -errno. */
int end_split(const char *path, char parent[PATH_MAX], char name[NAME_MAX + 1]);
