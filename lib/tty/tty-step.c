/* SPDX-License-Identifier: MIT */
/*
 * tty-step - child code: the container's own terminal. See pty(7), TIOCGPTPEER(2const).
 */
#include <errno.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>

#include "plan/hand-over.h"
#include "tty/tty-rows.h"

/*
 * A new pty's master from @devpts. In a container that runs already something else may
 * lie on /dev/pts by now; on devpts itself "ptmx" is neither a link nor a FIFO.
 */
static int open_master(int devpts)
{
	struct statfs fs;
	int ret = sys_call(SYS_fstatfs, devpts, &fs, 0, 0, 0);

	if (ret < 0)
		return ret;
	if (fs.f_type != DEVPTS_SUPER_MAGIC)
		return -ENODEV;
	return sys_openat(devpts, "ptmx", O_RDWR | O_NOCTTY, 0);
}

/*
 * For what enters the terminal stays open until it is the command's session (sealed.h).
 * Its number must be none that the command's descriptors get, nor the channel.
 */
static int keep_peer(struct runner *r, int peer)
{
	const int fd = sys_fcntl(peer, F_DUPFD_CLOEXEC, r->plan->lowest_fd + 2);

	if (fd >= 0)
		r->tty = fd;
	return fd;
}

int run_terminal(struct runner *r, const struct step *s)
{
	const struct step_terminal *d = s->data;
	const struct winsize size = { .ws_row = d->rows, .ws_col = d->cols };
	int unlocked = 0, peer;
	int master = runner_above_stdio(open_master(runner_fd(r, d->devpts)));
	int ret = master < 0 ? master : sys_ioctl(master, TIOCSPTLCK, &unlocked);

	if (ret < 0)
		return ret;
	peer = runner_above_stdio(sys_ioctl(master, TIOCGPTPEER,
					    (const void *)(long)(O_RDWR | O_NOCTTY |
								 O_CLOEXEC)));
	if (peer < 0)
		return peer;
	if (size.ws_row)
		ret = sys_ioctl(master, TIOCSWINSZ, &size);
	/*
	 * Who becomes another user on it can open it by name, for writing as with a pipe.
	 * Not so with a terminal that somebody brings into a container: those inside do
	 * not have it yet.
	 */
	if (ret == 0 && !r->plan->forks)
		ret = sys_fchmod(peer, 0622);
	if (ret == 0 && d->owner != UINT32_MAX)
		ret = sys_call(SYS_fchown, peer, d->owner, -1, 0, 0);
	if (ret == 0 && !r->plan->forks) /* else it is not the command's session yet */
		ret = sys_ioctl(peer, TIOCSCTTY, NULL);
	for (int fd = 0; ret >= 0 && fd < 3; fd++)
		if (d->replace >> fd & 1)
			ret = sys_dup3(peer, fd, 0);
	if (ret >= 0 && r->plan->forks)
		ret = keep_peer(r, peer);
	if (ret >= 0)
		ret = runner_send_fd(r, VERDICT_TERMINAL, 0, master);
	(void)sys_close(peer); /* its copies are the command's files */
	(void)sys_close(master);
	return ret < 0 ? ret : 0;
}
