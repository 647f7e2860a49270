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
	"adfs",    "affs",  "autofs", "cifs",  "efivarfs", "exfat", "fat",    "hfs",
	"hfsplus", "msdos", "ntfs",   "ntfs3", "smb3",     "ubifs", "umsdos", "vfat",
};

/* API file systems: the container gets its own, or none. */
static const char *const not_files[] = {
	"binfmt_misc", "bpf",       "cgroup",   "cgroup2", "configfs",
	"debugfs",     "devpts",    "devtmpfs", "fusectl", "hugetlbfs",
	"mqueue",      "nsfs",      "proc",     "pstore",  "rpc_pipefs",
	"securityfs",  "selinuxfs", "smackfs",  "sysfs",   "tracefs",
};

static bool listed(const char *const *list, size_t len, const char *type)
{
	for (size_t i = 0; i < len; i++)
		if (strcmp(list[i], type) == 0)
			return true;
	return false;
}

bool mount_can_be_lower(const char *fstype)
{
	return !listed(not_lower, sizeof(not_lower) / sizeof(not_lower[0]), fstype);
}

bool mount_is_api(const char *fstype)
{
	return listed(not_files, sizeof(not_files) / sizeof(not_files[0]), fstype);
}

bool mount_is_replaced(const char *inside)
{
	static const char *const own[] = { "/dev", "/proc", "/sys", "/tmp" };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		size_t len = strlen(own[i]);

		if (strncmp(inside, own[i], len) == 0 &&
		    (inside[len] == '/' || !inside[len]))
			return true;
	}
	return false;
}

const char *mount_inside(const struct mounts *m, const char *path)
{
	return strcmp(m->root_path, "/") == 0 ? path : path + strlen(m->root_path);
}

static void option_slot(const struct mounts *m, struct step_fs *fs, const char *key,
			int slot)
{
	struct fs_option *options = (struct fs_option *)fs->options;

	mount_option(fs, key, NULL);
	if (!options)
		return; /* plan_seal() fails */
	options[fs->options_len - 1].slot = slot;
	options[fs->options_len - 1].by_path = !m->host->overlay_fds;
}

static int plan_dir(struct plan *p, int at, const char *path, const struct dir_like *like,
		    const char *origin, const char *why)
{
	struct step_mkdir *d = plan_append(p, &step_mkdir, origin, why)->data;

	d->at = at;
	d->path = path;
	d->mode = 0755;
	d->like = like;
	d->ret = plan_slot(p);
	return d->ret;
}

/* Hidden from the container by overlayfs itself; see walk.c of lib/change. */
static const char *like_mark(const struct mounts *m)
{
	return m->in_userns ? "user.overlay.minc" : "trusted.overlay.minc";
}

const struct dir_like *mount_like(struct plan *p, const struct mounts *m,
				  const int *slots, size_t len, const char *path,
				  bool overlaid)
{
	struct dir_like *like = plan_alloc(p, sizeof(*like));

	if (!like || !slots)
		return NULL;
	like->slots = slots;
	like->len = len;
	like->path = path;
	like->mapped = m->in_userns;
	like->mark = overlaid && m->storage ? like_mark(m) : NULL;
	return like;
}

const struct dir_like *mount_like_path(struct plan *p, const struct mounts *m,
				       const char *path, bool overlaid)
{
	static const int host = SLOT_CWD;

	return mount_like(p, m, &host, 1, path, overlaid);
}

static const struct dir_like *like_lower(struct plan *p, const struct mounts *m,
					 int lower)
{
	int *slot = plan_alloc(p, sizeof(*slot));

	if (slot)
		*slot = lower;
	return mount_like(p, m, slot, 1, ".", true);
}

/*
 * Once, and by name: only a file of the mount namespace that the container has can be an
 * upper layer. The user for whom root does this may own a directory above it, so it is
 * looked whether it is still the one that was checked; from there on no name is used that
 * he could exchange.
 */
int mount_storage(struct plan *p, struct mounts *m, const char *origin)
{
	struct step_open *d;

	if (!m->storage)
		return m->scratch;
	if (!m->opened) {
		d = plan_append(p, &step_open, origin, "the directory that is kept")
			    ->data;
		d->at = SLOT_CWD;
		d->path = m->storage;
		d->directory = d->storage = true;
		d->ret = m->kept = plan_slot(p);
		m->opened = true;
	}
	return m->kept;
}

