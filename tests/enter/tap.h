/* SPDX-License-Identifier: MIT */
/*
 * tap - one line of TAP for each behaviour; a test of a scene runs in a process of its
 * own.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OK = 0, FAILED = 1, SKIPPED = 77 };

static int count, failures;

__attribute__((format(printf, 2, 3))) static inline bool ok(bool good, const char *format,
							    ...)
{
	va_list ap;

	printf("%sok %d - ", good ? "" : "not ", ++count);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	failures += !good;
	return good;
}

static inline void skip(const char *name, const char *reason)
{
	printf("ok %d - %s # SKIP %s\n", ++count, name, reason);
}

/* Call @fn(@arg) in a child, which goes on with our count; whether all was well. */
static inline bool apart(void (*fn)(const void *arg), const void *arg)
{
	int status = -1, report[2];
	bool good;
	pid_t pid;

	if (pipe(report) < 0)
		return false;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		failures = 0;
		close(report[0]);
		fn(arg);
		fflush(stdout);
		_exit(write(report[1], &count, sizeof(count)) == sizeof(count) &&
				      !failures
			      ? 0
			      : 1);
	}
	close(report[1]);
	good = pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
	if (read(report[0], &count, sizeof(count)) != sizeof(count))
		printf("# the test ended early: status %#x\n", (unsigned)status);
	close(report[0]);
	return good;
}
