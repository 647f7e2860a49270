/* SPDX-License-Identifier: MIT */
/*
 * overlay - the root: an overlay of the root directory and of every mount below it, or,
 * direct, the directory itself. Lower directories are never written: what is missing is
 * made in the overlay. See the kernel's filesystems/overlayfs.
 */
#include <minc/container.h>
#include <string.h>

#include "mount/mount.h"

/*
 * File systems that overlayfs refuses as a lower layer because their names are compared
 * or hashed in their own way, or mount by themselves (ovl_dentry_weird()). They are shown
 * read-only instead.
 */
static const char *const not_lower[] = {
	"adfs", "affs",	 "autofs", "cifs", "efivarfs", "exfat", "fat",	"hfs",
	"hfsplus", "msdos", "ntfs", "ntfs3", "smb3", "ubifs", "umsdos", "vfat",
};

/* API file systems: the container gets its own, or none. */
static const char *const not_files[] = {
	"binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs",
	"fusectl", "hugetlbfs", "mqueue", "nsfs", "proc", "pstore", "rpc_pipefs", "securityfs",
	"selinuxfs", "smackfs", "sysfs", "tracefs",
};

static bool listed(const char *const *list, size_t len, const char *type)
{
	for (size_t i = 0; i < len; i++)
		if (strcmp(list[i], type) == 0)
			return true;
	return false;
}

/* /dev, /proc, /sys and /tmp are the container's own: nothing below them shows. */
static bool is_replaced(const char *path)
{
	static const char *const own[] = { "/dev", "/proc", "/sys", "/tmp" };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		size_t len = strlen(own[i]);

		if (strncmp(path, own[i], len) == 0 && (path[len] == '/' || !path[len]))
			return true;
	}
	return false;
}

static void option_slot(const struct mounts *m, struct step *fs, const char *key, int slot)
{
	struct fs_option *options = (struct fs_option *)fs->fs.options;

	mount_option(fs, key, NULL);
	if (!options)
		return; /* plan_seal() fails */
	options[fs->fs.options_len - 1].slot = slot;
	options[fs->fs.options_len - 1].by_path = !m->host->overlay_fds;
}

static int plan_dir(struct plan *p, int at, const char *path, unsigned mode, unsigned flags,
		    const char *origin, const char *why)
{
	struct step *s = plan_append(p, STEP_MKDIR, origin, why);

	s->flags |= flags;
	s->mkdir.at = at;
	s->mkdir.path = path;
	s->mkdir.mode = mode;
	s->mkdir.ret = plan_slot(p);
	return s->mkdir.ret;
}

/* Upper and work directories for the @n-th overlay (0: the root itself). */
static void plan_upper(struct plan *p, struct mounts *m, size_t n, const char *origin,
		       int *ret_upper, int *ret_work)
{
	static const char why_upper[] = "what the container writes",
			  why_work[] = "overlayfs's own work space, on the same file system";
	const char *dir = "", *upper = "upper", *work = "work";
	int at = m->scratch;

	if (m->storage) {
		at = SLOT_CWD;
		dir = plan_text(p, "%s/", m->storage);
		upper = "storage";
	}
	if (n > 0) {
		upper = plan_text(p, "submount%zu.%s", n, upper);
		work = plan_text(p, "submount%zu.%s", n, work);
	}
	*ret_upper = plan_dir(p, at, plan_text(p, "%s%s", dir, upper), 0755, 0, origin,
			      why_upper);
	*ret_work = plan_dir(p, at, plan_text(p, "%s%s", dir, work), 0755, 0, origin,
			     why_work);
}

static int plan_overlay(struct plan *p, struct mounts *m, int lower, size_t n,
			const char *origin, const char *why)
{
	int upper, work;
	struct step *s;

	plan_upper(p, m, n, origin, &upper, &work);
	s = mount_fs(p, "overlay", 0, origin, why);
	option_slot(m, s, m->host->overlay_fds ? "lowerdir+" : "lowerdir", lower);
	option_slot(m, s, "upperdir", upper);
	option_slot(m, s, "workdir", work);
	if (m->in_userns)
		mount_option(s, "userxattr", NULL); /* 5.11: no trusted.* in a user namespace */
	return s->fs.ret;
}

