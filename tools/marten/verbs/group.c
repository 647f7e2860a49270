/* SPDX-License-Identifier: MIT */
/*
 * group - "marten image ls" and the like, as docker(1) sorts its verbs: each is one of ours,
 * by another name.
 */
#include <stdlib.h>
#include <string.h>

#include "marten/verb.h"

static const struct {
	const char *group, *word, *verb, *option;
} words[] = {
	// clang-format off
	{ "image", "ls", "images", NULL },
	{ "image", "list", "images", NULL },
	{ "image", "rm", "rmi", NULL },
	{ "image", "inspect", "inspect", "--type=image" },
	{ "image", "prune", "prune", NULL },
	{ "image", "history", "history", NULL },
	{ "image", "import", "import", NULL },
	{ "image", "load", "load", NULL },
	{ "image", "save", "save", NULL },
	{ "image", "pull", "pull", NULL },
	{ "image", "push", "push", NULL },
	{ "image", "tag", "tag", NULL },
	{ "image", "sign", "sign", NULL },
	{ "container", "ls", "ps", NULL },
	{ "container", "list", "ps", NULL },
	{ "container", "inspect", "inspect", "--type=container" },
	{ "container", "prune", "prune", "--only-containers" },
	{ "container", "run", "run", NULL },
	{ "container", "create", "create", NULL },
	{ "container", "start", "start", NULL },
	{ "container", "restart", "restart", NULL },
	{ "container", "stop", "stop", NULL },
	{ "container", "kill", "kill", NULL },
	{ "container", "pause", "pause", NULL },
	{ "container", "unpause", "unpause", NULL },
	{ "container", "rm", "rm", NULL },
	{ "container", "rename", "rename", NULL },
	{ "container", "exec", "exec", NULL },
	{ "container", "attach", "attach", NULL },
	{ "container", "logs", "logs", NULL },
	{ "container", "wait", "wait", NULL },
	{ "container", "top", "top", NULL },
	{ "container", "stats", "stats", NULL },
	{ "container", "cp", "cp", NULL },
	{ "container", "diff", "diff", NULL },
	{ "container", "commit", "commit", NULL },
	{ "container", "export", "export", NULL },
	{ "system", "df", "df", NULL },
	{ "system", "prune", "prune", "--containers" },
	// clang-format on
};

static int run_group(struct call *call)
{
	const char *group = call->verb->names, *word = call->operands[0];
	size_t i, n = sizeof(words) / sizeof(words[0]);
	const struct verb *verb;
	char **argv;
	int status;

	for (i = 0; i < n; i++)
		if (strcmp(words[i].group, group) == 0 &&
		    strcmp(words[i].word, word) == 0)
			break;
	if (i == n)
		return fail_usage(call, "%s %.100s: unknown verb", group, word);
	verb = find_verb(words[i].verb);
	argv = calloc((size_t)call->count + 2, sizeof(*argv));
	if (!verb || !argv)
		return fail_say("out of memory");
	argv[0] = (char *)words[i].option; /* only read */
	memcpy(argv + (argv[0] ? 1 : 0), call->operands + 1,
	       (size_t)call->count * sizeof(*argv)); /* with the NULL */
	status = run_verb(verb, argv, call->store_dir);
	free(argv);
	return status;
}

// clang-format off
const struct verb group_verbs[] = {
	{ .names = "image", .operands = "VERB [ARG...]", .least = 1, .most = -1, .command = true,
	  .help = "ls, rm, inspect and other verbs of images", .options = no_options,
	  .run = run_group },
	{ .names = "container", .operands = "VERB [ARG...]", .least = 1, .most = -1,
	  .command = true, .help = "ls, rm, inspect and other verbs of containers",
	  .options = no_options, .run = run_group },
	{ .names = "system", .operands = "VERB [ARG...]", .least = 1, .most = -1, .command = true,
	  .help = "df, prune", .options = no_options, .run = run_group },
	{ .names = NULL }
};
// clang-format on
