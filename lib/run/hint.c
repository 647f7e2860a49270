/* SPDX-License-Identifier: MIT */
/*
 * hint - see hint.h. A hint names the knob: the setting, the option or the program in the
 * way. What is asked of the kernel here is asked after the failure, by the caller.
 */
#include "run/hint.h"

#include <errno.h>
#include <limits.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cgroup/cgroup.h"
#include "ns/ns.h"

/* Known causes behind an errno that says too little. */
static const struct {
	enum step_kind kind;
	int err;
	const char *text;
} hints[] = {
	{ STEP_ROOT, -EINVAL,
	  "pivot_root(2) needs / to be a mount point that is not the initial ramfs" },
	{ STEP_PROPAGATION, -EINVAL,
	  "the root of a chroot(2) is no mount point: mount --bind DIR DIR before it "
	  "makes one" },
	{ STEP_ATTACH, -EISDIR,
	  "the container has a directory there, which only a directory can be shown over" },
	{ STEP_ATTACH, -ENOTDIR,
	  "the container has a file there, or on the way: a directory can only be shown over one" },
	{ STEP_ATTACH, -EROFS,
	  "its mount point is missing below what is shown read-only, where nothing is made" },
	{ STEP_LINK_MOVE, -EPERM, "moving an interface needs root" },
	{ STEP_LINK_MOVE, -EINVAL, "loopback, bridges and some others cannot be moved" },
	{ STEP_LINK_MOVE, -ENODEV, "ip link lists the interfaces there are" },
	{ STEP_IDMAP, -EPERM, "a security module may forbid user namespaces" },
	{ STEP_IDMAP, -EACCES,
	  "a program that changed its ids must call prctl(PR_SET_DUMPABLE, 1) first" },
	{ STEP_KEYRING, -EDQUOT,
	  "every container has a key: /proc/sys/kernel/keys/maxkeys limits an ordinary "
	  "user" },
	{ STEP_JOIN, -EPERM,
	  "entering a namespace needs CAP_SYS_ADMIN and CAP_SYS_CHROOT" },
	{ STEP_TERMINAL, -ENODEV, "/dev/pts inside is not a devpts(5) any more" },
	{ STEP_CWD, -EPERM, "that directory is outside of the container's root" },
	{ STEP_AFFINITY, -EINVAL,
	  "none of these CPUs is online and allowed; see nproc(1)" },
	{ STEP_FUSE, -ENOENT, "image layers are read through /dev/fuse: modprobe fuse" },
	{ STEP_FUSE, -EACCES,
	  "image layers are read through /dev/fuse, which everybody may open: "
	  "chmod 666 /dev/fuse" },
	{ STEP_FUSE, -ENODEV, "this kernel has no FUSE: modprobe fuse" },
	{ STEP_LOOP, -ENOENT,
	  "the image lacks a layer, or there is no /dev/loop-control: modprobe "
	  "loop" },
	{ STEP_OPEN, -ESTALE,
	  "somebody has put another directory in its place since it was looked at" },
	{ STEP_SECCOMP, -EINVAL, "this kernel may lack CONFIG_SECCOMP_FILTER" },
};

/*
 * Overlayfs says why it refuses, if it says it, only in the kernel's log before Linux
 * 6.8.
 */
static const struct {
	int err;
	const char *text;
} overlay_hints[] = {
	{ -ENODEV, "this kernel has no overlayfs: modprobe overlay, or --direct" },
	{ -EINVAL,
	  "overlayfs refuses some file systems as a lower or upper layer, and more than two of "
	  "itself on each other (the kernel's log says which: dmesg): another directory, or "
	  "--direct" },
	{ -E2BIG,
	  "before Linux 6.8 a page of text names all layers, and here are so many open files "
	  "that their numbers do not fit" },
	{ -EROFS, "what the container writes needs a file system that can be written" },
	{ -ENOSPC,
	  "the file system of what the container writes has no room, or no inodes, left" },
	{ -EBUSY, "another overlay uses this directory" },
	{ -ESTALE, "the directory was used for other layers before" },
};

static void hint_overlay(struct err *e, int err)
{
	for (size_t i = 0; i < sizeof(overlay_hints) / sizeof(overlay_hints[0]); i++)
		if (overlay_hints[i].err == err)
			err_hint(e, "%s", overlay_hints[i].text);
}

/* Container engines and service managers filter what runs under them, this caller too. */
static bool is_filtered(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_FILTER;
}

