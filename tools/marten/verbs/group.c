/* SPDX-License-Identifier: MIT */
/*
 * group - "marten image ls" and the like, as docker(1) sorts its verbs: each is one of
 * ours, by another name.
 */
#include <stdlib.h>
#include <string.h>

#include "marten/call.h"

// clang-format off
static const struct subverb image_words[] = {
	{ "ls", "images", NULL },
	{ "list", "images", NULL },
	{ "rm", "rmi", NULL },
	{ "inspect", "inspect", "--type=image" },
	{ "prune", "prune", NULL },
	{ "history", "history", NULL },
	{ "import", "import", NULL },
	{ "load", "load", NULL },
	{ "save", "save", NULL },
	{ "pull", "pull", NULL },
	{ "push", "push", NULL },
	{ "tag", "tag", NULL },
	{ "sign", "sign", NULL },
	{ .word = NULL }
};
static const struct subverb container_words[] = {
	{ "ls", "ps", NULL },
	{ "list", "ps", NULL },
	{ "inspect", "inspect", "--type=container" },
	{ "prune", "prune", "--only-containers" },
	{ "run", "run", NULL },
	{ "create", "create", NULL },
	{ "start", "start", NULL },
	{ "restart", "restart", NULL },
	{ "stop", "stop", NULL },
	{ "kill", "kill", NULL },
	{ "pause", "pause", NULL },
	{ "unpause", "unpause", NULL },
	{ "rm", "rm", NULL },
	{ "rename", "rename", NULL },
	{ "exec", "exec", NULL },
	{ "attach", "attach", NULL },
	{ "logs", "logs", NULL },
	{ "wait", "wait", NULL },
	{ "top", "top", NULL },
	{ "stats", "stats", NULL },
	{ "cp", "cp", NULL },
	{ "diff", "diff", NULL },
	{ "commit", "commit", NULL },
	{ "export", "export", NULL },
	{ .word = NULL }
};
static const struct subverb system_words[] = {
	{ "df", "df", NULL },
	{ "prune", "prune", "--containers" },
	{ .word = NULL }
};
// clang-format on

static int run_group(struct call *call)
{
	const struct subverb *sub = call->verb->words;
	const char *word = call->operands[0];
	char **argv;
	int status;

	while (sub->word && strcmp(sub->word, word) != 0)
		sub++;
	if (!sub->word)
		return fail_usage(call, "%s %.100s: unknown verb", call->verb->names,
				  word);
	argv = calloc((size_t)call->count + 2, sizeof(*argv));
	if (!argv)
		return fail_say("out of memory");
	argv[0] = (char *)sub->option; /* only read */
	memcpy(argv + (argv[0] ? 1 : 0), call->operands + 1,
	       (size_t)call->count * sizeof(*argv)); /* with the NULL */
	status = run_verb(tool_find_verb(&marten, sub->verb), argv, call->store_dir);
	free(argv);
	return status;
}

// clang-format off
const struct verb group_verbs[] = {
	{ .names = "image", .operands = "VERB [ARG...]", .least = 1, .most = -1, .command = true,
	  .help = "ls, rm, inspect and other verbs of images", .options = no_options,
	  .words = image_words, .run = run_group },
	{ .names = "container", .operands = "VERB [ARG...]", .least = 1, .most = -1,
	  .command = true, .help = "ls, rm, inspect and other verbs of containers",
	  .options = no_options, .words = container_words, .run = run_group },
	{ .names = "system", .operands = "VERB [ARG...]", .least = 1, .most = -1, .command = true,
	  .help = "df, prune", .options = no_options, .words = system_words, .run = run_group },
	{ .names = NULL }
};
// clang-format on
