/* SPDX-License-Identifier: MIT */
/* cgroup-step - child code of limits: system calls on prepared memory only. */
#include "cgroup/cgroup.h"

int run_cgroup_join(struct runner *r, const struct step *s)
{
	const int fd = runner_fd(r, s->cgroup_join.slot);
	long n;

	if (fd < 0 || s->cgroup_join.by_clone)
		return fd < 0 ? fd : 0;
	n = sys_write(fd, "0", 1); /* the writer itself */
	return n < 0 ? (int)n : 0;
}

int run_rlimit(struct runner *r, const struct step *s)
{
	const uint64_t limits[2] = { s->rlimit.soft, s->rlimit.hard };

	(void)r; /* no slot */
	return sys_call(SYS_prlimit64, 0, s->rlimit.resource, limits, NULL, 0);
}
