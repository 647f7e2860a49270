/* SPDX-License-Identifier: MIT */
/*
 * squash-dir - a directory becomes a squashfs image and a tar of the same content; see
 * squash.h. First all names, then the contents in the tar's order. What changes in
 * between is an error.
 */
#include "squash/squash-dir.h"

#include <dirent.h>
#include <errno.h>
#include <sqfs/predef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/array.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"
#include "base/sys.h"
#include "squash/squash-write.h"
#include "squash/squash.h"
#include "tar/budget.h"
#include "tar/tar-write.h"
#include "tar/tree.h"

enum {
	READ_BYTES = 1 << 20,
	PATH_BYTES = 4096,
	NAMES_BYTES = 64 << 10, /* what Linux lists at the most, and the longest value */
	LINK_BUCKETS = 1 << 12,
	PROGRESS_EVERY = 64,
	BLOCK_BYTES = 512 /* of st_blocks */
};

struct link { /* a file with more than one name */
	dev_t dev;
	ino_t ino;
	struct tree_inode *inode;
	struct link *next;
};

struct job {
	struct err *e;
	const char *what;
	int dir;
	bool upper;
	const char *overlay;                /* "user.overlay." or "trusted.overlay." */
	const struct squash_owners *owners; /* or NULL */
	const struct squash_limits *limits;
	squash_progress_fn *progress;
	void *data;
	struct squash_writer *writer;
	struct tar_writer *tar;
	struct tree tree;
	struct link **links;
	struct tree_name **pending; /* directories that are still to be read */
	size_t pending_len, pending_size;
	uint64_t content, content_data; /* of all files; and without their holes */
	struct budget_stream stream;
	struct squash_result result;
	char *buf, *names;
	char path[PATH_BYTES]; /* of what is looked at */
};

static int failed(struct job *j, int r)
{
	return err_set(j->e, r, "%s: %s", j->what, *j->path ? j->path : "/");
}

static int refuse(struct job *j, const char *why)
{
	return err_say(j->e, -EBADMSG, "%s: %s: %s", j->what, *j->path ? j->path : "/",
		       why);
}

