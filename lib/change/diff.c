/* SPDX-License-Identifier: MIT */
/* diff - tell what the container changed; see minc/change.h. Nothing is written. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "change/change.h"

void diff_begin(struct minc_changes *chs, minc_change_fn fn, void *userdata)
{
	changes_begin(chs);
	inodes_done(&chs->links);
	chs->fn = fn;
	chs->userdata = userdata;
	chs->count = chs->refused = 0;
}

int diff_report(struct minc_changes *chs)
{
	struct minc_change *ch = &chs->ch;

	if (ch->error && !ch->reason)
		ch->reason = strerror(-ch->error);
	chs->count++;
	if (ch->error)
		chs->refused++;
	if (!chs->fn || chs->fn(ch, chs->userdata) == 0)
		return 0;
	return err_say(chs->err, -ECANCELED, "%s: stopped by the caller", chs->name);
}

/* One of the caller's that denies its owner what root in the container could. */
static bool is_closed(const struct stat *st)
{
	return S_ISDIR(st->st_mode) && st->st_uid == geteuid() &&
	       (st->st_mode & (S_IRUSR | S_IXUSR)) != (S_IRUSR | S_IXUSR);
}

int diff_unreadable(struct minc_changes *chs, const struct walk *w, const struct spot *s,
		    int err)
{
	struct minc_change *ch = &chs->ch;

	if (!filter_below(chs, w->path))
		return 0;
	compare_clear(chs);
	ch->kind = MINC_CHANGED;
	ch->path = walk_path(w);
	ch->side[MINC_BEFORE] = s->base.st;
	ch->side[MINC_AFTER] = s->upper.st;
	compare_refuse(
		chs, err,
		is_closed(&s->upper.st) || is_closed(&s->base.st)
			? "its mode closes it to its owner: what is in it only root can read"
			: NULL);
	return diff_report(chs);
}

bool diff_enters(const struct minc_changes *chs, const struct walk *w,
		 const struct spot *s)
{
	return object_is_dir(&s->upper) && !s->mounted && !s->redirected &&
	       filter_below(chs, w->path);
}

/* It cannot be gone into unless the base has, or gets, a directory there. */
bool diff_needs_dir(const struct spot *s)
{
	return object_is_dir(&s->upper) && !object_is_dir(&s->base);
}

bool diff_chosen(const struct minc_changes *chs, const struct walk *w,
		 const struct spot *s)
{
	return filter_chosen(chs, w->path,
			     object_is_dir(&s->upper) && !object_exists(&s->base));
}

void diff_spare(struct minc_changes *chs, const struct walk *w)
{
	if (chs->ch.kind == MINC_DELETED && filter_spares(chs, w->path))
		compare_refuse(chs, -EPERM, "an excluded path is below it");
}

static int visit(struct walk *w, struct spot *s, void *userdata)
{
	struct minc_changes *chs = userdata;
	bool chosen = diff_chosen(chs, w, s), goes_in = !diff_needs_dir(s);
	int r, n;

	if (chs->lower)
		return lower_visit(chs, w, s);
	r = compare(chs, w, s);
	if (r < 0)
		return r;
	if (r > 0 && chosen) {
		diff_spare(chs, w);
		goes_in = goes_in || !chs->ch.error;
		n = diff_report(chs);
		if (n < 0)
			return n;
	}
	if (r == 0 || chosen) {
		n = compare_note_link(chs, w, s);
		if (n < 0)
			return n;
	}
	return goes_in && diff_enters(chs, w, s);
}

static int unreadable(struct walk *w, const struct spot *s, int err, void *userdata)
{
	return diff_unreadable(userdata, w, s, err);
}

int changes_diff(struct minc_changes *chs, minc_change_fn fn, void *userdata)
{
	static const struct walk_ops ops = { .visit = visit, .unreadable = unreadable };
	int r;

	diff_begin(chs, fn, userdata);
	r = changes_failed(chs);
	if (r < 0)
		return r;
	r = journal_read(&chs->journal, chs->dir);
	if (r == 0)
		r = changes_walk(chs, &ops);
	compare_clear(chs);
	return r < 0 ? err_set(chs->err, r, "%s", chs->name) : chs->count;
}
