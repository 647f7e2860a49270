/* SPDX-License-Identifier: MIT */
/*
 * squash-tar - a tar becomes a squashfs image; see squash.h. What the tar says is checked
 * entry by entry and laid into a tree in memory; contents go to the writer at once.
 */
#include "squash/squash-tar.h"

#include <errno.h>
#include <sqfs/inode.h>
#include <sqfs/io.h>
#include <sqfs/predef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/str.h"
#include "content/list-names.h"
#include "squash/squash-write.h"
#include "squash/squash.h"
#include "tar/budget.h"
#include "tar/tar-read.h"
#include "tar/tree.h"

enum {
	TARGET_MAX = 65535,
	XATTR_VALUE_MAX = 65536,
	XATTRS_MAX = 128,
	PROGRESS_EVERY = 64,     /* entries */
	PROGRESS_BYTES = 4 << 20 /* of a file */
};

/* Without a limit: squashfs's list of blocks has to fit into memory. */
#define CONTENT_MAX ((uint64_t)1 << 40)

struct job {
	struct err *e;
	const char *what;
	bool layer;
	const struct squash_limits *limits;
	squash_progress_fn *progress;
	void *data;
	struct tar_reader *tar;
	struct squash_writer *writer;
	struct tree tree;
	uint64_t content; /* bytes of files so far, holes included */
	bool alone;       /* it has much memory, which one at a time may */
	struct squash_result result;
};

/* One line that names the entry. */
static int refuse(struct job *j, const char *path, const char *why)
{
	char name[256];
	size_t i;

	for (i = 0; *path && i < sizeof(name) - 1; i++, path++)
		name[i] = (unsigned char)*path < ' ' || *path == 0x7f ? '?' : *path;
	name[i] = '\0';
	return err_say(j->e, -EBADMSG, "%s: %s: %s", j->what, name, why);
}

static int no_memory(struct job *j)
{
	return err_set(j->e, -ENOMEM, "%s", j->what);
}

/* 0, or what the tree's @r means, with a message. */
static int remember(struct job *j, int r)
{
	if (r == -EOVERFLOW)
		return err_say(j->e, r,
			       "%s: more names and attributes than fit into memory",
			       j->what);
	return r < 0 ? no_memory(j) : 0;
}

static int walk(struct job *j, const char *path, unsigned how, struct tree_name **ret)
{
	const char *wrong = NULL;
	int r = tree_walk(&j->tree, path, how | TREE_FOLLOW, ret, &wrong);

	if (r == -EBADMSG)
		return refuse(j, path, wrong);
	return remember(j, r);
}

/* As podman and umoci take names: "a/../b" is "b", whatever "a" is. */
static int clean(struct job *j, const char *path, char **ret)
{
	int r = tree_clean(path, ret);

	if (r == -EBADMSG)
		return refuse(j, path, "\"..\" in a path that leads out of the root");
	return r < 0 ? no_memory(j) : 0;
}

static int take_xattrs(struct job *j, const char *path, struct archive_entry *entry,
		       struct tree_inode *i)
{
	const char *name;
	const void *value;
	size_t len;
	int n = 0, r = 0;

	if (archive_entry_acl_types(entry) &
	    (ARCHIVE_ENTRY_ACL_TYPE_ACCESS | ARCHIVE_ENTRY_ACL_TYPE_DEFAULT))
		j->result.acls_dropped++;
	(void)archive_entry_xattr_reset(entry);
	while (r == 0 &&
	       archive_entry_xattr_next(entry, &name, &value, &len) == ARCHIVE_OK) {
		if (!name || tree_xattr_is_foreign(name) || tree_xattr_find(i, name))
			continue;
		if (++n > XATTRS_MAX || len > XATTR_VALUE_MAX || strlen(name) > 255)
			return refuse(j, path,
				      "an extended attribute that Linux does not take");
		if (!str_starts_with(name, "user.") &&
		    !str_starts_with(name, "trusted.") &&
		    !str_starts_with(name, "security."))
			/* another system's ("com.apple."): Linux has no place for it */
			continue;
		r = remember(j, tree_xattr_add(&j->tree, i, name, value, len));
	}
	return r;
}

static uint32_t clamp_time(int64_t t)
{
	return t < 0 ? 0 : t > UINT32_MAX ? UINT32_MAX : (uint32_t)t;
}

