/* SPDX-License-Identifier: MIT */
/*
 * copy-tar-out - files of a container as a tar; see copy-tar.h. Written as they are met:
 * of what was written only the names of files with several are remembered.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"
#include "change/dir-names.h"
#include "change/inodes.h"
#include "tar/copy-tar.h"
#include "tar/tar-write.h"
#include "tar/tree.h"

enum {
	READ_BYTES = 256 << 10,
	UNSIZED_MAX = 16 << 20,   /* of a file of /proc, which does not know */
	LINKS_KEPT_MAX = 1 << 20, /* then they are files of their own */
	NOBODY = 65534
};

struct job {
	struct err *e;
	const struct copy_end *from;
	struct copy_said *said;
	struct tar_writer *tar;
	int fd;
	struct inodes links;
	char *buf;
	char below[PATH_MAX]; /* "" or "/a/b": where we are */
};

/* What is written of one object. */
struct entry {
	struct job *job;
	struct arena arena;
	struct tree_inode inode;
};

static int failed(struct job *j, int r)
{
	return end_fail(j->from, j->e, r, j->below);
}

static int note_xattr(const char *name, const void *value, size_t len, void *data)
{
	struct entry *en = data;
	struct tree_xattr *x = arena_new(&en->arena, struct tree_xattr);
	char *copy = arena_alloc(&en->arena, len + 1);

	if (!x || !copy)
		return -ENOMEM;
	memcpy(copy, value, len);
	*x = (struct tree_xattr){ .name = arena_strdup(&en->arena, name),
				  .value = copy,
				  .len = len,
				  .next = en->inode.xattrs };
	if (!x->name)
		return -ENOMEM;
	en->inode.xattrs = x;
	return 0;
}

static uint32_t owner(const struct end_ids *ids, size_t len, bool numbered, uint32_t id)
{
	int64_t inside = numbered ? end_id_inside(ids, len, id) : id;

	return inside < 0 ? NOBODY : (uint32_t)inside;
}

static uint32_t clamp_time(int64_t t)
{
	return t < 0 ? 0 : t > UINT32_MAX ? UINT32_MAX : (uint32_t)t;
}

static int describe(struct entry *en, const struct object *o)
{
	const struct copy_end *f = en->job->from;
	cleanup_free char *target = NULL;
	int r = 0;

	en->inode = (struct tree_inode){
		.mode = o->st.st_mode,
		.uid = owner(f->uids, f->uids_len, f->numbered, o->st.st_uid),
		.gid = owner(f->gids, f->gids_len, f->numbered, o->st.st_gid),
		.mtime = clamp_time(o->st.st_mtime),
		.major = major(o->st.st_rdev),
		.minor = minor(o->st.st_rdev),
		.nlink = 1,
	};
	if (S_ISLNK(o->st.st_mode)) {
		r = object_target(o, &target);
		en->inode.target = r == 0 ? arena_strdup(&en->arena, target) : NULL;
		if (r == 0 && !en->inode.target)
			r = -ENOMEM;
	}
	if (r == 0 && (S_ISREG(o->st.st_mode) || S_ISDIR(o->st.st_mode)))
		r = xattr_each(o->fd, XATTR_USER | XATTR_CAPABILITY, note_xattr, en);
	return r < 0 ? failed(en->job, r) : 0;
}

