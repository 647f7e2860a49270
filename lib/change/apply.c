/* SPDX-License-Identifier: MIT */
/*
 * apply - write the changes to the base; see minc/change.h. Three walks: if an earlier
 * apply was cut short, its temporaries are removed; then the base is changed, path by
 * path, while the layers stay whole; then everything the base equals is removed from the
 * layers. So whenever we are stopped, what is in the layers still says what is to be
 * done, and doing it again does nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "change/change.h"
#include "change/subtree.h"

/* What was removed from the layers, on its way to nothing. */
static const char discarded[] = "applied.discarded";

static int visit_sweep(struct walk *w, struct spot *s, void *userdata)
{
	return object_is_dir(&s->upper) && object_is_dir(&s->base) && !s->mounted &&
	       !s->redirected;
}

static int leave_sweep(struct walk *w, struct level *l, void *userdata)
{
	struct minc_changes *chs = userdata;
	int r = w->base >= 0 ? journal_sweep(&chs->journal, w->base) : 0;

	/* complete: what we write in can be read, until its end */
	return r == -EACCES ? 0 : r;
}

/* What is not seen now will be reported by the walk that follows. */
static int ignore_unreadable(struct walk *w, const struct spot *s, int err,
			     void *userdata)
{
	return 0;
}

/* No other path would fare better. */
static bool is_fatal(int r)
{
	return r == -ENOSPC || r == -EDQUOT || r == -EIO || r == -EROFS || r == -ENOMEM ||
	       r == -EMFILE || r == -ENFILE;
}

static int apply_one(struct minc_changes *chs, struct walk *w, struct spot *s)
{
	const char *reason = NULL;
	int r;

	diff_spare(chs, w);
	if (!chs->ch.error) {
		r = install(chs, w, s, &reason);
		if (is_fatal(r))
			return err_set(chs->err, r, "apply %s", walk_path(w));
		if (r < 0)
			compare_refuse(chs, r, reason);
	}
	return diff_report(chs);
}

static int visit_apply(struct walk *w, struct spot *s, void *userdata)
{
	struct minc_changes *chs = userdata;
	bool chosen = diff_chosen(chs, w, s), done;
	int r = compare(chs, w, s), n;

	if (r < 0)
		return r;
	done = r == 0;
	if (r > 0 && chosen) {
		n = apply_one(chs, w, s);
		if (n < 0)
			return n;
		done = !chs->ch.error;
	}
	if (done) {
		n = compare_note_link(chs, w, s);
		if (n < 0)
			return n;
	}
	return !diff_needs_dir(s) && diff_enters(chs, w, s);
}

/* An apply that was cut short was here, and did not come to the end of the directory. */
static bool was_begun(const struct minc_changes *chs, const struct walk *w)
{
	struct stat st;

	return chs->journal.cut_short && fstat(w->base, &st) == 0 &&
	       journal_owns(&chs->journal, &st);
}

/* A mode that would have been in the way, and what comes with the filling. */
static int finish(struct minc_changes *chs, const struct walk *w, const struct level *l)
{
	cleanup_close int fd = -EBADF;
	unsigned mode;
	struct stat st;
	int r = 0;

	if (!l->plain)
		r = object_set_times(w->base, &l->upper);
	if (r < 0 &&
	    r != -EPERM) /* of somebody else's directory: the time is of no weight */
		return r;
	fd = openat(w->base, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && fsync(fd) < 0 && errno != EINVAL)
		return -errno;
	if (fstat(w->base, &st) < 0)
		return -errno;
	if (!journal_due(&chs->journal, &st, &mode))
		return 0;
	if (chmod(object_path(w->base).text, mode) < 0)
		return -errno;
	return journal_shut_dir(&chs->journal, &st);
}

static int leave_apply(struct walk *w, struct level *l, void *userdata)
{
	struct minc_changes *chs = userdata;
	int r;

	if (w->base < 0 || w->upper < 0 ||
	    (!l->touched && !l->dressed && !was_begun(chs, w)))
		return 0;
	r = finish(chs, w, l);
	return r < 0 ? err_set(chs->err, r, "apply %s", w->path) : 0;
}

static int unreadable_apply(struct walk *w, const struct spot *s, int err, void *userdata)
{
	return diff_unreadable(userdata, w, s, err);
}

/*
 * A user's own read-only directory: to make it writable, even for a moment, would be a
 * change to apply. What equals the base may stay.
 */