static int take_kind(struct job *j, const char *path, struct archive_entry *entry,
		     struct tree_inode *i)
{
	switch (i->mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
	case S_IFIFO:
		return 0;
	case S_IFLNK:
		i->target = archive_entry_symlink(entry);
		if (!i->target || !*i->target || strlen(i->target) > TARGET_MAX)
			return refuse(j, path, "a symbolic link to nothing, or too long");
		/* the walk looks at the sum */
		tree_count_target(&j->tree, strlen(i->target) + 1);
		i->target = arena_strdup(&j->tree.arena, i->target);
		return i->target ? 0 : no_memory(j);
	case S_IFCHR:
	case S_IFBLK:
		i->major = (uint32_t)archive_entry_rdevmajor(entry);
		i->minor = (uint32_t)archive_entry_rdevminor(entry);
		if (i->major > 0xfff || i->minor > 0xfffff)
			return refuse(j, path,
				      "a device number that Linux does not have");
		if (!S_ISCHR(i->mode) || i->major || i->minor)
			return 0;
		if (!j->layer)
			return refuse(j, path,
				      "a device 0:0, which is overlayfs's mark for a "
				      "removed file");
		i->whiteout = true; /* that somebody packed as it was */
		return 0;
	default:
		return refuse(j, path, "neither file, directory, link, FIFO nor device");
	}
}

static int make_inode(struct job *j, const char *path, struct archive_entry *entry,
		      struct tree_inode **ret)
{
	const la_int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);
	struct tree_inode *i = tree_inode_new(&j->tree, archive_entry_mode(entry));
	int r;

	if (!i)
		return no_memory(j);
	/* the last number means "no id" to the kernel */
	if (uid < 0 || uid >= UINT32_MAX || gid < 0 || gid >= UINT32_MAX)
		return refuse(j, path, "an owner that Linux does not have");
	i->uid = (uint32_t)uid;
	i->gid = (uint32_t)gid;
	i->mtime = clamp_time(archive_entry_mtime(entry));
	r = take_kind(j, path, entry, i);
	if (r == 0 && i->whiteout) { /* of which nothing is kept */
		i->mode = S_IFCHR;
		i->uid = i->gid = i->mtime = 0;
	} else if (r == 0) {
		r = take_xattrs(j, path, entry, i);
	}
	if (r == 0)
		*ret = i;
	return r;
}

static int put_hole(struct job *j, uint64_t len)
{
	int r = len > 0 ? tar_reader_hole(j->tar, len) : 0;

	return r == 0 ? squash_writer_zeros(j->writer, len) : r;
}

static int tell(const struct job *j)
{
	if (!j->progress || j->progress(tar_reader_consumed(j->tar), j->data) == 0)
		return 0;
	return err_set(j->e, -ECANCELED, "%s", j->what);
}

static int copy_content(struct job *j, const char *path, struct archive_entry *entry,
			struct tree_inode *i)
{
	const int64_t size = archive_entry_size(entry);
	const uint64_t max = j->limits->max_bytes ? j->limits->max_bytes : CONTENT_MAX;
	int64_t at = 0, offset;
	const void *data;
	size_t len;
	int r;

	/* before any work: holes cost the sender nothing */
	if (size < 0 || (uint64_t)size > max - j->content)
		return err_say(j->e, -EOVERFLOW,
			       "%s: more than %llu bytes of files (--max-bytes)", j->what,
			       (unsigned long long)max);
	j->content += (uint64_t)size;
	r = squash_writer_begin(j->writer, i);
	if (r < 0)
		return r;
	while ((r = tar_reader_data(j->tar, &data, &len, &offset)) > 0) {
		if (offset < at || offset > size || (int64_t)len > size - offset)
			return refuse(j, path, "a sparse file whose parts overlap");
		r = put_hole(j, (uint64_t)(offset - at));
		if (r == 0)
			r = squash_writer_append(j->writer, data, len);
		if (r == 0 &&
		    (offset + (int64_t)len) / PROGRESS_BYTES > at / PROGRESS_BYTES)
			r = tell(j);
		if (r < 0)
			return r;
		at = offset + (int64_t)len;
	}
	if (r == 0)
		r = put_hole(j, (uint64_t)(size - at));
	return r == 0 ? squash_writer_end(j->writer) : r;
}

