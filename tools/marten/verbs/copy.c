/* SPDX-License-Identifier: MIT */
/*
 * copy - cp: from a container, to it, and from one to another, whether they run or not.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "marten/call.h"
#include "marten/container/kept.h"
#include "marten/container/run.h"

struct cp_values {
	bool archive, follow, quiet;
};

/* One side of a copy. */
struct end {
	const char *path; /* of the host, or of: */
	minc_container *ct;
	minc_ctx *c; /* that a container without a command needs */
};

/*
 * Where the path begins in "CONTAINER:PATH"; NULL for a path of the host, such as
 * "./a:b".
 */
static const char *inside_path(const char *word)
{
	const char *colon = strchr(word, ':');

	return !colon || *word == '.' || memchr(word, '/', (size_t)(colon - word))
		       ? NULL
		       : colon + 1;
}

/*
 * One that has ended, of minc: its configuration says what its files are, if they were
 * kept.
 */
static int open_ended(minc_container *ct, struct end *ret)
{
	const char *storage = minc_container_storage(ct);
	char config[4200];
	int r;

	if (!storage)
		return fail_say(
			"%.64s: it has ended, and so have its files: they were in memory",
			minc_container_name(ct));
	ret->c = minc_ctx_new();
	if (!ret->c)
		return fail_say("out of memory");
	minc_set_log(ret->c, warn_line, NULL);
	(void)snprintf(config, sizeof(config), "%s/config.json", minc_container_dir(ct));
	r = minc_load_config(ret->c, config);
	if (r == 0)
		r = minc_set_name(ret->c, minc_container_name(ct));
	if (r == 0 && minc_set_origin(ret->c, minc_container_name(ct)) == 0)
		r = minc_set_storage(ret->c, storage);
	if (r == 0)
		r = minc_start_idle(ret->c, &ret->ct);
	if (r == 0)
		return 0;
	return fail_say("%.64s: %s", minc_container_name(ct), minc_error_message(ret->c));
}

static int open_idle(struct call *call, const char *id, struct end *ret)
{
	struct kept *k = call_store(call) ? kept_find(call, id) : NULL;
	int status;

	if (k && k->readable && *k->recipe.image)
		status = run_idle(call, k, &ret->c, &ret->ct);
	else
		status = fail_say("%.64s: how it was made is not known", id);
	kept_free(k);
	return status;
}

/* Running or not. */
static int open_container(struct call *call, const char *name, struct end *ret)
{
	minc_container *ct;
	int r = minc_open(call->c, name, &ct), status;

	if (r < 0)
		return r == -ENOENT && has_kept(call, name) ? open_idle(call, name, ret)
							    : say_unknown(call, name);
	status = minc_container_state(ct);
	if (status == MINC_STATE_RUNNING || status == MINC_STATE_PAUSED) {
		ret->ct = ct;
		return 0;
	}
	status = has_kept(call, minc_container_id(ct))
			 ? open_idle(call, minc_container_id(ct), ret)
			 : open_ended(ct, ret);
	minc_container_free(ct);
	return status;
}

static int open_end(struct call *call, const char *word, struct end *ret)
{
	const char *path = inside_path(word);
	char *name;
	int status;

	ret->path = path ? path : word;
	if (!path)
		return 0;
	if (!*path)
		return fail_usage(call, "%s: empty path", word);
	name = strndup(word, (size_t)(path - word) - 1);
	status = !name ? fail_say("out of memory") : open_container(call, name, ret);
	free(name);
	return status;
}

static void close_end(struct end *end)
{
	minc_container_free(end->ct);
	minc_ctx_free(end->c);
}

static int copy(struct call *call, struct end ends[2])
{
	const struct cp_values *o = call->values;
	int r = minc_set_copy(call->c, (o->archive ? MINC_COPY_ARCHIVE : 0) |
					       (o->follow ? MINC_COPY_FOLLOW : 0));

	if (o->quiet)
		minc_set_log(call->c, NULL, NULL);
	if (r == 0)
		r = minc_copy(call->c, ends[0].ct, ends[0].path, ends[1].ct,
			      ends[1].path);
	if (r == -EPIPE && strcmp(call->operands[1], "-") == 0)
		return end_unread();
	return r < 0 ? fail_library(call) : 0;
}

static int run_cp(struct call *call)
{
	const char *from = call->operands[0], *to = call->operands[1];
	struct end ends[2] = { { .ct = NULL }, { .ct = NULL } };
	int status;

	if (!inside_path(from) && !inside_path(to))
		return fail_usage(call, "one of the two is CONTAINER:PATH");
	if (strcmp(to, "-") == 0 && isatty(STDOUT_FILENO))
		return fail_usage(call, "-: a tar is not for a terminal");
	status = open_end(call, from, &ends[0]);
	if (status == 0)
		status = open_end(call, to, &ends[1]);
	if (status == 0)
		status = copy(call, ends);
	close_end(&ends[0]);
	close_end(&ends[1]);
	return status;
}

// clang-format off
static const struct option cp_options[] = {
	{ "-a --archive", NULL, "Keep owners, set-ID bits, capabilities and access control lists",
	  .offset = offsetof(struct cp_values, archive) },
	{ "-L --follow-link", NULL, "If SRC is a symbolic link: what it leads to",
	  .offset = offsetof(struct cp_values, follow) },
	{ "-q --quiet", NULL, "Say nothing of what is left out",
	  .offset = offsetof(struct cp_values, quiet) },
	{ .names = NULL }
};
const struct verb copy_verbs[] = {
	{ .names = "cp", .operands = "SRC DEST", .complete = "CONTAINER:|FILE...", .least = 2,
	  .most = 2,
	  .help = "Copy files; one of the two is CONTAINER:PATH, the other may be -, a tar",
	  .options = cp_options, .size = sizeof(struct cp_values), .run = run_cp },
	{ .names = NULL }
};
// clang-format on