static int open_beneath(const struct job *j, uint64_t flags)
{
	return sys_openat2(j->dir, *j->path ? j->path : ".", flags | O_NOFOLLOW, 0,
			   RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
}

static int remember(struct job *j, int r)
{
	if (r == -EOVERFLOW)
		return err_say(j->e, r,
			       "%s: more names and attributes than fit into memory",
			       j->what);
	return r < 0 ? failed(j, r) : 0;
}

/* An attribute that overlayfs left: 1 if it has been understood. */
static int take_mark(struct job *j, struct tree_inode *i, const char *name,
		     const char *value, size_t len)
{
	const char *mark = name + strlen(j->overlay);

	if (!j->upper || !str_starts_with(name, j->overlay))
		return 0;
	if (str_equal(mark, "redirect") || str_equal(mark, "metacopy"))
		return refuse(j, "only a part of the file is in the upper layer (overlay "
				 "redirect_dir or "
				 "metacopy)");
	if (str_equal(mark, "opaque") && len == 1 && *value == 'y' && S_ISDIR(i->mode))
		i->opaque = true;
	if (str_equal(mark, "whiteout") && S_ISREG(i->mode))
		i->whiteout = true;
	return 1;
}

static int take_xattr(struct job *j, const char *path, struct tree_inode *i,
		      const char *name)
{
	ssize_t len = lgetxattr(path, name, j->buf, NAMES_BYTES);
	int r;

	if (len < 0)
		return errno == ENODATA
			       ? 0
			       : failed(j,
					-errno); /* gone meanwhile, or not to be read */
	if (str_starts_with(name, "system.posix_acl_"))
		j->result.acls_dropped++;
	r = take_mark(j, i, name, j->buf, (size_t)len);
	if (r != 0)
		return r < 0 ? r : 0;
	if (tree_xattr_is_foreign(name) ||
	    (!str_starts_with(name, "user.") && !str_starts_with(name, "trusted.") &&
	     !str_starts_with(name, "security.")))
		return 0;
	return remember(j, tree_xattr_add(&j->tree, i, name, j->buf, (size_t)len));
}

/* By the link that /proc has for the directory @fd: @name may be a link or a device. */
static int take_xattrs(struct job *j, int fd, const char *name, struct tree_inode *i)
{
	char path[64 + 256];
	ssize_t len;
	int r = 0;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", fd, name);
	len = llistxattr(path, j->names, NAMES_BYTES);
	if (len < 0)
		return errno == EOPNOTSUPP ? 0 : failed(j, -errno);
	for (const char *at = j->names; r == 0 && at < j->names + len;
	     at += strlen(at) + 1)
		r = take_xattr(j, path, i, at);
	return r;
}

static int take_target(struct job *j, int fd, const char *name, struct tree_inode *i)
{
	ssize_t len = readlinkat(fd, name, j->buf, PATH_BYTES);

	if (len < 0)
		return failed(j, -errno);
	j->buf[len] = '\0';
	tree_count_target(&j->tree, strlen(j->buf) + 1);
	i->target = arena_strdup(&j->tree.arena, j->buf);
	return i->target ? 0 : failed(j, -ENOMEM);
}

static bool map_id(const struct squash_ids *ids, size_t len, uint32_t id, uint32_t *ret)
{
	for (size_t i = 0; i < len; i++)
		if (id - ids[i].outside < ids[i].count) {
			*ret = id - ids[i].outside + ids[i].inside;
			return true;
		}
	return false;
}

static int take_owner(struct job *j, const struct stat *st, struct tree_inode *i)
{
	const struct squash_owners *o = j->owners;

	i->uid = st->st_uid;
	i->gid = st->st_gid;
	if (!o || (map_id(o->uids, o->uids_len, st->st_uid, &i->uid) &&
		   map_id(o->gids, o->gids_len, st->st_gid, &i->gid)))
		return 0;
	return refuse(j, "its owner is nobody in the container");
}

static int make_inode(struct job *j, int fd, const char *name, const struct stat *st,
		      struct tree_inode **ret)
{
	struct tree_inode *i = tree_inode_new(&j->tree, st->st_mode);
	int r = 0;

	if (!i)
		return failed(j, -ENOMEM);
	r = take_owner(j, st, i);
	i->mtime = st->st_mtime < 0
			   ? 0
			   : (uint32_t)(st->st_mtime > UINT32_MAX ? UINT32_MAX
								  : st->st_mtime);
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
		i->major = major(st->st_rdev);
		i->minor = minor(st->st_rdev);
		i->whiteout = S_ISCHR(st->st_mode) && st->st_rdev == 0;
		if (i->whiteout && !j->upper)
			return refuse(j, "a device 0:0, which is overlayfs's mark for a "
					 "removed file");
	}
	if (r == 0 && S_ISLNK(st->st_mode))
		r = take_target(j, fd, name, i);
	if (r == 0)
		r = take_xattrs(j, fd, name, i);
	if (r == 0 && i->whiteout) { /* of which nothing is kept */
		i->mode = S_IFCHR;
		i->uid = i->gid = i->mtime = 0;
		i->xattrs = NULL;
	}
	if (r == 0)
		*ret = i;
	return r;
}

/* As make_inode(), but a file that was met under another name is found again. */
static int find_inode(struct job *j, int fd, const char *name, const struct stat *st,
		      struct tree_inode **ret)
{
	struct link **bucket = &j->links[st->st_ino % LINK_BUCKETS], *l = *bucket;
	const bool shared = st->st_nlink > 1 && !S_ISDIR(st->st_mode);
	int r;

	while (shared && l && (l->ino != st->st_ino || l->dev != st->st_dev))
		l = l->next;
	if (shared && l) {
		*ret = l->inode;
		return 0;
	}
	r = make_inode(j, fd, name, st, ret);
	/* overlayfs makes whiteouts as links of one inode: they are not one file */
	if (r < 0 || !shared || (*ret)->whiteout)
		return r;
	l = arena_new(&j->tree.arena, struct link);
	if (!l)
		return failed(j, -ENOMEM);
	*l = (struct link){
		.dev = st->st_dev, .ino = st->st_ino, .inode = *ret, .next = *bucket
	};
	*bucket = l;
	return 0;
}

