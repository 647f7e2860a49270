/* SPDX-License-Identifier: MIT */
/*
 * install - one path of the base becomes what the container has there, at once. A new
 * object is made under a temporary name in the same directory, complete with owner, mode,
 * attributes and times, synced, and renamed. A directory that goes is first renamed away.
 * So whenever we are stopped, the path is the old or the new object, never half of one.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/io.h"
#include "change/change.h"
#include "change/subtree.h"

/* Before 1.2.5 musl does not declare it (base/renameat2.c). */
int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags);

static const char newer[] = "the base changed meanwhile";

/* The base at @s is still what was compared. */
static int check_base(const struct walk *w, const struct spot *s)
{
	const struct stat *then = &s->base.st;
	struct stat st;

	if (fstatat(w->base, s->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno != ENOENT ? -errno : object_exists(&s->base) ? -ESTALE : 0;
	return object_exists(&s->base) && is_same_file(&st, then) &&
			       st.st_ctim.tv_sec == then->st_ctim.tv_sec &&
			       st.st_ctim.tv_nsec == then->st_ctim.tv_nsec
		       ? 0
		       : -ESTALE;
}

/* Another name of a file that is in the base already: 1 if it was linked, 0 if not. */
static int make_link(struct minc_changes *chs, const struct walk *w, const struct spot *s,
		     const char *temporary)
{
	const struct stat *u = &s->upper.st;
	const struct inode *i =
		u->st_nlink < 2 ? NULL : inodes_find(&chs->links, u->st_dev, u->st_ino);
	cleanup_object struct object first = OBJECT_NONE;
	struct object_path p;
	struct stat st;
	int r;

	if (!i || !i->b)
		return 0;
	if (object_open_path(chs->base, i->text, &first) < 0 || !object_exists(&first) ||
	    first.st.st_dev != i->a || first.st.st_ino != i->b)
		return 0;
	p = object_path(first.fd);
	if (linkat(AT_FDCWD, p.text, w->base, temporary, AT_SYMLINK_FOLLOW) < 0)
		/* another file system, or too many links, or forbidden: a copy will do */
		return errno == EXDEV || errno == EMLINK || errno == EPERM ? 0 : -errno;
	if (fstat(first.fd, &st) < 0)
		return -errno;
	r = journal_note(&chs->journal, &st); /* its ctime is new */
	return r < 0 ? r : 1;
}

static int make_file(const struct walk *w, const struct spot *s, const char *temporary)
{
	cleanup_close int fd =
		openat(w->base, temporary,
		       O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return -errno;
	r = object_copy_content(s->metacopy ? &s->base : &s->upper, fd);
	if (r == 0)
		r = object_dress(fd, &s->upper, s->upper.st.st_mode);
	return r == 0 && fsync(fd) < 0 ? -errno : r;
}

/* Whether there is nothing in it; a directory that cannot be read has something. */
static bool is_empty(const struct object *o)
{
	DIR *dir = io_open_list(o->fd, ".");
	int n = 0;

	if (!dir)
		return false;
	errno = 0;
	while (n <= 2 && readdir(dir)) /* . and .. */
		n++;
	n = errno ? 3 : n;
	closedir(dir);
	return n <= 2;
}

/*
 * @o is what was to be made as @u: the base's owner may have put a file of his own there.
 */
static bool is_made(const struct object *o, const struct stat *u)
{
	if (!object_exists(o) || (o->st.st_mode ^ u->st_mode) & S_IFMT ||
	    o->st.st_uid != geteuid())
		return false;
	if (S_ISDIR(u->st_mode))
		return is_empty(o);
	if ((S_ISCHR(u->st_mode) || S_ISBLK(u->st_mode)) && o->st.st_rdev != u->st_rdev)
		return false;
	return o->st.st_nlink == 1;
}

/* Anything but a file: made empty, then dressed. */
static int make_other(struct minc_changes *chs, const struct walk *w,
		      const struct spot *s, const char *temporary)
{
	const struct stat *u = &s->upper.st;
	cleanup_object struct object o = OBJECT_NONE;
	unsigned mode = u->st_mode, known;
	int r;

	if (S_ISDIR(u->st_mode)) {
		r = mkdirat(w->base, temporary, 0700);
		mode |= 0700; /* it is to be filled; the end is in finish() of apply.c */
	} else if (S_ISLNK(u->st_mode)) {
		r = symlinkat(chs->ch.target[MINC_AFTER], w->base, temporary);
	} else {
		r = mknodat(w->base, temporary, (u->st_mode & S_IFMT) | 0600, u->st_rdev);
	}
	if (r < 0)
		return -errno;
	r = object_open(w->base, temporary, &o);
	if (r < 0)
		return r;
	if (!is_made(&o, u)) /* it must not become the container's */
		return -ESTALE;
	if (S_ISDIR(u->st_mode))
		r = journal_note(&chs->journal, &o.st);
	/*
	 * its number may be that of a temporary directory that was cut short, and is
	 * noted with another mode
	 */
	if (r == 0 && S_ISDIR(u->st_mode) &&
	    (mode != u->st_mode || journal_due(&chs->journal, &o.st, &known)))
		r = journal_open_dir(&chs->journal, &o.st, u->st_mode & 07777, true);
	return r < 0 ? r : object_dress(o.fd, &s->upper, mode);
}

static int make(struct minc_changes *chs, const struct walk *w, const struct spot *s,
		const char *temporary)
{
	int r = S_ISDIR(s->upper.st.st_mode) ? 0 : make_link(chs, w, s, temporary);

	if (r != 0)
		return r < 0 ? r : 0;
	if (S_ISREG(s->upper.st.st_mode))
		return make_file(w, s, temporary);
	return make_other(chs, w, s, temporary);
}

static int rename_with(int dir, const char *from, const char *to, unsigned flags)
{
	if (renameat2(dir, from, dir, to, flags) == 0)
		return 0;
	return -errno;
}

/* The temporary takes the path; what was there is gone, or has the temporary name. */
static int put(const struct walk *w, const struct spot *s, const char *temporary)
{
	bool directories = object_is_dir(&s->upper) || object_is_dir(&s->base);
	int r;

	if (!object_exists(&s->base)) {
		r = rename_with(w->base, temporary, s->name, RENAME_NOREPLACE);
		if (r == -EINVAL) /* not on this file system; checked a moment ago */
			r = rename_with(w->base, temporary, s->name, 0);
		return r == -EEXIST ? -ESTALE : r;
	}
	if (!directories)
		return rename_with(w->base, temporary, s->name, 0);
	return rename_with(w->base, temporary, s->name, RENAME_EXCHANGE);
}

/* The other names of a file whose link count changes get a new ctime by it. */
static int note_names(struct minc_changes *chs, const struct spot *s, bool before)
{
	struct stat st = s->base.st;

	if (!object_exists(&s->base) || S_ISDIR(st.st_mode) || st.st_nlink < 2)
		return 0;
	if (before)
		st.st_ctim = (struct timespec){ 0 };
	else if (fstat(s->base.fd, &st) < 0)
		return -errno;
	return journal_note(&chs->journal, &st);
}

static int replace(struct minc_changes *chs, const struct walk *w, struct spot *s,
		   const char *temporary)
{
	int r = make(chs, w, s, temporary);

	if (r == 0)
		r = check_base(w, s);
	if (r == 0)
		r = note_names(chs, s, true);
	if (r == 0)
		r = put(w, s, temporary);
	if (r == 0)
		r = note_names(chs, s, false);
	/* what failed half-way, or the directory or file that was exchanged */
	if (r < 0)
		(void)subtree_remove(w->base, temporary); /* @r says what failed */
	else
		r = subtree_remove(w->base, temporary);
	if (r < 0)
		return r;
	object_close(&s->base);
	r = object_open(w->base, s->name, &s->base);
	if (r == 0 && object_exists(&s->base))
		r = journal_note(&chs->journal, &s->base.st);
	s->dressed = true;
	return r;
}

static int delete (struct minc_changes *chs, const struct walk *w, struct spot *s,
		   const char *temporary)
{
	struct stat st;
	int r = check_base(w, s);

	if (r == 0)
		r = note_names(chs, s, true);
	if (r < 0)
		return r;
	if (!object_is_dir(&s->base)) {
		if (unlinkat(w->base, s->name, 0) < 0)
			return -errno;
		return note_names(chs, s, false);
	}
	r = rename_with(w->base, s->name, temporary, RENAME_NOREPLACE);
	if (r == -EINVAL)
		r = rename_with(w->base, s->name, temporary, 0);
	if (r < 0)
		return r;
	if (fstatat(w->base, temporary, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !is_same_file(&st, &s->base.st)) {
		(void)rename_with(w->base, temporary, s->name, RENAME_NOREPLACE);
		/* somebody put another one there; it has its name again */
		return -ESTALE;
	}
	return subtree_remove(w->base, temporary);
}

/*
 * A directory that both have: its attributes, in place. Its owner can write to it until
 * it is complete; the end is in finish() of apply.c.
 */
static int dress(struct minc_changes *chs, struct spot *s)
{
	const unsigned final = s->upper.st.st_mode & 07777, mode = final | 0700;
	unsigned known;
	int r = journal_note(&chs->journal, &s->base.st);

	if (r == 0 && (mode != final || journal_due(&chs->journal, &s->base.st, &known)))
		r = journal_open_dir(&chs->journal, &s->base.st, final, true);
	if (r == 0 && !s->passage)
		r = object_dress(s->base.fd, &s->upper, mode);
	else if (r == 0 && chmod(object_path(s->base.fd).text, mode) < 0)
		r = -errno;
	s->dressed = r == 0;
	return r;
}

/*
 * Something in the directory of the base is about to change. Root in the container may
 * write to a directory that nobody else may, and so may its user here, as its owner.
 */
static int touch(struct minc_changes *chs, const struct walk *w)
{
	struct level *l = walk_level(w);
	struct stat st;
	int r;

	if (l->touched)
		return 0;
	if (fstat(w->base, &st) < 0)
		return -errno;
	r = journal_note(&chs->journal, &st);
	if (r < 0)
		return r;
	if (faccessat(w->base, ".", W_OK | X_OK, AT_EACCESS) < 0 &&
	    st.st_uid == geteuid()) {
		r = journal_open_dir(&chs->journal, &st, st.st_mode & 07777, false);
		if (r == 0 &&
		    chmod(object_path(w->base).text, (st.st_mode & 07777) | 0700) < 0)
			r = -errno;
	}
	l->touched = r == 0;
	return r;
}

int install(struct minc_changes *chs, const struct walk *w, struct spot *s,
	    const char **ret_reason)
{
	char temporary[80];
	int r;

	journal_name(&chs->journal, chs->temporaries++, temporary, sizeof(temporary));
	r = touch(chs, w);
	if (r < 0)
		return r;
	if (chs->ch.kind == MINC_DELETED)
		r = delete (chs, w, s, temporary);
	else if (object_is_dir(&s->upper) && object_is_dir(&s->base))
		r = dress(chs, s);
	else
		r = replace(chs, w, s, temporary);
	if (r == -ESTALE)
		*ret_reason = newer;
	return r;
}
