/* SPDX-License-Identifier: MIT */
/*
 * tree - the files of a layer in memory, while it is read: names and what they are names
 * of. A path is a list of names here, never one on the host, and no link in it is
 * followed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"

struct tree_xattr {
	const char *name;
	const void *value;
	size_t len;
	struct tree_xattr *next;
};

/* What a name stands for; hard links share one. */
struct tree_inode {
	mode_t mode; /* with type */
	uint32_t uid, gid, mtime;
	uint32_t major, minor;
	const char *target; /* of a symbolic link */
	struct tree_xattr *xattrs;
	bool opaque; /* a directory that hides what is below */
	/* a directory in which there is nothing below: it or one above it is opaque */
	bool covered;
	bool hides;    /* a directory with whiteouts */
	bool whiteout; /* a name that hides what is below */
	unsigned nlink;
	const char *first; /* a writer of tar: the name it had first */
	void *written;     /* the writer's: where the content is */
	void *holes;       /* and which blocks of it are not there */
	uint32_t number, xattr_index;
	uint32_t layer; /* the reader's: which has the content */
	uint64_t ref;
	bool placed;            /* ref is valid */
	struct tree_inode *all; /* every inode, for the end */
};

struct tree_name {
	const char *name;
	struct tree_inode *inode;
	struct tree_name *parent;
	struct tree_name *children, *next; /* in no order before tree_sort() */
	struct tree_name *hash;
	size_t children_len;
};

struct tree {
	struct arena arena;
	struct tree_name root;
	struct tree_inode *inodes;
	struct tree_name **table;
	size_t table_size, names;
	size_t bytes;      /* of names, targets and attributes, see TREE_BYTES_MAX */
	size_t attributes; /* of targets and attributes alone, see TREE_ATTRIBUTES_MAX */
	size_t walks, detours; /* paths so far; names on the way of them after a link */
};

/*
 * What hostile input may make us remember. A file with a name of 60 bytes takes 350, so
 * that one and a half million fit; with what the writer needs beside it, that is less
 * than 1 GiB. The writer keeps attributes a second time, and ordinary layers have few and
 * short targets. Of layers that are read at the same time one may have more than
 * TREE_BYTES_EACH, see budget_alone().
 */
#define TREE_BYTES_MAX      ((size_t)512 << 20)
#define TREE_BYTES_EACH     ((size_t)192 << 20)
#define TREE_ATTRIBUTES_MAX ((size_t)192 << 20)

int tree_init(struct tree *t);
/* Beyond TREE_BYTES_MAX or TREE_ATTRIBUTES_MAX. */
bool tree_is_full(const struct tree *t);
/* The target of a symbolic link has @len bytes. */
void tree_count_target(struct tree *t, size_t len);
void tree_done(struct tree *t);
struct tree_inode *tree_inode_new(struct tree *t, mode_t mode);
enum {
	TREE_MAKE = 1, /* the name, and directories before it, if they are missing */
	/* symbolic links on the way, as a program in this tree would; never out of it */
	TREE_FOLLOW = 2
};
/*
 * The name at @path, without "..", see tree_clean(); @how: TREE_*. NULL in *ret if there
 * is none. A link is on the way if a slash follows. -EBADMSG: a path that no tar of ours
 * has, with *ret_wrong saying why; -ENOMEM; -EOVERFLOW: tree_is_full().
 */
int tree_walk(struct tree *t, const char *path, unsigned how, struct tree_name **ret,
	      const char **ret_wrong);
/* The name @name in directory @parent, made if it is missing. NULL without memory. */
struct tree_name *tree_child(struct tree *t, struct tree_name *parent, const char *name);
struct tree_xattr *tree_xattr_find(const struct tree_inode *i, const char *name);
/* -ENOMEM, -EOVERFLOW: tree_is_full(). */
int tree_xattr_add(struct tree *t, struct tree_inode *i, const char *name,
		   const void *value, size_t len);
/*
 * Overlayfs's marks, a security module's labels and the kernel's integrity check: not an
 * image's.
 */
bool tree_xattr_is_foreign(const char *name);
/*
 * A tree is whole: whiteouts go where there is nothing below to hide. Directories get
 * overlayfs's marks: those that are opaque, and those with whiteouts, which would be seen
 * in a directory that only one layer has.
 */
int tree_mark(struct tree *t);
/*
 * @path without ".", "..", and slashes too many; a new string. -EBADMSG: it leads out;
 * -ENOMEM.
 */
int tree_clean(const char *path, char **ret);
/* The name and all below it are no more; or (@below) what is below only. */
void tree_forget(struct tree *t, struct tree_name *n, bool below);
/* The path of @n without a leading slash ("" for the root); -ENAMETOOLONG. */
int tree_path(const struct tree_name *n, char *buf, size_t size);
/*
 * The one after @n in the order in which directories come before their contents; NULL: no
 * more.
 */
struct tree_name *tree_next(const struct tree *t, const struct tree_name *n);
/*
 * Put @inode there; what was there is forgotten. A directory on a directory keeps its
 * names.
 */
void tree_put(struct tree *t, struct tree_name *n, struct tree_inode *inode);
/* Children by name, everywhere. */
int tree_sort(struct tree *t);
