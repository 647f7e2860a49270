/* SPDX-License-Identifier: MIT */
/*
 * lower - a container of an image compared with the image's layers, which are read
 * through module import and are never a directory. The walk knows the upper layer only:
 * nothing in it has a base, and what the layers have is found here by its path.
 *
 * A layer has whole seconds. Written from within a user namespace, owners are not
 * compared: they are other numbers here than in the layer.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/module.h"
#include "base/str.h"
#include "change/change.h"
#include "change/lower.h"

enum { PIECE_BYTES = 64 << 10 };

struct lower {
	const struct lower_ops *ops;
	struct squash_reader *reader;
	int *fds;
	size_t len;
};

struct lower *lower_close(struct lower *l)
{
	if (!l)
		return NULL;
	if (l->reader)
		(void)l->ops->close(l->reader); /* returns NULL */
	while (l->len > 0)
		fd_closep(&l->fds[--l->len]);
	free(l->fds);
	free(l);
	return NULL;
}

static int open_layers(struct minc_changes *chs, struct lower *l)
{
	while (l->len < chs->rec.layers_len) {
		const char *path = chs->rec.layers[l->len];
		int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		struct stat st;

		if (fd < 0)
			return err_set(chs->err, -errno, "%s", path);
		l->fds[l->len++] = fd;
		if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
			return err_say(chs->err, -EBADMSG, "%s: not a layer", path);
	}
	return 0;
}

int lower_open(struct minc_changes *chs)
{
	struct lower *l = calloc(1, sizeof(*l));
	void *ops = NULL;
	int r;

	chs->lower = l;
	if (l)
		l->fds = calloc(chs->rec.layers_len, sizeof(*l->fds));
	if (!l || !l->fds)
		return err_set(chs->err, -ENOMEM, "%s", chs->name);
	r = module_symbol("import", "lower_ops", chs->err, &ops);
	l->ops = ops;
	if (r == 0)
		r = open_layers(chs, l);
	return r < 0 ? r : l->ops->open(chs->err, chs->name, l->fds, l->len, &l->reader);
}

/* 1: the same bytes, 0: not. Both have the same size. */
static int same_content(const struct lower *l, const struct tree_name *n,
			const struct object *o)
{
	cleanup_close int fd = object_read(o);
	cleanup_free char *ours = malloc(2 * PIECE_BYTES);
	uint64_t at = 0;
	char *theirs;
	ssize_t got;

	if (fd < 0 || !ours)
		return fd < 0 ? fd : -ENOMEM;
	theirs = ours + PIECE_BYTES;
	while ((got = l->ops->content(l->reader, n, at, theirs, PIECE_BYTES)) > 0) {
		ssize_t m = io_read_at(fd, ours, (size_t)got, (off_t)at);

		if (m < 0)
			return (int)m;
		if (m != got || memcmp(ours, theirs, (size_t)got) != 0)
			return 0;
		at += (uint64_t)got;
	}
	return got < 0 ? (int)got : 1;
}

static unsigned compare_stat(const struct minc_changes *chs, const struct stat *u,
			     const struct stat *b)
{
	unsigned what = 0;

	if ((u->st_mode ^ b->st_mode) & 07777 && !S_ISLNK(u->st_mode))
		what |= MINC_CHANGED_MODE;
	if (!chs->rec.userxattr && (u->st_uid != b->st_uid || u->st_gid != b->st_gid))
		what |= MINC_CHANGED_OWNER;
	if (!S_ISDIR(u->st_mode) && u->st_mtim.tv_sec != b->st_mtim.tv_sec)
		what |= MINC_CHANGED_TIMES;
	if ((S_ISCHR(u->st_mode) || S_ISBLK(u->st_mode)) && u->st_rdev != b->st_rdev)
		what |= MINC_CHANGED_DEVICE;
	return what;
}

static int compare_xattrs(struct minc_changes *chs, const struct spot *s,
			  const struct tree_name *n)
{
	struct lower_xattr *list = NULL, x;
	size_t len = 0;
	int r = 0;

	while (r == 0 && chs->lower->ops->xattr(n, len, &x)) {
		struct lower_xattr *more = reallocarray(list, len + 1, sizeof(*list));

		if (more) {
			list = more;
			list[len++] = x;
		} else {
			r = -ENOMEM;
		}
	}
	if (r == 0)
		r = xattr_compare_list(s->upper.fd, list, len, chs->rec.userxattr,
				       &chs->ch.xattrs);
	free(list);
	return r;
}

