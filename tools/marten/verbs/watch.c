/* SPDX-License-Identifier: MIT */
/* watch - logs and wait: what a container writes, and how it ends. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "marten/call.h"
#include "marten/container/kept.h"
#include "marten/values.h"

struct logs_values {
	bool follow, timestamps;
	int64_t since_ms;
	long tail;
};

struct logs {
	bool follow;
	int last; /* stream */
};

/* In the order of the container, although our two streams are two files. */
static int write_piece(int stream, const char *data, size_t len, void *userdata)
{
	struct logs *l = userdata;
	FILE *out = stream == 2 ? stderr : stdout;

	if (stream != l->last && fflush(stdout) != 0)
		return -errno;
	l->last = stream;
	if (fwrite(data, 1, len, out) != len || (l->follow && fflush(out) != 0))
		return -errno;
	return 0;
}

/* One that was not started has written nothing; of an old one the log is forgotten. */
static int say_silent(struct call *call, const char *name)
{
	struct kept *k =
		minc_error_code(call->c) == -ENOENT ? kept_find(call, name) : NULL;
	int status =
		!k ? say_unknown(call, name)
		: kept_has_run(k)
			? fail_say("%.64s: it has ended, and its log is forgotten, as "
				   "by a restart of the machine",
				   name)
			: 0;

	kept_free(k);
	return status;
}

static int run_logs(struct call *call)
{
	const struct logs_values *o = call->values;
	struct logs l = { .follow = o->follow };
	unsigned flags = 0;
	minc_container *ct;
	int status = 0, r;

	if (o->follow)
		flags |= MINC_LOG_FOLLOW;
	if (o->timestamps)
		flags |= MINC_LOG_TIMESTAMPS;
	if (minc_open(call->c, call->operands[0], &ct) < 0)
		return say_silent(call, call->operands[0]);
	r = minc_logs(call->c, ct, flags, o->since_ms, o->tail, write_piece, &l);
	minc_container_free(ct);
	if (r < 0)
		status = ferror(stdout) || ferror(stderr)
				 ? fail_say("output: %s", strerror(-r))
				 : fail_library(call);
	return status;
}

static int wait_for(struct call *call, minc_container *ct)
{
	int status, r = minc_wait(ct, -1, &status);

	if (r < 0)
		return fail_say("%.12s: %s", minc_container_id(ct), strerror(-r));
	(void)printf("%d\n", status);
	(void)fflush(stdout); /* the next one may take its time; main() sees a failure */
	return 0;
}

static int run_wait(struct call *call)
{
	return each_kept(call, wait_for, "0");
}

static const struct logs_values logs_defaults = { .tail = -1 };

// clang-format off
static const struct option logs_options[] = {
	{ "-f --follow", NULL, "Go on until the container ends",
	  .offset = offsetof(struct logs_values, follow) },
	{ "--since", "TIME", "Not what is older: 10m, 1700000000, 2023-11-14T22:13:20",
	  .offset = offsetof(struct logs_values, since_ms), .read = read_time },
	{ "-n --tail", "LINES", "Only the last LINES; 'all'",
	  .offset = offsetof(struct logs_values, tail), .read = read_lines },
	{ "-t --timestamps", NULL, "The time before each line",
	  .offset = offsetof(struct logs_values, timestamps) },
	{ .names = NULL }
};
const struct verb watch_verbs[] = {
	{ .names = "logs", .operands = "CONTAINER", .least = 1, .most = 1,
	  .help = "Print what a container has written", .options = logs_options,
	  .defaults = &logs_defaults, .size = sizeof(logs_defaults), .run = run_logs },
	{ .names = "wait", .operands = "CONTAINER...", .least = 1, .most = -1,
	  .help = "Wait until containers end, print their exit status",
	  .options = no_options, .run = run_wait },
	{ .names = NULL }
};
// clang-format on
