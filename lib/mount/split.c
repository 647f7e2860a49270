/* SPDX-License-Identifier: MIT */
/*
 * split - the overlay of a root that has mounts below it, in a user namespace. The kernel
 * locks the mounts that a less privileged namespace inherits to the directories below
 * them, and refuses an overlay that would uncover what they hide. So the root, and every
 * directory on the way to a mount, becomes a plain directory of the upper layer, and each
 * of its entries an overlay of its own. What is written lands in the same places of the
 * upper layer as with one overlay; only the mount points themselves cannot be removed.
 */
#include <dirent.h>
#include <errno.h>
#include <minc/container.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mount/mount.h"

static const char why[] = "a directory of the host, disposable; the root as a whole has "
			  "mounts that are locked to it";

/* The mount at @path, or NULL; whether there are any strictly below it. */
static const struct submount *find_mount(const struct mounts *m, const char *path,
					 bool *ret_below)
{
	const struct submount *at = NULL;
	size_t len = strlen(path);

	*ret_below = false;
	for (size_t i = 0; i < m->submounts_len; i++) {
		const char *p = m->submounts[i].path;

		if (strncmp(p, path, len) != 0)
			continue;
		if (p[len] == '\0')
			at = &m->submounts[i];
		else if (p[len] == '/')
			*ret_below = true;
	}
	return at;
}

static void make_dir(struct plan *p, struct mounts *m, const char *path,
		     const char *inside, unsigned mode)
{
	struct step *s = plan_append(p, &step_mkdir, m->spec->root_origin,
				     "as on the host, to hold what is below it");
	struct step_mkdir *d = s->data;

	d->at = m->upper;
	d->path = plan_text(p, "%s", inside + 1);
	d->mode = mode & 07777;
	d->like = mount_like_path(p, m, path, false);
	d->ret = SLOT_NONE;
}

static void split_link(struct plan *p, struct mounts *m, const char *path,
		       const char *inside)
{
	char target[4096];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	struct step *s;
	struct step_symlink *d;

	if (n < 0)
		return; /* gone meanwhile */
	target[n] = '\0';
	s = plan_append(p, &step_symlink, m->spec->root_origin, "as on the host");
	d = s->data;
	d->at = m->upper;
	d->target = plan_text(p, "%s", target);
	d->path = plan_text(p, "%s", inside + 1);
}

static void show_rdonly(struct plan *p, struct mounts *m, const char *path,
			const char *inside)
{
	const char *origin = m->spec->root_origin;
	int slot = mount_tree(p, m, SLOT_CWD, path, true, origin,
			      "overlayfs cannot take this one: shown as it is");

	mount_attr(p, slot, true, MOUNT_ATTR_RDONLY, origin, "so it must not be written");
	mount_attach(p, slot, m->root, inside, CREATE_LIKE_MOUNT, origin,
		     "where the host has it");
}

static void split_dir(struct plan *p, struct mounts *m, const char *path, unsigned depth);

static void split_entry(struct plan *p, struct mounts *m, const char *path,
			unsigned depth)
{
	const char *inside = mount_inside(m, path);
	const struct submount *at;
	struct stat st;
	bool below;

	if (lstat(path, &st) < 0)
		return; /* gone meanwhile */
	if (S_ISLNK(st.st_mode)) {
		split_link(p, m, path, inside);
		return;
	}
	at = find_mount(m, path, &below);
	if (at && !m->recursive)
		below = false;
	if (S_ISREG(st.st_mode)) {
		show_rdonly(p, m, path, inside);
	} else if (S_ISDIR(st.st_mode) && (!at || m->recursive) &&
		   !mount_is_replaced(inside) && !(at && mount_is_api(at->fstype))) {
		if (below) {
			make_dir(p, m, path, inside, st.st_mode);
			split_dir(p, m, path, depth + 1);
		} else if (at && !mount_can_be_lower(at->fstype)) {
			show_rdonly(p, m, path, inside);
		} else {
			mount_overlay_dir(p, m, path, inside, m->spec->root_origin, why);
		}
	} else if (S_ISDIR(st.st_mode)) {
		make_dir(p, m, path, inside, st.st_mode);
	}
	/* sockets, FIFOs and devices of the host stay outside */
}

static void split_dir(struct plan *p, struct mounts *m, const char *path, unsigned depth)
{
	const char *slash = strcmp(path, "/") == 0 ? "" : "/";
	DIR *dir = depth < 32 ? opendir(path) : NULL;
	struct dirent *d;

	while (dir && (d = readdir(dir)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			split_entry(p, m, plan_text(p, "%s%s%s", path, slash, d->d_name),
				    depth);
	if (dir)
		closedir(dir);
	else if (depth == 32 || (errno != EACCES && errno != ENOENT))
		p->failed = depth == 32 ? -ELOOP : -errno;
	/* else unreadable for us: empty for the container, too */
}

void mount_plan_split(struct plan *p, struct mounts *m)
{
	const char *origin = m->spec->root_origin;
	int work;

	mount_upper(p, m, mount_like_path(p, m, m->root_path, false), origin, &m->upper,
		    &work);
	mount_plan_targets(p, m);
	if (m->storage)
		m->root = mount_tree(p, m, mount_storage(p, m, origin), "storage", true,
				     origin, "the root: what is written at its top");
	else
		m->root = mount_tree(p, m, m->scratch, "upper", false, origin,
				     "the root: what is written at its top");
	mount_attach(p, m->root, SLOT_CWD, "/", CREATE_NOTHING, origin, "the root to be");
	split_dir(p, m, m->root_path, 0);
}
