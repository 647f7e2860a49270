/* SPDX-License-Identifier: MIT */
/* mount-step - child code of the file tree: system calls on prepared memory only. */
#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include "mount/mount.h"

int run_propagation(struct runner *r, const struct step *s)
{
	(void)r; /* the whole namespace */
	(void)s;
	return sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

enum { DOTS_BYTES = 24 }; /* a struct linux_dirent64 of "." or "..", see getdents64(2) */

/* Added to the mode of everything that is made. */
static unsigned quietly(const struct step *s)
{
	return s->flags & STEP_QUIET ? PATH_QUIET : 0;
}

/*
 * The files of these file systems are made by the kernel, and reading one can have an
 * effect.
 */
static bool is_of_kernel(int fd)
{
	static const unsigned kinds[] = { PROC_SUPER_MAGIC,    SYSFS_MAGIC,
					  DEBUGFS_MAGIC,       TRACEFS_MAGIC,
					  SECURITYFS_MAGIC,    CGROUP_SUPER_MAGIC,
					  CGROUP2_SUPER_MAGIC, EFIVARFS_MAGIC };
	struct statfs fs;

	if (sys_call(SYS_fstatfs, fd, &fs, 0, 0, 0) < 0)
		return true; /* not known */
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if ((unsigned)fs.f_type == kinds[i])
			return true;
	return false;
}

/*
 * Whether @fd is a regular file. In the container's tree, a file that the kernel makes
 * does not count: a link there could lead to a file of /proc about one of the caller's
 * processes, such as its environment.
 */
static bool is_plain(int fd, bool in_root)
{
	struct stat st;

	return sys_call(SYS_newfstatat, fd, "", &st, SYS_AT_EMPTY_PATH, 0) == 0 &&
	       S_ISREG(st.st_mode) && !(in_root && is_of_kernel(fd));
}

static int open_source(struct runner *r, const struct step *s, int flags)
{
	const struct step_open *d = s->data;
	const int at = runner_fd(r, d->at);

	return d->in_root ? sys_openat2(at, d->path, (uint64_t)flags, 0,
					RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
			  : sys_openat(at, d->path, flags, 0);
}

static bool is_source_plain(struct runner *r, const struct step *s)
{
	const struct step_open *d = s->data;
	struct stat st;
	bool plain;
	int fd;

	if (!d->in_root)
		return sys_call(SYS_newfstatat, runner_fd(r, d->at), d->path, &st, 0,
				0) == 0 &&
		       S_ISREG(st.st_mode);
	fd = open_source(r, s, O_PATH);
	plain = fd >= 0 && is_plain(fd, true);
	if (fd >= 0)
		(void)sys_close(fd); /* O_PATH */
	return plain;
}

/*
 * The kind of file is checked before it is opened, because the open of a FIFO waits and
 * that of a device can have an effect; and again afterwards, because the name may be
 * another file by then.
 */
static int open_to_read(struct runner *r, const struct step *s)
{
	const struct step_open *d = s->data;
	int fd;

	if (!is_source_plain(r, s))
		return -ENOENT; /* or it cannot be found: then the file begins empty */
	fd = open_source(r, s, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -ENOENT;
	if (is_plain(fd, d->in_root))
		return runner_put(r, d->ret, fd);
	(void)sys_close(fd); /* nothing was read */
	return -ENOENT;
}

/* @fd, or -ESTALE if it is another directory than @than. */
static int same_directory(int fd, int than)
{
	struct sys_statx a, b;
	int ret = fd;

	if (fd < 0)
		return fd;
	ret = sys_call(SYS_statx, fd, "", SYS_AT_EMPTY_PATH, SYS_STATX_INO, &a);
	if (ret == 0)
		ret = sys_call(SYS_statx, than, "", SYS_AT_EMPTY_PATH, SYS_STATX_INO, &b);
	if (ret == 0 &&
	    (a.ino != b.ino || a.dev_major != b.dev_major || a.dev_minor != b.dev_minor))
		ret = -ESTALE;
	if (ret == 0)
		return fd;
	(void)sys_close(fd); /* O_PATH */
	return ret;
}

/* Whether directory @fd is empty; one that cannot be read counts as not empty. */
static bool is_empty(int fd)
{
	const int dir = sys_openat(fd, ".", O_RDONLY | O_DIRECTORY, 0);
	char names[1024];
	int n = dir < 0 ? dir : sys_call(SYS_getdents64, dir, names, sizeof(names), 0, 0);

	if (dir >= 0)
		(void)sys_close(dir); /* it was only looked at */
	return n >= 0 && n <= 2 * DOTS_BYTES;
}

/*
 * Whether @fd is the directory that was made, or an empty one of ours that another
 * process has put in its place.
 */
static bool is_made(int fd)
{
	struct stat st;

	return sys_call(SYS_newfstatat, fd, "", &st, SYS_AT_EMPTY_PATH, 0) == 0 &&
	       S_ISDIR(st.st_mode) &&
	       st.st_uid == (uid_t)sys_call(SYS_geteuid, 0, 0, 0, 0, 0) && is_empty(fd);
}

/*
 * Only files that are made here get a new owner; a file that exists belongs to somebody,
 * perhaps on the host.
 */
static int open_or_make(const struct step *s, int at)
{
	const struct step_open *d = s->data;
	bool made = false;
	int fd = path_open_in_root(at, d->path, 0);

	if (fd == -ENOENT && d->create)
		fd = path_make_absent(at, d->path, d->create | quietly(s), &made);
	/*
	 * an id that is not mapped cannot be the command's either: the step that sets it
	 * says so
	 */
	if (made && (d->uid || d->gid) && is_made(fd))
		(void)sys_call(SYS_fchownat, fd, "", d->uid, d->gid, SYS_AT_EMPTY_PATH);
	return fd;
}

int run_open(struct runner *r, const struct step *s)
{
	const struct step_open *d = s->data;
	const int flags = O_PATH | (d->directory ? O_DIRECTORY : 0);
	int at = runner_fd(r, d->at), inside, fd;

	if (d->read)
		return open_to_read(r, s);
	if (d->storage && r->storage >= 0) {
		fd = sys_openat(at, d->path, flags | O_NOFOLLOW, 0);
		return runner_put(r, d->ret, same_directory(fd, r->storage));
	}
	if (!d->in_root)
		return runner_put(r, d->ret, sys_openat(at, d->path, flags, 0));
	inside = open_or_make(s, at);
	if (inside < 0 || !d->directory)
		return runner_put(r, d->ret, inside);
	fd = sys_openat(inside, ".", flags, 0); /* -ENOTDIR if it is no directory */
	(void)sys_close(inside);                /* O_PATH */
	if (d->forget)
		return fd < 0 ? fd : sys_close(fd);
	return runner_put(r, d->ret, fd);
}

int run_tree(struct runner *r, const struct step *s)
{
	const struct step_tree *d = s->data;
	struct mount_attr attr = { .propagation = MS_PRIVATE };
	int tree = sys_open_tree(runner_fd(r, d->at), d->path,
				 OPEN_TREE_CLONE | (d->recursive ? SYS_AT_RECURSIVE : 0));
	int ret;

	/*
	 * In the caller's namespace the copy of a shared mount is shared, too: later
	 * mounts in the copy would also be mounted on the host.
	 */
	if (tree >= 0 && s->flags & STEP_HOST) {
		ret = sys_mount_setattr(tree, "", SYS_AT_EMPTY_PATH | SYS_AT_RECURSIVE,
					&attr);
		if (ret < 0) {
			(void)sys_close(tree); /* a copy that is attached nowhere yet */
			return ret;
		}
	}
	return runner_put(r, d->ret, tree);
}

static int set_option(struct runner *r, int fs, const struct fs_option *o)
{
	const int fd = runner_fd(r, o->slot);
	char path[PATH_OF_FD_MAX];

	if (o->slot != SLOT_NONE && fd < 0)
		return -EBADF;
	if (o->slot != SLOT_NONE && o->by_path) {
		path_of_fd(path, fd);
		return sys_fsconfig(fs, FSCONFIG_SET_STRING, o->key, path, 0);
	}
	if (o->slot != SLOT_NONE)
		return sys_fsconfig(fs, FSCONFIG_SET_FD, o->key, NULL, fd);
	if (o->value)
		return sys_fsconfig(fs, FSCONFIG_SET_STRING, o->key, o->value, 0);
	return sys_fsconfig(fs, FSCONFIG_SET_FLAG, o->key, NULL, 0);
}

/* Read what the file system says about a refusal; see fsopen(2), "message retrieval". */
static void read_note(struct runner *r, int fs)
{
	long n = sys_read(fs, r->note, sizeof(r->note) - 1);

	r->note[n > 0 ? n : 0] = '\0';
}

/*
 * The file system's size is known only after it was mounted. Allow one file for each
 * @bytes.
 */
static int limit_files(int fs, int mount, unsigned bytes)
{
	char text[24], *p = text + sizeof(text) - 1;
	struct statfs size;
	uint64_t n;
	int ret = sys_call(SYS_fstatfs, mount, &size, 0, 0, 0);

	if (ret < 0)
		return ret;
	n = (uint64_t)size.f_blocks * (uint64_t)size.f_bsize / bytes + FS_MORE_FILES;
	for (*p = '\0'; n; n /= 10)
		*--p = (char)('0' + n % 10);
	ret = sys_fsconfig(fs, FSCONFIG_SET_STRING, "nr_inodes", p, 0);
	return ret < 0 ? ret : sys_fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
}

int run_fs(struct runner *r, const struct step *s)
{
	const struct step_fs *d = s->data;
	const char *source = d->type;
	int fs, ret;
	char device[PATH_OF_FD_MAX];

	if (d->place)
		return overlay_from_list(r, s);
	fs = sys_fsopen(d->type);
	if (fs < 0)
		return fs;
	if (d->on_device) {
		path_of_fd(device, runner_fd(r, d->device));
		source = device;
	}
	ret = sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", source, 0);
	for (size_t i = 0; ret == 0 && i < d->options_len; i++)
		ret = set_option(r, fs, &d->options[i]);
	if (ret == 0)
		ret = sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (ret == 0)
		ret = runner_put(r, d->ret, sys_fsmount(fs, d->attr));
	if (ret == 0 && d->file_bytes)
		ret = limit_files(fs, runner_fd(r, d->ret), d->file_bytes);
	if (ret == 0)
		ret = overlay_check(r, s, runner_fd(r, d->ret));
	if (ret < 0)
		read_note(r, fs);
	/* a configuration context only: an error here does not concern the mount */
	(void)sys_close(fs);
	if (d->on_device) { /* the mount keeps it open; an image can have hundreds */
		(void)sys_close(runner_fd(r, d->device));
		r->slots[d->device] = -EBADF;
	}
	return ret;
}

int run_setattr(struct runner *r, const struct step *s)
{
	const struct step_setattr *d = s->data;
	struct mount_attr attr = { .attr_set = d->set,
				   .attr_clr = d->clear,
				   .propagation = d->propagation };

	return sys_mount_setattr(runner_fd(r, d->slot), "",
				 SYS_AT_EMPTY_PATH |
					 (d->recursive ? SYS_AT_RECURSIVE : 0),
				 &attr);
}

/* S_IFDIR|0755 or S_IFREG|0644, like the file that is mounted. */
static int like_mount(int mount, unsigned *ret)
{
	struct stat st;
	int r = sys_call(SYS_newfstatat, mount, "", &st, SYS_AT_EMPTY_PATH, 0);

	if (r == 0)
		*ret = S_ISDIR(st.st_mode) ? S_IFDIR | 0755 : S_IFREG | 0644;
	return r;
}

/*
 * Make the missing part of the target's path; its end is a file or directory like the
 * mount.
 */
static int make_target(struct runner *r, const struct step *s, int mount)
{
	const struct step_attach *d = s->data;
	unsigned create = 0;
	bool made;
	int ret = like_mount(mount, &create);

	create |= quietly(s);
	return ret < 0 ? ret
		       : path_make_absent(runner_fd(r, d->at), d->path, create, &made);
}

/* Open the target of the mount; @missing: the target does not exist. */
static int open_target(struct runner *r, const struct step *s, int mount, bool missing)
{
	const struct step_attach *d = s->data;
	int ret = missing ? -ENOENT : path_open_in_root(runner_fd(r, d->at), d->path, 0);

	return ret == -ENOENT && d->create == CREATE_LIKE_MOUNT ? make_target(r, s, mount)
								: ret;
}

/* Make a directory for the mount of slot @mount, whose target does not exist. */
static int attach_spare(struct runner *r, const struct step *s)
{
	const struct step_attach *d = s->data;
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV };
	const int at = runner_fd(r, d->at), from = runner_fd(r, d->mount);
	int target = path_open_in_root(at, d->path, 0), tree, ret;
	bool made;

	if (target >= 0)
		(void)sys_close(target); /* O_PATH */
	if (target != -ENOENT)
		return target < 0 ? target : 0;
	ret = sys_mkdirat(from, d->spare, d->spare_mode);
	if (ret < 0 && ret != -EEXIST)
		return ret;
	tree = sys_open_tree(from, d->spare, OPEN_TREE_CLONE);
	if (tree < 0)
		return tree;
	ret = sys_mount_setattr(tree, "", SYS_AT_EMPTY_PATH, &attr);
	target = ret < 0 ? ret
			 : path_make_absent(at, d->path, S_IFDIR | 0755 | quietly(s),
					    &made);
	if (target >= 0) {
		ret = sys_move_mount(tree, "", target, "",
				     MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
		(void)sys_close(target); /* O_PATH */
	} else {
		ret = target;
	}
	(void)sys_close(tree); /* it is attached, or of no use any more */
	return ret;
}

/*
 * For a file on a directory, or the reverse, the kernel answers only EINVAL; this finds
 * out which it is.
 */
static int explain_refusal(int mount, int target, int err)
{
	struct stat a, b;

	if (err != -EINVAL ||
	    sys_call(SYS_newfstatat, mount, "", &a, SYS_AT_EMPTY_PATH, 0) < 0 ||
	    sys_call(SYS_newfstatat, target, "", &b, SYS_AT_EMPTY_PATH, 0) < 0 ||
	    S_ISDIR(a.st_mode) == S_ISDIR(b.st_mode))
		return err;
	return S_ISDIR(b.st_mode) ? -EISDIR : -ENOTDIR;
}

int run_attach(struct runner *r, const struct step *s)
{
	const struct step_attach *d = s->data;
	int mount = runner_fd(r, d->mount), at = runner_fd(r, d->at), target, ret = 0;

	if (d->spare)
		return attach_spare(r, s);
	/* A path of ours, or in a new API file system, where nobody has made links. */
	if (d->at == SLOT_CWD || d->trusted)
		return sys_move_mount(mount, "", at, d->path, MOVE_MOUNT_F_EMPTY_PATH);
	/* A link at the end is not followed, and a directory cannot be mounted on one. */
	if (d->entry) {
		ret = sys_move_mount(mount, "", at, d->path + 1, MOVE_MOUNT_F_EMPTY_PATH);
		if (ret == 0)
			return 0;
	}
	target = open_target(r, s, mount, ret == -ENOENT);
	if (target < 0)
		return target;
	ret = sys_move_mount(mount, "", target, "",
			     MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	ret = explain_refusal(mount, target, ret);
	(void)sys_close(target); /* O_PATH */
	return ret;
}

/*
 * Where the step's file goes: @dir is @at itself, or another directory that must be
 * closed.
 */
struct parent {
	int at, dir;
	const char *name;        /* the name of the file in it */
	struct like_times times; /* if STEP_QUIET is set */
};

static int open_parent(struct runner *r, const struct step *s, int slot, const char *path,
		       struct parent *ret)
{
	ret->at = runner_fd(r, slot);
	ret->dir = path_open_parent(ret->at, path, &ret->name);
	if (ret->dir < 0 && ret->dir != AT_FDCWD)
		return ret->dir;
	if (s->flags & STEP_QUIET)
		like_note_times(ret->dir, &ret->times);
	return 0;
}

static void close_parent(const struct step *s, const struct parent *p)
{
	if (s->flags & STEP_QUIET)
		like_restore_times(p->dir, &p->times);
	if (p->dir != p->at)
		(void)sys_close(p->dir); /* O_PATH */
}

/* Give a new or unfinished directory the attributes that the step says. */
static int dress_dir(struct runner *r, const struct step *s, int fd, bool made)
{
	const struct step_mkdir *d = s->data;
	int ret = made ? 1 : like_is_unfinished(fd, d->like);

	return ret > 0 ? like_dress(r, fd, d->like, d->mode) : ret;
}

/* Make the directory, if it does not exist; a link to a directory is an error. */
static int make_dir(struct runner *r, const struct step *s, int dir, const char *name)
{
	const struct step_mkdir *d = s->data;
	const bool like = d->like;
	int ret = sys_mkdirat(dir, name, like ? 0 : d->mode), fd;
	const bool made = ret == 0;

	if ((ret < 0 && ret != -EEXIST) || (made && !like && d->ret == SLOT_NONE))
		return ret;
	fd = sys_openat(dir, name,
			O_DIRECTORY | O_NOFOLLOW |
				(like || d->ret != SLOT_NONE ? O_RDONLY : O_PATH),
			0);
	if (fd < 0)
		return fd;
	ret = like ? dress_dir(r, s, fd, made) : 0;
	if (ret == 0 && d->ret != SLOT_NONE)
		return runner_put(r, d->ret, fd);
	(void)sys_close(fd); /* it is a directory: closing says nothing */
	return ret;
}

int run_mkdir(struct runner *r, const struct step *s)
{
	const struct step_mkdir *d = s->data;
	struct parent p;
	int ret = open_parent(r, s, d->at, d->path, &p);

	if (ret == 0) {
		ret = make_dir(r, s, p.dir, p.name);
		close_parent(s, &p);
	}
	return ret;
}

int run_mknod(struct runner *r, const struct step *s)
{
	const struct step_mknod *d = s->data;
	struct parent p;
	int ret = open_parent(r, s, d->at, d->path, &p);

	if (ret < 0)
		return ret;
	ret = sys_mknodat(p.dir, p.name, d->mode, makedev(d->major, d->minor));
	close_parent(s, &p);
	return ret;
}

/* Replace a file by a link, in its parent directory inside the root. */
static int replace_with_link(int root, const char *path, const char *target, bool quiet)
{
	struct like_times times;
	char parent[256];
	size_t len = 0;
	int dir, ret;

	for (size_t i = 0; path[i]; i++)
		if (path[i] == '/')
			len = i + 1;
	if (len >= sizeof(parent))
		return -ENAMETOOLONG;
	memcpy(parent, path, len);
	parent[len] = '\0';
	dir = path_open_in_root(root, len ? parent : ".", 0);
	if (dir < 0)
		return dir;
	/* a name without a slash: an absolute path would be one of the host */
	path += len;
	if (quiet)
		like_note_times(dir, &times);
	ret = sys_unlinkat(dir, path, 0);
	if (ret == 0 || ret == -ENOENT)
		ret = sys_symlinkat(target, dir, path);
	if (quiet)
		like_restore_times(dir, &times);
	(void)sys_close(dir); /* O_PATH */
	return ret;
}

int run_symlink(struct runner *r, const struct step *s)
{
	const struct step_symlink *d = s->data;
	struct parent p;
	int ret;

	if (d->replace)
		return replace_with_link(runner_fd(r, d->at), d->path, d->target,
					 s->flags & STEP_QUIET);
	ret = open_parent(r, s, d->at, d->path, &p);
	if (ret < 0)
		return ret;
	ret = sys_symlinkat(d->target, p.dir, p.name);
	close_parent(s, &p);
	return ret == -EEXIST ? 0 : ret; /* kept from an earlier run */
}

enum { SOURCE_MAX = 1 << 20 };

static int write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		long n = sys_write(fd, text, len);

		if (n < 0)
			return (int)n;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/*
 * Read the first contents of the file; text that is too long for a list of names is cut.
 */
static int copy_source(int source, int fd)
{
	char buf[4096];
	int ret = 0;
	long n = 1;

	for (size_t done = 0; ret == 0 && n > 0 && done < SOURCE_MAX; done += (size_t)n) {
		n = sys_read(source, buf, sizeof(buf));
		if (n > 0)
			ret = write_all(fd, buf, (size_t)n);
	}
	return ret;
}

static int make_file(const struct step *s, int dir, const char *name, int source)
{
	const struct step_file *d = s->data;
	int fd = sys_openat(dir, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, d->mode);
	int ret;

	if (fd == -EEXIST)
		return 0; /* kept from an earlier run */
	if (fd < 0)
		return fd;
	ret = d->before ? write_all(fd, d->before, strlen(d->before)) : 0;
	if (ret == 0 && source >= 0)
		ret = copy_source(source, fd);
	if (ret == 0)
		ret = write_all(fd, d->content, strlen(d->content));
	(void)sys_close(fd); /* it is a tmpfs: all errors came with the writes */
	return ret;
}

int run_file(struct runner *r, const struct step *s)
{
	const struct step_file *d = s->data;
	struct parent p;
	int ret = open_parent(r, s, d->at, d->path, &p);

	if (ret == 0) {
		ret = make_file(s, p.dir, p.name,
				d->source == SLOT_NONE ? -EBADF
						       : runner_fd(r, d->source));
		close_parent(s, &p);
	}
	return ret;
}

int run_root(struct runner *r, const struct step *s)
{
	const struct step_root *d = s->data;
	int ret = sys_fchdir(runner_fd(r, d->slot));

	if (ret < 0)
		return ret;
	if (d->over) {
		ret = sys_chroot(".");
	} else {
		/* pivot_root(2), "pivot_root(".", ".")": the old root ends up on top */
		ret = sys_pivot_root(".", ".");
		if (ret == 0)
			ret = sys_umount2(".", SYS_MNT_DETACH);
	}
	return ret < 0 ? ret : sys_chdir("/");
}