static int add_pending(struct job *j, struct tree_name *n)
{
	struct tree_name **more =
		array_grow(j->pending, &j->pending_size, j->pending_len + 1,
			   sizeof(struct tree_name *));

	if (!more)
		return failed(j, -ENOMEM);
	j->pending = more;
	j->pending[j->pending_len++] = n;
	return 0;
}

static int report(struct job *j)
{
	if (j->limits->max_entries && j->result.entries >= j->limits->max_entries)
		return err_say(j->e, -EOVERFLOW,
			       "%s: more than %llu files (--max-entries)", j->what,
			       (unsigned long long)j->limits->max_entries);
	j->result.entries++;
	if (j->progress && j->result.entries % PROGRESS_EVERY == 0 &&
	    j->progress(j->content, j->data) != 0)
		return err_set(j->e, -ECANCELED, "%s", j->what);
	return 0;
}

/* "/a/b/" is a path of @path "a/b". */
static bool is_path(const char *absolute, const char *path)
{
	const size_t len = strlen(path);

	absolute += strspn(absolute, "/");
	return strncmp(absolute, path, len) == 0 &&
	       !absolute[len + strspn(absolute + len, "/")] &&
	       (absolute[len] == '/' || !absolute[len]);
}

static bool stays_out(const struct job *j)
{
	for (const char *const *p = j->limits->without; p && *p; p++)
		if (is_path(*p, j->path))
			return true;
	return false;
}

static int take_entry(struct job *j, int fd, struct tree_name *parent, const char *name)
{
	struct tree_inode *i;
	struct tree_name *n;
	struct stat st;
	int r = report(j);

	if (r < 0)
		return r;
	n = tree_child(&j->tree, parent, name);
	if (!n)
		return failed(j, -ENOMEM);
	if (tree_is_full(&j->tree))
		return remember(j, -EOVERFLOW);
	r = tree_path(n, j->path, sizeof(j->path));
	if (r < 0) {
		(void)tree_path(parent, j->path,
				sizeof(j->path)); /* it was opened by its path */
		return failed(j, r);
	}
	if (str_starts_with(name, ".wh."))
		return refuse(j, "a name that means a removed file in a layer");
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(j, -errno);
	if (S_ISSOCK(st.st_mode))
		return 0; /* tar has no sockets, and a copy of one is of no use */
	r = find_inode(j, fd, name, &st, &i);
	if (r < 0)
		return r;
	tree_put(&j->tree, n, i);
	if (!S_ISDIR(i->mode) || !stays_out(j))
		return S_ISDIR(i->mode) ? add_pending(j, n) : 0;
	i->opaque = false; /* so it hides nothing either */
	return 0;
}

static int read_dir(struct job *j, struct tree_name *n)
{
	struct dirent *entry;
	DIR *d;
	int fd, r = tree_path(n, j->path, sizeof(j->path)); /* fitted when it was met */

	if (r < 0)
		return failed(j, r);
	fd = open_beneath(j, O_RDONLY | O_DIRECTORY);
	if (fd == -EXDEV)
		return 0; /* something is mounted there: the directory alone */
	if (fd < 0)
		return failed(j, fd);
	d = io_list(fd);
	if (!d)
		return failed(j, -errno);
	while (r == 0 && (errno = 0, entry = readdir(d)))
		if (!str_equal(entry->d_name, ".") && !str_equal(entry->d_name, ".."))
			r = take_entry(j, dirfd(d), n, entry->d_name);
	if (r == 0 && errno)
		r = failed(j, -errno);
	(void)closedir(d);
	return r;
}

