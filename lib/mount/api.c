/* SPDX-License-Identifier: MIT */
/*
 * api - /dev, /proc, /sys, /tmp and name resolution: what every program expects, made new
 * for the container. What podman and runc hide is hidden (host.h, host_api_paths), with
 * objects made here: never with the container's own /dev/null.
 */
#include <linux/capability.h>
#include <minc/container.h>
#include <string.h>
#include <sys/stat.h>

#include "mount/mount.h"

#define ATTR_API (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/*
 * Character devices that every system has under these numbers; see Documentation/devices.
 */
static const struct {
	const char *name, *path;
	unsigned major, minor;
} nodes[] = {
	{ "null", "/dev/null", 1, 3 },       { "zero", "/dev/zero", 1, 5 },
	{ "full", "/dev/full", 1, 7 },       { "random", "/dev/random", 1, 8 },
	{ "urandom", "/dev/urandom", 1, 9 }, { "tty", "/dev/tty", 5, 0 },
};

static const struct {
	const char *target, *name;
} links[] = {
	{ "/proc/self/fd", "fd" },       { "/proc/self/fd/0", "stdin" },
	{ "/proc/self/fd/1", "stdout" }, { "/proc/self/fd/2", "stderr" },
	{ "pts/ptmx", "ptmx" },
};

static const char why_dev[] = "a /dev with only harmless devices";

static void plan_mkdir(struct plan *p, int at, const char *path, unsigned mode,
		       const char *why)
{
	struct step_mkdir *d = plan_append(p, &step_mkdir, NULL, why)->data;

	d->at = at;
	d->path = path;
	d->mode = mode;
	d->ret = SLOT_NONE;
}

/*
 * Put a mount on what is new and of the kernel or a step before: nobody made links there.
 */
static void attach_on_own(struct plan *p, int mount, int at, const char *path,
			  const char *why)
{
	mount_attach(p, mount, at, path, CREATE_NOTHING, NULL, why)->trusted = true;
}

/* Put a directory on /NAME of the root. */
static void attach_on_entry(struct plan *p, struct mounts *m, int mount, const char *path,
			    const char *origin, const char *why)
{
	mount_attach(p, mount, m->root, path, CREATE_LIKE_MOUNT, origin, why)->entry =
		true;
}

static bool can_mknod(const struct mounts *m)
{
	return !m->in_userns && m->host->initial_userns &&
	       m->host->caps_permitted >> CAP_MKNOD & 1;
}

static void plan_nodes(struct plan *p, struct mounts *m)
{
	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		if (can_mknod(m)) {
			struct step_mknod *d =
				plan_append(p, &step_mknod, NULL, why_dev)->data;

			d->at = m->dev;
			d->path = nodes[i].name;
			d->mode = S_IFCHR | 0666;
			d->major = nodes[i].major;
			d->minor = nodes[i].minor;
		} else {
			int slot =
				mount_tree(p, m, SLOT_CWD, nodes[i].path, false, NULL,
					   "a user namespace cannot make device files");

			mount_attach(p, slot, m->dev, nodes[i].name, CREATE_LIKE_MOUNT,
				     NULL, why_dev);
		}
	}
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		struct step_symlink *d =
			plan_append(p, &step_symlink, NULL, why_dev)->data;

		d->at = m->dev;
		d->target = links[i].target;
		d->path = links[i].name;
	}
}

bool mount_has_apt(const struct mounts *m)
{
	return m->fake_root && !spec_flag(m->spec, MINC_HOST_DEV);
}

/*
 * apt drops to a user of its own for downloads and looks whether that worked, which no
 * answer of success can make true. It reads this before the image's own settings, which
 * win; it is in the container's own tmpfs, so not among the files that are committed.
 */
static void plan_apt(struct plan *p, struct mounts *m)
{
	struct step_file *d;

	if (!mount_has_apt(m))
		return;
	d = plan_append(p, &step_file, m->spec->flag_origin[MINC_FAKE_ROOT],
			"apt would check that it became another user: there is one id")
		    ->data;
	d->at = m->dev;
	d->path = MOUNT_APT_NAME;
	d->source = SLOT_NONE;
	d->content = "APT::Sandbox::User \"root\";\n";
	d->mode = 0644;
}

static void plan_own_dev(struct plan *p, struct mounts *m)
{
	static const char why_shm[] = "POSIX shared memory, of this container only";
	struct step_setattr *flags;
	int shm;

	m->dev = mount_scratch_dir(p, m, "dev", 0755, why_dev);
	flags = mount_attr(p, m->dev, false, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, NULL,
			   can_mknod(m)
				   ? "nothing in it is a program, and here devices work"
				   : "nothing in it is a program");
	if (can_mknod(m)) /* else each is a mount of its own */
		flags->clear = MOUNT_ATTR_NODEV;
	attach_on_entry(p, m, m->dev, "/dev", NULL, why_dev);
	plan_nodes(p, m);
	plan_apt(p, m);
	plan_mkdir(p, m->dev, "pts", 0755, "for the terminals");
	plan_mkdir(p, m->dev, "mqueue", 0755, "for message queues");
	plan_mkdir(p, m->dev, "shm", 0755, why_shm);
	shm = mount_scratch_dir(p, m, "shm", 01777, why_shm);
	mount_attr(p, shm, false, ATTR_API, NULL, "data only");
	attach_on_own(p, shm, m->dev, "shm", why_shm);
}

