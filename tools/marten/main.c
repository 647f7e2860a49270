/* SPDX-License-Identifier: MIT */
/*
 * marten - images, and the containers that run from them or live in the background. The
 * first word is a verb; a table says what it takes and which function does it. Exit
 * status: 125 if marten failed, else 0 or, of run, start -a, exec and attach, the
 * command's.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "call.h"
#include "common/complete.h"
#include "common/files.h"
#include "common/help.h"
#include "marten/container/kept.h"

enum action {
	ACTION_NONE,
	ACTION_HELP,
	ACTION_VERSION,
	ACTION_COMPLETION,
	ACTION_COMPLETE
};

struct main_values {
	const char *store_dir;
	enum action action;
	const char *shell;
};

static const char *note_help(void *into, const char *value)
{
	((struct main_values *)into)->action = ACTION_HELP;
	return NULL;
}

static const char *note_version(void *into, const char *value)
{
	((struct main_values *)into)->action = ACTION_VERSION;
	return NULL;
}

static const char *note_complete(void *into, const char *value)
{
	((struct main_values *)into)->action = ACTION_COMPLETE;
	return NULL;
}

static const char *note_completion(void *into, const char *value)
{
	struct main_values *o = into;

	o->action = ACTION_COMPLETION;
	o->shell = value;
	return NULL;
}

// clang-format off
static const struct verb *const verb_tables[] = {
	run_verbs, list_verbs, interact_verbs, watch_verbs, change_verbs, show_verbs,
	stats_verbs, review_verbs, copy_verbs, images_verbs, registry_verbs, archive_verbs,
	sign_verbs, upkeep_verbs, volume_verbs, group_verbs, NULL
};
const struct option no_options[] = { { .names = NULL } };
#define OPTION_STORE(type) \
	{ "--store --root", "DIR", "The image store; default: $MINCS_DIR, /etc/mincs.conf", \
	  .offset = offsetof(type, store_dir) }

static const struct option main_options[] = {
	OPTION_STORE(struct main_values),
	{ "-h --help", NULL, "Show this help; after a verb, the verb's", .read = note_help, .alone = true },
	{ "--version", NULL, "Show the version", .read = note_version, .alone = true },
	{ "--completion", "bash|zsh|fish", "Print the completion script for a shell",
	  .read = note_completion, .alone = true },
	{ "--complete", NULL, NULL, .read = note_complete, .alone = true },
	{ .names = NULL }
};
/* Of every verb, too; -h may also be an option of its own. */
static const struct option store_options[] = { OPTION_STORE(struct call), { .names = NULL } };
static const struct option help_options[] = {
	{ "-h --help", NULL, NULL, .alone = true }, { .names = NULL }
};