static int read_names(struct job *j)
{
	struct tree_inode *i;
	struct stat st;
	int r;

	if (fstat(j->dir, &st) < 0)
		return failed(j, -errno);
	r = make_inode(j, j->dir, ".", &st, &i);
	if (r < 0)
		return r;
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): make_inode() gave one */
	i->opaque = false; /* the root has nothing below it to hide */
	tree_put(&j->tree, &j->tree.root, i);
	r = add_pending(j, &j->tree.root);
	while (r == 0 && j->pending_len > 0)
		r = read_dir(j, j->pending[--j->pending_len]);
	if (r == 0 && tree_sort(&j->tree) < 0)
		r = failed(j, -ENOMEM);
	return r;
}

/* From @at to @end. */
static int copy_part(struct job *j, int fd, uint64_t at, uint64_t end)
{
	int r = 0;

	while (r == 0 && at < end) {
		ssize_t n = io_read_at(fd, j->buf,
				       end - at < READ_BYTES ? (size_t)(end - at)
							     : READ_BYTES,
				       (off_t)at);

		if (n <= 0)
			return n < 0 ? failed(j, (int)n)
				     : refuse(j, "it changed while it was read");
		r = squash_writer_append(j->writer, j->buf, (size_t)n);
		if (r == 0)
			r = tar_writer_content(j->tar, j->buf, (size_t)n);
		at += (uint64_t)n;
	}
	return r;
}

static int copy_content(struct job *j, int fd, struct tree_inode *i, uint64_t size,
			const struct tar_map *m)
{
	uint64_t at = 0;
	int r = squash_writer_begin(j->writer, i);

	for (size_t k = 0; r == 0 && k < m->len; k++) {
		r = squash_writer_zeros(j->writer, m->v[k].at - at);
		at = m->v[k].at + m->v[k].len;
		if (r == 0)
			r = copy_part(j, fd, m->v[k].at, at);
	}
	if (r == 0)
		r = squash_writer_zeros(j->writer, size - at);
	if (r == 0)
		r = squash_writer_end(j->writer);
	return r == 0 ? tar_writer_pad(j->tar) : r;
}

/* Where there is data, as far as the file system knows. */
static int find_data(int fd, uint64_t size, struct tar_map *ret)
{
	off_t at = 0, end = 0;
	int r = 0;

	while (r == 0 && (at = lseek(fd, end, SEEK_DATA)) >= 0 && (uint64_t)at < size) {
		end = lseek(fd, at, SEEK_HOLE);
		if (end <= at || (uint64_t)end > size)
			end = (off_t)size;
		r = tar_map_add(ret, (uint64_t)at, (uint64_t)(end - at));
	}
	return r == 0 && at < 0 && errno != ENXIO ? -errno : r;
}

/* All of it, unless its holes are large. */
static int map_file(struct job *j, int fd, const struct stat *st, struct tar_map *ret)
{
	const uint64_t size = (uint64_t)st->st_size;
	const struct tar_map kept = { .data = (uint64_t)st->st_blocks * BLOCK_BYTES };
	int r = tar_map_is_sparse(&kept, size) ? find_data(fd, size, ret) : 0;

	if (r == -ENOMEM)
		return failed(j, r);
	if (r == 0 && tar_map_is_sparse(&kept, size) && tar_map_is_sparse(ret, size))
		return 0;
	tar_map_done(ret); /* what cannot tell has no holes */
	r = size > 0 ? tar_map_add(ret, 0, size) : 0;
	return r < 0 ? failed(j, r) : 0;
}

static int write_file(struct job *j, struct tree_name *n, int fd, const struct stat *st)
{
	const uint64_t size = (uint64_t)st->st_size;
	struct tar_map map = { .v = NULL };
	int r = map_file(j, fd, st, &map);

	if (r == 0)
		r = tar_map_is_sparse(&map, size)
			    ? tar_writer_sparse(j->tar, n, size, &map)
			    : tar_writer_entry(j->tar, n, size);
	if (r > 0)
		r = copy_content(j, fd, n->inode, size, &map);
	tar_map_done(&map);
	return r;
}

