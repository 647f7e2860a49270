/* SPDX-License-Identifier: MIT */
/*
 * jobs - run shell commands at the same time, each in a container without network, and
 * show what each wrote. None lives longer than SECONDS. Usage: jobs SECONDS COMMAND...
 */
#include <errno.h>
#include <fcntl.h>
#include <minc/minc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { OUT, ERR, STREAMS };

struct job {
	minc_container *ct;
	int fd[STREAMS]; /* where we read; -1 after its end */
	char *text[STREAMS];
	size_t len[STREAMS];
};

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* One context serves all: the descriptors of the one before are replaced. */
static int start(minc_ctx *c, struct job *j, const char *command)
{
	const char *const argv[] = { "sh", "-c", command, NULL };
	int out[2] = { -1, -1 }, err[2] = { -1, -1 };
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), r = -EMFILE;

	if (null >= 0 && pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0) {
		r = minc_set_stdio(c, null, out[1], err[1]);
		if (r == 0)
			r = minc_start(c, argv, &j->ct);
	}
	j->fd[OUT] = out[0];
	j->fd[ERR] = err[0];
	close(null); /* the container has its own */
	close(out[1]);
	close(err[1]);
	return r;
}

static void take(struct job *j, int stream)
{
	char *more = realloc(j->text[stream], j->len[stream] + 4096);
	ssize_t n = more ? read(j->fd[stream], more + j->len[stream], 4096) : 0;

	if (more)
		j->text[stream] = more;
	if (n > 0) {
		j->len[stream] += (size_t)n;
	} else if (n == 0 || errno != EINTR) {
		close(j->fd[stream]);
		j->fd[stream] = -1;
	}
}

/* Until all pipes have ended, or time is up. */
static void collect(struct job *jobs, int n, long deadline)
{
	struct pollfd *p = calloc((size_t)n * STREAMS, sizeof(*p));
	long left;
	int open_fds;

	do {
		open_fds = 0;
		left = deadline - now_ms();
		for (int i = 0; p && i < n * STREAMS; i++) {
			p[i].fd = jobs[i / STREAMS].fd[i % STREAMS]; /* poll skips -1 */
			p[i].events = POLLIN;
			open_fds += p[i].fd >= 0;
		}
		if (!open_fds || left <= 0 || poll(p, (nfds_t)n * STREAMS, (int)left) < 0)
			continue;
		for (int i = 0; i < n * STREAMS; i++)
			if (p[i].revents)
				take(&jobs[i / STREAMS], i % STREAMS);
	} while (open_fds && left > 0);
	free(p);
}

static int end(struct job *j, const char *command, long deadline)
{
	long left = deadline - now_ms();
	int status = 125;

	if (j->ct && minc_wait(j->ct, left > 0 ? (int)left : 0, &status) == -ETIMEDOUT) {
		minc_kill(j->ct, SIGKILL);
		minc_wait(j->ct, -1, &status);
	}
	printf("== %s: %d\n", command, status);
	for (int i = 0; i < STREAMS; i++) {
		fwrite(j->text[i], 1, j->len[i], stdout);
		free(j->text[i]);
		if (j->fd[i] >= 0)
			close(j->fd[i]);
	}
	minc_container_free(j->ct);
	return status != 0;
}

int main(int argc, char **argv)
{
	const int n = argc - 2;
	struct job *jobs = n > 0 ? calloc((size_t)n, sizeof(*jobs)) : NULL;
	minc_ctx *c = minc_ctx_new();
	long deadline;
	int failed = 0;

	if (!jobs || !c) {
		fprintf(stderr, "usage: jobs SECONDS COMMAND...\n");
		free(jobs);
		minc_ctx_free(c);
		return 125;
	}
	deadline = now_ms() + 1000 * strtol(argv[1], NULL, 10);
	minc_set_network(c, "none");
	for (int i = 0; i < n; i++)
		if (start(c, &jobs[i], argv[i + 2]) < 0)
			fprintf(stderr, "jobs: %s: %s\n", argv[i + 2],
				minc_error_message(c));
	collect(jobs, n, deadline);
	for (int i = 0; i < n; i++)
		failed += end(&jobs[i], argv[i + 2], deadline);
	free(jobs);
	minc_ctx_free(c);
	return failed != 0;
}