static void hint_refused(struct err *e, int err)
{
	if (is_filtered() && (err == -ENOSYS || err == -EPERM))
		err_hint(
			e,
			"the caller is under a seccomp filter, which may forbid the call: that "
			"of a container engine (--security-opt seccomp=unconfined) or of a "
			"service (SystemCallFilter=)");
	else if (err == -ENOSYS)
		err_hint(e, "this kernel is too old: Linux 5.12 has all that is needed");
}

static void hint_fs(struct err *e, const struct step *s, int err, const char *note)
{
	if (strstr(note, "Mount too revealing"))
		err_hint(e, "here parts of /proc or /sys are hidden, so the kernel "
			    "refuses a new "
			    "one: what made this container must not hide them "
			    "(--privileged)");
	else if (strncmp(note, "e ", 2) == 0)
		err_hint(e, "the kernel says: %.*s", (int)strcspn(note + 2, "\n"),
			 note + 2);
	else if (strcmp(s->fs.type, "squashfs") == 0 && err == -ENODEV)
		err_hint(e, "this kernel has no squashfs: modprobe squashfs");
	else if (strcmp(s->fs.type, "overlay") == 0)
		hint_overlay(e, err);
}

/* The container has a /tmp of its own: what is in the host's is a usual surprise. */
static bool hidden_by_tmp(const char *path)
{
	char cwd[PATH_MAX];

	if (!path || !strchr(path, '/') || access(path, F_OK) < 0)
		return false;
	if (*path != '/')
		path = getcwd(cwd, sizeof(cwd));
	return path && strncmp(path, "/tmp/", 5) == 0;
}

static void hint_path(struct err *e, const char *path)
{
	if (hidden_by_tmp(path))
		err_hint(e, "the container has a /tmp of its own: -b DIR shows a "
			    "directory of the "
			    "host's");
}

static bool has_filter(const struct plan *p)
{
	for (size_t i = 0; i < p->len; i++)
		if (p->steps[i].kind == STEP_SECCOMP)
			return true;
	return false;
}

void hint_step(struct err *e, const struct plan *p, const struct step *s, int err,
	       const char *note)
{
	if (s->kind == STEP_FS && err != -EMFILE)
		hint_fs(e, s, err, note);
	if (s->kind == STEP_SERVE && *note)
		err_hint(e, "%s", note);
	if (s->kind == STEP_EXEC && err == -ENOEXEC)
		err_hint(e, "not a program for this machine, or a script without #!");
	else if (s->kind == STEP_EXEC && (err == -EPERM || err == -ENOSYS) &&
		 has_filter(p))
		err_hint(
			e,
			p->forks
				? "a seccomp profile must allow clone(2), sendmsg(2), read(2), "
				  "setsid(2), execve(2) and execveat(2) for a command to enter, "
				  "and ioctl(2) for a terminal"
				: "a seccomp profile must allow execve(2) and execveat(2)");
	else if (s->kind == STEP_EXEC && err == -ENOENT)
		hint_path(e, p->command);
	else if (s->kind == STEP_CWD && err == -ENOENT)
		hint_path(e, s->cwd.candidates[0]);
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (hints[i].kind == s->kind && hints[i].err == err)
			err_hint(e, "%s", hints[i].text);
	if (cgroup_hint(s, err))
		err_hint(e, "%s", cgroup_hint(s, err));
	if (s->kind == STEP_EXEC && (err == -EMFILE || err == -EBADF))
		err_hint(
			e,
			"it may have too few open files (--ulimit nofile): it needs 4 to start, 5 to "
			"enter a container, 6 with a terminal");
	else if (err == -EMFILE)
		err_hint(e, "it needs more open files than it may have: ulimit -n");
	if (err == -ENOMEM && p->cgroups && s->kind != STEP_EXEC)
		err_hint(e, "the limit on memory is too small for a start");
	if (!*e->hint)
		hint_refused(e, err);
}

void hint_clone(struct err *e, const struct plan *p, int err)
{
	if (err == -ENOSPC || err == -EUSERS)
		err_hint(e, "too many namespaces, or too deep: sysctl -a --pattern "
			    "'user.max_.*_namespaces' shows the limits");
	if (p->clone_flags & CLONE_NEWUSER)
		userns_hint(e);
	else if (err == -EPERM || err == -ENOSYS)
		hint_refused(e, err);
}