const struct tool marten = {
	.name = "marten",
	.about = "images, and containers that run from them or live in the background",
	.usage = "[--store DIR] verb [options] [argument...]",
	.end = "A container is named by its name, its id, or the beginning of its id; an\n"
	       "image by its name as docker(1) has it, or by its id. See marten(1).",
	.column = 30, .grammar = GRAMMAR_DOCKER, .options = main_options,
	.everywhere = store_options, .verbs = verb_tables, .names = offer_names,
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

int end_unread(void)
{
	(void)signal(SIGPIPE, SIG_DFL);
	(void)raise(SIGPIPE);
	return EXIT_OURS; /* the signal is blocked */
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
 * Whether it is one of the store that has not been started, or, if @ended, one that ran
 * before the machine was started.
 */
static bool is_idle(struct call *call, const char *name, bool ended)
{
	struct kept *k = kept_find(call, name);
	bool idle = k && (ended || !kept_has_run(k));

	kept_free(k);
	return idle;
}

static int each_of(struct call *call, int (*fn)(struct call *call, minc_container *ct),
		   bool kept, const char *answer)
{
	int status = 0, i;

	for (i = 0; i < call->count; i++) {
		minc_container *ct;
		int r = minc_open(call->c, call->operands[i], &ct);

		if (r < 0) {
			/* looking in the store would change the context's failure */
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

minc_store *call_store(struct call *call)
{
	if (!call->store && minc_store_open(call->c, call->store_dir, &call->store) < 0) {
		call->store = NULL;
		(void)fail_library(call);
	}
	return call->store;
}

bool call_read(struct call *call, char **argv, void *values)
{
	bool unused = false; /* what "--help=false" says */
	struct reading *r = &call->reading;

	r->grammar = marten.grammar;
	r->refusals = call->verb->refusals;
	r->command = call->verb->command;
	r->tables[0].rows = call->verb->options;
	r->tables[0].values = values;
	r->tables[1].rows = marten.everywhere;
	r->tables[1].values = call;
	r->tables[2].rows = help_options;
	r->tables[2].values = &unused;
	if (options_read(r, argv) == 0 && r->alone) {
		help_verb(&marten, call->verb);
		call->verb = NULL; /* nothing else to do */
		return true;
	}
	call->operands = r->operands;
	call->count = r->count;
	if (!*r->message && options_count(r, call->verb) == 0)
		return true;
	(void)fail_usage(call, "%s", r->message);
	return false;
}

int set_origin(minc_ctx *c, const char *option, const char *value)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "%s %s", option, value); /* may be cut */
	return minc_set_origin(c, text);
}

int call_apply(struct call *call)
{
	if (options_apply(&call->reading, call->c) == 0)
		return 0;
	if (*call->reading.message)
		return fail_usage(call, "%s", call->reading.message);
	return fail_library(call);
}

/* call_read() moves them. */
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
	else if (call_read(&call, argv, values))
		status = call.verb ? verb->run(&call) : 0;
	if (verb->done)
		verb->done(values);
	free(call.words);
	options_done(&call.reading);
	minc_store_free(call.store);
	minc_ctx_free(call.c);
	return status;
}

static int fail_advise(const char *message)
{
	(void)fail_say("%s", message);
	(void)fputs(advice, stderr);
	return EXIT_OURS;
}

/* What stands in place of a verb; @words are what comes after it. */
static int act(const struct main_values *o, char **words)
{
	const char *wrong;
	char message[128];

	switch (o->action) {
	case ACTION_HELP:
		help_tool(&marten);
		break;
	case ACTION_VERSION:
		(void)printf("marten %s\n", minc_version());
		break;
	case ACTION_COMPLETE:
		complete(&marten, words);
		break;
	case ACTION_COMPLETION:
		wrong = complete_script(&marten, o->shell);
		if (!wrong)
			return finish_output(0);
		(void)snprintf(message, sizeof(message), "--completion %.32s: %s",
			       o->shell, wrong);
		return fail_advise(message);
	case ACTION_NONE:
		break;
	}
	return finish_output(0);
}

/* @r has been read: the words from the verb on. */
static int find_and_run(struct reading *r, const struct main_values *o)
{
	const struct verb *verb;
	char message[400];

	if (o->store_dir && !*o->store_dir)
		return fail_advise("--store: DIR is missing");
	if (r->alone)
		return act(o, r->operands);
	if (r->count == 0) {
		help_usage(&marten, stderr);
		return EXIT_OURS;
	}
	verb = tool_find_verb(&marten, r->operands[0]);
	if (verb)
		return finish_output(run_verb(verb, r->operands + 1, o->store_dir));
	(void)snprintf(message, sizeof(message), "%.300s: unknown verb", r->operands[0]);
	return fail_advise(message);
}

int main(int argc, char **argv)
{
	struct main_values o = { .store_dir = NULL };
	struct reading r = { .grammar = marten.grammar,
			     .command = true,
			     .tables = { { main_options, &o } } };
	int status;

	files_fill_standard();
	(void)signal(SIGCHLD, SIG_DFL); /* ignored, it would take the exit status away */
	if (options_read(&r, argc > 0 ? argv + 1 : argv) < 0)
		status = fail_advise(r.message);
	else
		status = find_and_run(&r, &o);
	options_done(&r);
	return status;
}
