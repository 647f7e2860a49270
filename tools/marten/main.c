/* SPDX-License-Identifier: MIT */
/*
 * marten - images, and the containers that run from them or live in the background. The
 * first word is a verb; a table says what it takes and which function does it. Exit status:
 * 125 if marten failed, else 0 or, of run, start -a, exec and attach, the command's.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/files.h"
#include "marten/container/kept.h"
#include "verb.h"

// clang-format off
const struct verb *const verb_tables[] = {
	run_verbs, list_verbs, interact_verbs, watch_verbs, change_verbs, show_verbs,
	stats_verbs, review_verbs, files_verbs, images_verbs, registry_verbs, archive_verbs,
	sign_verbs, upkeep_verbs, volume_verbs, group_verbs, NULL
};
const struct option no_options[] = { { .names = NULL } };
const struct option global_options[] = {
	{ "--store --root", "DIR", "The image store; default: $MINCS_DIR, /etc/mincs.conf",
	  offsetof(struct call, store_dir), NULL, NULL },
	{ .names = NULL }
};
// clang-format on

static const char advice[] = "try 'marten --help'\n";

/* "marten: TEXT", one printable line whatever the user typed. */
__attribute__((format(printf, 1, 0))) static void complain(const char *format,
							   va_list args)
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

/*
 * Whether it is one of the store that has not been started, or, if @ended, of which nothing is known since
 * the machine was: it was asked for by no mistake.
 */
static bool is_idle(struct call *call, const char *name, bool ended)
{
	struct kept *k = kept_find(call, name);
	bool idle = k && (ended || !kept_has_run(k));

	kept_free(k);
	return idle;
}

static int each_of(struct call *call, int (*fn)(struct call *call, minc_container *ct), bool kept,
		   const char *answer)
{
	int status = 0, i;

	for (i = 0; i < call->count; i++) {
		minc_container *ct;
		int r = minc_open(call->c, call->operands[i], &ct);

		if (r < 0) {
			/* looking for it in the store is another failure, or none */
			if (r != -ENOENT)
				status = fail_library(call);
			else if (!kept || !is_idle(call, call->operands[i], !answer))
				status = say_absent(call, call->operands[i]);
			else if (answer)
				(void)puts(answer);
			continue;
		}
		r = fn(call, ct);
		if (r != 0)
			status = r;
		minc_container_free(ct);
	}
	return status;
}

int each_container(struct call *call, int (*fn)(struct call *call, minc_container *ct))
{
	return each_of(call, fn, false, NULL);
}

int each_kept(struct call *call, int (*fn)(struct call *call, minc_container *ct),
	      const char *answer)
{
	return each_of(call, fn, true, answer);
}

void warn_line(const char *line, void *userdata)
{
	(void)userdata;
	(void)fprintf(stderr, "marten: warning: %s\n", line);
}

const struct verb *find_verb(const char *word)
{
	const struct verb *const *table, *verb;

	for (table = verb_tables; *table; table++)
		for (verb = *table; verb->names; verb++)
			if (names_have(verb->names, word, strlen(word)))
				return verb;
	return NULL;
}

minc_store *call_store(struct call *call)
{
	if (!call->store && minc_store_open(call->c, call->store_dir, &call->store) < 0) {
		call->store = NULL;
		(void)fail_library(call);
	}
	return call->store;
}

/* options_read() moves them. */
static char **copy_words(char **argv)
{
	size_t n = 0;
	char **copy;

	while (argv[n])
		n++;
	copy = calloc(n + 1, sizeof(*copy));
	if (copy)
		memcpy(copy, argv, n * sizeof(*copy));
	return copy;
}

int run_verb(const struct verb *verb, char **argv, const char *store_dir)
{
	_Alignas(max_align_t) char values[VALUES_SIZE] = { 0 };
	struct call call = { .verb = verb, .values = values, .store_dir = store_dir };
	int status = EXIT_OURS;

	if (verb->defaults)
		memcpy(values, verb->defaults, verb->size);
	call.c = minc_ctx_new();
	if (!call.c)
		return fail_say("%s", minc_error_message(NULL));
	call.words = copy_words(argv);
	minc_set_log(call.c, warn_line, NULL);
	if (!call.words)
		status = fail_say("out of memory");
	else if (options_read(&call, argv, values))
		status = call.verb ? verb->run(&call) : 0;
	free(call.words);
	free(call.given);
	minc_store_free(call.store);
	minc_ctx_free(call.c);
	return status;
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

/* "--store DIR" and "--store=DIR" before the verb; how many words that is, -1: complained. */
static int read_store(char **argv, const char **ret_dir)
{
	const char *word = *argv, *equals = strchr(word, '=');
	size_t len = equals ? (size_t)(equals - word) : strlen(word);

	if (!names_have(global_options->names, word, len))
		return 0;
	*ret_dir = equals ? equals + 1 : argv[1];
	if (*ret_dir && **ret_dir)
		return equals ? 1 : 2;
	(void)fail_say("%.*s: %s is missing", (int)len, word, global_options->argument);
	(void)fputs(advice, stderr);
	return -1;
}

int main(int argc, char **argv)
{
	const char *store_dir = NULL;
	const struct verb *verb;
	int n;

	files_fill_standard();
	(void)signal(SIGCHLD, SIG_DFL); /* ignored, it would take the exit status away */
	for (argv++; argc > 1 && *argv; argv += n) {
		n = read_store(argv, &store_dir);
		if (n < 0)
			return EXIT_OURS;
		if (n == 0)
			break;
	}
	if (argc < 2 || !*argv) {
		print_usage(stderr);
		return EXIT_OURS;
	}
	verb = find_verb(*argv);
	if (!verb)
		return global_option(argv[0], argv[1]);
	return finish_output(run_verb(verb, argv + 1, store_dir));
}
