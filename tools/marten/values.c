/* SPDX-License-Identifier: MIT */
/* values - see values.h; times are in moment.c. */
#include "values.h"

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/number.h"

static const struct {
	const char *name;
	int number;
} signals[] = {
	// clang-format off
	{ "ABRT", SIGABRT }, { "ALRM", SIGALRM }, { "BUS", SIGBUS }, { "CHLD", SIGCHLD },
	{ "CONT", SIGCONT }, { "FPE", SIGFPE }, { "HUP", SIGHUP }, { "ILL", SIGILL },
	{ "INT", SIGINT }, { "IO", SIGIO }, { "IOT", SIGIOT }, { "KILL", SIGKILL },
	{ "PIPE", SIGPIPE }, { "POLL", SIGPOLL }, { "PROF", SIGPROF }, { "PWR", SIGPWR },
	{ "QUIT", SIGQUIT }, { "SEGV", SIGSEGV }, { "STKFLT", SIGSTKFLT },
	{ "STOP", SIGSTOP }, { "SYS", SIGSYS }, { "TERM", SIGTERM }, { "TRAP", SIGTRAP },
	{ "TSTP", SIGTSTP }, { "TTIN", SIGTTIN }, { "TTOU", SIGTTOU }, { "URG", SIGURG },
	{ "USR1", SIGUSR1 }, { "USR2", SIGUSR2 }, { "VTALRM", SIGVTALRM },
	{ "WINCH", SIGWINCH }, { "XCPU", SIGXCPU }, { "XFSZ", SIGXFSZ },
	// clang-format on
};

static bool read_number(const char *s, uint64_t max, uint64_t *ret)
{
	const char *end;

	return number_parse(s, &end, 10, max, ret) == 0 && !*end;
}

const char *read_signal(void *into, const char *value)
{
	const char *name = strncasecmp(value, "SIG", 3) == 0 ? value + 3 : value;
	uint64_t n;
	size_t i;

	if (read_number(value, 64, &n)) {
		*(int *)into = (int)n;
		return NULL;
	}
	if (strncasecmp(name, "RTMIN", 5) == 0) {
		n = 0;
		if (name[5] && (name[5] != '+' || !read_number(name + 6, 30, &n)))
			return "no such signal";
		*(int *)into = SIGRTMIN + (int)n;
		return NULL;
	}
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (strcasecmp(name, signals[i].name) == 0) {
			*(int *)into = signals[i].number;
			return NULL;
		}
	return "no such signal";
}

const char *read_grace(void *into, const char *value)
{
	uint64_t n;

	if (strcmp(value, "-1") == 0) {
		*(int *)into = -1;
		return NULL;
	}
	if (!read_number(value, INT_MAX / 1000, &n))
		return "not a number of seconds";
	*(int *)into = (int)n * 1000;
	return NULL;
}

const char *read_lines(void *into, const char *value)
{
	uint64_t n;

	if (strcmp(value, "all") == 0) {
		*(long *)into = -1;
		return NULL;
	}
	if (!read_number(value, LONG_MAX, &n))
		return "neither a number of lines nor 'all'";
	*(long *)into = (long)n;
	return NULL;
}

const char *read_size(void *into, const char *value)
{
	struct given_number *number = into;
	const char *end = value;

	number->given = read_number(value, 0, &number->n) ||
			(number_parse_size(value, &end, &number->n) == 0 && !*end);
	return number->given ? NULL : "not a size such as 64g";
}

const char *read_count(void *into, const char *value)
{
	struct given_number *number = into;

	number->given = read_number(value, INT64_MAX, &number->n);
	return number->given ? NULL : "not a number";
}

const char *read_format(void *into, const char *value)
{
	*(bool *)into = strcmp(value, "json") == 0;
	return *(bool *)into || strcmp(value, "table") == 0
		       ? NULL
		       : "unknown format (json, table)";
}

const char *read_word(void *into, const char *value)
{
	struct words *words = into;
	const char **more = realloc(words->v, (words->len + 1) * sizeof(*more));

	if (!more)
		return "out of memory";
	words->v = more;
	words->v[words->len++] = value;
	return NULL;
}
