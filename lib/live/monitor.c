/* SPDX-License-Identifier: MIT */
/* monitor - the starter's side of a container in the background; see monitor.h. */
#include "live/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <minc/background.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "live/background.h"
#include "live/state.h"
#include "plan/hand-over.h"
#include "run/memfd.h"

enum { BACKLOG = 16, PIPE_BYTES = 256 * 1024, LOG_BYTES_DEFAULT = 64 * 1024 * 1024 };

/* sun_path is short: the directory is reached through its descriptor. */
int attach_address(const struct state *s, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	return snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/attach",
			s->dir) < (int)sizeof(ret->sun_path)
		       ? 0
		       : -ENAMETOOLONG;
}

static int open_listen(const struct state *s)
{
	struct sockaddr_un address;
	cleanup_close int fd =
		socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r = fd < 0 ? -errno : attach_address(s, &address);

	if (r == 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		r = -errno;
	if (r == 0 &&
	    (fchmodat(s->dir, "attach", 0600, 0) < 0 || listen(fd, BACKLOG) < 0))
		r = -errno;
	return r < 0 ? r : take_fd(&fd);
}

/* Out of the way of the fixed numbers, CLOEXEC; takes @fd over. */
static int keep(int *slot, int fd)
{
	*slot = fd_move_up(fd, MONITOR_FDS_LOWEST);
	return *slot < 0 ? *slot : 0;
}

static int duplicate(int *slot, int fd)
{
	*slot = fcntl(fd, F_DUPFD_CLOEXEC, MONITOR_FDS_LOWEST);
	return *slot < 0 ? -errno : 0;
}

static int make_pipe(int *read_end, int *write_end)
{
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	/*
	 * or what there is: all pipes of a user have a limit, /proc/sys/fs/pipe-user-
	 * pages-soft
	 */
	(void)fcntl(ends[0], F_SETPIPE_SZ, PIPE_BYTES);
	r = keep(read_end, ends[0]);
	if (r < 0)
		(void)close(ends[1]); /* nothing in it */
	return r < 0 ? r : keep(write_end, ends[1]);
}

static int open_files(struct background *b, const struct state *s, bool terminal,
		      bool attached)
{
	struct monitor_args *m = &b->args;
	int pair[2], r = 0;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	b->control = pair[0];
	r = keep(&m->fds[MONITOR_CONTROL], pair[1]);
	r = r < 0 ? r : duplicate(&m->fds[MONITOR_STATE], s->dir);
	r = r < 0 ? r : duplicate(&m->fds[MONITOR_RUNTIME], s->runtime);
	r = r < 0 ? r : duplicate(&m->fds[MONITOR_LOCK], s->lock);
	r = r < 0 ? r : keep(&m->fds[MONITOR_LISTEN], open_listen(s));
	r = r < 0 ? r
		  : keep(&m->fds[MONITOR_PROGRAM],
			 memfd_program("minc-monitor", monitor_program,
				       monitor_program_len));
	r = r < 0 ? r : keep(&m->null, open("/dev/null", O_RDWR | O_CLOEXEC));
	m->stdio[0] = m->stdio[1] = m->stdio[2] = m->null;
	if (r == 0 && attached && !terminal) {
		r = duplicate(&b->input, STDIN_FILENO);
		m->stdio[0] = b->input;
	}
	if (r == 0 && !terminal)
		r = make_pipe(&m->fds[MONITOR_STDOUT], &b->write_ends[0]);
	if (r == 0 && !terminal)
		r = make_pipe(&m->fds[MONITOR_STDERR], &b->write_ends[1]);
	if (r == 0 && !terminal) {
		m->stdio[1] = b->write_ends[0];
		m->stdio[2] = b->write_ends[1];
	}
	return r;
}

int background_prepare(struct background *b, const struct state *s,
		       const struct spec *spec, const struct plan *p, int storage_lock)
{
	const bool terminal = spec_flag(spec, MINC_TERMINAL);
	const uint64_t log_bytes = spec->log_bytes ? spec->log_bytes : LOG_BYTES_DEFAULT;
	int r = 0;

	memset(b, 0, sizeof(*b));
	b->control = b->input = b->args.null = -EBADF;
	b->write_ends[0] = b->write_ends[1] = -EBADF;
	for (int i = 0; i < MONITOR_FDS_END; i++)
		b->args.fds[i] = -EBADF;
	snprintf(b->flags, sizeof(b->flags), "-%s%s", terminal ? "t" : "",
		 spec_flag(spec, MINC_AUTO_REMOVE) ? "r" : "");
	snprintf(b->log_bytes, sizeof(b->log_bytes), "%llu",
		 (unsigned long long)log_bytes);
	b->argv[0] = "minc-monitor";
	b->argv[1] = b->flags;
	b->argv[2] = b->log_bytes;
	b->argv[3] = s->id;
	r = state_numbers(s, b->numbers);
	if (r < 0)
		return r;
	b->argv[4] = b->numbers;
	b->args.argv = b->argv;
	b->args.parent = (struct spawn_parent){ .begin = monitor_begin,
						.lowest_fd = MONITOR_FDS_LOWEST };
	(void)cgroup_paths(p, b->argv + 5); /* NULL behind them */
	if (storage_lock >= 0)
		r = duplicate(&b->args.fds[MONITOR_STORAGE], storage_lock);
	return r < 0 ? r : open_files(b, s, terminal, spec_flag(spec, MINC_ATTACHED));
}

int background_go(struct background *b, int terminal, bool attached)
{
	struct monitor_go go = { .version = MONITOR_VERSION, .attached = attached };

	if (terminal >= 0)
		return hand_over_fd(b->control, &go, sizeof(go), terminal);
	return send(b->control, &go, sizeof(go), MSG_NOSIGNAL) < 0 ? -errno : 0;
}

void background_done(struct background *b, bool failed)
{
	struct pollfd end = { .fd = b->control, .events = POLLIN };

	for (int i = 0; i < MONITOR_FDS_END; i++)
		if (i != MONITOR_PIDFD) /* a number of the monitor's own */
			fd_closep(&b->args.fds[i]);
	fd_closep(&b->args.null);
	fd_closep(&b->input);
	fd_closep(&b->write_ends[0]);
	fd_closep(&b->write_ends[1]);
	if (failed && b->control >= 0) {
		(void)shutdown(b->control, SHUT_WR); /* the monitor gives up, and ends */
		(void)poll(&end, 1, 5000);           /* what it leaves is swept later */
	}
	fd_closep(&b->control);
}