static int removed(struct walk *w, int r)
{
	if (r != -EACCES && r != -EPERM)
		return r;
	walk_level(w)->kept = true;
	return 0;
}

static int visit_clean(struct walk *w, struct spot *s, void *userdata)
{
	struct minc_changes *chs = userdata;
	int r = compare(chs, w, s);

	if (r < 0)
		return r;
	if (r > 0) {
		walk_level(w)->kept = true;
		s->kept = true;
	} else {
		r = compare_note_link(chs, w, s);
		if (r < 0)
			return r;
	}
	if (object_is_dir(&s->upper) && object_is_dir(&s->base) && !s->mounted &&
	    !s->redirected)
		return 1;
	/* In an opaque directory each name hides one of the base: all or none can go. */
	if (s->kept || walk_level(w)->opaque || !object_exists(&s->upper))
		return 0;
	return removed(w, subtree_remove(w->upper, s->name));
}

static int leave_clean(struct walk *w, struct level *l, void *userdata)
{
	struct minc_changes *chs = userdata;

	if (w->depth == 1)
		chs->left_over = l->kept;
	return l->kept && w->upper >= 0 ? object_set_times(w->upper, &l->upper) : 0;
}

/*
 * Half of an opaque directory would say that the other half is deleted: it leaves the
 * layer at once, whole.
 */
static int discard(const struct minc_changes *chs, struct walk *w, const char *name)
{
	if (renameat(w->upper, name, chs->dir, discarded) < 0)
		return removed(w, -errno);
	return subtree_remove(chs->dir, discarded);
}

static int left_clean(struct walk *w, const char *name, const struct level *l,
		      void *userdata)
{
	struct level *above = walk_level(w);
	struct minc_changes *chs = userdata;

	if (l->kept)
		above->kept = true;
	if (l->kept || l->layer || !l->upper.st_ino || above->opaque)
		return 0;
	if (l->opaque)
		return discard(chs, w, name);
	return unlinkat(w->upper, name, AT_REMOVEDIR) < 0 ? removed(w, -errno) : 0;
}

/* Remove from the layers what is in the base now. If that is all, begin anew. */
static int clean(struct minc_changes *chs)
{
	static const struct walk_ops ops = { .visit = visit_clean,
					     .leave = leave_clean,
					     .left = left_clean,
					     .unreadable = ignore_unreadable };
	int r;

	inodes_done(&chs->links);
	chs->left_over = true;
	r = changes_walk(chs, &ops);
	compare_clear(chs);
	if (r < 0 || chs->left_over)
		return r;
	r = journal_forget(&chs->journal, chs->dir);
	return r < 0 ? r : record_restart(chs->dir);
}

static int apply(struct minc_changes *chs)
{
	static const struct walk_ops sweep = { .visit = visit_sweep,
					       .leave = leave_sweep,
					       .unreadable = ignore_unreadable },
				     change = { .visit = visit_apply,
						.leave = leave_apply,
						.unreadable = unreadable_apply };
	int r = journal_open(&chs->journal, chs->dir);

	if (r == 0)
		r = subtree_remove(chs->dir, discarded);
	if (r == 0 && chs->journal.cut_short)
		r = changes_walk(chs, &sweep);
	if (r == 0)
		r = changes_walk(chs, &change);
	if (r == 0)
		r = journal_end(&chs->journal);
	/*
	 * Another tree than the container's has the changes now: the container still
	 * needs them.
	 */
	if (r == 0 && !chs->keep && !chs->elsewhere)
		r = clean(chs);
	return r;
}

int changes_can_apply(struct minc_changes *chs)
{
	int r;

	changes_begin(chs);
	r = changes_failed(chs);
	if (r < 0)
		return r;
	if (!chs->lower)
		return changes_check_owner(chs);
	err_say(chs->err, -EOPNOTSUPP,
		"%s: written over an image, which never changes: commit makes a new one of it",
		chs->name);
	err_hint(chs->err, "or name a directory that gets the changes: --base DIR");
	return -EOPNOTSUPP;
}

int changes_apply(struct minc_changes *chs, minc_change_fn fn, void *userdata)
{
	int r = changes_can_apply(chs);

	if (r < 0)
		return r;
	diff_begin(chs, fn, userdata);
	r = apply(chs);
	compare_clear(chs);
	journal_done(&chs->journal);
	return r < 0 ? err_set(chs->err, r, "%s", chs->name) : chs->refused;
}
