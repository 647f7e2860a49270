/* SPDX-License-Identifier: MIT */
/*
 * build-devices - why a container has a list of devices (cgroup/devices.h); see build.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <minc/container.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/build.h"
#include "sec/sec.h"

/* By its name, or with all. */
static bool gives_devices(const struct spec_cap *cap)
{
	return cap->add &&
	       (strcasestr(cap->names, "mknod") || strcasestr(cap->names, "all"));
}

/* All devices are for it. */
static bool has_all(const struct spec *s)
{
	return spec_flag(s, MINC_PRIVILEGED) || spec_flag(s, MINC_HOST_DEV);
}

/*
 * Only the machine's own root gives a group a list, whatever namespace the container is
 * in.
 */
static bool can_list(const struct host *h)
{
	return h->privileged && h->initial_userns;
}

static int find_mknod(const struct spec *s, const struct host *h, bool own_userns,
		      struct err *e, const char **ret)
{
	uint64_t keep, added;
	int r;

	if (own_userns || !h->initial_userns)
		return 0;
	r = caps_resolve(s, h, own_userns, &keep, &added, e);
	if (r < 0 || !(keep >> CAP_MKNOD & 1))
		return r;
	*ret = "capabilities";
	for (const struct spec_cap *i = s->caps; i; i = i->next)
		if (gives_devices(i) && i->origin)
			*ret = i->origin;
	return 0;
}

int build_devices(const struct spec *s, const struct host *h, bool own_userns,
		  struct err *e, struct cgroup_devices *ret)
{
	const struct spec_mount *m;

	*ret = (struct cgroup_devices){ NULL, NULL };
	if (has_all(s))
		return 0;
	m = can_list(h) ? cgroup_rdonly_device(s->mounts) : NULL;
	ret->rdonly = m ? m->origin : NULL;
	return find_mknod(s, h, own_userns, e, &ret->mknod);
}

static bool has_id(const struct id_range *ranges, size_t len, uint32_t id)
{
	for (size_t i = 0; i < len; i++)
		if (id >= ranges[i].start && id - ranges[i].start < ranges[i].count)
			return true;
	return false;
}

/*
 * What its mode forbids the caller, its owner inside allows itself, and its group may
 * have.
 */
static bool is_inside(const struct idmap *map, const struct stat *st)
{
	const struct id_ranges *r = &map->ranges;

	return map->own && !map->single &&
	       (has_id(r->uids, r->uids_len, st->st_uid) ||
		(st->st_mode & S_IWGRP && has_id(r->gids, r->gids_len, st->st_gid)));
}

/* The caller, or somebody whom the container can become. */
static bool may_write(const struct build *b, const char *path)
{
	struct stat st;

	return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 ||
	       (stat(path, &st) == 0 &&
		(st.st_uid == b->h->uid || is_inside(&b->map, &st)));
}

/* 0: only warned. */
static int refuse(struct build *b, const struct spec_mount *m, const char *what,
		  const char *hint)
{
	if (spec_flag(b->s, MINC_BEST_EFFORT)) {
		plan_warn(b->p, "%s: not enforced: %s", m->origin, what);
		return 0;
	}
	(void)err_say(b->e, -EOPNOTSUPP, "%s: %s, and you may write this one", m->origin,
		      what);
	err_hint(b->e, "%s; --best-effort starts it all the same", hint);
	return -EOPNOTSUPP;
}

int build_check_rdonly(struct build *b)
{
	const struct spec_mount *m = b->s->mounts, *t = m;
	int r = 0;

	if (has_all(b->s))
		return 0;
	for (; r == 0 && (t = cgroup_rdonly_terminal(t)); t = t->next)
		if (may_write(b, t->src))
			r = refuse(
				b, t,
				"neither a read-only mount nor a list of devices binds a terminal",
				"leave out ro, or show no terminal");
	if (can_list(b->h))
		return r;
	for (; r == 0 && (m = cgroup_rdonly_device(m)); m = m->next)
		if (may_write(b, m->src))
			r = refuse(
				b, m, "a read-only mount does not bind a device",
				"root's containers have a list of devices for it; leave out ro");
	return r;
}