/* Before any work: a hole is no more than its length to whoever made it. */
static int account(struct job *j, int fd, const struct stat *st)
{
	const uint64_t size = (uint64_t)st->st_size,
		       blocks = (uint64_t)st->st_blocks * BLOCK_BYTES;
	const char *why;

	j->content_data += blocks >= size ? size : budget_data_of(fd, size);
	why = budget_unpacked(&j->stream,
			      j->limits->packed ? j->limits->packed : j->content_data,
			      size, true);
	return why ? err_say(j->e, -EOVERFLOW, "%s: %s", j->what, why) : 0;
}

static int take_file(struct job *j, struct tree_name *n)
{
	const uint64_t max = j->limits->max_bytes ? j->limits->max_bytes : UINT64_MAX;
	cleanup_close int fd = open_beneath(j, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int r;

	if (fd == -EXDEV)
		return refuse(j, "it is on another file system");
	if (fd < 0)
		return failed(j, fd);
	if (fstat(fd, &st) < 0)
		return failed(j, -errno);
	if (!S_ISREG(st.st_mode))
		return refuse(j, "it changed while it was read");
	if ((uint64_t)st.st_size > max - j->content)
		return err_say(j->e, -EOVERFLOW,
			       "%s: more than %llu bytes of files (--max-bytes)", j->what,
			       (unsigned long long)max);
	j->content += (uint64_t)st.st_size;
	r = account(j, fd, &st);
	return r < 0 ? r : write_file(j, n, fd, &st);
}

static int take_contents(struct job *j)
{
	int r = 0;

	for (struct tree_name *n = &j->tree.root; n && r == 0;
	     n = tree_next(&j->tree, n)) {
		(void)tree_path(n, j->path, sizeof(j->path)); /* fitted when it was met */
		if (j->progress && j->progress(j->content, j->data) != 0)
			return err_set(j->e, -ECANCELED, "%s", j->what);
		if (S_ISREG(n->inode->mode) && !n->inode->whiteout && !n->inode->first)
			r = take_file(j, n);
		else
			r = tar_writer_entry(j->tar, n, 0);
	}
	return r;
}

static int squash(struct job *j, int out, int tar)
{
	int r;

	j->buf = malloc(READ_BYTES);
	j->names = malloc(NAMES_BYTES);
	j->links = calloc(LINK_BUCKETS, sizeof(struct link *));
	if (tree_init(&j->tree) < 0 || !j->buf || !j->names || !j->links)
		return failed(j, -ENOMEM);
	r = squash_writer_new(j->e, j->what, out, j->limits->threads, &j->writer);
	if (r == 0)
		r = tar_writer_new(j->e, j->what, tar, true, &j->tar);
	if (r == 0)
		r = read_names(j);
	if (r == 0)
		r = take_contents(j);
	if (r == 0)
		r = tar_writer_finish(j->tar, &j->result.diff_id, &j->result.tar_bytes);
	if (r == 0)
		r = remember(j, tree_mark(&j->tree));
	if (r == 0 && tree_sort(&j->tree) < 0) /* some may be gone */
		r = failed(j, -ENOMEM);
	if (r == 0)
		r = squash_writer_finish(j->writer, &j->tree, &j->result.image_bytes);
	return r;
}

int squash_dir(struct err *e, const char *what, int dir, bool upper, bool userxattr,
	       const struct squash_owners *owners, int out, int tar,
	       const struct squash_limits *limits, squash_progress_fn *progress,
	       void *data, struct squash_result *ret)
{
	struct job j = { .e = e,
			 .what = what,
			 .dir = dir,
			 .upper = upper,
			 .overlay = userxattr ? "user.overlay." : "trusted.overlay.",
			 .owners = owners,
			 .limits = limits,
			 .stream = { .budget = limits->budget },
			 .progress = progress,
			 .data = data };
	int r = squash(&j, out, tar);

	tar_writer_free(j.tar);
	squash_writer_free(j.writer);
	for (struct tree_inode *i = j.tree.inodes; i; i = i->all)
		if (i->written)
			sqfs_free(i->written);
	tree_done(&j.tree);
	free(j.links);
	free(j.pending);
	free(j.names);
	free(j.buf);
	if (r == 0)
		*ret = j.result;
	return r;
}
