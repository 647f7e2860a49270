/* SPDX-License-Identifier: MIT */
/*
 * stats - what a container uses: by its groups, else by its processes; see background.h.
 */
#include <errno.h>
#include <minc/background.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "live/background.h"

/* Resident pages and clock ticks of @pid, added to what is there. */
static void add_process(int pid, uint64_t *pages, uint64_t *ticks)
{
	char path[32], *text, *p;
	unsigned long long utime, stime;
	long long rss;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (io_read_file(AT_FDCWD, path, 4096, &text, NULL) < 0)
		return;         /* it ended meanwhile */
	p = strrchr(text, ')'); /* fields 14, 15 and 24, counted from the state, 3 */
	if (p &&
	    sscanf(p + 1,
		   " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d "
		   "%*d %*d %*u %*u %lld",
		   &utime, &stime, &rss) == 3) {
		*pages += rss > 0 ? (uint64_t)rss : 0;
		*ticks += utime + stime;
	}
	free(text);
}

/* What the groups did not say. */
static int add_processes(const struct minc_container *ct, struct minc_stats *ret)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE),
		       hz = (uint64_t)sysconf(_SC_CLK_TCK);
	uint64_t pages = 0, ticks = 0;
	struct process *list;
	size_t len;
	int r = top_list(ct, &list, &len);

	if (r < 0)
		return r;
	for (size_t i = 0; i < len; i++)
		add_process(list[i].pid, &pages, &ticks);
	free(list);
	if (ret->memory_bytes == UINT64_MAX)
		ret->memory_bytes = pages * page;
	if (ret->cpu_usec == UINT64_MAX)
		ret->cpu_usec = ticks * 1000000 / hz;
	if (ret->pids == UINT64_MAX)
		ret->pids = len;
	return 0;
}

int stats_read(struct minc_container *ct, struct minc_stats *ret)
{
	struct cgroup_usage u;
	struct cgroup_set set;
	int r = 0;

	if (ct->state)
		r = background_groups(ct, &set);
	else
		(void)cgroup_set_of(&ct->held, &set); /* &set */
	if (r < 0 && r != -ENOENT)
		return r;
	if (set.len)
		cgroup_set_usage(&set, &u);
	else
		memset(&u, 0xff, sizeof(u)); /* UINT64_MAX each: nothing is counted */
	*ret = (struct minc_stats){ .size = sizeof(*ret),
				    .in_groups = set.len > 0,
				    .memory_bytes = u.memory_bytes,
				    .memory_limit_bytes = u.memory_limit_bytes,
				    .memory_peak_bytes = u.memory_peak_bytes,
				    .oom_kills = u.oom_kills,
				    .cpu_usec = u.cpu_usec,
				    .throttled = u.throttled,
				    .pids = u.pids,
				    .read_bytes = u.read_bytes,
				    .write_bytes = u.write_bytes };
	if (u.memory_bytes != UINT64_MAX && u.cpu_usec != UINT64_MAX &&
	    u.pids != UINT64_MAX)
		return 0;
	return add_processes(ct, ret);
}
