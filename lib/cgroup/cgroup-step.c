/* SPDX-License-Identifier: MIT */
/* cgroup-step - child code of limits: system calls on prepared memory only. */
#include "cgroup/cgroup-rows.h"

int run_cgroup_join(struct runner *r, const struct step *s)
{
	const struct step_cgroup_join *d = s->data;
	const int fd = runner_fd(r, d->slot);
	long n;

	if (d->slot == SLOT_NONE) /* that of a container that is entered */
		return sys_write_file(AT_FDCWD, d->path, "0", 1);
	if (fd < 0 || d->by_clone)
		return fd < 0 ? fd : 0;
	n = sys_write(fd, "0", 1); /* the writer itself */
	return n < 0 ? (int)n : 0;
}

/* The caller asks systemd(1), which moves us; see scope.c. */
int run_cgroup_scope(struct runner *r, const struct step *s)
{
	(void)s; /* the caller has it, too */
	return runner_wait(r);
}

int run_rlimit(struct runner *r, const struct step *s)
{
	const struct step_rlimit *d = s->data;
	const uint64_t limits[2] = { d->soft, d->hard };

	(void)r; /* no slot */
	return sys_call(SYS_prlimit64, 0, d->resource, limits, NULL, 0);
}