static int put_whiteout(struct job *j, const char *path, const char *hidden,
			size_t dir_len)
{
	struct tree_name *n;
	struct tree_inode *i;
	cleanup_free char *target = NULL;
	int r;

	if (!*hidden || str_equal(hidden, ".") || str_equal(hidden, ".."))
		return refuse(j, path, "a whiteout of nothing");
	if (asprintf(&target, "%.*s%s", (int)dir_len, path, hidden) < 0) {
		target = NULL;
		return no_memory(j);
	}
	r = walk(j, target, TREE_MAKE, &n);
	if (r < 0)
		return r;
	if (n->inode && S_ISDIR(n->inode->mode)) {
		n->inode->opaque = true; /* what is below is hidden, what is here stays */
		return 0;
	}
	if (n->inode)
		return 0; /* the same: a file hides what is below it anyway */
	i = tree_inode_new(&j->tree, S_IFCHR);
	if (!i)
		return no_memory(j);
	i->whiteout = true;
	tree_put(&j->tree, n, i);
	return 0;
}

static int put_opaque(struct job *j, const char *path, size_t dir_len)
{
	cleanup_free char *parent = strndup(path, dir_len);
	struct tree_name *dir;
	struct tree_inode *i;
	int r = parent ? walk(j, parent, TREE_MAKE, &dir) : no_memory(j);

	if (r < 0)
		return r;
	if (!dir->inode || dir->inode->whiteout) {
		i = tree_inode_new(&j->tree, S_IFDIR | 0755);
		if (!i)
			return no_memory(j);
		tree_put(&j->tree, dir, i);
	}
	if (!S_ISDIR(dir->inode->mode))
		return refuse(j, path, "not in a directory");
	dir->inode->opaque = true;
	return 0;
}

/*
 * Where aufs kept files that have several names, for links to lead to; gone when all is
 * read.
 */
#define AUFS_LINKS ".wh..wh.plnk"

static bool is_aufs_link(const char *path)
{
	return str_starts_with(path, AUFS_LINKS "/") &&
	       !strchr(path + sizeof(AUFS_LINKS), '/');
}

static int drop_aufs_links(struct job *j)
{
	struct tree_name *n;
	int r = walk(j, AUFS_LINKS, 0, &n);

	if (r == 0 && n)
		tree_forget(&j->tree, n, false);
	return r;
}

/* Whether any name of @path begins as whiteouts do. */
static bool has_mark(const char *path)
{
	for (const char *at = path; at; at = strchr(at, '/')) {
		at += *at == '/';
		if (str_starts_with(at, ".wh."))
			return true;
	}
	return false;
}

/* @path is clean. 1: it was one and is done; 0: it is none. */
static int take_whiteout(struct job *j, const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	int r;

	if (!has_mark(path))
		return 0;
	if (!j->layer)
		return refuse(j, path, "a name that means a removed file in a layer");
	if (is_aufs_link(path))
		return 0;
	for (const char *at = path; at < base; at += strcspn(at, "/") + 1)
		if (str_starts_with(at, ".wh..wh."))
			return 1;
		else if (str_starts_with(at, ".wh."))
			return refuse(j, path, "below a whiteout");
	if (str_equal(base, ".wh..wh..opq"))
		r = put_opaque(j, path, (size_t)(base - path));
	else if (str_starts_with(base, ".wh..wh."))
		return 1; /* aufs's own files */
	else if (str_starts_with(base, ".wh."))
		r = put_whiteout(j, path, base + 4, (size_t)(base - path));
	else
		return 0;
	return r < 0 ? r : 1;
}

static int take_hard_link(struct job *j, const char *path, const char *target)
{
	struct tree_name *from, *to;
	int r = walk(j, target, 0, &from);

	if (r < 0)
		return r;
	if (!from || !from->inode || from->inode->whiteout)
		return refuse(j, path, "a hard link to what the layer does not have");
	if (S_ISDIR(from->inode->mode))
		return refuse(j, path, "a hard link to a directory");
	r = walk(j, path, TREE_MAKE, &to);
	if (r < 0 || from == to)
		return r;
	if (to == &j->tree.root)
		return refuse(j, path, "a hard link as the root");
	tree_put(&j->tree, to, from->inode);
	return 0;
}

static int take_file(struct job *j, const char *path, struct archive_entry *entry)
{
	struct tree_inode *i = NULL;
	struct tree_name *n = NULL;
	int r = make_inode(j, path, entry, &i);

	if (r == 0)
		r = walk(j, path, TREE_MAKE, &n);
	if (r < 0)
		return r;
	if (n == &j->tree.root && !S_ISDIR(i->mode))
		return refuse(j, path, "the root is not a directory");
	tree_put(&j->tree, n, i);
	return S_ISREG(i->mode) ? copy_content(j, path, entry, i) : 0;
}