static const char place_name[] = "overlay";

/* Only the overlay's: what the container sees of scratch are other directories. */
static void plan_place(struct plan *p, const char *origin, int scratch)
{
	struct step_mkdir *d =
		plan_append(p, &step_mkdir, origin,
			    "where so many layers are mounted before they become /")
			->data;

	d->at = scratch;
	d->path = place_name;
	d->mode = 0700;
	d->ret = SLOT_NONE;
}

static const char why_upper[] = "what the container writes",
		  why_work[] = "overlayfs's own work space, on the same file system";

void mount_upper(struct plan *p, struct mounts *m, const struct dir_like *like,
		 const char *origin, int *ret_upper, int *ret_work)
{
	const int at = mount_storage(p, m, origin);

	*ret_upper = plan_dir(p, at, m->storage ? "storage" : "upper", like, origin,
			      why_upper);
	*ret_work = plan_dir(p, at, "work", NULL, origin, why_work);
	m->work = *ret_work;
}

/* The same for a mount below the root: submountN.storage, submountN.work. */
static void submount_upper(struct plan *p, struct mounts *m, size_t n, int lower,
			   const char *origin, int *ret_upper, int *ret_work)
{
	const int at = mount_storage(p, m, origin);

	*ret_upper = plan_dir(p, at, plan_text(p, "submount%zu.storage", n),
			      like_lower(p, m, lower), origin, why_upper);
	*ret_work = plan_dir(p, at, plan_text(p, "submount%zu.work", n), NULL, origin,
			     why_work);
}

/* A device file in somebody's root directory would open the host's disks. */
static unsigned root_attr(const struct mounts *m)
{
	return spec_flag(m->spec, MINC_PRIVILEGED) ? 0 : MOUNT_ATTR_NODEV;
}

/* Before Linux 6.8, without "lowerdir+": a list, for mount(2); see struct step_fs. */
static void option_list(const struct mounts *m, struct step_fs *fs, const int *lowers,
			size_t len)
{
	struct fs_option *o = (struct fs_option *)fs->options + fs->options_len;

	mount_option(fs, "lowerdir", NULL);
	if (!fs->options)
		return; /* plan_seal() fails */
	o->slots = lowers;
	o->slots_len = len;
	fs->at = m->scratch;
	fs->place = place_name;
}

/* @lowers: uppermost first. */
static void option_lowers(const struct mounts *m, struct step_fs *fs, const int *lowers,
			  size_t len)
{
	const char *key = m->host->overlay_fds || len > 1 ? "lowerdir+" : "lowerdir";

	for (size_t i = 0; i < len; i++)
		option_slot(m, fs, key, lowers[i]);
}

enum { OVERLAY_OPTIONS = 8 }; /* besides the lower layers */

/* @lowers lives as long as the plan if there is more than one. */
static int plan_overlay(struct plan *p, struct mounts *m, const int *lowers, size_t len,
			int upper, int work, const char *origin, const char *why)
{
	const bool list = len > 1 && m->host->kernel < HOST_KERNEL(6, 8);
	struct step_fs *fs;

	if (list)
		plan_place(p, origin, m->scratch);
	fs = mount_fs_sized(p, "overlay", root_attr(m), OVERLAY_OPTIONS + len, origin,
			    why);
	if (list)
		option_list(m, fs, lowers, len);
	else
		option_lowers(m, fs, lowers, len);
	option_slot(m, fs, "upperdir", upper);
	option_slot(m, fs, "workdir", work);
	if (m->in_userns)
		/* 5.11: no trusted.* in a user namespace */
		mount_option(fs, "userxattr", NULL);
	return fs->ret;
}

/* An O_PATH descriptor in the child's own copy of the mounts, or a detached tree. */
static int plan_lower(struct plan *p, struct mounts *m, const char *path,
		      const char *origin, const char *why)
{
	struct step_open *d;

	if (m->template)
		return mount_tree(p, m, SLOT_CWD, path, false, origin, why);
	d = plan_append(p, &step_open, origin, why)->data;
	d->at = SLOT_CWD;
	d->path = path;
	d->directory = true;
	d->ret = plan_slot(p);
	return d->ret;
}

