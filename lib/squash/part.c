/* SPDX-License-Identifier: MIT */
/* part - see part.h. */
#include "squash/part.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "content/media.h"
#include "ns/userns.h"
#include "squash/squash-to-dir.h"
#include "squash/squash.h"

enum { NOBODY = 65534 };

struct work {
	const struct part *p;
	const int *layers;
	int dir;
	const struct squash_owners *owners; /* or NULL */
};

static uint32_t outside(const struct squash_ids *ids, size_t len, uint32_t id)
{
	for (size_t i = 0; i < len; i++)
		if (id - ids[i].inside < ids[i].count)
			return id - ids[i].inside + ids[i].outside;
	return NOBODY; /* not @id: that one is somebody of the machine */
}

/* The command's own, where the image has no such directory. */
static int make_empty(const struct work *w)
{
	const struct squash_owners *o = w->owners;
	const uint32_t uid = o ? outside(o->uids, o->uids_len, w->p->uid) : w->p->uid;
	const uint32_t gid = o ? outside(o->gids, o->gids_len, w->p->gid) : w->p->gid;

	/*
	 * an id that has no number here cannot be the command's either: its start says so
	 */
	if (!w->p->single && fchown(w->dir, uid, gid) < 0 && errno != EINVAL &&
	    !w->p->few)
		return -errno;
	return fchmod(w->dir, 0755) < 0 ? -errno : 0;
}

/* Maybe in a child, which has a copy of our memory. */
static int do_work(struct err *e, void *data)
{
	const struct work *w = data;
	const struct part *p = w->p;
	const struct squash_part part = { .path = p->inside,
					  .one_owner = p->single,
					  .any_owner = p->few,
					  .in_userns = p->range && !w->owners,
					  .owners = w->owners };
	int r = p->layers_len ? squash_part_to_dir(e, p->what, w->layers, p->layers_len,
						   &part, w->dir)
			      : PART_ABSENT;

	if (r == PART_ABSENT)
		r = make_empty(w);
	return r < 0 ? err_set(e, r, "%s", p->what) : r == PART_FILES;
}

static size_t convert(struct squash_ids *ret, const struct id_range *ranges, size_t len)
{
	uint32_t inside = 1;

	ret[0] = (struct squash_ids){ .inside = 0, .outside = 0, .count = 1 };
	for (size_t i = 0; i < len; i++) {
		ret[1 + i] = (struct squash_ids){ .inside = inside,
						  .outside = ranges[i].start,
						  .count = ranges[i].count };
		inside += ranges[i].count;
	}
	return len + 1;
}

static int work_as_owner(struct err *e, struct work *w)
{
	struct squash_ids uids[IDMAP_RANGES_MAX + 1], gids[IDMAP_RANGES_MAX + 1];
	struct squash_owners owners = { .uids = uids, .gids = gids };
	struct id_ranges ranges;
	int r;

	if (!w->p->range)
		return do_work(e, w);
	if (geteuid() != 0) {
		r = userns_run(e, do_work, w, sizeof(*w));
		return r == -ENOTSUP ? err_set(e, r, "%s: user namespace", w->p->what)
				     : r;
	}
	r = userns_ranges(e, 0, &ranges);
	if (r <= 0)
		return r < 0 ? r : err_set(e, -ENOTSUP, "%s: user namespace", w->p->what);
	owners.uids_len = convert(uids, ranges.uids, ranges.uids_len);
	owners.gids_len = convert(gids, ranges.gids, ranges.gids_len);
	w->owners = &owners;
	r = do_work(e, w);
	w->owners = NULL;
	return r;
}

int part_to_dir(struct err *e, const struct part *p, int dir)
{
	int layers[CONTENT_LAYERS_MAX], r = 0;
	struct work w = { .p = p, .layers = layers, .dir = dir };
	size_t len = 0;

	if (p->layers_len > CONTENT_LAYERS_MAX)
		return err_say(e, -E2BIG, "%s: more than %d layers", p->what,
			       CONTENT_LAYERS_MAX);
	for (; r == 0 && len < p->layers_len; len += r == 0) {
		layers[len] = open(p->layers[len], O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (layers[len] < 0)
			r = err_set(e, -errno, "%s", p->layers[len]);
	}
	if (r == 0)
		r = work_as_owner(e, &w);
	while (len > 0)
		(void)close(layers[--len]); /* only read */
	return r;
}
