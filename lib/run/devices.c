/* SPDX-License-Identifier: MIT */
/* devices - why a container has a list of devices (cgroup/devices.h); see build.h. */
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
	return cap->add && (strcasestr(cap->names, "mknod") || strcasestr(cap->names, "all"));
}

/* All devices are for it. */
static bool has_all(const struct spec *s)
{
	return spec_flag(s, MINC_PRIVILEGED) || spec_flag(s, MINC_HOST_DEV);
}

/* Only the machine's own root gives a group a list, whatever namespace the container is in. */
static bool can_list(const struct host *h)
{
	return h->privileged && h->initial_userns;
}

static int find_mknod(const struct spec *s, const struct host *h, bool own_userns, struct err *e,
		      const char **ret)
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

int build_devices(const struct spec *s, const struct host *h, bool own_userns, struct err *e,
		  struct cgroup_devices *ret)
{
	const struct spec_mount *m;

	*ret = (struct cgroup_devices){ NULL, NULL };
	if (has_all(s))
		return 0;
	m = can_list(h) ? cgroup_rdonly_device(s->mounts) : NULL;
	ret->rdonly = m ? m->origin : NULL;
	return find_mknod(s, h, own_userns, e, &ret->mknod);
}

/* What its mode forbids a user and no owner inside can change. */
static bool may_write(const struct host *h, const char *path)
{
	struct stat st;

	return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 ||
	       (stat(path, &st) == 0 && st.st_uid == h->uid);
}

int build_check_rdonly(struct build *b)
{
	const struct spec_mount *m = b->s->mounts;

	if (has_all(b->s) || can_list(b->h))
		return 0;
	for (; (m = cgroup_rdonly_device(m)); m = m->next) {
		if (!may_write(b->h, m->src))
			continue;
		if (!spec_flag(b->s, MINC_BEST_EFFORT)) {
			(void)err_say(b->e, -EOPNOTSUPP,
				      "%s: a read-only mount does not bind a device, and you may write this one",
				      m->origin);
			err_hint(b->e, "root's containers have a list of devices for it; leave out ro, or "
				       "--best-effort starts it all the same");
			return -EOPNOTSUPP;
		}
		plan_warn(b->p, "%s: not enforced: a read-only mount does not bind a device", m->origin);
	}
	return 0;
}
