/* SPDX-License-Identifier: MIT */
/*
 * plan - a straight line of prepared steps. Every string, descriptor slot and flag is
 * ready before the clone; no step allocates, decides or calls back. What exists only
 * later (a detached mount, a directory inside it) has a slot: a small number that one
 * step fills and later steps name.
 *
 * Each kind of step is one row of one table (struct step_ops, filled in run/steps.c)
 * with two faces: run makes the system calls, say prints the shell that means the same.
 * Who carries out a plan knows no kind: what is particular about one is a face of its
 * row.
 */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"

struct bpf_insn;       /* linux/bpf.h */
struct sys_clone_args; /* base/sys.h */

enum step_kind {
	STEP_CGROUP,         /* make a control group */
	STEP_CGROUP_SET,     /* write one of its files */
	STEP_CGROUP_DEVICES, /* give it a list of devices */
	STEP_CGROUP_JOIN,    /* enter it */
	STEP_CGROUP_SCOPE,   /* let the user's systemd(1) make one and move us into it */
	STEP_LIFELINE,       /* end with the caller */
	STEP_IDMAP,          /* write or await the user namespace's maps */
	STEP_JOIN,           /* enter a namespace */
	STEP_RENAME,         /* give the one id that is there another number */
	STEP_UNSHARE,        /* make a namespace */
	STEP_PROPAGATION,    /* keep mounts private */
	STEP_OPEN,           /* a path becomes a slot */
	STEP_TREE,           /* a copy of mounts becomes a slot: bind */
	STEP_LOOP,           /* a file becomes a block device in a slot */
	STEP_SERVE,          /* a process that serves files */
	STEP_FUSE,           /* what it serves becomes a slot */
	STEP_FS,             /* a new file system becomes a slot */
	STEP_SETATTR,        /* change flags of a mount */
	STEP_ATTACH,         /* put a mount where it belongs */
	STEP_MKDIR,
	STEP_MKNOD,
	STEP_SYMLINK,
	STEP_FILE,
	STEP_ROOT, /* change the root directory */
	STEP_HOSTNAME,
	STEP_LINK_UP,
	STEP_LINK_MOVE,
	STEP_AFFINITY,
	STEP_SESSION,
	STEP_TERMINAL,
	STEP_PIPE,    /* of output that the caller copies */
	STEP_STREAMS, /* standard streams that can be opened by name */
	STEP_FDS,
	STEP_RLIMIT,
	STEP_KEYRING,
	STEP_IDS,
	STEP_CAPS,
	STEP_NO_NEW_PRIVS,
	STEP_SECCOMP,
	STEP_CWD,
	STEP_EXEC,
	STEP_MAX
};

enum step_flag {
	/* done by the caller before the clone, undone on failure */
	STEP_HOST = 1 << 0,
	STEP_OPTIONAL = 1 << 1,  /* failure is a warning (--best-effort) */
	STEP_IF_EXISTS = 1 << 2, /* skipped if the path it names does not exist */
	STEP_QUIET = 1 << 3, /* the directory that something is made in keeps its times */
};

enum {
	SLOT_CWD = -1, /* the caller's directory: relative and absolute host paths */
	SLOT_NONE = -2
};

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

