/* SPDX-License-Identifier: MIT */
/*
 * change - what a container wrote: compared with the base (compare.c), reported (diff.c),
 * written to the base (apply.c, with install.c for one path), and removed from the layers
 * once the base equals it.
 *
 * "Changed underneath" is decided by ctime, which no unprivileged call can set back: an
 * object of the base whose ctime is not before the first start of the container may be
 * newer than what the container worked from. Objects that an apply made itself are known
 * from its journal (journal.c).
 */
#pragma once

#include <minc/change.h>
#include <stdbool.h>

#include "base/err.h"
#include "change/dir-names.h"
#include "change/inodes.h"
#include "change/object.h"
#include "change/walk.h"
#include "change/xattr.h"
#include "run/record.h"
#include "run/run.h"

/* One change; the public minc_change. */
struct minc_change {
	enum minc_change_kind kind;
	const char *path;
	unsigned what;
	struct stat side[2]; /* by enum minc_change_side */
	char *target[2];     /* of a symbolic link, or NULL */
	struct name_list xattrs;
	int error;
	const char *reason;
};

/* What an apply writes down so that the next one can go on. */
struct journal {
	int fd;            /* opened for appending, or -EBADF */
	char token[33];    /* part of every temporary name */
	bool cut_short;    /* an earlier apply did not end: temporaries may be left */
	struct inodes own; /* objects of the base that we made or wrote */
	/* directories: a is the mode that is due at their end if b is 1 */
	struct inodes modes;
};

struct lower; /* an image's layers, below (lower.c) */

/* The public minc_changes. */
struct minc_changes {
	struct minc_ctx *c;
	struct err *err; /* of c */
	char *name;      /* of the storage directory, in the user's words */
	int dir;         /* it, locked */
	int base;        /* O_PATH; of an image: -EBADF and */
	struct lower *lower;
	struct record rec;
	bool keep, force, elsewhere;
	struct names only, exclude;

	/* of the first choice that was refused: what all uses return */
	struct err failure;

	minc_change_fn fn;
	void *userdata;
	int count, refused;
	bool left_over;        /* after an apply: something stays in the layers */
	struct minc_change ch; /* the one being looked at */
	struct inodes
		links; /* upper inodes with several names: a, b: dev, ino in the base */
	struct journal journal;
	unsigned temporaries; /* names used so far */
};

int changes_open(struct minc_ctx *c, const char *storage, const char *base,
		 struct minc_changes **ret);
/*
 * -EPERM if another user owns the storage, and its record says what it lies over: whoever
 * owns it can write anything into that.
 */
int changes_check_owner(const struct minc_changes *chs);
/* Forget the last failure, unless one of the context's configuration stands for good. */
void changes_begin(struct minc_changes *chs);
/* Keep @r as a failure of a choice, and return it; whether there was one. */
int changes_stick(struct minc_changes *chs, int r);
int changes_failed(struct minc_changes *chs);
struct minc_changes *changes_free(struct minc_changes *chs);
/* Walk its layers and base; @ops get it as userdata. */
int changes_walk(struct minc_changes *chs, const struct walk_ops *ops);
int changes_choose(struct minc_changes *chs, bool exclude, const char *path);
int changes_set_flag(struct minc_changes *chs, enum minc_changes_flag flag, int on);
int changes_diff(struct minc_changes *chs, minc_change_fn fn, void *userdata);
/* What changes_apply() would refuse as a whole, with a message. */
int changes_can_apply(struct minc_changes *chs);
int changes_apply(struct minc_changes *chs, minc_change_fn fn, void *userdata);

/* Whether @path is to be handled; whether anything below it may be (path-filter.c). */
bool filter_chosen(const struct minc_changes *chs, const char *path, bool is_new_dir);
bool filter_below(const struct minc_changes *chs, const char *path);
/* An excluded path is strictly below @path. */
bool filter_spares(const struct minc_changes *chs, const char *path);

/*
 * Look at @s and describe the change in chs->ch, which is cleared first: 1 if there is
 * one, 0 if not, -ENOMEM. A failure that concerns the path only is in ch.error
 * (compare.c).
 */
int compare(struct minc_changes *chs, const struct walk *w, const struct spot *s);
void compare_clear(struct minc_changes *chs);
/* Refuse the path with @err; @reason NULL: the text of the errno. Static text. */
void compare_refuse(struct minc_changes *chs, int err, const char *reason);
/*
 * Remember where the base has the file that is @s in the upper layer, for its other
 * names.
 */
int compare_note_link(struct minc_changes *chs, const struct walk *w,
		      const struct spot *s);
/* The base's @o may be newer than what the container saw. */
bool compare_is_newer(const struct minc_changes *chs, const struct stat *st);

/* Whether what is new at @s is only the setup's; -ENOMEM. */
int compare_is_setup(struct minc_changes *chs, const struct walk *w,
		     const struct spot *s);

/* The layers that chs->rec names, through module import. */
int lower_open(struct minc_changes *chs);
struct lower *lower_close(struct lower *l);
/*
 * A visit: compare @s with them and report, as compare() and diff.c do with a directory.
 */
int lower_visit(struct minc_changes *chs, struct walk *w, const struct spot *s);

/* Hand chs->ch to the caller; 0 or -ECANCELED (diff.c). */
int diff_report(struct minc_changes *chs);
/* Report a directory that cannot be read. */
int diff_unreadable(struct minc_changes *chs, const struct walk *w, const struct spot *s,
		    int err);
/* Start over: nothing counted yet, @fn gets the reports. */
void diff_begin(struct minc_changes *chs, minc_change_fn fn, void *userdata);
/* Parts of a visit: the base has no directory to go into; the path is chosen; a deletion
 * that an excluded path forbids is refused; the way down is open. */
bool diff_needs_dir(const struct spot *s);
bool diff_chosen(const struct minc_changes *chs, const struct walk *w,
		 const struct spot *s);
void diff_spare(struct minc_changes *chs, const struct walk *w);
bool diff_enters(const struct minc_changes *chs, const struct walk *w,
		 const struct spot *s);

/*
 * Make the base at @s what the upper layer has, at once; @s->base becomes the new object.
 * -errno: nothing changed, and @ret_reason may say more (install.c).
 */
int install(struct minc_changes *chs, const struct walk *w, struct spot *s,
	    const char **ret_reason);

/* Open or begin the journal of an apply; end it after the last change (journal.c). */
int journal_open(struct journal *j, int dir);
int journal_end(struct journal *j);
/* All was applied: nothing need be known any more. */
int journal_forget(struct journal *j, int dir);
void journal_done(struct journal *j);
/* We are about to write in a directory, or made an object. */
int journal_note(struct journal *j, const struct stat *st);
/*
 * Directory @st is about to be opened to its owner, or is made so; at its end it gets
 * @mode, by whoever comes there. One that is due already keeps what was said first,
 * unless it is @final, what the container has.
 */
int journal_open_dir(struct journal *j, const struct stat *st, unsigned mode, bool final);
/* The mode that is due, and that it was given. */
bool journal_due(const struct journal *j, const struct stat *st, unsigned *ret_mode);
int journal_shut_dir(struct journal *j, const struct stat *st);
/* Read an earlier journal, if there is one, without beginning one. */
int journal_read(struct journal *j, int dir);
bool journal_owns(const struct journal *j, const struct stat *st);
/* Remove what an apply that was cut short left in base directory @dir. */
int journal_sweep(const struct journal *j, int dir);
/* A name for a temporary in any directory of the base. */
void journal_name(const struct journal *j, unsigned n, char *buf, size_t size);