/* The content of one that says it has none: all of it in @j->buf. Bytes or -errno. */
static ssize_t read_unsized(struct job *j, int fd)
{
	size_t used = 0;
	ssize_t n;

	while ((n = read(fd, j->buf + used, UNSIZED_MAX - used)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		used += (size_t)n;
		if (used == UNSIZED_MAX)
			return -EFBIG;
	}
	return (ssize_t)used;
}

/*
 * From @at to @end, whatever became of the file meanwhile: the header has been written.
 */
static int put_content(struct job *j, int fd, uint64_t at, uint64_t end, bool *shorter)
{
	int r = 0;

	while (r == 0 && at < end) {
		const size_t want =
			end - at < READ_BYTES ? (size_t)(end - at) : READ_BYTES;
		ssize_t n = *shorter ? 0 : io_read_at(fd, j->buf, want, (off_t)at);

		if (n < 0)
			return failed(j, (int)n);
		if ((size_t)n < want) {
			memset(j->buf + n, 0, want - (size_t)n);
			*shorter = true;
		}
		r = tar_writer_content(j->tar, j->buf, want);
		at += want;
	}
	return r;
}

/*
 * Where there is data, as far as the file system tells; all of it is where it does not.
 */
static int find_data(int fd, uint64_t size, struct tar_map *ret)
{
	uint64_t at = 0;
	int r = 0;

	while (r == 0 && at < size) {
		const off_t data = lseek(fd, (off_t)at, SEEK_DATA);
		const off_t hole = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);
		uint64_t end = size;

		if (data < 0 && errno == ENXIO) /* a hole is all the rest */
			break;
		if (data >= 0 && (uint64_t)data >= at)
			at = (uint64_t)data;
		if (hole > data && (uint64_t)hole > at && (uint64_t)hole < size)
			end = (uint64_t)hole;
		if (at < end)
			r = tar_map_add(ret, at, end - at);
		at = end;
	}
	return r;
}

static int put_parts(struct job *j, int fd, struct tree_name *n, uint64_t size,
		     const struct tar_map *m)
{
	const bool sparse = tar_map_is_sparse(m, size);
	bool shorter = false;
	int r = sparse ? tar_writer_sparse(j->tar, n, size, m)
		       : tar_writer_entry(j->tar, n, size);

	if (r < 0)
		return r;
	r = sparse ? 0 : put_content(j, fd, 0, size, &shorter);
	for (size_t i = 0; sparse && r == 0 && i < m->len; i++)
		r = put_content(j, fd, m->v[i].at, m->v[i].at + m->v[i].len, &shorter);
	if (shorter)
		end_say(j->said, j->from, j->below,
			"it became shorter while it was read");
	return r;
}

/* Holes as in what is exported. */
static int put_sized(struct job *j, int fd, struct tree_name *n, const struct stat *st)
{
	const uint64_t size = (uint64_t)st->st_size;
	struct tar_map map = { .v = NULL };
	int r = 0;

	if ((uint64_t)st->st_blocks * 512 < size)
		r = find_data(fd, size, &map);
	else
		r = tar_map_add(&map, 0, size);
	r = r < 0 ? failed(j, r) : put_parts(j, fd, n, size, &map);
	tar_map_done(&map);
	return r;
}

static int put_unsized(struct job *j, struct tree_name *n, size_t len)
{
	int r = tar_writer_entry(j->tar, n, len);

	return r < 0 ? r : tar_writer_content(j->tar, j->buf, len);
}

static int put_file(struct job *j, const struct object *o, struct tree_name *n)
{
	cleanup_close int fd = object_read(o);
	ssize_t unsized = 0;
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return failed(j, fd < 0 ? fd : -errno);
	if (st.st_size == 0)
		unsized = read_unsized(j, fd);
	if (unsized < 0)
		return failed(j, (int)unsized);
	r = st.st_size ? put_sized(j, fd, n, &st) : put_unsized(j, n, (size_t)unsized);
	return r == 0 ? tar_writer_pad(j->tar) : r;
}