/* --usedev: the host's devices, loop and disks included. */
static void plan_host_dev(struct plan *p, struct mounts *m)
{
	const char *origin = m->spec->flag_origin[MINC_HOST_DEV];

	if (m->in_userns) {
		m->dev = mount_tree(p, m, SLOT_CWD, "/dev", true, origin,
				    "the host's devices");
	} else {
		m->dev = mount_fs(p, "devtmpfs", MOUNT_ATTR_NOSUID, origin,
				  "the host's devices")
				 ->ret;
	}
	attach_on_entry(p, m, m->dev, "/dev", origin, "the host's devices");
}

static void plan_dev(struct plan *p, struct mounts *m)
{
	struct step_fs *fs;

	if (spec_flag(m->spec, MINC_HOST_DEV))
		plan_host_dev(p, m);
	else
		plan_own_dev(p, m);
	fs = mount_fs(p, "devpts", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, NULL,
		      "terminals of its own");
	mount_option(fs, "newinstance", NULL);
	mount_option(fs, "ptmxmode", "0666");
	mount_option(fs, "mode", "0620");
	/* of the 3072 that the kernel has for all containers */
	mount_option(fs, "max", "1024");
	if (!m->in_userns || m->many_ids)
		mount_option(fs, "gid", "5"); /* tty, on every distribution */
	m->devpts = fs->ret;
	if (spec_flag(m->spec, MINC_HOST_DEV)) {
		mount_attach(p, m->devpts, m->dev, "pts", CREATE_NOTHING, NULL,
			     "terminals of its own");
		return; /* for mqueue it may have no directory, and none is made in it */
	}
	attach_on_own(p, m->devpts, m->dev, "pts", "terminals of its own");
	fs = mount_fs(p, "mqueue", ATTR_API, NULL, "message queues of its own");
	attach_on_own(p, fs->ret, m->dev, "mqueue", "message queues of its own");
}

/*
 * A /dev that has been made just now, where devices work; the rest of scratch is nodev.
 */
static bool hides_with_own_dev(const struct mounts *m)
{
	return can_mknod(m) && !spec_flag(m->spec, MINC_HOST_DEV);
}

/* Hide or protect one path of /proc or /sys; @unseen: it may be missing. */
static void plan_guard(struct plan *p, struct mounts *m, const struct host_api_path *path,
		       bool unseen)
{
	int at = path->sysfs ? m->sys : m->proc, slot;
	const char *why = path->mask ? "tells about, or reaches, the host"
				     : "settings of the whole machine";
	size_t first = p->len;

	if (!path->mask)
		slot = mount_tree(p, m, at, path->path, false, NULL, why);
	else if (path->directory)
		slot = mount_tree(p, m, m->scratch, "empty", false, NULL, why);
	else if (can_mknod(m))
		slot = mount_tree(p, m, hides_with_own_dev(m) ? m->dev : m->scratch,
				  "null", false, NULL, why);
	else
		slot = mount_tree(p, m, SLOT_CWD, "/dev/null", false, NULL, why);
	if (!path->mask || path->directory) {
		mount_attr(p, slot, false, MOUNT_ATTR_RDONLY, NULL,
			   "nobody writes there");
	} else if (can_mknod(m) && !hides_with_own_dev(m)) {
		mount_attr(p, slot, false, 0, NULL, "it reads as empty")->clear =
			MOUNT_ATTR_NODEV;
	}
	attach_on_own(p, slot, at, path->path, why);
	/* of what hides it nothing may be missing: only the place itself */
	for (size_t i = path->mask ? p->len - 1 : first; unseen && i < p->len; i++)
		p->steps[i].flags |= STEP_IF_EXISTS;
	if (spec_flag(m->spec, MINC_BEST_EFFORT))
		for (size_t i = first; i < p->len; i++)
			p->steps[i].flags |= STEP_OPTIONAL;
}

static void plan_guards(struct plan *p, struct mounts *m)
{
	if (spec_flag(m->spec, MINC_PRIVILEGED))
		return;
	plan_mkdir(p, m->scratch, "empty", 0555, "what hides a directory");
	if (can_mknod(m) && !hides_with_own_dev(m)) {
		struct step_mknod *d =
			plan_append(p, &step_mknod, NULL,
				    "what hides a file: our own, verified by making it")
				->data;

		d->at = m->scratch;
		d->path = "null";
		d->mode = S_IFCHR | 0666;
		d->major = 1;
		d->minor = 3;
	}
	for (size_t i = 0; i < host_api_paths_len; i++)
		if (m->host->api_paths >> i & 1)
			plan_guard(p, m, &host_api_paths[i],
				   m->host->api_unseen >> i & 1);
}

