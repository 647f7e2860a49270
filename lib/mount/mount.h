/* SPDX-License-Identifier: MIT */
/*
 * mount - the container's file tree: an overlay (or the directory itself), the API file
 * systems, and the user's mounts.
 *
 * One tmpfs, "scratch", lives in the container's mount namespace only. It holds what the
 * overlay writes (upper/, work/), /dev, /dev/shm and /tmp: one file system to make and to
 * tear down instead of four, and it vanishes with the namespace, also after SIGKILL.
 *
 * Two ways to begin. With a template (host.h) every source is opened as a detached tree
 * by the caller, and the child starts from a copy of a nearly empty namespace, stacks the
 * root on "/" and needs neither pivot_root(2) nor the unmounting of the host. Without
 * one, the child has a copy of the caller's mounts, opens sources there, pivots, and
 * detaches the copies.
 */
#pragma once

#include <time.h>

#include "mount/mount-rows.h"
#include "mountinfo/table.h"
#include "plan/host.h"
#include "plan/plan.h"
#include "plan/runner.h"
#include "plan/spec.h"

struct mounts {
	const struct spec *spec;
	const struct host *host;
	bool in_userns;      /* the container's, or the caller's own: mounts are locked */
	unsigned uid, gid;   /* who mounts, in that namespace */
	bool fake_root;      /* changes of ids are not done, only answered (sec/fake.c) */
	bool many_ids;       /* more than one id is mapped: gid 5 can own terminals */
	bool template;       /* start from the nearly empty namespace */
	const char *storage; /* directory for storage/ and work/, or NULL */
	const struct submount *submounts;
	size_t submounts_len;
	const char *root_path; /* absolute, resolved */
	bool recursive;        /* mounts below it are shown, too */

	uint32_t user, group; /* the command's, as the container numbers them */

	bool loops;    /* the kernel mounts the layers of an image; else a FUSE server */
	bool unpacked; /* neither: they are files in the storage */
	const char *server, *server_ids; /* then: its program, whose ids it shows */

	bool opened; /* the storage, in slot @kept */
	int kept;
	int upper, work; /* the overlay's, if there is one */
	int works;       /* work directories used below the latter */
	int lower;       /* the root's own files; SLOT_NONE: layers, or many overlays */
	int scratch, root, dev, devpts, proc, sys;
	int *layers; /* of an image: slots, uppermost first; or NULL */
	size_t layers_len;
	int *sources;                    /* slot per spec mount */
	const char **targets;            /* absolute path inside, per spec mount */
	int sys_source;                  /* or SLOT_NONE, as are */
	int resolv_source, hosts_source; /* to be read */
};

/* Mount namespace; every source that the host's tree must give, before it is hidden. */
int mount_plan_sources(struct plan *p, struct mounts *m);
/* The tmpfs, in m->scratch, attached (scratch.c). */
void mount_plan_scratch(struct plan *p, struct mounts *m);
/* Why what could stay detached is attached, in words. */
extern const char mount_why_attached[];
/* scratch and the root itself, attached. */
int mount_plan_root(struct plan *p, struct mounts *m);
/* /proc /dev /sys /tmp, name resolution. */
int mount_plan_api(struct plan *p, struct mounts *m);
/*
 * apt(8)'s settings in a container with one id, in its own /dev; see plan_apt(). The
 * variable that names them is for a root that has MOUNT_APT_NEEDS.
 */
#define MOUNT_APT_NAME     ".minc-apt.conf"
#define MOUNT_APT_VARIABLE "APT_CONFIG"
#define MOUNT_APT_VALUE    "/dev/" MOUNT_APT_NAME
#define MOUNT_APT_NEEDS    "/etc/apt"
bool mount_has_apt(const struct mounts *m);
/*
 * /etc/hosts and /etc/resolv.conf (name-files.c): what they begin with, and they; whether
 * there are any.
 */
void mount_plan_name_sources(struct plan *p, struct mounts *m);
void mount_plan_root_names(struct plan *p, struct mounts *m); /* before /proc is there */
void mount_plan_names(struct plan *p, struct mounts *m);
bool mount_has_hosts(const struct mounts *m);
bool mount_has_resolv(const struct mounts *m);
/* The user's binds and tmpfs, in order; then, if asked for, the root read-only. */
int mount_plan_user(struct plan *p, struct mounts *m);
/*
 * Directories that an image names and need not have (layers.c): its volumes, and the one
 * that its command starts in. The user's mounts come between the two: the latter may be
 * in one of them.
 */
void mount_plan_volumes(struct plan *p, struct mounts *m);
void mount_plan_cwd(struct plan *p, struct mounts *m);
void mount_plan_enter(struct plan *p, struct mounts *m);

/* Building blocks shared by the planners. */
int mount_tree(struct plan *p, struct mounts *m, int at, const char *path, bool recursive,
	       const char *origin, const char *why);
struct step_fs *mount_fs(struct plan *p, const char *type, unsigned attr,
			 const char *origin, const char *why);
/* The same with room for more options. */
struct step_fs *mount_fs_sized(struct plan *p, const char *type, unsigned attr,
			       size_t options, const char *origin, const char *why);
void mount_option(struct step_fs *fs, const char *key, const char *value);
/*
 * A tmpfs that holds at most @size bytes; 0: the default (MINC_LIMIT_SCRATCH; scratch.c).
 */
