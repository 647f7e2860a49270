/* SPDX-License-Identifier: MIT */
/*
 * pidfd - two containers from one description, awaited in an event loop of the program's
 * own; those that run when five quiet seconds pass are killed. Usage: pidfd CMD [ARG...]
 */
#include <minc/minc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	minc_ctx *c = minc_ctx_new();
	minc_container *ct[2] = { NULL, NULL };
	struct pollfd p[2] = { { -1, POLLIN, 0 }, { -1, POLLIN, 0 } };
	int left = 0;

	for (int i = 0; argc > 1 && i < 2; i++, left++) {
		if (minc_start(c, (const char *const *)argv + 1, &ct[i]) < 0)
			return fprintf(stderr, "pidfd: %s\n", minc_error_message(c)), 125;
		p[i].fd = minc_container_pidfd(ct[i]);
	}
	while (left > 0) {
		int status, ready = poll(p, 2, 5000);

		for (int i = 0; i < 2; i++) {
			if (p[i].fd < 0 || (ready != 0 && !p[i].revents))
				continue;
			if (ready == 0)
				minc_kill(ct[i], SIGKILL);
			minc_wait(ct[i], -1, &status);
			printf("container %d: status %d\n", i, status);
			minc_container_free(ct[i]);
			p[i].fd = -1;
			left--;
		}
	}
	minc_ctx_free(c);
}
