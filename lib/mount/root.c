/* SPDX-License-Identifier: MIT */
/* root - the building blocks, the mount namespace and entering it; see mount.h. */
#include <minc/container.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "mount/mount.h"

enum { FS_OPTIONS = 12 };

static struct step_tree *plan_tree(struct plan *p, struct mounts *m, int at,
				   const char *path, bool recursive, const char *origin,
				   const char *why)
{
	struct step *s = plan_append(p, &step_tree, origin, why);
	struct step_tree *d = s->data;

	d->at = at;
	d->path = path;
	/*
	 * In a user namespace the copied mounts are locked to their parents: all or none.
	 */
	d->recursive = recursive || (m->in_userns && at == SLOT_CWD);
	d->ret = plan_slot(p);
	if (m->template && at == SLOT_CWD)
		s->flags |= STEP_HOST;
	return d;
}

int mount_tree(struct plan *p, struct mounts *m, int at, const char *path, bool recursive,
	       const char *origin, const char *why)
{
	return plan_tree(p, m, at, path, recursive, origin, why)->ret;
}

struct step_fs *mount_fs_sized(struct plan *p, const char *type, unsigned attr,
			       size_t options, const char *origin, const char *why)
{
	struct step_fs *d = plan_append(p, &step_fs, origin, why)->data;

	d->type = type;
	d->attr = attr;
	d->options = plan_alloc(p, options * sizeof(struct fs_option));
	d->options_size = options;
	d->ret = plan_slot(p);
	return d;
}

struct step_fs *mount_fs(struct plan *p, const char *type, unsigned attr,
			 const char *origin, const char *why)
{
	return mount_fs_sized(p, type, attr, FS_OPTIONS, origin, why);
}

void mount_option(struct step_fs *fs, const char *key, const char *value)
{
	struct fs_option *options = (struct fs_option *)fs->options;

	if (!options || fs->options_len == fs->options_size)
		/* without memory plan_seal() fails; callers know how many they have */
		return;
	options[fs->options_len++] =
		(struct fs_option){ .key = key, .value = value, .slot = SLOT_NONE };
}

struct step_setattr *mount_attr(struct plan *p, int slot, bool recursive, uint64_t set,
				const char *origin, const char *why)
{
	struct step_setattr *d = plan_append(p, &step_setattr, origin, why)->data;

	d->slot = slot;
	d->recursive = recursive;
	d->set = set;
	return d;
}

struct step_attach *mount_attach(struct plan *p, int mount, int at, const char *path,
				 enum attach_create create, const char *origin,
				 const char *why)
{
	struct step_attach *d = plan_append(p, &step_attach, origin, why)->data;

	d->mount = mount;
	d->at = at;
	d->path = path;
	d->create = create;
	return d;
}

/* Where a bind without a target is shown: at its own absolute path. */
static const char *default_target(struct plan *p, const char *src)
{
	cleanup_free char *real = NULL;

	if (*src != '/' || strstr(src, "..")) {
		real = realpath(src, NULL);
		if (real)
			return plan_text(p, "%s", real);
	}
	/* missing: its step says so */
	return plan_text(p, "%s%s", *src == '/' ? "" : "/", src);
}

static bool is_device(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode));
}

static void plan_bind_sources(struct plan *p, struct mounts *m)
{
	struct step_tree *tree;
	size_t n = 0;

	for (const struct spec_mount *i = m->spec->mounts; i; i = i->next)
		n++;
	m->sources = plan_alloc(p, (n + 1) * sizeof(*m->sources));
	m->targets = plan_alloc(p, (n + 1) * sizeof(*m->targets));
	if (!m->sources || !m->targets)
		return; /* plan_seal() fails */
	n = 0;
	for (const struct spec_mount *i = m->spec->mounts; i; i = i->next, n++) {
		m->targets[n] = i->dst;
		if (!i->src)
			continue; /* a new file system, which has a target */
		if (!i->dst)
			m->targets[n] = default_target(p, i->src);
		tree = plan_tree(p, m, SLOT_CWD, i->src, true, i->origin,
				 "the host's files to show inside");
		tree->target = m->targets[n];
		m->sources[n] = tree->ret;
	}
}

int mount_plan_sources(struct plan *p, struct mounts *m)
{
	const struct spec *s = m->spec;
	bool fresh_sys = (s->net == SPEC_NET_OWN || !m->host->sys) && !m->in_userns;

	m->sys_source = SLOT_NONE;
	if (!m->template) {
		p->clone_flags |= CLONE_NEWNS;
		plan_append(p, &step_propagation, NULL, "mounts made inside stay inside");
	}
	plan_bind_sources(p, m);
	if (!fresh_sys)
		m->sys_source = mount_tree(p, m, SLOT_CWD, "/sys", false, NULL,
					   "the kernel's devices and settings");
	mount_plan_name_sources(p, m);
	mount_plan_lower(p, m);
	return 0;
}

