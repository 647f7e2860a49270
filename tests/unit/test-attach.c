/* SPDX-License-Identifier: MIT */
/* test-attach - what a monitor says is heard to its end, however it goes. */
#include <check.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "live/attach.h"
#include "live/monitor.h"
#include "run/run.h"

#include "suite.h"

static void say(int fd, char kind, const void *data, size_t len)
{
	char message[16] = { kind };

	memcpy(message + 1, data, len);
	ck_assert_int_eq(send(fd, message, 1 + len, 0), 1 + (int)len);
}

static int monitor = -1;

int __real_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);

/*
 * The monitor ends while the words of the one who attaches are on their way: the kernel
 * tells that by an error before it hands out what the monitor has said.
 */
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	struct pollfd p = { monitor, POLLIN, 0 };

	if (monitor >= 0 && __real_poll(&p, 1, 0) == 1) {
		close(monitor);
		monitor = -1;
	}
	return __real_poll(fds, n, timeout);
}

START_TEST(a_monitor_that_goes_with_our_words_unread_is_heard)
{
	static const struct detach_keys none;
	struct minc_container ct = CONTAINER_NONE;
	const int32_t end = 7;
	int pair[2], out[2], status = -1, saved = dup(STDOUT_FILENO), r;
	char text[8] = "";

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	ck_assert_int_eq(pipe(out), 0);
	monitor = pair[1];
	say(monitor, ATTACH_HELLO, "", 1);
	say(monitor, ATTACH_STDOUT, "hi\n", 3);
	say(monitor, ATTACH_EXIT, &end, sizeof(end));
	ct.attached = pair[0];
	(void)fflush(stdout);
	(void)dup2(out[1], STDOUT_FILENO);
	r = attach_serve(&ct, &none, true, &status);
	(void)dup2(saved, STDOUT_FILENO);
	close(saved);
	close(out[1]);
	ck_assert_int_eq(monitor, -1);
	ck_assert_int_eq(r, 0);
	ck_assert_int_eq(status, 7);
	ck_assert_int_eq(read(out[0], text, sizeof(text)), 3);
	ck_assert_str_eq(text, "hi\n");
	close(out[0]);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("attach");

	tcase_add_test(t, a_monitor_that_goes_with_our_words_unread_is_heard);
	return run_case("attach", t);
}
