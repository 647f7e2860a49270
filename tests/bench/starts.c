/* SPDX-License-Identifier: MIT */
/*
 * starts - how long minc_start(3) takes in one program: for the first time and again from
 * the same context, from a small program and from one that uses much memory.
 *
 *	starts ROOT [ROUNDS [MIB]]
 *
 * Prints medians in milliseconds; judges nothing.
 */
#include <minc/minc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const command[] = { "/bin/true", NULL };

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* One start; the wait for its end is not counted. */
static double start(minc_ctx *c)
{
	double before = now_ms(), after;
	minc_container *ct;
	int status;

	if (minc_start(c, command, &ct) < 0) {
		(void)fprintf(stderr, "starts: %s\n", minc_error_message(c));
		exit(1);
	}
	after = now_ms();
	if (minc_wait(ct, -1, &status) < 0 || status != 0)
		exit(1);
	minc_container_free(ct);
	return after - before;
}

static minc_ctx *new_context(const char *root)
{
	minc_ctx *c = minc_ctx_new();

	if (!c || minc_set_root(c, root, 0) < 0)
		exit(1);
	return c;
}

static void measure(const char *name, const char *root, int rounds)
{
	double *first = calloc((size_t)rounds, sizeof(*first));
	double *again = calloc((size_t)rounds, sizeof(*again));

	if (!first || !again)
		exit(1);
	for (int i = 0; i < rounds; i++) {
		minc_ctx *c = new_context(root);

		first[i] = start(c);
		again[i] = start(c);
		minc_ctx_free(c);
	}
	qsort(first, (size_t)rounds, sizeof(*first), compare);
	qsort(again, (size_t)rounds, sizeof(*again), compare);
	printf("%-12s first %.3f again %.3f\n", name, first[rounds / 2],
	       again[rounds / 2]);
	free(first);
	free(again);
}

int main(int argc, char **argv)
{
	int rounds = argc > 2 ? atoi(argv[2]) : 100;
	size_t size = (size_t)(argc > 3 ? atoi(argv[3]) : 1024) << 20;
	char *memory;

	if (argc < 2 || rounds < 1)
		return 2;
	measure("small", argv[1], rounds);
	memory = malloc(size);
	if (!memory)
		return 1;
	memset(memory, 1, size);
	measure("large", argv[1], rounds);
	return memory[size / 2] != 1;
}