/* Whether @s makes something in the container's tree, or in the layer above it. */
static bool makes_inside(const struct mounts *m, const struct step *s)
{
	const struct step_attach *attach = s->data;
	const struct step_open *opened = s->data;
	const struct step_symlink *link = s->data;
	const struct step_mkdir *dir = s->data;
	const struct step_file *file = s->data;

	if (s->ops == &step_attach)
		return attach->at == m->root && attach->create != CREATE_NOTHING;
	if (s->ops == &step_open)
		return opened->at == m->root && opened->create;
	if (s->ops == &step_symlink)
		return link->at == m->root || link->at == m->upper;
	if (s->ops == &step_mkdir)
		return dir->at == m->upper;
	return s->ops == &step_file && file->at == m->upper;
}

/*
 * A mount point that was missing is not the container's work: it leaves no trace in
 * times.
 */
static void plan_quiet(struct plan *p, const struct mounts *m)
{
	if (m->spec->root_flags & MINC_ROOT_DIRECT)
		return; /* there something was made indeed */
	for (size_t i = 0; i < p->len; i++)
		if (makes_inside(m, &p->steps[i]))
			p->steps[i].flags |= STEP_QUIET;
}

void mount_plan_enter(struct plan *p, struct mounts *m)
{
	struct step_root *d =
		plan_append(p, &step_root, NULL,
			    m->template ? "the tree made above becomes /"
					: "the tree made above becomes /, the host's is "
					  "detached")
			->data;

	d->slot = m->root;
	d->over = m->template;
	plan_quiet(p, m);
}

static void plan_bind_flags(struct plan *p, int slot, const struct spec_mount *i)
{
	uint64_t attr = 0;

	if (i->flags & MINC_BIND_RDONLY)
		attr |= MOUNT_ATTR_RDONLY;
	if (!(i->flags & MINC_BIND_DEV) && !is_device(i->src))
		attr |= MOUNT_ATTR_NODEV;
	if (!(i->flags & MINC_BIND_SUID))
		attr |= MOUNT_ATTR_NOSUID;
	if (i->flags & MINC_BIND_NOEXEC)
		attr |= MOUNT_ATTR_NOEXEC;
	if (attr)
		mount_attr(p, slot, true, attr, i->origin, "no more than was asked for");
}

static int plan_tmpfs(struct plan *p, const struct mounts *m, const struct spec_mount *i)
{
	/* another size for what the container has anyway makes no programs of data */
	const bool data = strcmp(i->dst, "/dev/shm") == 0 || i->flags & MINC_TMPFS_NOEXEC;
	const unsigned attr =
		MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (data ? MOUNT_ATTR_NOEXEC : 0) |
		(i->flags & MINC_TMPFS_RDONLY || m->spec->idle ? MOUNT_ATTR_RDONLY : 0);
	struct step_fs *fs =
		mount_tmpfs(p, m, attr, i->size_bytes, i->origin, "an empty directory");

	mount_option(fs, "mode", plan_text(p, "%o", i->mode));
	if (i->owned) {
		mount_option(fs, "uid", plan_text(p, "%u", i->uid));
		mount_option(fs, "gid", plan_text(p, "%u", i->gid));
	}
	return fs->ret;
}

/*
 * The root, and what of it is an overlay of its own; at last, for mounting needs writing.
 */
static void plan_rdonly(struct plan *p, struct mounts *m)
{
	static const char why[] = "the root cannot be written";

	for (size_t i = 0, len = p->len; i < len; i++) {
		const struct step *s = &p->steps[i];
		const struct step_fs *d = s->data;

		if (s->ops == &step_fs && strcmp(d->type, "overlay") == 0 &&
		    d->ret != m->root)
			mount_attr(p, d->ret, false, MOUNT_ATTR_RDONLY,
				   m->spec->root_origin, why);
	}
	mount_attr(p, m->root, false, MOUNT_ATTR_RDONLY, m->spec->root_origin, why);
}

int mount_plan_user(struct plan *p, struct mounts *m)
{
	const struct spec *spec = m->spec;
	size_t n = 0;

	for (const struct spec_mount *i = spec->mounts; i && m->targets;
	     i = i->next, n++) {
		int slot = m->sources[n];

		if (i->src)
			plan_bind_flags(p, slot, i);
		else
			slot = plan_tmpfs(p, m, i);
		mount_attach(p, slot, m->root, m->targets[n], CREATE_LIKE_MOUNT,
			     i->origin, "shown where it was asked for");
	}
	/* what would be written to memory would be lost */
	if (spec->root_flags & MINC_ROOT_RDONLY ||
	    (spec->idle && !spec->keep && !(spec->root_flags & MINC_ROOT_DIRECT)))
		plan_rdonly(p, m);
	return 0;
}