static int take_entry(struct job *j, struct archive_entry *entry)
{
	const char *name = archive_entry_pathname(entry),
		   *link = archive_entry_hardlink(entry);
	cleanup_free char *path = NULL, *target = NULL;
	int r;

	if (!name || !*name)
		return refuse(j, "an entry", "without a name");
	r = clean(j, name, &path);
	if (r == 0)
		r = take_whiteout(j, path);
	if (r != 0)
		return r < 0 ? r : 0;
	if (!link)
		return take_file(j, path, entry);
	r = clean(j, link, &target);
	return r < 0 ? r : take_hard_link(j, path, target);
}

static int take_entries(struct job *j)
{
	struct archive_entry *entry;
	int r;

	while ((r = tar_reader_next(j->tar, &entry)) > 0) {
		if (j->limits->max_entries && j->result.entries >= j->limits->max_entries)
			return err_say(j->e, -EOVERFLOW,
				       "%s: more than %llu files (--max-entries)",
				       j->what,
				       (unsigned long long)j->limits->max_entries);
		j->result.entries++;
		r = tar_reader_count(j->tar);
		if (r == 0)
			r = take_entry(j, entry);
		if (r < 0)
			return r;
		if (j->tree.bytes > TREE_BYTES_EACH && !j->alone) {
			budget_alone(j->limits->budget);
			j->alone = true;
		}
		if (j->result.entries % PROGRESS_EVERY == 0)
			r = tell(j);
		if (r < 0)
			return r;
	}
	return r;
}

static bool has_list(const struct tree_name *dir)
{
	for (const struct tree_name *n = dir->children; n; n = n->next)
		if (n->inode && S_ISREG(n->inode->mode) && name_is_list(n->name))
			return true;
	return false;
}

/*
 * At the top, or in the only directory that there is, for who packs a directory with what
 * is in it.
 */
static bool has_lists(const struct tree_name *root)
{
	const struct tree_name *only = NULL;
	size_t len = 0;

	for (const struct tree_name *n = root->children; n; n = n->next)
		if (n->inode) {
			only = n;
			len++;
		}
	return has_list(root) ||
	       (len == 1 && S_ISDIR(only->inode->mode) && has_list(only));
}

static void free_contents(struct tree *t)
{
	for (struct tree_inode *i = t->inodes; i; i = i->all)
		if (i->written)
			sqfs_free(i->written);
}

static int squash(struct job *j, struct byte_source *source, int out)
{
	int r = tree_init(&j->tree) < 0 ? no_memory(j) : 0;

	if (r == 0)
		r = squash_writer_new(j->e, j->what, out, j->limits->threads, &j->writer);
	if (r == 0)
		r = tar_reader_open(j->e, j->what, source, j->limits->max_bytes,
				    j->limits->budget, &j->tar);
	if (r == 0)
		r = take_entries(j);
	if (r == 0)
		r = tar_reader_finish(j->tar, !j->layer, &j->result.diff_id,
				      &j->result.tar_bytes);
	if (r == 0)
		r = tell(j);
	if (r == 0)
		r = drop_aufs_links(j);
	j->result.lists = r == 0 && !j->layer && has_lists(&j->tree.root);
	if (r == 0)
		r = remember(j, tree_mark(&j->tree));
	if (r == 0 && tree_sort(&j->tree) < 0)
		r = no_memory(j);
	if (r == 0)
		r = squash_writer_finish(j->writer, &j->tree, &j->result.image_bytes);
	return r;
}

int squash_tar(struct err *e, const char *what, struct byte_source *source, int out,
	       bool layer, const struct squash_limits *limits,
	       squash_progress_fn *progress, void *data, struct squash_result *ret)
{
	struct job j = { .e = e,
			 .what = what,
			 .layer = layer,
			 .limits = limits,
			 .progress = progress,
			 .data = data };
	int r = squash(&j, source, out);

	tar_reader_close(j.tar);
	squash_writer_free(j.writer);
	free_contents(&j.tree);
	tree_done(&j.tree);
	if (j.alone)
		budget_shared(limits->budget);
	if (r == 0)
		*ret = j.result;
	return r;
}