struct step {
	enum step_kind kind;
	unsigned flags;
	const char *why;    /* one sentence, for people */
	const char *origin; /* the option that caused it; NULL: a default */
	union {
		struct {
			const char *parent, *path; /* absolute */
			bool v2;
			unsigned controllers; /* bits 1 << enum cgroup_controller */
			/* slot of the directory, whose lock is the lease */
			int ret;
			int ret_procs; /* slot of its cgroup.procs, or SLOT_NONE */
		} cgroup;
		struct {
			int at; /* slot of the directory, or SLOT_CWD: @path is used */
			const char *file, *value;
			const char *path; /* absolute */
		} cgroup_set;
		struct {
			int at;           /* slot of the directory */
			const char *path; /* of it */
			bool v2;
			const char *const *rules;       /* "c 1:3 rwm", NULL-terminated */
			const struct bpf_insn *program; /* the same for v2 */
			unsigned len;
		} cgroup_devices;
		struct {
			/*
			 * of cgroup.procs, or with @by_clone of the directory; SLOT_NONE:
			 * @path
			 */
			int slot;
			bool by_clone;    /* clone3(2) has done it */
			const char *path; /* of cgroup.procs */
		} cgroup_join;
		struct {
			const char *unit; /* "minc-x.scope" */
			/* busctl(1)'s arguments for the limits, number of limits */
			const char *const *properties;
			unsigned count;
			const char *mount; /* of cgroup2 */
			unsigned controllers;
		} cgroup_scope;
		struct {
			int resource; /* RLIMIT_* */
			const char *name;
			uint64_t soft, hard;
		} rlimit;
		struct {
			/* for the steps; any change of ids ends it */
			bool die_with_parent;
		} lifeline;
		struct {
			/*
			 * lines for /proc/self/uid_map and gid_map, written by the child;
			 * or
			 */
			const char *uid_map, *gid_map;
			/* newuidmap(1)'s and newgidmap(1)'s arguments after the pid */
			const char *const *uid_args, *const *gid_args;
		} idmap;
		struct {
			int fd;   /* of a namespace or a pidfd; inherited */
			int type; /* CLONE_NEW*; several with a pidfd */
			/* or NULL: the user namespace that owns this one */
			const char *owner_of;
			const char *name; /* what it is, for people */
		} join;
		struct {
			int proc; /* slot of our directory in the host's proc */
			const char *uid_map, *gid_map;
		} rename;
		struct {
			uint64_t flags; /* CLONE_NEW* */
		} unshare;
		struct {
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
		} open;
		struct {
			int at;
			const char *path;
			bool recursive;
			/* where it will be shown, for people; or NULL */
			const char *target;
			int ret;
		} tree;
		struct {
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
		} fs;
		struct {
			const char *path;
			int ret;
		} loop;
		struct {
			const char *program;
			const char *const *argv;
			int ret; /* slot of the socket to it */
		} serve;
		struct {
			int socket;               /* slot, closed afterwards */
			unsigned attr;            /* MOUNT_ATTR_* */
			const char *user, *group; /* who mounts, as a number */
			int ret;
		} fuse;
		struct {
			int slot;
			bool recursive;
			uint64_t set, clear; /* MOUNT_ATTR_* */
			uint64_t propagation;
		} setattr;
		struct {
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
		} attach;
		struct {
			int at;
			const char *path;
			unsigned mode;
			/* what a new one is made over, or NULL */
			const struct dir_like *like;
			int ret; /* slot of the directory, or SLOT_NONE */
		} mkdir;
		struct {
			int at;
			const char *path;
			unsigned mode; /* with type */
			unsigned major, minor;
		} mknod;
		struct {
			int at;
			const char *target, *path;
			bool replace; /* remove what is there, if it is not a directory */
		} symlink;
		struct {
			int at;
			const char *path;
			/* or NULL; then what @source has, then @content */
			const char *before;
			int source; /* slot, or SLOT_NONE */
			const char *content;
			unsigned mode;
		} file;
		struct {
			int slot;
			/* stack on "/" of a nearly empty namespace; else pivot */
			bool over;
		} root;
		struct {
			const char *name;
		} hostname;
		struct {
			const char *name; /* interface */
		} link_up;
		struct {
			/* interface; the step makes the namespace, too */
			const char *name;
		} link_move;
		struct {
			const uint64_t *mask; /* 16 words */
		} affinity;
		struct {
			int devpts; /* slot of the container's devpts */
			/* bits 1<<0..1<<2: stdio that becomes the pty */
			unsigned replace;
			unsigned short rows, cols;
			/* slot that gets a mount of the terminal, for ATTACH */
			int console;
			uint32_t owner; /* user who gets it; UINT32_MAX: who makes it */
		} terminal;
		struct {
			/* 1 or 2: whose place it takes, and where its contents go */
			int fd;
			int ret_read, ret_write;
		} pipe;
		struct {
			int replace[3]; /* slots that become 0, 1, 2; or SLOT_NONE */
		} streams;
		struct {
			const int (*map)[2]; /* source, target */
			size_t len;
			int lowest_free; /* above all targets */
		} fds;
		struct {
			uint32_t uid, gid;
			const uint32_t *groups;
			size_t groups_len;
			bool set_groups; /* false in a user namespace that denies it */
			bool set_ids;    /* false: already there */
		} ids;
		struct {
			uint64_t keep;      /* bounding set; the rest goes */
			uint64_t permitted; /* of the command */
			uint64_t known;
			uint64_t ambient; /* given to a command that is not root */
		} caps;
		struct {
			const struct sock_filter *filter;
			unsigned short len;
			const char *name;
			/*
			 * It asks a process outside, which gets the listener and these
			 * ids, what a change of ids means. Where an outer filter asks
			 * already: @spare.
			 */
			bool asks;
			uint32_t uid, gid;
			const struct sock_filter *spare;
			unsigned short spare_len;
		} seccomp;
		struct {
			/* tried in order, NULL-terminated */
			const char *const *candidates;
		} cwd;
		struct {
			const char *const *candidates; /* paths, NULL-terminated */
			const char *const *argv, *const *envp;
			/* envp[0] is only for a root with this; NULL: always */
			const char *env_needs;
			/*
			 * of the sealed program, which executes the above
			 * (sealed/sealed.h)
			 */
			const char *const *sealed_argv;
			int channel_fd; /* where it finds the channel */
			unsigned umask; /* of the command */
			bool init;      /* it stays, as process 1 */
		} exec;
	};
};

