/* SPDX-License-Identifier: MIT */
/*
 * squash-to-dir - layers become files below a directory; see squash.h. Every name is
 * looked up in the directory of its parent, which is opened beneath ours without
 * following a link.
 */
#include "squash/squash-to-dir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/fd.h"
#include "base/sys.h"
#include "squash/squash-tree.h"
#include "squash/squash.h"
#include "tar/holes.h"

enum { READ_BYTES = 128 << 10, PATH_BYTES = 4096, LINKS_MAX = 40, NOBODY = 65534 };

struct unpack {
	struct err *e;
	const char *what;
	int dir;
	bool one_owner, any_owner;
	bool poor;                          /* no devices, and not all attributes */
	bool files;                         /* were made */
	bool nobody;                        /* an owner without a number here is 65534 */
	const struct squash_owners *owners; /* or NULL */
	struct squash_reader *reader;
	squash_progress_fn *progress; /* or NULL */
	void *data;
	struct arena arena;
	char *buf;
	const struct tree_name *parent; /* whose directory is open */
	int parent_fd;
	char path[PATH_BYTES]; /* of what is being made */
};

static int failed(struct unpack *u, int r)
{
	return err_set(u->e, r, "%s: %s", u->what, *u->path ? u->path : "/");
}

static int open_beneath(const struct unpack *u, const char *path, uint64_t flags)
{
	return sys_openat2(u->dir, *path ? path : ".", flags | O_NOFOLLOW, 0,
			   RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

/* The path of @n, and its parent's directory. */
static int go_to(struct unpack *u, const struct tree_name *n)
{
	char path[PATH_BYTES];
	int r = tree_path(n, u->path, sizeof(u->path));

	if (r < 0) {
		u->path[0] = '\0';
		return failed(u, r);
	}
	if (!n->parent || u->parent == n->parent)
		return 0;
	(void)tree_path(n->parent, path, sizeof(path)); /* it is shorter */
	fd_closep(&u->parent_fd);
	u->parent = NULL;
	r = open_beneath(u, path, O_RDONLY | O_DIRECTORY);
	if (r < 0)
		return failed(u, r);
	u->parent_fd = r;
	u->parent = n->parent;
	return 0;
}

static bool is_refused(bool allowed, int r)
{
	return allowed && (r == -EPERM || r == -EINVAL || r == -EOPNOTSUPP);
}

static uint32_t outside(const struct squash_ids *ids, size_t len, uint32_t id)
{
	for (size_t i = 0; i < len; i++)
		if (id - ids[i].inside < ids[i].count)
			return id - ids[i].inside + ids[i].outside;
	return NOBODY;
}

static int set_owner(struct unpack *u, int fd, const char *name,
		     const struct tree_inode *i)
{
	const struct squash_owners *o = u->owners;
	const uint32_t uid = o ? outside(o->uids, o->uids_len, i->uid) : i->uid;
	const uint32_t gid = o ? outside(o->gids, o->gids_len, i->gid) : i->gid;
	const int flags = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH;
	int r = u->one_owner || fchownat(fd, name, uid, gid, flags) == 0 ? 0 : -errno;

	if (r == -EINVAL && u->nobody) /* maybe one of the two only: try each */
		r = (fchownat(fd, name, uid, (gid_t)-1, flags) < 0 &&
		     fchownat(fd, name, NOBODY, (gid_t)-1, flags) < 0) ||
				    (fchownat(fd, name, (uid_t)-1, gid, flags) < 0 &&
				     fchownat(fd, name, (uid_t)-1, NOBODY, flags) < 0)
			    ? -errno
			    : 0;
	return is_refused(u->any_owner, r) ? 0 : r;
}

static int set_times(int fd, const char *name, const struct tree_inode *i)
{
	const struct timespec t[2] = { { .tv_sec = i->mtime }, { .tv_sec = i->mtime } };

	return utimensat(fd, name, t, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) < 0 ? -errno
									       : 0;
}

/* After the owner: a change of owner drops capabilities and set-id bits. */
static int set_attributes(struct unpack *u, int fd, const struct tree_inode *i)
{
	int r = set_owner(u, fd, "", i);

	for (const struct tree_xattr *x = i->xattrs; x && r == 0; x = x->next) {
		r = fsetxattr(fd, x->name, x->value, x->len, 0) < 0 ? -errno : 0;
		r = is_refused(u->poor, r) ? 0 : r;
	}
	if (r == 0 && fchmod(fd, i->mode & 07777) < 0)
		r = -errno;
	return r == 0 ? futimens(fd,
				 (const struct timespec[2]){ { .tv_sec = i->mtime },
							     { .tv_sec = i->mtime } }) < 0
				? -errno
				: 0
		      : r;
}

static int write_content(struct unpack *u, int fd, const struct tree_inode *i)
{
	uint64_t at = 0;
	ssize_t n;
	int r = 0;

	while (r == 0) {
		at += squash_reader_hole(u->reader, i, at);
		if (lseek(fd, (off_t)at, SEEK_SET) < 0)
			return -errno;
		n = squash_reader_content(u->reader, i, at, u->buf, READ_BYTES);
		if (n == 0)
			break;
		if (n < 0)
			return (int)n;
		r = holes_write(fd, u->buf, (size_t)n);
		if (r == 0)
			r = squash_reader_tell(u->reader, (uint64_t)n);
		at += (uint64_t)n;
	}
	return r == 0 ? holes_end(fd) : r;
}

static int make_file(struct unpack *u, const struct tree_name *n)
{
	cleanup_close int fd =
		openat(u->parent_fd, n->name,
		       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return -errno;
	u->files = true;
	r = write_content(u, fd, n->inode);
	return r == 0 ? set_attributes(u, fd, n->inode) : r;
}

/* Attributes of what cannot be opened, by the link that /proc has for its directory. */
static int set_xattrs_of(struct unpack *u, const struct tree_name *n)
{
	char path[64 + 256];
	int r = 0;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", u->parent_fd, n->name);
	for (const struct tree_xattr *x = n->inode->xattrs; x && r == 0; x = x->next) {
		r = lsetxattr(path, x->name, x->value, x->len, 0) < 0 ? -errno : 0;
		r = is_refused(u->poor, r) ? 0 : r;
	}
	return r;
}

static int make_special(struct unpack *u, const struct tree_name *n)
{
	const struct tree_inode *i = n->inode;
	int r;

	if (S_ISLNK(i->mode))
		r = symlinkat(i->target, u->parent_fd, n->name) < 0 ? -errno : 0;
	else
		r = mknodat(u->parent_fd, n->name, i->mode & (S_IFMT | 07777),
			    makedev(i->major, i->minor)) < 0
			    ? -errno
			    : 0;
	if (r == -EPERM && u->poor && (S_ISCHR(i->mode) || S_ISBLK(i->mode)))
		return 0; /* only root can make or use a device */
	if (r == 0)
		r = set_owner(u, u->parent_fd, n->name, i);
	if (r == 0)
		r = set_xattrs_of(u, n);
	/* the umask took bits away; what was just made is no link */
	if (r == 0 && !S_ISLNK(i->mode) &&
	    fchmodat(u->parent_fd, n->name, i->mode & 07777, 0) < 0)
		r = -errno;
	return r == 0 ? set_times(u->parent_fd, n->name, i) : r;
}

static int make_link(struct unpack *u, const struct tree_name *n)
{
	if (linkat(u->dir, n->inode->first, u->parent_fd, n->name, 0) == 0)
		return 0;
	/* the device itself could not be made either */
	return errno == ENOENT && u->poor && !S_ISREG(n->inode->mode) ? 0 : -errno;
}

static int make(struct unpack *u, const struct tree_name *n)
{
	struct tree_inode *i = n->inode;
	int r = go_to(u, n);

	if (r < 0 || !n->parent)
		return r;
	if (S_ISDIR(i->mode)) {
		r = mkdirat(u->parent_fd, n->name, 0700) < 0 ? -errno : 0;
	} else if (i->first) {
		r = make_link(u, n);
	} else {
		if (i->nlink > 1) {
			i->first = arena_strdup(&u->arena, u->path);
			if (!i->first)
				return failed(u, -ENOMEM);
		}
		r = S_ISREG(i->mode) ? make_file(u, n) : make_special(u, n);
	}
	if (r == 0)
		r = squash_reader_tell(u->reader, 0);
	return r < 0 ? failed(u, r) : 0;
}

/* After its contents: a mode may forbid to make them, and they change its times. */
static int finish_dir(struct unpack *u, const struct tree_name *n)
{
	cleanup_close int fd = -EBADF;
	int r = tree_path(n, u->path, sizeof(u->path));

	if (r == 0)
		r = open_beneath(u, u->path, O_RDONLY | O_DIRECTORY);
	if (r >= 0) {
		fd = r;
		r = set_attributes(u, fd, n->inode);
	}
	return r < 0 ? failed(u, r) : 0;
}

static const struct tree_name *deepest(const struct tree_name *n)
{
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): there is a tree */
	while (n->children)
		n = n->children;
	return n;
}

static int unpack_tree(struct unpack *u)
{
	struct tree *t = squash_reader_tree(u->reader);
	int r = 0;

	for (struct tree_name *n = &t->root; n && r == 0; n = tree_next(t, n))
		r = make(u, n);
	/* contents before their directory */
	for (const struct tree_name *n = deepest(&t->root); n && r == 0;
	     n = n->next ? deepest(n->next) : n->parent)
		if (S_ISDIR(n->inode->mode))
			r = finish_dir(u, n);
	return r;
}

static const struct tree_name *find_child(const struct tree_name *dir, const char *name,
					  size_t len)
{
	const struct tree_name *n = dir->children;

	while (n && (strncmp(n->name, name, len) != 0 || n->name[len]))
		n = n->next;
	return n;
}

/* The directory that @path leads to, through links of the image; NULL: there is none. */
static const struct tree_name *find_dir(const struct tree *t, const char *path)
{
	char left[PATH_BYTES], next[2 * PATH_BYTES];
	const struct tree_name *at = &t->root, *n;
	const char *p = left;
	unsigned links = 0;

	if (snprintf(left, sizeof(left), "%s", path) >= (int)sizeof(left))
		return NULL;
	while (*(p += strspn(p, "/"))) {
		const size_t len = strcspn(p, "/");

		if (len == 2 && memcmp(p, "..", 2) == 0)
			at = at->parent ? at->parent : at;
		if ((len == 1 && *p == '.') || (len == 2 && memcmp(p, "..", 2) == 0)) {
			p += len;
			continue;
		}
		n = find_child(at, p, len);
		p += len;
		if (n && S_ISLNK(n->inode->mode)) {
			const char *target = n->inode->target;

			if (++links > LINKS_MAX ||
			    snprintf(next, sizeof(next), "%s/%s", target, p) >=
				    (int)sizeof(left))
				return NULL;
			at = *target == '/' ? &t->root : at;
			memcpy(left, next, strlen(next) + 1);
			p = left;
		} else if (n && S_ISDIR(n->inode->mode)) {
			at = n;
		} else {
			return NULL;
		}
	}
	return at;
}

/* Only what is in @n, as the root of the tree. */
static void cut(struct tree *t, const struct tree_name *n)
{
	if (n == &t->root)
		return;
	t->root.inode = n->inode;
	t->root.children = n->children;
	t->root.children_len = n->children_len;
	for (struct tree_name *i = t->root.children; i; i = i->next)
		i->parent = &t->root;
}

static int unpack(struct unpack *u, const int *layers, size_t len, const char *path)
{
	cleanup_free char *buf = malloc(READ_BYTES);
	const struct tree_name *n;
	int r = buf ? 0 : err_set(u->e, -ENOMEM, "%s", u->what);

	u->buf = buf;
	if (r == 0)
		r = squash_reader_open(u->e, u->what, layers, len, true, &u->reader);
	n = r == 0 ? find_dir(squash_reader_tree(u->reader), path) : NULL;
	if (n) {
		cut(squash_reader_tree(u->reader), n);
		squash_reader_watch(u->reader, u->progress, u->data);
		r = unpack_tree(u);
		if (r == 0)
			r = u->files ? PART_FILES : PART_EMPTY;
	} else if (r == 0) {
		r = PART_ABSENT;
	}
	fd_closep(&u->parent_fd);
	squash_reader_close(u->reader);
	arena_done(&u->arena);
	return r;
}

int squash_to_dir(struct err *e, const char *what, const int *layers, size_t len, int dir,
		  bool any_owner, squash_progress_fn *progress, void *data)
{
	struct unpack u = { .e = e,
			    .what = what,
			    .dir = dir,
			    .any_owner = any_owner,
			    .poor = any_owner,
			    .progress = progress,
			    .data = data,
			    .parent_fd = -EBADF };
	int r = unpack(&u, layers, len, "");

	return r < 0 ? r : 0;
}

int squash_part_to_dir(struct err *e, const char *what, const int *layers, size_t len,
		       const struct squash_part *part, int dir)
{
	struct unpack u = { .e = e,
			    .what = what,
			    .dir = dir,
			    .one_owner = part->one_owner,
			    .any_owner = part->any_owner,
			    .poor = part->one_owner || part->any_owner || part->in_userns,
			    .nobody = part->in_userns,
			    .owners = part->owners,
			    .parent_fd = -EBADF };

	return unpack(&u, layers, len, part->path);
}
