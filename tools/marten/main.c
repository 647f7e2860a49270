/* SPDX-License-Identifier: MIT */
/*
 * marten - look after containers that live in the background. The first word is a verb;
 * a table says what it takes and which function does it. Exit status: 125 if marten
 * failed, else 0 or, of exec and attach, the command's.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verb.h"

const struct verb *const verb_tables[] = { list_verbs,   interact_verbs,
					   watch_verbs,  change_verbs,
					   show_verbs,   stats_verbs,
					   review_verbs, files_verbs, NULL };
const struct option no_options[] = { { .names = NULL } };

static const char advice[] = "try 'marten --help'\n";

/*
 * What is opened later must not become standard input, output or error. The stand-ins
 * are opened the wrong way round: using them fails, as using the closed ones would have.
 */
static void fill_standard_files(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			_exit(EXIT_OURS);
}

/* "marten: TEXT", one printable line whatever the user typed. */
__attribute__((format(printf, 1, 0))) static void complain(const char *format, va_list args)
{
	char line[512], *p;

	(void)vsnprintf(line, sizeof(line), format, args); /* may be cut */
	for (p = line; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	(void)fprintf(stderr, "marten: %s\n", line);
}

int fail_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	return EXIT_OURS;
}

int fail_usage(const struct call *call, const char *format, ...)
{
	size_t len = strcspn(call->verb->names, " ");
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	(void)fprintf(stderr, "try 'marten %.*s --help'\n", (int)len, call->verb->names);
	return EXIT_OURS;
}

int fail_library(const struct call *call)
{
	const char *hint = minc_error_hint(call->c);
	int status = minc_error_exit_status(call->c);

	(void)fprintf(stderr, "marten: %s\n", minc_error_message(call->c));
	if (*hint)
		(void)fprintf(stderr, "marten: hint: %s\n", hint);
	return status ? status : EXIT_OURS;
}

/* Whether all of stdout arrived; otherwise says so. */
static int finish_output(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	return fail_say("standard output: %s", strerror(errno));
}

bool is_alive(const minc_container *ct)
{
	int state = minc_container_state(ct);

	if (state == MINC_STATE_RUNNING || state == MINC_STATE_PAUSED)
		return true;
	(void)fail_say("%.64s: it has ended", minc_container_name(ct));
	return false;
}

int each_container(struct call *call, int (*fn)(struct call *call, minc_container *ct))
{
	int status = 0, i;

	for (i = 0; i < call->count; i++) {
		minc_container *ct;
		int r = 0;

		if (minc_open(call->c, call->operands[i], &ct) < 0) {
			status = fail_library(call);
			continue;
		}
		r = fn(call, ct);
		if (r != 0)
			status = r;
		minc_container_free(ct);
	}
	return status;
}

static const struct verb *find_verb(const char *word)
{
	const struct verb *const *table, *verb;

	for (table = verb_tables; *table; table++)
		for (verb = *table; verb->names; verb++)
			if (names_have(verb->names, word, strlen(word)))
				return verb;
	return NULL;
}

static int run_verb(const struct verb *verb, char **argv)
{
	_Alignas(max_align_t) char values[VALUES_SIZE] = { 0 };
	struct call call = { .verb = verb, .values = values };
	int status = EXIT_OURS;

	if (verb->defaults)
		memcpy(values, verb->defaults, verb->size);
	call.c = minc_ctx_new();
	if (!call.c)
		return fail_say("%s", minc_error_message(NULL));
	if (options_read(&call, argv, values))
		status = call.verb ? verb->run(&call) : 0;
	minc_ctx_free(call.c);
	return finish_output(status);
}

/* What stands in place of a verb. */
static int global_option(const char *word, const char *value)
{
	if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)
		print_help();
	else if (strcmp(word, "--version") == 0)
		(void)printf("marten %s\n", minc_version());
	else if (strcmp(word, "--completion") == 0 ||
		 strcmp(word, "--completion=bash") == 0) {
		if (word[sizeof("--completion") - 1] == '\0' &&
		    (!value || strcmp(value, "bash") != 0)) {
			(void)fail_say("--completion: only bash is known");
			(void)fputs(advice, stderr);
			return EXIT_OURS;
		}
		print_completion();
	} else {
		(void)fail_say("%.300s: unknown %s", word,
			       *word == '-' ? "option" : "verb");
		(void)fputs(advice, stderr);
		return EXIT_OURS;
	}
	return finish_output(0);
}

int main(int argc, char **argv)
{
	const struct verb *verb;

	fill_standard_files();
	(void)signal(SIGCHLD, SIG_DFL); /* ignored, it would take the exit status away */
	if (argc < 2) {
		print_usage(stderr);
		return EXIT_OURS;
	}
	verb = find_verb(argv[1]);
	return verb ? run_verb(verb, argv + 2) : global_option(argv[1], argv[2]);
}
