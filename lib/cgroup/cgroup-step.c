/* SPDX-License-Identifier: MIT */
/* cgroup-step - child code of limits: system calls on prepared memory only. */
#include "cgroup/cgroup.h"

/* One that exists already: of a container that is entered. */
static int join_by_path(const char *path)
{
	int fd = sys_openat(AT_FDCWD, path, O_WRONLY, 0);
	long n;

	if (fd < 0)
		return fd;
	n = sys_write(fd, "0", 1);
	(void)sys_close(fd); /* the write was all */
	return n < 0 ? (int)n : 0;
}

int run_cgroup_join(struct runner *r, const struct step *s)
{
	const int fd = runner_fd(r, s->cgroup_join.slot);
	long n;

	if (s->cgroup_join.slot == SLOT_NONE)
		return join_by_path(s->cgroup_join.path);
	if (fd < 0 || s->cgroup_join.by_clone)
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
	const uint64_t limits[2] = { s->rlimit.soft, s->rlimit.hard };

	(void)r; /* no slot */
	return sys_call(SYS_prlimit64, 0, s->rlimit.resource, limits, NULL, 0);
}
