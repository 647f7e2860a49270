/* SPDX-License-Identifier: MIT */
/*
 * target - mount points that the root lacks, for a user namespace. Root makes them
 * through the overlay. Without privilege, directories of the lower layer belong to ids
 * that are not mapped, and nothing can be made in them; but what is in the upper layer
 * before the overlay is mounted is merged with it. So the missing names are made there,
 * with the directories that lead to them. An upper layer that is kept may have links or
 * files in their place: then nothing is made, and what the root shows there is used.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "mount/mount.h"

/* Where @path, resolved inside @root, leads: a path relative to it, "" for itself. */
static bool resolve(const struct mounts *m, int root, const char *path,
		    char ret[PATH_MAX])
{
	cleanup_close int fd = sys_openat2(root, path, O_PATH, 0,
					   RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	size_t skip = strcmp(m->root_path, "/") == 0 ? 0 : strlen(m->root_path);
	char link[32], real[PATH_MAX];
	ssize_t n;

	if (fd < 0)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, real, sizeof(real) - 1);
	if (n < (ssize_t)skip || strncmp(real, m->root_path, skip) != 0)
		return false;
	real[n] = '\0';
	memcpy(ret, real + skip, (size_t)n - skip + 1);
	return true;
}

static const char why_target[] = "a mount point, made where the overlay will show it";

static struct step *make_dir(struct plan *p, struct mounts *m, const char *path,
			     unsigned mode, const char *origin, const char *why)
{
	struct step *s = plan_append(p, &step_mkdir, origin, why);
	struct step_mkdir *d = s->data;

	s->flags |= m->storage ? STEP_IF_EXISTS : 0;
	d->at = m->upper;
	d->path = path;
	d->mode = mode;
	d->like = mount_like_path(p, m,
				  strcmp(m->root_path, "/") == 0
					  ? plan_text(p, "/%s", path)
					  : plan_text(p, "%s/%s", m->root_path, path),
				  false);
	d->ret = SLOT_NONE;
	return s;
}

static void make_file(struct plan *p, struct mounts *m, const char *path,
		      const char *origin)
{
	struct step *s = plan_append(p, &step_file, origin, why_target);
	struct step_file *d = s->data;

	s->flags |= m->storage ? STEP_IF_EXISTS : 0;
	d->at = m->upper;
	d->path = path;
	d->content = "";
	d->source = SLOT_NONE;
	d->mode = 0644;
}

/*
 * What the first missing name of "BASE/NAME/REST" is: the path to go on with, if a link.
 */
static bool follow_link(int root, const char *base, const char *rest, char ret[PATH_MAX])
{
	char name[PATH_MAX], target[PATH_MAX];
	size_t len = strcspn(rest + 1, "/");
	ssize_t n;
	int r;

	r = snprintf(name, sizeof(name), ".%s/%.*s", base, (int)len, rest + 1);
	n = r < (int)sizeof(name) ? readlinkat(root, name, target, sizeof(target) - 1)
				  : -1;
	if (n <= 0)
		return false;
	target[n] = '\0';
	r = snprintf(ret, PATH_MAX, "%s%s%s%s", *target == '/' ? "" : base,
		     *target == '/' ? "" : "/", target, rest + 1 + len);
	return r < PATH_MAX;
}