/* An O_PATH descriptor in the child's own copy of the mounts, or a detached tree. */
static int plan_lower(struct plan *p, struct mounts *m, const char *path, const char *origin,
		      const char *why)
{
	struct step *s;

	if (m->template)
		return mount_tree(p, m, SLOT_CWD, path, false, origin, why);
	s = plan_append(p, STEP_OPEN, origin, why);
	s->open.at = SLOT_CWD;
	s->open.path = path;
	s->open.directory = true;
	s->open.ret = plan_slot(p);
	return s->open.ret;
}

static void plan_scratch(struct plan *p, struct mounts *m)
{
	struct step *s = mount_fs(p, "tmpfs", MOUNT_ATTR_NOSUID, NULL,
				  "one private tmpfs for all that is made and forgotten");

	mount_option(s, "mode", "755");
	m->scratch = s->fs.ret;
	mount_attach(p, m->scratch, SLOT_CWD, "/", CREATE_NOTHING, NULL,
		     "attached, for it is torn down faster so; no path leads there");
}

static void plan_submount(struct plan *p, struct mounts *m, const struct submount *sub,
			  size_t n)
{
	const size_t root_len = strcmp(m->root_path, "/") == 0 ? 0 : strlen(m->root_path);
	const char *origin = m->spec->root_origin, *inside = sub->path + root_len;
	int slot;

	if (listed(not_files, sizeof(not_files) / sizeof(not_files[0]), sub->fstype) ||
	    is_replaced(inside))
		return;
	if (!sub->directory ||
	    listed(not_lower, sizeof(not_lower) / sizeof(not_lower[0]), sub->fstype)) {
		slot = mount_tree(p, m, SLOT_CWD, sub->path, false, origin,
				  "overlayfs cannot take this one: shown as it is");
		mount_attr(p, slot, true, MOUNT_ATTR_RDONLY, origin, "so it must not be written");
	} else {
		int lower = plan_lower(p, m, sub->path, origin, "a mount below the root");

		slot = plan_overlay(p, m, lower, n, origin, "it is as disposable as the root");
	}
	mount_attach(p, slot, m->root, inside, CREATE_NOTHING, origin, "where the host has it");
}

int mount_plan_root(struct plan *p, struct mounts *m)
{
	const struct spec *spec = m->spec;
	const char *origin = spec->root_origin;
	bool direct = spec->root_flags & MINC_ROOT_DIRECT;
	int source;

	if (direct)
		source = mount_tree(p, m, SLOT_CWD, m->root_path, m->recursive, origin,
				    "the directory itself: what is written stays");
	else
		source = plan_lower(p, m, m->root_path, origin, "the files below the overlay");
	if (m->template) {
		struct step *s = plan_append(p, STEP_JOIN, NULL,
					     "start where almost nothing is mounted, not with a "
					     "copy of everything");

		s->join.fd = m->host->template_fd;
		s->join.type = CLONE_NEWNS;
		s->join.name = "a nearly empty mount namespace";
		s = plan_append(p, STEP_UNSHARE, NULL, "a copy of it for this container");
		s->unshare.flags = CLONE_NEWNS;
		plan_append(p, STEP_PROPAGATION, NULL, "mounts made inside stay inside");
	}
	plan_scratch(p, m);
	m->root = direct ? source :
			   plan_overlay(p, m, source, 0, origin,
					"writes go to the upper layer, never to the directory");
	mount_attach(p, m->root, SLOT_CWD, "/", CREATE_NOTHING, origin, "the root to be");
	for (size_t i = 0; i < m->submounts_len && !direct; i++)
		plan_submount(p, m, &m->submounts[i], i + 1);
	return 0;
}
