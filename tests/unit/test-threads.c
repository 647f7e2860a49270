/* SPDX-License-Identifier: MIT */
/*
 * test-threads - starting containers from a busy program. Four threads allocate and free
 * all the time, so that at any moment one of them holds a lock of malloc: child code that
 * allocated would hang sooner or later. Then the time of a start from a small and from a
 * 1 GiB caller is measured; it is printed, not judged, because machines differ.
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <minc/minc.h>

enum { THREADS = 4, STARTS = 200, ROUNDS = 15 };

static atomic_bool stop;
static int number;

static int report(bool passed, const char *name)
{
	printf("%s %d - %s\n", passed ? "ok" : "not ok", ++number, name);
	fflush(stdout);
	return passed ? 0 : 1;
}

static void *allocate(void *arg)
{
	unsigned seed = (unsigned)(size_t)arg;
	void *kept[64] = { NULL };

	while (!atomic_load(&stop)) {
		size_t i = (unsigned)rand_r(&seed) % 64;

		free(kept[i]);
		kept[i] = malloc((unsigned)rand_r(&seed) % 100000 + 1);
		if (kept[i])
			memset(kept[i], 1, 1);
		setenv("MINC_TEST_THREADS", i % 2 ? "odd" : "even", 1);
	}
	for (int i = 0; i < 64; i++)
		free(kept[i]);
	return NULL;
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int start_once(minc_ctx *c, double *ret_ms)
{
	static const char *const argv[] = { "true", NULL };
	minc_container *ct = NULL;
	double begin = now_ms();
	int status = -1;
	int r = minc_start(c, argv, &ct);

	if (ret_ms)
		*ret_ms = now_ms() - begin;
	if (r == 0)
		r = minc_wait(ct, 20000, &status);
	minc_container_free(ct);
	return r < 0 ? r : status;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median_start(minc_ctx *c)
{
	double ms[ROUNDS];

	for (int i = 0; i < ROUNDS; i++)
		if (start_once(c, &ms[i]) != 0)
			return -1;
	qsort(ms, ROUNDS, sizeof(*ms), compare);
	return ms[ROUNDS / 2];
}

/*
 * @own: with a copy of our memory, in which a lock that another thread holds is held for
 * ever; else the memory is shared, and what the child would allocate would stay with us.
 */
static int starts_beside_threads(minc_ctx *c, bool own)
{
	pthread_t threads[THREADS];
	int bad = 0;

	for (size_t i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, allocate, (void *)(i + 1)))
			abort();
	if (own && minc_set_user(c, "12345:12345") < 0) /* its ids change */
		bad = 1;
	for (int i = 0; i < STARTS && !bad; i++) {
		int r = start_once(c, NULL);

		if (r != 0) {
			printf("# start %d: %d %s\n", i, r, minc_error_message(c));
			bad = 1;
		}
	}
	atomic_store(&stop, true);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	atomic_store(&stop, false);
	return report(!bad, own ? "200 containers start with a copy of a busy memory"
				: "200 containers start while four threads allocate");
}

static int starts_from_a_big_caller(minc_ctx *c)
{
	const size_t size = 1ul << 30;
	double small = median_start(c), big;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED) {
		printf("ok %d - a 1 GiB caller starts containers # SKIP %s\n", ++number,
		       strerror(errno));
		return 0;
	}
	for (size_t i = 0; i < size; i += 4096)
		memory[i] = 1;
	big = median_start(c);
	munmap(memory, size);
	printf("# start of a container: %.2f ms from a small caller, %.2f ms from 1 GiB\n",
	       small, big);
	return report(small >= 0 && big >= 0, "a 1 GiB caller starts containers");
}

int main(void)
{
	minc_ctx *c = minc_ctx_new();
	int bad = 0;

	if (!c)
		return 1;
	alarm(300);
#ifdef __GLIBC__
	mallopt(M_ARENA_MAX, 1); /* one lock for all: it is nearly always held */
#endif
	bad |= starts_from_a_big_caller(c);
	bad |= starts_beside_threads(c, false);
	if (geteuid() == 0)
		bad |= starts_beside_threads(c, true);
	else
		printf("ok %d - with a copy of a busy memory # SKIP needs root\n",
		       ++number);
	minc_ctx_free(c);
	printf("1..%d\n", number);
	return bad;
}