/* Both exist: a mask of enum minc_change_what, or -errno. */
static int compare_both(struct minc_changes *chs, const struct spot *s,
			const struct tree_name *n)
{
	struct minc_change *ch = &chs->ch;
	const struct stat *u = &s->upper.st, *b = &ch->side[MINC_BEFORE];
	unsigned what;
	int r;

	if ((u->st_mode ^ b->st_mode) & S_IFMT)
		return MINC_CHANGED_TYPE;
	what = compare_stat(chs, u, b);
	if (s->passage)
		return (int)(what & MINC_CHANGED_MODE);
	if (S_ISLNK(u->st_mode) &&
	    !str_equal(ch->target[MINC_BEFORE], ch->target[MINC_AFTER]))
		what |= MINC_CHANGED_TARGET;
	r = compare_xattrs(chs, s, n);
	if (r < 0)
		return r;
	if (ch->xattrs.len)
		what |= MINC_CHANGED_XATTRS;
	if (!S_ISREG(u->st_mode) || s->metacopy)
		return (int)what;
	r = u->st_size == b->st_size ? same_content(chs->lower, n, &s->upper) : 0;
	return r < 0 ? r : (int)(r ? what : what | MINC_CHANGED_CONTENT);
}

static int read_targets(struct minc_change *ch, const struct spot *s, const char *before)
{
	int r = 0;

	if (before) {
		ch->target[MINC_BEFORE] = strdup(before);
		r = ch->target[MINC_BEFORE] ? 0 : -ENOMEM;
	}
	if (r == 0 && !s->whiteout && S_ISLNK(s->upper.st.st_mode))
		r = object_target(&s->upper, &ch->target[MINC_AFTER]);
	return r;
}

/* 1 if there is a change, which is in chs->ch then; as compare(). */
static int compare_lower(struct minc_changes *chs, const struct walk *w,
			 const struct spot *s, const struct tree_name *n)
{
	struct minc_change *ch = &chs->ch;
	const char *before = NULL;
	int r;

	compare_clear(chs);
	if (!n && s->whiteout)
		return 0;
	ch->path = walk_path(w);
	ch->kind = !n ? MINC_ADDED : s->whiteout ? MINC_DELETED : MINC_CHANGED;
	if (n)
		(void)chs->lower->ops->look(n, &ch->side[MINC_BEFORE], &before);
	if (!s->whiteout)
		ch->side[MINC_AFTER] = s->upper.st;
	r = read_targets(ch, s, before);
	if (r == 0 && ch->kind == MINC_ADDED) {
		r = compare_is_setup(chs, w, s);
		if (r > 0)
			return 0;
	}
	if (r == 0 && ch->kind == MINC_CHANGED) {
		r = compare_both(chs, s, n);
		if (r == 0)
			return 0;
		if (r > 0)
			ch->what = (unsigned)r;
	}
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		compare_refuse(chs, r, NULL);
	return 1;
}

/* An opaque directory hides the layers': what it does not have itself is gone. */
static int report_hidden(struct minc_changes *chs, const struct walk *w,
			 const struct spot *s, const struct tree_name *dir)
{
	const struct lower_ops *ops = chs->lower->ops;
	int r = 0;

	for (const struct tree_name *n = ops->child(dir, NULL); n && r == 0;
	     n = ops->child(dir, n)) {
		cleanup_free char *path = NULL;
		struct stat before, st;
		const char *target, *name = ops->look(n, &before, &target);

		if (fstatat(s->upper.fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			continue;
		if (asprintf(&path, "%s/%s", w->path, name) < 0) {
			path = NULL; /* undefined after a failure */
			return -ENOMEM;
		}
		if (!filter_chosen(chs, path, false))
			continue;
		compare_clear(chs);
		chs->ch.kind = MINC_DELETED;
		chs->ch.path = path;
		chs->ch.side[MINC_BEFORE] = before;
		r = diff_report(chs);
		compare_clear(chs);
	}
	return r;
}

int lower_visit(struct minc_changes *chs, struct walk *w, const struct spot *s)
{
	const bool dir = object_is_dir(&s->upper) && !s->whiteout;
	struct tree_name *n = NULL;
	int r = chs->lower->ops->find(chs->lower->reader, w->path, &n);

	if (r == 0)
		r = compare_lower(chs, w, s, n);
	if (r > 0 && filter_chosen(chs, w->path, dir && !n)) {
		diff_spare(chs, w);
		r = diff_report(chs);
	}
	if (r >= 0 && dir && n && (s->opaque || walk_level(w)->opaque))
		r = report_hidden(chs, w, s, n);
	return r < 0 ? r : diff_enters(chs, w, s);
}