static bool is_directory(int root, const char *base)
{
	char name[PATH_MAX];
	struct stat st;

	return snprintf(name, sizeof(name), ".%s", base) < (int)sizeof(name) &&
	       fstatat(root, name, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

static void make_all(struct plan *p, struct mounts *m, char *full, bool directory,
		     const char *origin)
{
	for (char *i = full + 1; *i; i++) {
		if (*i != '/')
			continue;
		*i = '\0';
		make_dir(p, m, plan_text(p, "%s", full + 1), 0755, origin, why_target);
		*i = '/';
	}
	if (directory)
		make_dir(p, m, plan_text(p, "%s", full + 1), 0755, origin, why_target);
	else
		make_file(p, m, plan_text(p, "%s", full + 1), origin);
}

static void plan_target(struct plan *p, struct mounts *m, int root, const char *path,
			bool directory, const char *origin, unsigned links)
{
	char base[PATH_MAX] = "", full[2 * PATH_MAX], prefix[PATH_MAX];
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	if (len >= sizeof(prefix) || links > 40)
		return; /* its ATTACH step will say so */
	memcpy(prefix, path, len);
	prefix[len] = '\0';
	if (resolve(m, root, prefix, base))
		return; /* it is there */
	do {            /* the deepest directory that is there */
		char *slash = strrchr(prefix, '/');

		if (!slash)
			return;
		*slash = '\0';
	} while (*prefix && !resolve(m, root, prefix, base));
	if (!*prefix || strcmp(base, "/") == 0)
		base[0] = '\0';
	path += strlen(prefix);
	if (!is_directory(root, base))
		return; /* its ATTACH step will say so */
	if (follow_link(root, base, path, full)) {
		plan_target(p, m, root, full, directory, origin, links + 1);
		return;
	}
	snprintf(full, sizeof(full), "%s%.*s", base, (int)(len - strlen(prefix)), path);
	make_all(p, m, full, directory, origin);
}

/* Whether the directory at @path inside belongs to somebody else; its mode. */
static bool is_foreign(const struct mounts *m, int root, const char *path,
		       unsigned *ret_mode)
{
	char name[PATH_MAX];
	struct stat st;

	if (snprintf(name, sizeof(name), ".%s", path) >= (int)sizeof(name) ||
	    fstatat(root, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	*ret_mode = st.st_mode & 07777;
	return st.st_uid != m->host->uid;
}

static void plan_passage(struct plan *p, struct mounts *m, const char *path,
			 unsigned mode)
{
	struct step *s = make_dir(p, m, path, mode, m->spec->root_origin,
				  "another's directory on the way to what the caller may "
				  "write");

	/* an earlier run with the same storage may have removed or replaced it */
	s->flags |= STEP_IF_EXISTS;
}

/*
 * The way to @path, as far as it belongs to others. Before something in a directory is
 * written, overlayfs copies the directory up with its owner, which fails (EOVERFLOW) for
 * an id that is not mapped. What is in the upper layer already need not be copied.
 */
static void plan_writable(struct plan *p, struct mounts *m, int root, const char *path)
{
	char full[PATH_MAX];
	unsigned mode;

	if (!resolve(m, root, path, full) || mount_is_replaced(full) ||
	    !is_directory(root, full))
		return;
	/* beyond, all is the caller's */
	while (*full && !is_foreign(m, root, full, &mode))
		*strrchr(full, '/') = '\0';
	for (char *i = full; *i;) {
		char *end = i + 1 + strcspn(i + 1, "/"), next = *end;

		*end = '\0';
		(void)is_foreign(m, root, full, &mode); /* the mode is what counts */
		if (full[1])
			plan_passage(p, m, plan_text(p, "%s", full + 1), mode);
		*end = next;
		i = end;
	}
}

/* Where an ordinary user writes: its own directories, and those open to all. */
static void plan_writables(struct plan *p, struct mounts *m, int root)
{
	const char *home = getenv("HOME");

	plan_writable(p, m, root, "/var/tmp");
	if (strcmp(m->root_path, "/") != 0)
		return;
	if (m->host->cwd && *m->host->cwd == '/')
		plan_writable(p, m, root, m->host->cwd);
	if (home && *home == '/')
		plan_writable(p, m, root, home);
}

void mount_plan_targets(struct plan *p, struct mounts *m)
{
	static const char *const own[] = { "/dev", "/proc", "/sys", "/tmp" };
	cleanup_close int root = -EBADF;
	size_t n = 0;

	if (m->in_userns)
		root = open(m->root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		plan_target(p, m, root, own[i], true, NULL, 0);
	if (mount_has_resolv(m))
		plan_target(p, m, root, "/etc/resolv.conf", false, NULL, 0);
	if (mount_has_hosts(m))
		plan_target(p, m, root, "/etc/hosts", false, NULL, 0);
	plan_writables(p, m, root);
	for (const struct spec_mount *i = m->spec->mounts; i && m->targets;
	     i = i->next, n++) {
		struct stat st;
		bool directory = !i->src || stat(i->src, &st) < 0 || S_ISDIR(st.st_mode);

		plan_target(p, m, root, m->targets[n], directory, i->origin, 0);
	}
}
