/* SPDX-License-Identifier: MIT */
/*
 * hand-over - a descriptor goes from one process to another over a socket: from the child
 * to the caller or a helper, from the caller to a monitor. System calls only.
 */
#pragma once

#include <stdbool.h>
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

/*
 * The descriptor in @c, which is SCM_RIGHTS. False: there are several, of which none is
 * kept.
 */
static inline bool take_rights(const struct cmsghdr *c, int *ret)
{
	const size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	int fd;

	for (size_t i = 0; i < n; i++) {
		memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
		if (n > 1)
			(void)sys_close(fd); /* nobody uses it */
		else
			*ret = fd;
	}
	return n <= 1;
}

/*
 * A message of at most @len bytes into @data, waited for unless @flags have MSG_DONTWAIT:
 * its length or -errno. *ret: the one descriptor that came with it, or -EBADF.
 */
static inline int receive_fd(int socket, void *data, size_t len, int flags, int *ret)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = data, .iov_len = len };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int n;

	*ret = -EBADF;
	do
		n = sys_call(SYS_recvmsg, socket, &msg, flags | MSG_CMSG_CLOEXEC, 0, 0);
	while (n == -EINTR);
	if (n >= 0 && msg.msg_controllen >= CMSG_LEN(sizeof(int)) &&
	    control.header.cmsg_level == SOL_SOCKET &&
	    control.header.cmsg_type == SCM_RIGHTS)
		(void)take_rights(&control.header, ret); /* of several none */
	return n;
}

/* Send @fd to the caller, with a verdict that names it; 0 or -errno. */
static inline int runner_send_fd(struct runner *r, enum verdict_kind kind, int err,
				 int fd)
{
	const struct verdict v = { .kind = kind, .err = err };

	return hand_over_fd(r->channel, &v, sizeof(v), fd);
}
