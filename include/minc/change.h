/* SPDX-License-Identifier: MIT */
/**
 * change.h - let a container write, then review its changes and apply them
 *
 *	#include <minc/minc.h>
 *	#include <stdio.h>
 *
 *	static int show(const minc_change *ch, void *userdata)
 *	{
 *		return printf("%c %s\n", minc_change_kind(ch), minc_change_path(ch)) < 0;
 *	}
 *
 *	int main(void)
 *	{
 *		minc_ctx *c = minc_ctx_new();
 *		minc_changes *chs = NULL;
 *
 *		if (minc_changes_open(c, "/srv/kept", NULL, &chs) < 0 ||
 *		    minc_diff(chs, show, NULL) < 0)
 *			fprintf(stderr, "%s\n", minc_error_message(c));
 *		minc_changes_free(chs);
 *		minc_ctx_free(c);
 *	}
 *
 * A container with minc_set_storage() keeps what it writes in a directory. These
 * functions compare that with the base, the tree below its overlay, and write it to
 * the base. While a minc_changes is open no container can use the directory: what
 * minc_diff() showed is what minc_apply() applies.
 *
 * A path of the base is not touched if its ctime is later than the first start of the
 * container: the container may have worked from the older state. See minc_diff(3) for
 * the rule and its limits.
 */
#ifndef MINC_CHANGE_H
#define MINC_CHANGE_H

#include <minc/error.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct minc_changes minc_changes;
typedef struct minc_change minc_change;

/**
 * minc_changes_open() - open the changes in a storage directory
 * @c: context that receives messages; must outlive the result
 * @storage: directory of minc_set_storage() or minc_storage()
 * @base: the tree to compare with, such as a copy; NULL: the root the container had
 * @ret: on success a handle for minc_changes_free()
 *
 * The directory is locked until minc_changes_free().
 *
 * Returns 0, or -EINVAL: NULL argument; -EBUSY: a container uses @storage; -ENODATA: no
 * container of libminc wrote there; -EBADMSG: the record of the layers is damaged;
 * -EPERM: a privileged container wrote it, and the caller has no privilege; -ENOSYS: the
 * root is an image, and the module for images is missing; -ENOMEM; -errno as open(2).
 */
int minc_changes_open(minc_ctx *c, const char *storage, const char *base,
		      minc_changes **ret);

/**
 * minc_changes_free() - unlock the directory and free the handle
 * @chs: handle or NULL
 *
 * Returns NULL.
 */
minc_changes *minc_changes_free(minc_changes *chs);

/**
 * minc_changes_only() / minc_changes_exclude() - choose paths
 * @chs: handle
 * @path: absolute, as seen inside; stands for itself and everything below
 *
 * Without minc_changes_only() every path is chosen. With it, new directories on the
 * way to a chosen path are chosen too. An excluded path is never chosen. A deletion is
 * one change, of the topmost path.
 *
 * Returns 0, or -EINVAL: @path is relative, or has "." or ".." in it; -ENOMEM.
 */
int minc_changes_only(minc_changes *chs, const char *path);
int minc_changes_exclude(minc_changes *chs, const char *path);

/** enum minc_changes_flag - switches of minc_changes_set_flag() */
enum minc_changes_flag {
	MINC_CHANGES_KEEP = 1, /* minc_apply() leaves the storage as it is */
	MINC_CHANGES_FORCE = 2 /* apply even where the base changed underneath */
};

/**
 * minc_changes_set_flag() - turn a switch on or off
 * @chs: handle
 * @flag: one of enum minc_changes_flag
 * @on: 0 or 1
 *
 * Returns 0, or -EINVAL: unknown flag or value.
 */
int minc_changes_set_flag(minc_changes *chs, enum minc_changes_flag flag, int on);

/** enum minc_change_kind - what happened to a path */
enum minc_change_kind {
	MINC_ADDED = 'A',
	MINC_CHANGED = 'C',
	MINC_DELETED = 'D' /* with everything below it */
};

/** enum minc_change_what - differences of a MINC_CHANGED path; a mask */
enum minc_change_what {
	MINC_CHANGED_TYPE = 1 << 0, /* another kind of object; nothing else is compared */
	MINC_CHANGED_CONTENT = 1 << 1,
	MINC_CHANGED_MODE = 1 << 2,
	MINC_CHANGED_OWNER = 1 << 3,
	MINC_CHANGED_TIMES = 1 << 4, /* mtime; never of a directory */
	MINC_CHANGED_XATTRS = 1 << 5,
	MINC_CHANGED_TARGET = 1 << 6, /* of a symbolic link */
	MINC_CHANGED_DEVICE = 1 << 7, /* number of a device file */
	MINC_CHANGED_LINKS = 1 << 8   /* a hard link to another changed path */
};

/** enum minc_change_side - which of two states */
enum minc_change_side {
	MINC_BEFORE = 0, /* in the base */
	MINC_AFTER = 1   /* in the container */
};

