/* SPDX-License-Identifier: MIT */
/*
 * image-lower - an image's layers for a comparison with what a container wrote; see
 * change/lower.h.
 */
#include "change/lower.h"

#include <string.h>
#include <sys/sysmacros.h>

#include "squash/squash-tree.h"

static int lower_open(struct err *e, const char *what, const int *layers, size_t len,
		      struct squash_reader **ret)
{
	return squash_reader_open(e, what, layers, len, true, ret);
}

static int find(struct squash_reader *s, const char *path, struct tree_name **ret)
{
	const char *wrong;

	*ret = NULL;
	return tree_walk(squash_reader_tree(s), path, 0, ret, &wrong);
}

static const struct tree_name *child(const struct tree_name *dir,
				     const struct tree_name *before)
{
	return before ? before->next : dir->children;
}

static const char *look(const struct tree_name *n, struct stat *ret,
			const char **ret_target)
{
	const struct tree_inode *i = n->inode;

	*ret = (struct stat){ .st_mode = i->mode, .st_uid = i->uid, .st_gid = i->gid };
	ret->st_mtim.tv_sec = i->mtime;
	ret->st_nlink = i->nlink;
	*ret_target = S_ISLNK(i->mode) ? i->target : NULL;
	if (S_ISREG(i->mode))
		ret->st_size = (off_t)squash_reader_size(i);
	else if (*ret_target)
		ret->st_size = (off_t)strlen(i->target);
	else if (S_ISCHR(i->mode) || S_ISBLK(i->mode))
		ret->st_rdev = makedev(i->major, i->minor);
	return n->name;
}

static bool xattr(const struct tree_name *n, size_t i, struct lower_xattr *ret)
{
	const struct tree_xattr *x = n->inode->xattrs;

	while (x && i-- > 0)
		x = x->next;
	if (x)
		*ret = (struct lower_xattr){ x->name, x->value, x->len };
	return x;
}

static ssize_t content(struct squash_reader *s, const struct tree_name *n,
		       uint64_t offset, void *buf, size_t len)
{
	return squash_reader_content(s, n->inode, offset, buf, len);
}

extern const struct lower_ops lower_ops;
__attribute__((visibility("default"))) const struct lower_ops lower_ops = {
	.open = lower_open,
	.close = squash_reader_close,
	.find = find,
	.child = child,
	.look = look,
	.xattr = xattr,
	.content = content,
};
