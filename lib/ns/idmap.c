/* SPDX-License-Identifier: MIT */
/*
 * idmap - whose ids the container uses. A caller without privilege gets a user namespace:
 * with one id, which needs no help, or with the ranges that /etc/subuid and /etc/subgid
 * give it, which newuidmap(1) and newgidmap(1) must write. See user_namespaces(7),
 * subuid(5).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "ns/ns-rows.h"
#include "ns/ns.h"
#include "plan/answer.h"

/*
 * The caller's ranges: 1; 0 if it has none or nobody can write them; -errno with a
 * message.
 */
static int find_ranges(const struct host *h, struct idmap *m, struct err *e)
{
	return h->no_new_privs ? 0 : userns_ranges(e, h->uid, &m->ranges);
}

int idmap_choose(const struct spec *s, const struct host *h, struct idmap *ret,
		 struct err *e)
{
	int r = 0;

	memset(ret, 0, sizeof(*ret));
	switch (s->userns) {
	case SPEC_USERNS_AUTO:
		ret->own = !h->privileged;
		if (ret->own)
			r = find_ranges(h, ret, e);
		ret->single = ret->own && r == 0;
		return r < 0 ? r : 0;
	case SPEC_USERNS_HOST:
		if (h->privileged)
			return 0;
		err_say(e, -EPERM, "%s: only root can do without a user namespace",
			s->userns_origin);
		return -EPERM;
	case SPEC_USERNS_SINGLE:
		ret->own = ret->single = true;
		return 0;
	case SPEC_USERNS_RANGE:
		ret->own = true;
		r = find_ranges(h, ret, e);
		if (r != 0)
			return r < 0 ? r : 0;
		if (h->no_new_privs) {
			err_say(e, -EPERM,
				"%s: the caller has no_new_privs, so newuidmap cannot "
				"help it",
				s->userns_origin);
			err_hint(e, "--userns=single");
			return -EPERM;
		}
		err_say(e, -ENOENT,
			"%s: no subordinate ids for uid %u in /etc/subuid and /etc/subgid, or "
			"no newuidmap and newgidmap",
			s->userns_origin, h->uid);
		err_hint(
			e,
			"usermod --add-subuids 100000-165535 --add-subgids 100000-165535 "
			"USER; Debian package uidmap");
		return -ENOENT;
	}
	return -EINVAL;
}

/* See userns_map_args(); without memory plan_seal() fails. */
static const char *const *helper_args(struct plan *p, uint32_t self,
				      const struct id_range *v, size_t len)
{
	const char *const *ret = userns_map_args(&p->arena, self, v, len);

	if (!ret)
		p->failed = -ENOMEM;
	return ret;
}

int ns_plan_user(struct plan *p, const struct spec *s, const struct host *h,
		 const struct idmap *map, const struct identity *id)
{
	struct step_idmap *d;

	if (!map->own)
		return 0;
	p->clone_flags |= CLONE_NEWUSER;
	if (map->single) {
		d = plan_append(p, &step_idmap, s->userns_origin,
				"the caller's own id becomes the container's user")
			    ->data;
		d->uid_map = plan_text(p, "%u %u 1\n", id->uid, h->uid);
		d->gid_map = plan_text(p, "%u %u 1\n", id->gid, h->gid);
		return 0;
	}
	d = plan_append(p, &step_idmap, s->userns_origin,
			"the caller becomes root, its subordinate ids become 1 and up")
		    ->data;
	d->uid_args = helper_args(p, h->uid, map->ranges.uids, map->ranges.uids_len);
	d->gid_args = helper_args(p, h->gid, map->ranges.gids, map->ranges.gids_len);
	p->own_memory = true; /* the caller must run the helpers meanwhile */
	return 0;
}

int answer_idmap(struct answer *a, const struct step *s)
{
	const struct step_idmap *d = s->data;

	return userns_write_maps(a->err, a->pid, d->uid_args, d->gid_args);
}
