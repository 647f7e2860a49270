/* SPDX-License-Identifier: MIT */
/* copy - files between the host and a container; see minc/background.h. */
#include "change/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "api/api.h"
#include "base/fd.h"

/* What process 1 sees as "/". Alive afterwards, it was process 1's. */
static int open_root(const minc_container *ct)
{
	cleanup_close int root = -EBADF;
	char path[32];
	int r;

	if (ct->ended || ct->pidfd < 0)
		return -ESRCH;
	(void)snprintf(path, sizeof(path), "/proc/%d/root", ct->pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = root < 0 ? -errno : sys_pidfd_send_signal(ct->pidfd, 0);
	if (r == -ENOENT)
		r = -ESRCH;
	return r < 0 ? r : take_fd(&root);
}

static int copy(minc_ctx *c, minc_container *ct, const char *inside, const char *host, bool out)
{
	struct copy_end ends[2] = { { -EBADF, host }, { -EBADF, inside } };
	int r;

	if (!c || !ct || !inside || !host)
		return -EINVAL;
	r = api_begin(c);
	if (r < 0)
		return r;
	ends[1].root = open_root(ct);
	if (ends[1].root == -ESRCH)
		return err_say(&c->err, -ESRCH, "the container has ended");
	if (ends[1].root < 0)
		return err_set(&c->err, ends[1].root, "root of the container");
	r = copy_files(&ends[out], &ends[!out], c->log, c->log_data, &c->err);
	fd_closep(&ends[1].root);
	return r;
}

MINC_EXPORT int minc_copy_out(minc_ctx *c, minc_container *ct, const char *inside,
			      const char *host)
{
	return copy(c, ct, inside, host, true);
}

MINC_EXPORT int minc_copy_in(minc_ctx *c, minc_container *ct, const char *host,
			     const char *inside)
{
	return copy(c, ct, inside, host, false);
}
