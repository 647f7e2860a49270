/* SPDX-License-Identifier: MIT */
/* files - cp: from a container, and to it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kept.h"
#include "verb.h"

/* Where the path begins in "CONTAINER:PATH"; NULL for a path of the host, such as "./a:b". */
static const char *inside_path(const char *word)
{
	const char *colon = strchr(word, ':');

	return !colon || memchr(word, '/', (size_t)(colon - word)) ? NULL : colon + 1;
}

/* @word is "CONTAINER:PATH". */
static int copy(struct call *call, const char *word, const char *path, const char *host, bool out)
{
	char *name = strndup(word, (size_t)(path - word) - 1);
	minc_container *ct = NULL;
	int status;

	if (!name)
		return fail_say("out of memory");
	if (!*path)
		status = fail_usage(call, "%s: empty path", word);
	else if (minc_open(call->c, name, &ct) < 0)
		status = say_unknown(call, name);
	else if (!is_alive(ct))
		status = EXIT_OURS;
	else if (out)
		status = minc_copy_out(call->c, ct, path, host) < 0 ? fail_library(call) : 0;
	else
		status = minc_copy_in(call->c, ct, host, path) < 0 ? fail_library(call) : 0;
	minc_container_free(ct);
	free(name);
	return status;
}

static int run_cp(struct call *call)
{
	const char *from = call->operands[0], *to = call->operands[1];
	const char *from_path = inside_path(from), *to_path = inside_path(to);

	if (strcmp(from, "-") == 0 || strcmp(to, "-") == 0)
		return fail_usage(call, "-: tar streams are not supported; ./- is a file");
	if (from_path && to_path)
		return fail_usage(call, "one of the two is a path of the host");
	if (!from_path && !to_path)
		return fail_usage(call, "one of the two is CONTAINER:PATH");
	return from_path ? copy(call, from, from_path, to, true) :
			   copy(call, to, to_path, from, false);
}

// clang-format off
const struct verb files_verbs[] = {
	{ .names = "cp", .operands = "FROM TO",
	  .least = 2, .most = 2, .help = "Copy files; one of the two is CONTAINER:PATH",
	  .options = no_options, .run = run_cp },
	{ .names = NULL }
};
// clang-format on
