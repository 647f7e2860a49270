/* SPDX-License-Identifier: MIT */
/* mount-rows - arguments of the steps of the file tree; see struct step_ops. */
#pragma once

#include "plan/plan.h"
#include "plan/runner.h"

/* key with a text value, a slot as value, or (both unset) a flag. */
struct fs_option {
	const char *key, *value;
	int slot;     /* SLOT_NONE if unused */
	bool by_path; /* hand the slot over as /proc/self/fd/N (kernels before 6.13) */
	const int *slots; /* several, as one list, with fs.place (kernels before 6.8) */
	size_t slots_len;
};

/* A directory below: a new one over it gets its mode, owner, times and attributes. */
struct dir_like {
	/* @len of them: layers, uppermost first. The first that says anything of */
	const int *slots;
	size_t len; /* its root counts (like-step.c) */
	/* below the slot; if nothing is there, the step's own mode is taken */
	const char *path;
	bool mapped;      /* in a user namespace, where an owner may have no id */
	const char *mark; /* attribute that tells who reads the layer of it, or NULL */
};

enum { FS_MORE_FILES = 1024 };

/* What ATTACH makes at a missing target. */
enum attach_create { CREATE_NOTHING, CREATE_LIKE_MOUNT };

/* A path becomes a slot. */
struct step_open {
	int at;
	const char *path;
	bool in_root; /* resolve below slot @at as if it were "/" */
	/* then: S_IFDIR and mode of what is missing, or 0 */
	unsigned create;
	uint32_t uid, gid; /* of what is created */
	bool directory;
	bool read; /* a regular file, for its contents */
	/* what is kept: it must be the directory that is locked */
	bool storage;
	/*
	 * of @in_root: it is there, and closed again; @ret is for explain
	 */
	bool forget;
	int ret;
};

/* A copy of mounts becomes a slot: bind. */
struct step_tree {
	int at;
	const char *path;
	bool recursive;
	/* where it will be shown, for people; or NULL */
	const char *target;
	int ret;
};

/* A file becomes a block device in a slot. */
struct step_loop {
	const char *path;
	int ret;
};

/* A process that serves files. */
struct step_serve {
	const char *program;
	const char *const *argv;
	int ret; /* slot of the socket to it */
};

/* What it serves becomes a slot. */
struct step_fuse {
	int socket;               /* slot, closed afterwards */
	unsigned attr;            /* MOUNT_ATTR_* */
	const char *user, *group; /* who mounts, as a number */
	int ret;
};

/* A new file system becomes a slot. */
struct step_fs {
	const char *type;
	const struct fs_option *options;
	size_t options_len, options_size;
	unsigned attr;     /* MOUNT_ATTR_* */
	const char *shown; /* what is in it, for people; or NULL */
	/*
	 * a file for so many bytes of its size, and FS_MORE_FILES; 0: no
	 * limit here
	 */
	unsigned file_bytes;
	bool on_device; /* @device, closed afterwards, is what it is on */
	int device;
	/*
	 * Mounted by mount(2) on the directory @place of slot @at, for
	 * its options may fill a page: a value of fsconfig(2) has 255
	 * characters. NULL: detached.
	 */
	const char *place;
	int at;
	int ret;
};

/* Change flags of a mount. */
struct step_setattr {
	int slot;
	bool recursive;
	uint64_t set, clear; /* MOUNT_ATTR_* */
	uint64_t propagation;
};

/* Put a mount where it belongs. */
struct step_attach {
	int mount; /* slot of the detached mount */
	/* slot of the root it goes below; path resolves inside */
	int at;
	const char *path;
	enum attach_create create;
	bool trusted; /* the path has no links: it needs no care */
	/* a directory for "/NAME": tried as it stands first */
	bool entry;
	/*
	 * Only where nothing is at @path: then this directory of slot
	 * @mount is made, with @spare_mode, and a mount of it attached. A
	 * mount that was made before and is not wanted would cost a wait
	 * for RCU to close.
	 */
	const char *spare;
	unsigned spare_mode;
};

struct step_mkdir {
	int at;
	const char *path;
	unsigned mode;
	/* what a new one is made over, or NULL */
	const struct dir_like *like;
	int ret; /* slot of the directory, or SLOT_NONE */
};

struct step_mknod {
	int at;
	const char *path;
	unsigned mode; /* with type */
	unsigned major, minor;
};

struct step_symlink {
	int at;
	const char *target, *path;
	bool replace; /* remove what is there, if it is not a directory */
};

struct step_file {
	int at;
	const char *path;
	/* or NULL; then what @source has, then @content */
	const char *before;
	int source; /* slot, or SLOT_NONE */
	const char *content;
	unsigned mode;
};

/* Change the root directory. */
struct step_root {
	int slot;
	/* stack on "/" of a nearly empty namespace; else pivot */
	bool over;
};

STEP_KIND(propagation);
STEP_KIND(open);
STEP_KIND(tree);
STEP_KIND(loop);
STEP_KIND(serve);
STEP_KIND(fuse);
STEP_KIND(fs);
STEP_KIND(setattr);
STEP_KIND(attach);
STEP_KIND(mkdir);
STEP_KIND(mknod);
STEP_KIND(symlink);
STEP_KIND(file);
STEP_KIND(root);
extern const struct mechanism mount_steps;

/* A place for the socket to the server of an image. */
struct held *hold_serve(struct held_list *l, const struct step *s);
void hint_serve(struct err *e, const struct plan *p, const struct step *s, int err,
		const char *note);
void hint_fs(struct err *e, const struct plan *p, const struct step *s, int err,
	     const char *note);

/* What the script of the above calls. */
extern const char mount_functions[];