/**
 * minc_change_kind() - added, changed or deleted
 * @ch: change handed to a minc_change_fn
 *
 * Returns an enum minc_change_kind, which is its letter.
 */
int minc_change_kind(const minc_change *ch);

/**
 * minc_change_path() - the path, absolute, as seen inside; may have any byte but NUL
 * @ch: change
 *
 * Returns a string that is valid until the callback returns. Escape it before printing.
 */
const char *minc_change_path(const minc_change *ch);

/**
 * minc_change_what() - what is different
 * @ch: change
 *
 * Returns a mask of enum minc_change_what; 0 if not MINC_CHANGED.
 */
unsigned minc_change_what(const minc_change *ch);

/**
 * minc_change_mode() / minc_change_uid() / minc_change_gid() / minc_change_size() -
 * status
 * @ch: change
 * @side: before or after
 *
 * The mode has the type bits of stat(2). Owners are as stored on disk. Size in bytes.
 *
 * Returns 0 for a side that does not exist.
 */
uint32_t minc_change_mode(const minc_change *ch, enum minc_change_side side);
uint32_t minc_change_uid(const minc_change *ch, enum minc_change_side side);
uint32_t minc_change_gid(const minc_change *ch, enum minc_change_side side);
uint64_t minc_change_size(const minc_change *ch, enum minc_change_side side);

/**
 * minc_change_target() - where a symbolic link points
 * @ch: change
 * @side: before or after
 *
 * Returns a string that is valid until the callback returns; NULL if @side is no link.
 */
const char *minc_change_target(const minc_change *ch, enum minc_change_side side);

/**
 * minc_change_xattr() - name of an extended attribute that differs
 * @ch: change
 * @n: counted from 0
 *
 * Attributes of overlayfs and labels of security modules and IMA are not compared.
 *
 * Returns a string that is valid until the callback returns, or NULL after the last.
 */
const char *minc_change_xattr(const minc_change *ch, unsigned n);

/**
 * minc_change_error() / minc_change_reason() - why a path is refused
 * @ch: change
 *
 * In minc_diff(): what is known before an apply. In minc_apply(): why the path was not
 * applied.
 *
 * Returns 0 and "", or a negative errno(3) value and a text that is valid until the
 * callback returns. -ESTALE: the base changed underneath; -EXDEV: something is mounted
 * there; -EOPNOTSUPP: an unknown form of layer; else the error of a system call.
 */
int minc_change_error(const minc_change *ch);
const char *minc_change_reason(const minc_change *ch);

/**
 * typedef minc_change_fn - receives each change, in the caller's thread
 *
 * A directory comes before its contents, names in byte order. Returns 0 to go on; any
 * other value stops the walk, and the call returns -ECANCELED. The function must not use
 * the handle.
 */
typedef int (*minc_change_fn)(const minc_change *ch, void *userdata);

/**
 * minc_diff() - report what the container changed; nothing is written
 * @chs: handle
 * @fn: called for each change; may be NULL
 * @userdata: handed to @fn
 *
 * Copies that are equal to the base, directories that only hold changes, and mount points
 * that the library made are not reported.
 *
 * Returns the number of changes, or -ECANCELED: @fn stopped it; -ESTALE: a directory
 * moved while it was read; -ENOMEM, or errors of reading the storage.
 */
int minc_diff(minc_changes *chs, minc_change_fn fn, void *userdata);

/**
 * minc_changes_can_apply() - whether minc_apply() would refuse to begin
 * @chs: handle
 *
 * Call it before you show changes and ask for consent.
 *
 * Returns 0, or, with a message, the error that minc_apply() would return at once:
 * -EPERM, -EOPNOTSUPP, or the failure of a call that chose paths.
 */
int minc_changes_can_apply(minc_changes *chs);

/**
 * minc_apply() - write the chosen changes to the base
 * @chs: handle
 * @fn: called after each change, applied or refused; may be NULL
 * @userdata: handed to @fn
 *
 * Each path changes at once or not at all: a copy under a temporary name, with all its
 * attributes, is synced and renamed. After an interrupted call, also by SIGKILL, the
 * next call removes the temporary names and goes on. Then the changes that the base
 * now has are removed from the storage, unless MINC_CHANGES_KEEP is set or
 * minc_changes_open() named another base.
 *
 * Returns the number of paths refused, or -EPERM: the storage belongs to another user,
 * who could name any base in its record, and the caller named none; -EOPNOTSUPP: the
 * base is an image; -ECANCELED: @fn stopped it; -ENOSPC, -EDQUOT, -EIO, -EROFS: the
 * base cannot be written; or as minc_diff(). Applied changes stay.
 */
int minc_apply(minc_changes *chs, minc_change_fn fn, void *userdata);

#ifdef __cplusplus
}
#endif

#endif
