/* SPDX-License-Identifier: MIT */
/* tty-step - child code: the container's own terminal. See pty(7), TIOCGPTPEER(2const). */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "tty/tty.h"

/* Hand @fd to the caller, with a verdict that says what it is. */
static int send_fd(struct runner *r, int fd)
{
	struct verdict v = { .kind = VERDICT_TERMINAL };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = &v, .iov_len = sizeof(v) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	long n;

	memset(&control, 0, sizeof(control));
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	n = sys_call(SYS_sendmsg, r->channel, &msg, 0, 0, 0);
	return n < 0 ? (int)n : 0;
}

int run_terminal(struct runner *r, const struct step *s)
{
	const struct winsize size = { .ws_row = s->terminal.rows,
				      .ws_col = s->terminal.cols };
	int unlocked = 0, peer;
	int master = runner_above_stdio(sys_openat(runner_fd(r, s->terminal.devpts),
						   "ptmx", O_RDWR | O_NOCTTY, 0));
	int ret = master < 0 ? master : sys_ioctl(master, TIOCSPTLCK, &unlocked);

	if (ret < 0)
		return ret;
	peer = runner_above_stdio(
		sys_ioctl(master, TIOCGPTPEER,
			  (const void *)(long)(O_RDWR | O_NOCTTY | O_CLOEXEC)));
	if (peer < 0)
		return peer;
	if (size.ws_row)
		ret = sys_ioctl(master, TIOCSWINSZ, &size);
	if (ret == 0)
		ret = sys_ioctl(peer, TIOCSCTTY, NULL);
	for (int fd = 0; ret >= 0 && fd < 3; fd++)
		if (s->terminal.replace >> fd & 1)
			ret = sys_dup3(peer, fd, 0);
	if (ret >= 0)
		ret = send_fd(r, master);
	(void)sys_close(peer); /* its copies are the command's files */
	(void)sys_close(master);
	return ret < 0 ? ret : 0;
}
