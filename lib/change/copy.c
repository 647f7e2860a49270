/* SPDX-License-Identifier: MIT */
/* copy - see copy.h. */
#include "change/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/sys.h"
#include "change/dir-names.h"
#include "change/inodes.h"

enum {
	/* names to remember; then links are files of their own */
	LINKS_KEPT_MAX = 1 << 20,
	STREAM_MAX = 1 << 30 /* of a file that says it is empty: /proc has no such */
};

struct copy {
	const struct copy_end *from, *to;
	const struct copy_how *how;
	struct copy_said *said;
	struct err *e;
	struct inodes links; /* files with more names: where the first went */
	int top;             /* the directory of the target, and below it: */
	struct stat target;  /* the directory that was made or entered there */
	bool entered;
	char below[PATH_MAX]; /* "" or "/a/b": where we are */
};

static int fail_from(const struct copy *c, int r)
{
	return end_fail(c->from, c->e, r, c->below);
}

static int fail_to(const struct copy *c, int r)
{
	return end_fail(c->to, c->e, r, c->below);
}

/* What @o is to look like. */
static int choose_dress(const struct copy *c, const struct object *o, struct dress *ret)
{
	const struct copy_end *f = c->from;
	int64_t uid = o->st.st_uid, gid = o->st.st_gid;
	int r;

	if (f->root >= 0 && f->numbered) {
		uid = end_id_inside(f->uids, f->uids_len, o->st.st_uid);
		gid = end_id_inside(f->gids, f->gids_len, o->st.st_gid);
	}
	*ret = (struct dress){ .mode = o->st.st_mode,
			       .rdev = o->st.st_rdev,
			       .times = { o->st.st_atim, o->st.st_mtim },
			       .kinds = XATTR_USER,
			       .from = o->fd };
	r = end_own(c->to, c->how->archive, uid, gid, ret);
	if (r < 0)
		return err_say(c->e, r,
			       "%s%s%s: owner %lld:%lld: nobody at %s%s (--archive)",
			       f->label, f->path, c->below, (long long)uid,
			       (long long)gid, c->to->label, c->to->path);
	end_limit_rights(f, &o->st, c->to, c->how, ret);
	if (c->how->archive && !f->numbered && !c->to->numbered && !f->one_owner &&
	    !c->to->one_owner)
		ret->kinds |= XATTR_ACL;
	return 0;
}

