/* SPDX-License-Identifier: MIT */
/*
 * timer - how long commands take from start to exit, side by side.
 *
 *	timer [-n ROUNDS] [-p PAUSE_US] [-j LAUNCHERS] < LIST
 *
 * A line of LIST is NAME, a tab, and a command whose words are separated by blanks. Every
 * round runs each command once, in turn, so that a drift of the machine meets all alike;
 * the ratio is the median of the rounds' ratios to the first command. A pause before each
 * start lets the kernel finish the clean-up of the one before. What fails each time has
 * no time; TIMER_STDERR=1 in the environment shows what it says. With -j the commands run
 * one after the other, each by LAUNCHERS processes for two seconds; the rate is printed.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { MAX_COMMANDS = 64, MAX_WORDS = 128, RATE_MS = 2000 };

struct command {
	char *name;
	char *argv[MAX_WORDS];
	double *ms, *cpu_ms;
	long peak_kib;
	int failures;
};

static struct command commands[MAX_COMMANDS];
static int commands_len;

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int read_list(FILE *in, int rounds)
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, in) > 0 && commands_len < MAX_COMMANDS) {
		struct command *c = &commands[commands_len];
		char *tab = strchr(line, '\t'), *save = NULL;
		int n = 0;

		if (line[0] == '#' || !tab)
			continue;
		line[strcspn(line, "\n")] = '\0';
		*tab = '\0';
		c->name = strdup(line);
		for (char *w = strtok_r(strdup(tab + 1), " ", &save);
		     w && n < MAX_WORDS - 1; w = strtok_r(NULL, " ", &save))
			c->argv[n++] = w;
		c->ms = calloc((size_t)rounds, sizeof(double));
		c->cpu_ms = calloc((size_t)rounds, sizeof(double));
		if (n && c->name && c->ms && c->cpu_ms)
			commands_len++;
	}
	free(line);
	return commands_len;
}

static int run_once(struct command *c, struct rusage *usage)
{
	posix_spawn_file_actions_t files;
	pid_t pid;
	int status = -1;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	if (!getenv("TIMER_STDERR"))
		posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	if (!posix_spawn(&pid, c->argv[0], &files, NULL, c->argv, environ))
		while (wait4(pid, &status, 0, usage) < 0 && errno == EINTR)
			;
	posix_spawn_file_actions_destroy(&files);
	return status;
}

static void measure(struct command *c, int round, int pause_us)
{
	struct rusage u = { 0 };
	double begin;
	int status;

	usleep((useconds_t)pause_us);
	begin = now_ms();
	status = run_once(c, &u);
	begin = now_ms() - begin;
	if (round < 0)
		return;
	c->ms[round] = begin;
	c->cpu_ms[round] = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
			   (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
	if (u.ru_maxrss > c->peak_kib)
		c->peak_kib = u.ru_maxrss;
	c->failures += status != 0;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The value below which @part of the @n values lie; sorts a copy. */
static double quantile(const double *values, int n, double part)
{
	double *copy = malloc((size_t)n * sizeof(*copy)), result;

	if (!copy)
		return 0;
	memcpy(copy, values, (size_t)n * sizeof(*copy));
	qsort(copy, (size_t)n, sizeof(*copy), compare);
	result = copy[(int)(part * (n - 1))];
	free(copy);
	return result;
}

static void print_latency(int rounds)
{
	double *ratio = calloc((size_t)rounds, sizeof(*ratio));

	printf("%-24s %9s %9s %9s %9s %9s %7s %6s\n", "command", "median ms", "p10",
	       "p90", "cpu ms", "peak KiB", "ratio", "failed");
	for (int i = 0; ratio && i < commands_len; i++) {
		struct command *c = &commands[i];

		if (c->failures == rounds) {
			printf("%-24s failed in all rounds: TIMER_STDERR=1 shows why\n",
			       c->name);
			continue;
		}
		for (int k = 0; k < rounds; k++)
			ratio[k] = c->ms[k] / commands[0].ms[k];
		printf("%-24s %9.3f %9.3f %9.3f %9.3f %9ld %7.2f %6d\n", c->name,
		       quantile(c->ms, rounds, 0.5), quantile(c->ms, rounds, 0.1),
		       quantile(c->ms, rounds, 0.9), quantile(c->cpu_ms, rounds, 0.5),
		       c->peak_kib, quantile(ratio, rounds, 0.5), c->failures);
	}
	free(ratio);
}

static void print_rate(struct command *c, int launchers)
{
	_Atomic long *done = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	double begin = now_ms();

	if (done == MAP_FAILED)
		return;
	for (int i = 0; i < launchers; i++) {
		if (fork())
			continue;
		while (now_ms() - begin < RATE_MS) {
			struct rusage u;

			done[run_once(c, &u) != 0]++;
		}
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
	if (done[0])
		printf("%-24s %9.1f /s   failed %ld\n", c->name,
		       (double)(done[0] + done[1]) * 1e3 / (now_ms() - begin), done[1]);
	else
		printf("%-24s failed each time: TIMER_STDERR=1 shows why\n", c->name);
	fflush(stdout);
	munmap((void *)done, 4096);
}

int main(int argc, char **argv)
{
	int rounds = 100, pause_us = 3000, launchers = 0, o;

	while ((o = getopt(argc, argv, "n:p:j:")) > 0) {
		if (o == 'n')
			rounds = atoi(optarg);
		else if (o == 'p')
			pause_us = atoi(optarg);
		else if (o == 'j')
			launchers = atoi(optarg);
		else
			return 2;
	}
	if (rounds < 1 || !read_list(stdin, rounds))
		return 2;
	for (int i = 0; launchers && i < commands_len; i++)
		print_rate(&commands[i], launchers);
	if (launchers)
		return 0;
	for (int round = -3; round < rounds; round++)
		for (int i = 0; i < commands_len; i++)
			measure(&commands[i], round, pause_us);
	print_latency(rounds);
	return 0;
}