/*
 * In a user namespace /sys comes with all that is mounted in it, so also with the control
 * groups of the whole machine: the container sees its own, as /proc/self/cgroup names
 * them, or none. A security module may refuse the mount, and the explained script has the
 * namespace of limits too late for it: then they are seen as they are outside, which
 * nothing but programs mind.
 */
static void plan_groups(struct plan *p, struct mounts *m)
{
	const bool privileged = spec_flag(m->spec, MINC_PRIVILEGED),
		   own = m->host->sys_cgroup2;
	static const char why[] = "its own control groups, not those of the machine";
	size_t first = p->len, last;
	int slot;

	if (!m->in_userns || (privileged && !own))
		return;
	if (own) {
		slot = mount_fs(p, "cgroup2",
				ATTR_API | (privileged ? 0 : MOUNT_ATTR_RDONLY), NULL,
				why)
			       ->ret;
	} else {
		slot = mount_tree(p, m, m->scratch, "empty", false, NULL, why);
		mount_attr(p, slot, false, MOUNT_ATTR_RDONLY, NULL,
			   "nobody writes there");
	}
	last = p->len;
	attach_on_own(p, slot, m->sys, "fs/cgroup", why);
	if (last < p->len)
		p->steps[last].flags |= STEP_IF_EXISTS; /* no kernel must have it */
	if (own || spec_flag(m->spec, MINC_BEST_EFFORT))
		for (size_t i = first; i < p->len; i++)
			p->steps[i].flags |= STEP_OPTIONAL;
}

static void plan_proc_sys(struct plan *p, struct mounts *m)
{
	const bool privileged = spec_flag(m->spec, MINC_PRIVILEGED);
	struct step_fs *fs =
		mount_fs(p, "proc", ATTR_API, NULL,
			 "a /proc that shows only the container's processes");

	m->proc = fs->ret;
	attach_on_entry(p, m, m->proc, "/proc", NULL,
			"a /proc that shows only the container's processes");
	if (m->sys_source == SLOT_NONE) {
		fs = mount_fs(p, "sysfs", ATTR_API | (privileged ? 0 : MOUNT_ATTR_RDONLY),
			      NULL, "a /sys that shows its own network interfaces");
		m->sys = fs->ret;
	} else {
		m->sys = m->sys_source;
		mount_attr(p, m->sys, true,
			   ATTR_API | (privileged ? 0 : MOUNT_ATTR_RDONLY), NULL,
			   "to be read, not written");
	}
	attach_on_entry(p, m, m->sys, "/sys", NULL,
			"programs read about the hardware there");
	plan_guards(p, m);
	plan_groups(p, m);
	if (!spec_flag(m->spec, MINC_DEBUGFS))
		return;
	fs = mount_fs(p, "debugfs", ATTR_API, m->spec->flag_origin[MINC_DEBUGFS],
		      "kernel debugging and tracing");
	mount_attach(p, fs->ret, m->sys, "kernel/debug", CREATE_NOTHING,
		     m->spec->flag_origin[MINC_DEBUGFS], "kernel debugging and tracing");
}

/* An old root may have a list of mounts as a file: it would be the host's, or stale. */
static void plan_mtab(struct plan *p, struct mounts *m)
{
	const char *path = plan_text(p, "%s/etc/mtab", m->root_path);
	struct step *s;
	struct step_symlink *d;
	struct stat st;

	if (m->spec->root_flags & MINC_ROOT_DIRECT || lstat(path, &st) < 0 ||
	    !S_ISREG(st.st_mode))
		return;
	s = plan_append(p, &step_symlink, NULL,
			"the mounts that there are, not a list of old ones");
	d = s->data;
	d->at = m->root;
	d->target = "/proc/mounts";
	d->path = "etc/mtab";
	d->replace = true;
	if (m->in_userns) /* a directory of an unmapped owner cannot be changed */
		s->flags |= STEP_OPTIONAL;
}

/*
 * What an image has in its /tmp belongs to it, and what is written there to what is kept.
 * A root directory's /tmp, and the host's, are other users' as well: the container has
 * one of its own.
 */
static void plan_tmp(struct plan *p, struct mounts *m)
{
	int tmp;

	if (m->spec->image.layers_len) {
		struct step_attach *d =
			mount_attach(p, m->scratch, m->root, "/tmp", CREATE_LIKE_MOUNT,
				     NULL, "a /tmp of its own, if the image has none");

		d->spare = "tmp";
		d->spare_mode = 01777;
		return;
	}
	tmp = mount_scratch_dir(p, m, "tmp", 01777, "a /tmp of its own");
	mount_attr(p, tmp, false, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, NULL,
		   "no devices, no set-user-ID programs");
	attach_on_entry(p, m, tmp, "/tmp", NULL, "a /tmp of its own");
}

int mount_plan_api(struct plan *p, struct mounts *m)
{
	mount_plan_root_names(p, m);
	plan_dev(p, m);
	plan_proc_sys(p, m);
	plan_tmp(p, m);
	mount_plan_names(p, m);
	plan_mtab(p, m);
	return 0;
}
