/* SPDX-License-Identifier: MIT */
/*
 * image-starts - how long a container of an image takes beside one of a directory, start
 * to end: usage: image-starts ROUNDS DIR IMAGE..; a new process for each, as a tool would
 * be.
 */
#include <minc/minc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* In a child: returns its exit status. */
static int start(const char *dir, const char *image)
{
	minc_ctx *c = minc_ctx_new();
	minc_store *s = NULL;
	minc_image *img = NULL;
	int status = 125, r = 0;

	if (dir)
		r = minc_set_root(c, dir, 0);
	else if ((r = minc_store_open(c, NULL, &s)) == 0 &&
		 (r = minc_image_find(s, image, &img)) == 0)
		r = minc_set_image(c, img);
	if (r < 0 || minc_run(c, (const char *[]){ "/bin/true", NULL }, &status) < 0)
		fprintf(stderr, "%s\n", minc_error_message(c));
	return status;
}

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(int rounds, const char *name, const char *dir, const char *image)
{
	double *ms = calloc((size_t)rounds, sizeof(*ms));

	for (int i = 0; ms && i < rounds; i++) {
		const double begin = now_ms();
		const pid_t pid = fork();
		int status = 0;

		if (pid == 0)
			_exit(start(dir, image));
		if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
			exit(1);
		ms[i] = now_ms() - begin;
	}
	if (!ms)
		exit(1);
	qsort(ms, (size_t)rounds, sizeof(*ms), by_size);
	printf("%-24s min %7.2f ms  median %7.2f ms\n", name, ms[0], ms[rounds / 2]);
	free(ms);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return fprintf(stderr, "usage: image-starts ROUNDS DIR IMAGE..\n"), 2;
	measure(atoi(argv[1]), "directory", argv[2], NULL);
	for (int i = 3; i < argc; i++)
		measure(atoi(argv[1]), argv[i], NULL, argv[i]);
	return 0;
}