struct step_fs *mount_tmpfs(struct plan *p, const struct mounts *m, unsigned attr,
			    uint64_t size, const char *origin, const char *why);
struct step_setattr *mount_attr(struct plan *p, int slot, bool recursive, uint64_t set,
				const char *origin, const char *why);
struct step_attach *mount_attach(struct plan *p, int mount, int at, const char *path,
				 enum attach_create create, const char *origin,
				 const char *why);
/* A directory of the scratch file system as a mount of its own; slot. */
int mount_scratch_dir(struct plan *p, struct mounts *m, const char *name, unsigned mode,
		      const char *why);

/* Mount points that the root lacks, made in the upper layer (target.c). */
void mount_plan_targets(struct plan *p, struct mounts *m);
/* The root as many overlays, for a user namespace (split.c). */
void mount_plan_split(struct plan *p, struct mounts *m);

/* The lower layers of the root: m->lower, or layers (overlay.c). */
void mount_plan_lower(struct plan *p, struct mounts *m);
/* The image's layers as mounts in m->layers: detached, then somewhere (layers.c). */
void mount_plan_layers(struct plan *p, struct mounts *m);
void mount_attach_layers(struct plan *p, struct mounts *m);

/* Slot of the directory that is kept, opened once; else of scratch. */
int mount_storage(struct plan *p, struct mounts *m, const char *origin);
/*
 * Slots of the root overlay's upper and work directories, made if missing, like what is
 * below (overlay.c).
 */
void mount_upper(struct plan *p, struct mounts *m, const struct dir_like *like,
		 const char *origin, int *ret_upper, int *ret_work);
/*
 * The directory at @path below the @len @slots, which live as long as the plan;
 * @overlaid: it is an overlay's lower one, and the new one its upper one. NULL without
 * memory: plan_seal() fails.
 */
const struct dir_like *mount_like(struct plan *p, const struct mounts *m,
				  const int *slots, size_t len, const char *path,
				  bool overlaid);
/* The same of a path of the host. */
const struct dir_like *mount_like_path(struct plan *p, const struct mounts *m,
				       const char *path, bool overlaid);
/*
 * An overlay of host directory @path, shown at @inside, its upper layer at the same
 * place.
 */
void mount_overlay_dir(struct plan *p, struct mounts *m, const char *path,
		       const char *inside, const char *origin, const char *why);
/*
 * Whether overlayfs takes this type below, and whether it is the kernel's own, not files.
 */
bool mount_can_be_lower(const char *fstype);
bool mount_is_api(const char *fstype);
/* Whether the container has its own at @inside: /dev, /proc, /sys, /tmp and below. */
bool mount_is_replaced(const char *inside);
/* Host path @path below the root directory, as the container sees it. */
const char *mount_inside(const struct mounts *m, const char *path);

/*
 * Open @path as it is seen from directory @root: every symbolic link and ".." resolves
 * inside (path-step.c). Directories missing on the way are made if @create_mode is not
 * zero, and the last name too, as a directory or an empty file by its S_IFMT. With
 * PATH_QUIET in it the directories that something is made in keep their times.
 * Returns an O_PATH descriptor or -errno.
 */
#define PATH_QUIET (1U << 31)
int path_open_in_root(int root, const char *path, unsigned create_mode);
/*
 * The same; *ret_made: this call made the object. A path with ".." may end at an
 * existing object although a name on the way was missing.
 */
int path_make_in_root(int root, const char *path, unsigned create_mode, bool *ret_made);
/* The same for a path that was just found missing: it is made without another look. */
int path_make_absent(int root, const char *path, unsigned create_mode, bool *ret_made);

/*
 * Open the directory that holds the last name of relative @path below @at, without
 * following any link on the way; @at AT_FDCWD: a host path, taken as it is. Returns
 * @at itself or a descriptor to be closed, and the name; or -errno.
 */
int path_open_parent(int at, const char *path, const char **ret_name);

/*
 * Give the directory @to the attributes that @like says, or @mode where nothing is
 * below (like-step.c). A directory that was made with mode 0 is unfinished until then.
 * 0 or -errno.
 */
int like_dress(struct runner *r, int to, const struct dir_like *like, unsigned mode);
/* 1, 0 or -errno. A directory without a mark and without permissions is unfinished. */
int like_is_unfinished(int fd, const struct dir_like *like);
/* The times of directory @dir, to be given back after something was made in it. */
struct like_times {
	bool known;
	struct timespec times[2];
};
void like_note_times(int dir, struct like_times *ret);
void like_restore_times(int dir, const struct like_times *t);

/* "/proc/self/fd/N" without stdio. */
#define PATH_FDS "/proc/self/fd"
enum { PATH_OF_FD_MAX = 32 };
void path_of_fd(char buf[PATH_OF_FD_MAX], int fd);

/* The file system of a step_fs that has a place (overlay-step.c); 0 or -errno. */
int overlay_from_list(struct runner *r, const struct step *s);

/*
 * Whether @mount, which step_fs has made, is writable. Overlayfs that
 * cannot make its work directory, as on a full disk, is mounted read-only, and says so in
 * the kernel's log alone. 0; or the reason.
 */
int overlay_check(struct runner *r, const struct step *s, int mount);