struct plan {
	struct arena arena;
	struct step *steps;
	size_t len, size;
	int slots;            /* how many */
	uint64_t clone_flags; /* CLONE_NEW* */
	bool own_memory;      /* the child must not share the caller's memory */
	/* a process outside of the pid namespace holds it (run/keeper-step.c) */
	bool keeper;
	bool held; /* and it ends with the caller, or the monitor */
	/* the keeper, or the watcher, is asked about changes of ids (sec/fake.c) */
	bool ids;
	/* enters a container: the sealed program forks into its pid namespace */
	bool forks;
	bool watched;          /* and a child of ours watches what it forks */
	size_t cgroups;        /* steps that make one */
	bool scope;            /* systemd(1) makes one */
	const char **warnings; /* what --best-effort leaves out, found while planning */
	size_t warnings_len;
	bool terminal;
	bool unpack;  /* the image, below storage (UNPACKED_ROOT) */
	bool volumes; /* a bind with MINC_BIND_VOLUME */
	struct {      /* of files that are made for the container before it starts */
		bool single; /* all are the caller's */
		bool range;  /* ids are those of a namespace with the caller's ranges */
		bool few;    /* the caller is in a namespace itself: some cannot be set */
		uint32_t uid, gid; /* the command's */
	} owners;
	bool reusable; /* depends on the context only: good for the next start, too */
	int lowest_fd; /* internal descriptors start here, above all targets */
	const char *storage; /* absolute directory that is kept, or NULL */
	/* what its layers are layers of, or NULL (run/record.h) */
	const char *record;
	const char *command; /* argv[0], for messages */
	int failed; /* sticky -errno while planning, -ENOMEM of plan_append() above all */
	struct step scratch; /* returned instead of a step without memory */
};

/*
 * Below the storage: closed to others, for there may be set-user-ID programs of
 * anybody's.
 */
#define UNPACKED      "unpacked"
#define UNPACKED_ROOT UNPACKED "/rootfs"

/*
 * Append a step; never NULL: without memory it is a scratch step and plan_seal() fails.
 */
struct step *plan_append(struct plan *p, enum step_kind kind, const char *origin,
			 const char *why);

/* A new slot number. */
int plan_slot(struct plan *p);

/* Formatted text in the plan's arena; "" without memory, and plan_seal() fails. */
const char *plan_text(struct plan *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The start will warn: "SUBJECT: REASON". */
void plan_warn(struct plan *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Zeroed memory for a table of the plan; NULL only if @size is absurd or without memory.
 */
void *plan_alloc(struct plan *p, size_t size);

/* Make the plan read-only; 0 or -ENOMEM if anything above failed. */
int plan_seal(struct plan *p);
void plan_done(struct plan *p);

struct runner; /* plan/runner.h: slots and channel of one execution */
struct answer; /* plan/answer.h: what the caller does while the child waits */
struct held;   /* plan/held.h: what lasts as long as the container */
struct held_list;

struct step_ops {
	const char *name; /* verb in messages */
	/* system calls only; 0 or -errno */
	int (*run)(struct runner *r, const struct step *s);
	void (*say)(FILE *out, const struct step *s); /* POSIX shell */
	/* object of the step for messages, such as "/a on /b"; may print nothing */
	void (*name_object)(char *buf, size_t len, const struct step *s);

	/* The rest is NULL or 0 for most. */

	/*
	 * The caller's part, while run() waits for it in runner_wait(): 0, or -errno with
	 * a message. Such a plan needs own_memory, for a child that shares its caller's
	 * memory lets it sleep.
	 */
	int (*answer)(struct answer *a, const struct step *s);
	/* Whether this step has such a part, if not all of the kind have. */
	bool (*waits)(const struct step *s);
	/*
	 * Of a step of the caller's: a place among what is held, before run() makes what
	 * will be in it; NULL without memory, or if there is none.
	 */
	struct held *(*hold)(struct held_list *l, const struct step *s);
	/* What of this step is done by the clone itself. @slots are the caller's. */
	void (*clone)(struct sys_clone_args *a, const struct step *s, const int *slots);
	/* bits 1 << enum verdict_kind: what run() may tell the caller besides */
	unsigned says;
};

/* Whether @s waits for the caller. */
static inline bool step_waits(const struct step_ops *ops, const struct step *s)
{
	return ops->answer && (!ops->waits || ops->waits(s));
}