/* Files of /proc and /sys say that they are empty, and are not. */
static int copy_stream(const struct object *o, int to)
{
	cleanup_close int fd = object_read(o);
	size_t left = STREAM_MAX;
	char buf[16384];
	ssize_t n;
	int r = fd < 0 ? fd : 0;

	while (r == 0 && (n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		r = n < 0              ? -errno
		    : left < (size_t)n ? -EFBIG
				       : io_write_all(to, buf, (size_t)n);
		left -= n > 0 ? (size_t)n : 0;
	}
	return r;
}

/*
 * Another name of a file that was copied already, and is still where it was put: 1, else
 * 0.
 */
static int link_again(const struct copy *c, const struct object *o,
		      const struct place *to)
{
	const struct inode *known =
		o->st.st_nlink > 1 ? inodes_find(&c->links, o->st.st_dev, o->st.st_ino)
				   : NULL;
	cleanup_close int fd = -EBADF;
	struct stat st;

	if (!known)
		return 0;
	fd = sys_openat2(c->top, known->text, O_PATH | O_NOFOLLOW, 0,
			 RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_dev != known->a ||
	    st.st_ino != known->b || !S_ISREG(st.st_mode))
		return 0;
	return place_link(to, fd) == 0;
}

/* Where the first name is, so that the others become names of the same file. */
static void note_link(struct copy *c, const struct object *o, const struct stat *made,
		      const struct place *to)
{
	struct inode *i;
	char path[PATH_MAX + NAME_MAX + 2];
	struct stat st;

	if (o->st.st_nlink < 2 || c->links.used >= LINKS_KEPT_MAX || !*c->below ||
	    fstatat(to->dir, to->name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    st.st_ino != made->st_ino)
		return;
	i = inodes_put(&c->links, o->st.st_dev, o->st.st_ino);
	if (!i)
		return; /* then they are files of their own */
	snprintf(path, sizeof(path), "%s", c->below + 1);
	i->a = st.st_dev;
	i->b = st.st_ino;
	free(i->text);
	i->text = strdup(path);
	if (!i->text)
		i->b = 0; /* of no file */
}

static int copy_file(struct copy *c, const struct object *o, const struct dress *d,
		     const struct place *to)
{
	bool poor = false, unread;
	struct fresh f;
	struct stat made;
	int r;

	if (link_again(c, o, to) > 0)
		return 0;
	r = place_begin(to, &f);
	if (r < 0)
		return fail_to(c, r);
	r = o->st.st_size ? object_copy_content(o, f.fd) : copy_stream(o, f.fd);
	unread = r == -EACCES || r == -EPERM || r == -EIO || r == -EAGAIN;
	if (r == 0 && fstat(f.fd, &made) < 0)
		r = -errno;
	r = place_end(to, &f, d, r, &poor);
	if (r < 0)
		return unread ? fail_from(c, r) : fail_to(c, r);
	if (poor)
		end_say(c->said, c->to, c->below,
			"attributes are left out: they cannot be set there");
	note_link(c, o, &made, to);
	return 0;
}

static int copy_link(const struct copy *c, const struct object *o, const struct dress *d,
		     const struct place *to)
{
	cleanup_free char *target = NULL;
	int r = object_target(o, &target);

	if (r < 0)
		return fail_from(c, r);
	r = place_node(to, d, target);
	return r < 0 ? fail_to(c, r) : 0;
}

/* FIFOs; and device files, which only root can make, and never of the host's. */
static int copy_node(struct copy *c, const struct object *o, const struct dress *d,
		     const struct place *to)
{
	const bool device = S_ISCHR(o->st.st_mode) || S_ISBLK(o->st.st_mode);
	const bool wanted =
		device && c->how->archive && c->to->root >= 0 && o->st.st_rdev != 0;
	int r = S_ISFIFO(o->st.st_mode) || wanted ? place_node(to, d, NULL) : -EPERM;

	if (r == 0 || S_ISFIFO(o->st.st_mode))
		return r < 0 ? fail_to(c, r) : 0;
	if (r != -EPERM)
		return fail_to(c, r);
	end_say(c->said, c->from, c->below,
		device ? "a device is left out" : "a socket is left out");
	return 0;
}

static int copy_object(struct copy *c, const struct object *o, const struct place *to,
		       unsigned depth);

static int copy_entry(struct copy *c, int from, struct place *to, unsigned depth)
{
	cleanup_object struct object o = OBJECT_NONE;
	int r = object_open(from, to->name, &o);

	if (r < 0)
		return fail_from(c, r);
	if (!object_exists(&o))
		return 0; /* gone since the directory was read */
	return copy_object(c, &o, to, depth);
}

/*
 * put_entries() of tar/copy-tar-out walks so too: both read names and extend the path for
 * messages. What they do for a name has another place to go, and fails with a message of
 * its own, so that a shared loop would be longer than the two.
 */
static int copy_entries(struct copy *c, int from, int to, unsigned depth)
{
	const size_t len = strlen(c->below);
	struct names names = { 0 };
	int r = names_read(from, &names);

	if (r < 0)
		return fail_from(c, r);
	for (size_t i = 0; r == 0 && i < names.len; i++) {
		struct place next = { .dir = to };

		snprintf(next.name, sizeof(next.name), "%s", names_get(&names, i));
		if (snprintf(c->below + len, sizeof(c->below) - len, "/%s", next.name) >=
		    (int)(sizeof(c->below) - len))
			r = fail_from(c, -ENAMETOOLONG);
		else
			r = copy_entry(c, from, &next, depth + 1);
		c->below[len] = '\0';
	}
	names_done(&names);
	return r;
}

/* The first one is the target: a directory that holds it would have no end. */
static int check_nesting(struct copy *c, const struct object *o, int to, unsigned depth)
{
	if (depth == COPY_DEPTH_MAX)
		return err_say(c->e, -ELOOP, "%s%s%s: deeper than %d directories",
			       c->from->label, c->from->path, c->below, COPY_DEPTH_MAX);
	if (!c->entered) {
		c->top = to;
		c->entered = true;
		return fstat(to, &c->target) < 0 ? fail_to(c, -errno) : 0;
	}
	if (!is_same_file(&o->st, &c->target))
		return 0;
	return err_say(c->e, -EINVAL, "%s%s: a directory is not copied into itself",
		       c->from->label, c->from->path);
}

static int copy_dir(struct copy *c, const struct object *o, const struct dress *d,
		    const struct place *to, unsigned depth)
{
	cleanup_close int fd = -EBADF;
	bool made = false, poor = false;
	int r;

	fd = place_dir(to, &made);
	if (fd == -ENOTDIR)
		return err_say(c->e, fd, "%s%s%s: a directory does not replace a file",
			       c->to->label, c->to->path, c->below);
	if (fd < 0)
		return fail_to(c, fd);
	r = end_check(c->to, fd, "", c->below, c->e);
	if (r == 0)
		r = check_nesting(c, o, fd, depth);
	if (r == 0)
		r = copy_entries(c, o->fd, fd, depth);
	if (r == 0 && made) {
		r = place_dress(fd, d, &poor);
		r = r < 0 ? fail_to(c, r) : 0;
	}
	if (r == 0 && poor)
		end_say(c->said, c->to, c->below,
			"attributes are left out: they cannot be set there");
	return r;
}

static int copy_object(struct copy *c, const struct object *o, const struct place *to,
		       unsigned depth)
{
	struct dress d;
	int r = choose_dress(c, o, &d);

	if (r == 0) /* a file of the library's own that is shown there */
		r = end_check(c->to, to->dir, to->name, c->below, c->e);
	if (r < 0)
		return r;
	if (S_ISDIR(o->st.st_mode))
		return copy_dir(c, o, &d, to, depth);
	if (S_ISREG(o->st.st_mode))
		return copy_file(c, o, &d, to);
	if (S_ISLNK(o->st.st_mode))
		return copy_link(c, o, &d, to);
	return copy_node(c, o, &d, to);
}

int copy_files(const struct copy_end *from, const struct copy_end *to,
	       const struct copy_how *how, struct copy_said *said, struct err *e)
{
	struct copy c = { .from = from, .to = to, .how = how, .said = said, .e = e };
	struct place target = { .dir = -EBADF };
	struct end_source source;
	int r = end_find_source(from, how->follow, &source);

	r = r < 0 ? end_fail(from, e, r, "") : end_find_target(to, &source, e, &target);
	if (r == 0)
		r = copy_object(&c, &source.object, &target, 0);
	object_close(&source.object);
	fd_closep(&target.dir);
	inodes_done(&c.links);
	return r;
}
