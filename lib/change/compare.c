/* SPDX-License-Identifier: MIT */
/* compare - what is different between the base and the container's view of one name. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "change/change.h"
#include "change/subtree.h"

static const char newer[] = "the base changed since the container started",
		  mounted[] = "a file system is mounted on or below it";

void compare_clear(struct minc_changes *chs)
{
	free(chs->ch.target[0]);
	free(chs->ch.target[1]);
	free(chs->ch.xattrs.text);
	memset(&chs->ch, 0, sizeof(chs->ch));
}

void compare_refuse(struct minc_changes *chs, int err, const char *reason)
{
	if (chs->ch.error)
		return;
	chs->ch.error = err;
	chs->ch.reason = reason;
}

bool compare_is_newer(const struct minc_changes *chs, const struct stat *st)
{
	const struct timespec *start = &chs->rec.started;

	/* the container saw an image: a directory that is named is meant as it is */
	if (!chs->rec.root)
		return false;
	if (chs->force || st->st_ctim.tv_sec < start->tv_sec ||
	    (st->st_ctim.tv_sec == start->tv_sec && st->st_ctim.tv_nsec < start->tv_nsec))
		return false;
	return !journal_owns(&chs->journal, st);
}

/*
 * Mount points that the setup makes where the base has none are not the container's work:
 * empty directories, and empty files, on the way to such a path.
 */
static bool leads_to_made(const struct record *rec, const char *path, bool directory)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < rec->made_len; i++)
		if (strncmp(rec->made[i], path, len) == 0 &&
		    (!rec->made[i][len] || (directory && rec->made[i][len] == '/')))
			return true;
	return false;
}

/* Whether @o at @path holds nothing but that; -errno. */
static int is_only_made(const struct record *rec, const struct object *o,
			const char *path, unsigned depth)
{
	struct names names = { 0 };
	int r;

	if (S_ISREG(o->st.st_mode))
		return o->st.st_size == 0 && leads_to_made(rec, path, false);
	if (!S_ISDIR(o->st.st_mode) || !leads_to_made(rec, path, true) || depth > 32)
		return 0;
	r = names_read(o->fd, &names);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	r = 1;
	for (size_t i = 0; r > 0 && i < names.len; i++) {
		cleanup_object struct object child = OBJECT_NONE;
		cleanup_free char *below = NULL;

		if (asprintf(&below, "%s/%s", path, names_get(&names, i)) < 0) {
			below = NULL;
			r = -ENOMEM;
			continue;
		}
		r = object_open(o->fd, names_get(&names, i), &child);
		if (r == 0 && object_exists(&child))
			r = is_only_made(rec, &child, below, depth + 1);
	}
	names_done(&names);
	return r;
}

int compare_is_setup(struct minc_changes *chs, const struct walk *w, const struct spot *s)
{
	return is_only_made(&chs->rec, &s->upper, w->path, 0);
}

/* The setup puts a link in place of an old list of mounts. */
static bool is_mtab(const struct walk *w, const struct minc_change *ch,
		    const struct spot *s)
{
	return str_equal(w->path, "/etc/mtab") && S_ISREG(s->base.st.st_mode) &&
	       str_equal(ch->target[MINC_AFTER], "/proc/mounts");
}

static int read_targets(struct minc_change *ch, const struct spot *s)
{
	const struct object *side[2] = { &s->base, &s->upper };
	int r = 0;

	for (int i = 0; i < 2 && r == 0; i++)
		if (object_exists(side[i]) && S_ISLNK(side[i]->st.st_mode))
			r = object_target(side[i], &ch->target[i]);
	return r;
}

/* Directory entries of the same inode, as far as they were seen. */
static unsigned compare_links(const struct minc_changes *chs, const struct spot *s)
{
	const struct stat *u = &s->upper.st, *b = &s->base.st;
	const struct inode *first;

	if (S_ISDIR(u->st_mode) || u->st_nlink < 2)
		return 0;
	first = inodes_find(&chs->links, u->st_dev, u->st_ino);
	if (!first || (first->a == b->st_dev && first->b == b->st_ino))
		return 0;
	return MINC_CHANGED_LINKS;
}

int compare_note_link(struct minc_changes *chs, const struct walk *w,
		      const struct spot *s)
{
	const struct stat *u = &s->upper.st;
	struct inode *i;

	if (!object_exists(&s->upper) || S_ISDIR(u->st_mode) || u->st_nlink < 2)
		return 0;
	i = inodes_find(&chs->links, u->st_dev, u->st_ino);
	if (i)
		return 0;
	i = inodes_put(&chs->links, u->st_dev, u->st_ino);
	if (!i)
		return -ENOMEM;
	i->a = s->base.st.st_dev;
	i->b = s->base.st.st_ino;
	i->text = strdup(w->path);
	return i->text ? 0 : -ENOMEM;
}

static unsigned compare_stat(const struct stat *u, const struct stat *b)
{
	unsigned what = 0;

	if ((u->st_mode ^ b->st_mode) & 07777 && !S_ISLNK(u->st_mode))
		what |= MINC_CHANGED_MODE;
	if (u->st_uid != b->st_uid || u->st_gid != b->st_gid)
		what |= MINC_CHANGED_OWNER;
	if (!S_ISDIR(u->st_mode) && (u->st_mtim.tv_sec != b->st_mtim.tv_sec ||
				     u->st_mtim.tv_nsec != b->st_mtim.tv_nsec))
		what |= MINC_CHANGED_TIMES;
	if ((S_ISCHR(u->st_mode) || S_ISBLK(u->st_mode)) && u->st_rdev != b->st_rdev)
		what |= MINC_CHANGED_DEVICE;
	return what;
}