/* 1: it is another name of what was written, and that has been written. */
static int put_link(struct job *j, const struct object *o, struct tree_name *n)
{
	char path[PATH_MAX + NAME_MAX + 1];
	struct inode *i;
	int r;

	if (o->st.st_nlink < 2 || S_ISDIR(o->st.st_mode))
		return 0;
	i = inodes_find(&j->links, o->st.st_dev, o->st.st_ino);
	if (i && i->text) {
		n->inode->first = i->text;
		r = tar_writer_entry(j->tar, n, 0);
		return r < 0 ? r : 1;
	}
	if (j->links.used >= LINKS_KEPT_MAX || tree_path(n, path, sizeof(path)) < 0)
		return 0;
	i = inodes_put(&j->links, o->st.st_dev, o->st.st_ino);
	if (i)
		i->text = strdup(path); /* without it they are files of their own */
	return 0;
}

static int put_object(struct job *j, const struct object *o, struct tree_name *n,
		      unsigned depth);

static int put_entries(struct job *j, int dir, struct tree_name *parent, unsigned depth)
{
	const size_t len = strlen(j->below);
	struct names names = { 0 };
	int r = names_read(dir, &names);

	if (r < 0)
		return failed(j, r);
	for (size_t i = 0; r == 0 && i < names.len; i++) {
		cleanup_object struct object o = OBJECT_NONE;
		struct tree_name n = { .name = names_get(&names, i), .parent = parent };

		if (snprintf(j->below + len, sizeof(j->below) - len, "/%s", n.name) >=
		    (int)(sizeof(j->below) - len))
			r = failed(j, -ENAMETOOLONG);
		else if ((r = object_open(dir, n.name, &o)) < 0)
			r = failed(j, r);
		/* else it is gone since the directory was read */
		else if (object_exists(&o))
			r = put_object(j, &o, &n, depth + 1);
		j->below[len] = '\0';
	}
	names_done(&names);
	return r;
}

static int put_one(struct job *j, const struct object *o, struct tree_name *n)
{
	int r = put_link(j, o, n);

	if (r != 0)
		return r < 0 ? r : 0;
	if (S_ISREG(o->st.st_mode))
		return put_file(j, o, n);
	if (S_ISSOCK(o->st.st_mode)) {
		end_say(j->said, j->from, j->below, "a socket is left out");
		return 0;
	}
	r = tar_writer_entry(j->tar, n, 0);
	return r < 0 ? r : 0;
}

static int put_object(struct job *j, const struct object *o, struct tree_name *n,
		      unsigned depth)
{
	struct entry en = { .job = j };
	int r = describe(&en, o);

	n->inode = &en.inode;
	if (r == 0)
		r = put_one(j, o, n);
	arena_done(&en.arena);
	n->inode = NULL;
	if (r < 0 || !S_ISDIR(o->st.st_mode))
		return r;
	if (depth == COPY_DEPTH_MAX)
		return err_say(j->e, -ELOOP, "%s%s%s: deeper than %d directories",
			       j->from->label, j->from->path, j->below, COPY_DEPTH_MAX);
	return put_entries(j, o->fd, n, depth);
}

static int put_all(struct job *j, struct end_source *source)
{
	struct tree_name root = { .name = "" };
	struct tree_name named = { .name = source->name, .parent = &root };
	int r = tar_writer_new(j->e, "standard output", j->fd, false, &j->tar);

	if (r < 0)
		return r;
	tar_writer_any_name(j->tar);
	r = put_object(j, &source->object, str_equal(source->name, ".") ? &root : &named,
		       0);
	return r == 0 ? tar_writer_finish(j->tar, NULL, NULL) : r;
}

int copy_tar_out(struct err *e, const struct copy_end *from, int fd,
		 const struct copy_how *how, struct copy_said *said)
{
	struct job j = {
		.e = e, .from = from, .said = said, .fd = fd, .buf = malloc(UNSIZED_MAX)
	};
	struct end_source source;
	int r = j.buf ? end_find_source(from, how->follow, &source) : -ENOMEM;

	if (r < 0) {
		free(j.buf);
		return end_fail(from, e, r, "");
	}
	r = put_all(&j, &source);
	tar_writer_free(j.tar);
	object_close(&source.object);
	inodes_done(&j.links);
	free(j.buf);
	return r;
}
