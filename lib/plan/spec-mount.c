/* SPDX-License-Identifier: MIT */
/*
 * spec-mount - the user's mounts: binds and tmpfs; see spec.h. A mount hides everything
 * below its target, so they are kept in an order in which none hides another: by
 * the depth of their targets, and with equal depth as they were added. Mounts of a
 * config.json keep its order, as the runtime specification requires.
 */
#include <errno.h>
#include <minc/container.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "plan/spec.h"

static const char shm[] = "/dev/shm";

/*
 * The next name of a path, its length in @ret_len; NULL at its end. "" and "." are none.
 */
static const char *next_name(const char *path, size_t *ret_len)
{
	for (;; path += *ret_len) {
		path += strspn(path, "/");
		*ret_len = strcspn(path, "/");
		if (*ret_len != 1 || *path != '.')
			return *ret_len ? path : NULL;
	}
}

static size_t depth_of(const char *path)
{
	size_t n = 0, len;

	while ((path = next_name(path, &len))) {
		path += len;
		n++;
	}
	return n;
}

/* The same names; what links lead to is not known yet. */
static bool same_place(const char *a, const char *b)
{
	size_t len, other;

	for (;;) {
		a = next_name(a, &len);
		b = next_name(b, &other);
		if (!a || !b)
			return a == b;
		if (len != other || memcmp(a, b, len) != 0)
			return false;
		a += len;
		b += other;
	}
}

/* Where a bind without a target will be shown, as far as that can be told now. */
static const char *own_place(struct spec *s, const char *src)
{
	char *real = *src == '/' && !strstr(src, "..") ? NULL : realpath(src, NULL);
	const char *ret = arena_strdup(&s->arena, real ? real : src);

	free(real);
	return ret;
}

static struct spec_mount *find_place(const struct spec *s, const char *place)
{
	const size_t depth = depth_of(place);
	struct spec_mount *m = s->mounts;

	while (m && (m->listed || m->depth != depth || !same_place(m->place, place)))
		m = m->next;
	return m;
}

static void insert(struct spec *s, struct spec_mount *m)
{
	struct spec_mount **at = &s->mounts;

	for (struct spec_mount **i = &s->mounts; *i; i = &(*i)->next)
		if (m->listed || (*i)->listed || (*i)->depth <= m->depth)
			at = &(*i)->next;
	m->next = *at;
	*at = m;
}

/* The same thing, said again: then it is there once. */
static bool is_same(const struct spec_mount *m, const char *src, unsigned flags)
{
	return m->src && src && strcmp(m->src, src) == 0 && m->flags == flags;
}

/* One that is to be at @place, in the list; NULL after a failure, which is *@ret. */
static struct spec_mount *add_mount(struct spec *s, const char *call, const char *place,
				    bool tmpfs, int *ret)
{
	struct spec_mount *m = s->listing ? NULL : find_place(s, place);
	const char *what;

	/* another size: the last one counts */
	if (m && tmpfs && !m->src && same_place(place, shm))
		return m;
	if (m) {
		what = arena_printf(&s->arena, "%s is the target of %s, too", place,
				    m->origin);
		*ret = what ? spec_refuse(s, -EINVAL, call, what)
			    : spec_refuse(s, -ENOMEM, call, "");
		return NULL;
	}
	m = arena_new(&s->arena, struct spec_mount);
	if (!m) {
		*ret = spec_refuse(s, -ENOMEM, call, "");
		return NULL;
	}
	m->listed = s->listing;
	m->place = place;
	m->depth = depth_of(place);
	insert(s, m);
	return m;
}

/* A path inside that something can be mounted on. */
static int check_target(struct spec *s, const char *call, const char *dst,
			const char *verb)
{
	const char *what;
	int r = spec_check_inside(s, call, dst);

	if (r < 0 || depth_of(dst))
		return r;
	what = arena_printf(&s->arena, "cannot %s on /", verb);
	return what ? spec_refuse(s, -EINVAL, call, what)
		    : spec_refuse(s, -ENOMEM, call, "");
}

int spec_add_bind(struct spec *s, const char *src, const char *dst, unsigned flags)
{
	const unsigned known = MINC_BIND_RDONLY | MINC_BIND_DEV | MINC_BIND_SUID |
			       MINC_BIND_VOLUME | MINC_BIND_NOEXEC | MINC_BIND_NOCOPY;
	const char *call = "minc_add_bind", *src_copy = NULL, *dst_copy = NULL, *place,
		   *origin = NULL;
	struct spec_mount *m;
	int r = spec_check_path(s, call, src);

	if (r < 0)
		return r;
	if (flags & ~known)
		return spec_refuse(s, -EINVAL, call, "unknown flag");
	if (flags & MINC_BIND_NOCOPY && !(flags & MINC_BIND_VOLUME))
		return spec_refuse(s, -EINVAL, call, "not to be copied is for volumes");
	if (flags & MINC_BIND_VOLUME && (*src != '/' || !dst))
		return spec_refuse(s, -EINVAL, call,
				   "a volume wants an absolute source, and a target");
	if (dst)
		r = check_target(s, call, dst, "bind");
	if (r == 0)
		r = spec_keep_text(s, call, src, &src_copy, &origin);
	if (r == 0 && dst)
		r = spec_keep_text(s, call, dst, &dst_copy, NULL);
	if (r != 0)
		return r;
	place = dst ? dst_copy : own_place(s, src_copy);
	if (!place)
		return spec_refuse(s, -ENOMEM, call, "");
	m = s->listing ? NULL : find_place(s, place);
	if (m && is_same(m, src, flags))
		return 0;
	m = add_mount(s, call, place, false, &r);
	if (!m)
		return r;
	m->src = src_copy;
	m->dst = dst_copy;
	m->flags = flags;
	m->origin = origin;
	return 0;
}

int spec_add_tmpfs(struct spec *s, const char *dst, uint64_t size_bytes, unsigned mode)
{
	const unsigned flags = MINC_TMPFS_RDONLY | MINC_TMPFS_NOEXEC;
	const char *call = "minc_add_tmpfs", *copy = NULL, *origin = NULL;
	struct spec_mount *m;
	int r = check_target(s, call, dst, "mount");

	if (r < 0)
		return r;
	if (mode & ~(07777 | flags))
		return spec_refuse(s, -EINVAL, call, "mode above 07777, or unknown flag");
	r = spec_keep_text(s, call, dst, &copy, &origin);
	if (r < 0)
		return r;
	m = add_mount(s, call, copy, true, &r);
	if (!m)
		return r;
	m->dst = copy;
	m->size_bytes = size_bytes;
	m->mode = mode & 07777;
	m->flags = mode & flags;
	m->owned = false;
	m->origin = origin;
	s->last_tmpfs = m;
	return 0;
}

int spec_set_tmpfs_owner(struct spec *s, uint32_t uid, uint32_t gid)
{
	static const char call[] = "minc_set_tmpfs_owner";

	if (!s->last_tmpfs)
		return spec_refuse(s, -EINVAL, call, "minc_add_tmpfs() comes first");
	if (uid == UINT32_MAX || gid == UINT32_MAX)
		return spec_refuse(s, -EINVAL, call, "id above 4294967294");
	s->last_tmpfs->owned = true;
	s->last_tmpfs->uid = uid;
	s->last_tmpfs->gid = gid;
	return 0;
}