/* Both exist: a mask of enum minc_change_what, or -errno. */
static int compare_both(struct minc_changes *chs, const struct spot *s)
{
	struct minc_change *ch = &chs->ch;
	unsigned what = 0;
	int r;

	if ((s->upper.st.st_mode ^ s->base.st.st_mode) & S_IFMT)
		return MINC_CHANGED_TYPE;
	if (S_ISLNK(s->upper.st.st_mode) &&
	    !str_equal(ch->target[MINC_BEFORE], ch->target[MINC_AFTER]))
		what |= MINC_CHANGED_TARGET;
	if (s->settled)
		return (int)what;
	what |= compare_stat(&s->upper.st, &s->base.st) | compare_links(chs, s);
	if (s->passage)
		return (int)(what & MINC_CHANGED_MODE);
	r = xattr_compare(s->upper.fd, s->base.fd, &ch->xattrs);
	if (r < 0)
		return r;
	if (ch->xattrs.len)
		what |= MINC_CHANGED_XATTRS;
	if (!S_ISREG(s->upper.st.st_mode) || s->metacopy)
		return (int)what;
	r = object_same_content(&s->upper, &s->base);
	if (r < 0)
		return r;
	return (int)(r ? what : what | MINC_CHANGED_CONTENT);
}

/* A copy of something the base no longer has, in a directory of the base that changed. */
static bool is_orphan(const struct minc_changes *chs, const struct walk *w,
		      const struct spot *s)
{
	char value[1];
	struct stat st;

	if (object_exists(&s->base) || w->base < 0 || !object_exists(&s->upper) ||
	    xattr_overlay(s->upper.fd, chs->rec.userxattr, "origin", value, 1) < 0)
		return false;
	return fstat(w->base, &st) == 0 && compare_is_newer(chs, &st);
}

static int check_below(const struct object *o, void *userdata)
{
	const struct minc_changes *chs = userdata;

	if (o->st.st_dev != chs->ch.side[MINC_BEFORE].st_dev)
		return -EXDEV;
	return compare_is_newer(chs, &o->st) ? -ESTALE : 0;
}

/* A directory that goes, with all in it. */
static int judge_tree(struct minc_changes *chs, const struct walk *w,
		      const struct spot *s)
{
	int r = subtree_visit(w->base, s->name, check_below, chs);

	if (r == -ENOMEM)
		return r;
	if (r < 0)
		compare_refuse(chs, r,
			       r == -ESTALE  ? newer
			       : r == -EXDEV ? mounted
					     : NULL);
	return 0;
}

static int judge(struct minc_changes *chs, const struct walk *w, const struct spot *s)
{
	if (s->layer && (s->mounted || !object_is_dir(&s->base)))
		compare_refuse(chs, -EXDEV,
			       "the file system that was mounted there is not");
	if (s->mounted)
		compare_refuse(chs, -EXDEV, mounted);
	if (s->redirected)
		compare_refuse(chs, -EOPNOTSUPP,
			       "renamed by overlayfs's redirect_dir or metacopy");
	if (s->metacopy && !S_ISREG(s->base.st.st_mode))
		compare_refuse(chs, -EOPNOTSUPP,
			       "its bytes are below, by overlayfs's metacopy");
	if (object_exists(&s->base) ? compare_is_newer(chs, &s->base.st)
				    : is_orphan(chs, w, s))
		compare_refuse(chs, -ESTALE, newer);
	if (!chs->ch.error && object_is_dir(&s->base) &&
	    (s->whiteout || !object_is_dir(&s->upper)))
		return judge_tree(chs, w, s);
	return 0;
}

int compare(struct minc_changes *chs, const struct walk *w, const struct spot *s)
{
	bool before = object_exists(&s->base),
	     after = object_exists(&s->upper) && !s->whiteout;
	struct minc_change *ch = &chs->ch;
	int r;

	compare_clear(chs);
	if (!before && !after)
		return 0;
	ch->path = walk_path(w);
	ch->side[MINC_BEFORE] = s->base.st;
	if (after)
		ch->side[MINC_AFTER] = s->upper.st;
	r = read_targets(ch, s);
	if (r == 0 && !before && after)
		r = is_only_made(&chs->rec, &s->upper, w->path, 0);
	if (r == -ENOMEM || r > 0 || is_mtab(w, ch, s))
		return r < 0 ? r : 0;
	ch->kind = !before ? MINC_ADDED : !after ? MINC_DELETED : MINC_CHANGED;
	if (r == 0 && before && after && !s->mounted) {
		r = compare_both(chs, s);
		if (r == 0 && !s->redirected)
			return 0;
	}
	if (r < 0)
		compare_refuse(chs, r, NULL);
	else
		ch->what = (unsigned)r;
	if (r == -ENOMEM)
		return r;
	r = judge(chs, w, s);
	return r < 0 ? r : 1;
}
