/* SPDX-License-Identifier: MIT */
/*
 * hand-over - a descriptor goes from the child to another process: the caller over the
 * channel, or a helper.
 */
#pragma once

#include <string.h>
#include <sys/socket.h>

#include "plan/runner.h"

/* Send @fd with @data over @socket; 0 or -errno. */
static inline int hand_over_fd(int socket, const void *data, size_t len, int fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
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
	n = sys_call(SYS_sendmsg, socket, &msg, MSG_NOSIGNAL, 0, 0);
	return n < 0 ? (int)n : 0;
}

/* Send @fd to the caller, with a verdict that names it; 0 or -errno. */
static inline int runner_send_fd(struct runner *r, enum verdict_kind kind, int err,
				 int fd)
{
	const struct verdict v = { .kind = kind, .err = err };

	return hand_over_fd(r->channel, &v, sizeof(v), fd);
}
