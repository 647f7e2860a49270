/* SPDX-License-Identifier: MIT */
/* devices - why a container has a list of devices (cgroup/devices.h); see build.h. */
#include <linux/capability.h>
#include <minc/container.h>
#include <string.h>

#include "run/build.h"
#include "sec/sec.h"

/* By its name, or with all. */
static bool gives_devices(const struct spec_cap *cap)
{
	return cap->add && (strcasestr(cap->names, "mknod") || strcasestr(cap->names, "all"));
}

int build_devices(const struct spec *s, const struct host *h, bool own_userns, struct err *e,
		  const char **ret)
{
	uint64_t keep, added;
	int r;

	*ret = NULL;
	if (own_userns || !h->initial_userns || spec_flag(s, MINC_PRIVILEGED) ||
	    spec_flag(s, MINC_HOST_DEV))
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