static void plan_submount(struct plan *p, struct mounts *m, const struct submount *sub,
			  size_t n)
{
	const char *origin = m->spec->root_origin, *inside = mount_inside(m, sub->path);
	int slot;

	if (mount_is_api(sub->fstype) || mount_is_replaced(inside) || sub->out_of_reach)
		return;
	if (!sub->directory || !mount_can_be_lower(sub->fstype)) {
		slot = mount_tree(p, m, SLOT_CWD, sub->path, false, origin,
				  "overlayfs cannot take this one: shown as it is");
		mount_attr(p, slot, true, MOUNT_ATTR_RDONLY | root_attr(m), origin,
			   "so it must not be written");
	} else {
		int upper, work;
		int lower = plan_lower(p, m, sub->path, origin, "a mount below the root");

		submount_upper(p, m, n, lower, origin, &upper, &work);
		slot = plan_overlay(p, m, &lower, 1, upper, work, origin,
				    "it is as disposable as the root");
	}
	mount_attach(p, slot, m->root, inside, CREATE_NOTHING, origin,
		     "where the host has it");
}

void mount_overlay_dir(struct plan *p, struct mounts *m, const char *path,
		       const char *inside, const char *origin, const char *why)
{
	int lower = plan_lower(p, m, path, origin, why), upper, work, slot;

	upper = plan_dir(p, m->upper, plan_text(p, "%s", inside + 1),
			 like_lower(p, m, lower), origin, why_upper);
	work = plan_dir(p, m->work, plan_text(p, "%d", m->works++), NULL, origin,
			why_work);
	slot = plan_overlay(p, m, &lower, 1, upper, work, origin, why);
	mount_attach(p, slot, m->root, inside, CREATE_NOTHING, origin,
		     "where the host has it");
}

static bool is_split(const struct mounts *m)
{
	return m->in_userns && !(m->spec->root_flags & MINC_ROOT_DIRECT) &&
	       m->submounts_len > 0;
}

void mount_plan_lower(struct plan *p, struct mounts *m)
{
	const char *origin = m->spec->root_origin;

	m->lower = SLOT_NONE;
	if (m->spec->image.layers_len > 0)
		mount_plan_layers(p, m);
	else if (m->spec->root_flags & MINC_ROOT_DIRECT)
		m->lower = mount_tree(p, m, SLOT_CWD, m->root_path, m->recursive, origin,
				      "the directory itself: what is written stays");
	else if (!is_split(m))
		m->lower = plan_lower(p, m, m->root_path, origin,
				      "the files below the overlay");
}

int mount_plan_root(struct plan *p, struct mounts *m)
{
	const char *origin = m->spec->root_origin;
	bool direct = m->spec->root_flags & MINC_ROOT_DIRECT;
	const bool image = m->spec->image.layers_len > 0;
	int work;

	if (m->template)
		plan_append(p, &step_propagation, NULL, "mounts made inside stay inside");
	if (image) {
		mount_attach_layers(p, m);
	} else if (m->template && !direct) {
		mount_attr(p, m->lower, false, MOUNT_ATTR_RDONLY, origin,
			   "only read from");
		mount_attach(p, m->lower, SLOT_CWD, "/", CREATE_NOTHING, origin,
			     mount_why_attached);
	}
	mount_plan_scratch(p, m);
	if (is_split(m)) {
		mount_plan_split(p, m);
		return 0;
	}
	m->root = m->lower;
	if (direct && root_attr(m))
		mount_attr(p, m->root, true, root_attr(m), origin,
			   "the host's devices are in /dev only");
	if (!direct) {
		mount_upper(p, m,
			    image ? mount_like(p, m, m->layers, m->layers_len, ".", true)
				  : like_lower(p, m, m->lower),
			    origin, &m->upper, &work);
		if (!image) /* an image is the caller's own: the overlay makes them */
			mount_plan_targets(p, m);
		m->root = plan_overlay(
			p, m, image ? m->layers : &m->lower, image ? m->layers_len : 1,
			m->upper, work, origin,
			image ? "writes go to the upper layer, never to the image"
			      : "writes go to the upper layer, never to the directory");
	}
	mount_attach(p, m->root, SLOT_CWD, "/", CREATE_NOTHING, origin, "the root to be");
	for (size_t i = 0; i < m->submounts_len && !direct; i++)
		plan_submount(p, m, &m->submounts[i], i + 1);
	return 0;
}
