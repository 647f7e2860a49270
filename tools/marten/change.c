/* SPDX-License-Identifier: MIT */
/* change - stop, kill, pause, unpause, rm, rename: what is done to a container. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "values.h"
#include "verb.h"

struct stop_values {
	int signal, grace_ms;
};

struct rm_values {
	bool force;
};

static int stop(struct call *call, minc_container *ct)
{
	const struct stop_values *o = call->values;

	return minc_stop(call->c, ct, o->signal, o->grace_ms, NULL) < 0
		       ? fail_library(call)
		       : 0;
}

static int run_stop(struct call *call)
{
	return each_container(call, stop);
}

static int kill_one(struct call *call, minc_container *ct)
{
	const struct stop_values *o = call->values;
	int r = minc_kill(ct, o->signal);

	if (r == -ESRCH)
		return fail_say("%.64s: it has ended", minc_container_name(ct));
	return r < 0 ? fail_say("%.64s: %s", minc_container_name(ct), strerror(-r)) : 0;
}

static int run_kill(struct call *call)
{
	return each_container(call, kill_one);
}

static int pause_one(struct call *call, minc_container *ct)
{
	if (!is_alive(ct))
		return EXIT_OURS;
	return minc_pause(call->c, ct) < 0 ? fail_library(call) : 0;
}

static int run_pause(struct call *call)
{
	return each_container(call, pause_one);
}

static int resume(struct call *call, minc_container *ct)
{
	if (!is_alive(ct))
		return EXIT_OURS;
	return minc_resume(call->c, ct) < 0 ? fail_library(call) : 0;
}

static int run_resume(struct call *call)
{
	return each_container(call, resume);
}

static int delete (struct call *call, minc_container *ct)
{
	const struct rm_values *o = call->values;

	return minc_delete(call->c, ct, o->force ? MINC_DELETE_FORCE : 0) < 0
		       ? fail_library(call)
		       : 0;
}

static int run_rm(struct call *call)
{
	return each_container(call, delete);
}

static int run_rename(struct call *call)
{
	minc_container *ct;
	int status = 0;

	if (minc_open(call->c, call->operands[0], &ct) < 0)
		return fail_library(call);
	if (minc_rename(call->c, ct, call->operands[1]) < 0)
		status = fail_library(call);
	minc_container_free(ct);
	return status;
}

static const struct stop_values stop_defaults = { .signal = SIGTERM, .grace_ms = 10000 };
static const struct stop_values kill_defaults = { .signal = SIGKILL };

// clang-format off
static const struct option stop_options[] = {
	{ "-s --signal", "SIGNAL", "Instead of TERM", offsetof(struct stop_values, signal),
	  read_signal },
	{ "-t --time", "SECONDS", "Until it is killed; default 10, -1: never",
	  offsetof(struct stop_values, grace_ms), read_grace },
	{ .names = NULL }
};
static const struct option kill_options[] = {
	{ "-s --signal", "SIGNAL", "Instead of KILL", offsetof(struct stop_values, signal),
	  read_signal },
	{ .names = NULL }
};
static const struct option rm_options[] = {
	{ "-f --force", NULL, "Kill it if it runs", offsetof(struct rm_values, force), NULL },
	{ .names = NULL }
};
const struct verb change_verbs[] = {
	{ .names = "stop", .operands = "CONTAINER...", .least = 1, .most = -1,
	  .help = "Ask containers to end, then make them", .options = stop_options,
	  .defaults = &stop_defaults, .size = sizeof(stop_defaults), .run = run_stop },
	{ .names = "kill", .operands = "CONTAINER...", .least = 1, .most = -1,
	  .help = "Send containers a signal", .options = kill_options,
	  .defaults = &kill_defaults, .size = sizeof(kill_defaults), .run = run_kill },
	{ .names = "pause", .operands = "CONTAINER...", .least = 1, .most = -1,
	  .help = "Freeze containers", .options = no_options, .run = run_pause },
	{ .names = "unpause resume", .operands = "CONTAINER...", .least = 1, .most = -1,
	  .help = "Let them go on", .options = no_options, .run = run_resume },
	{ .names = "rm", .operands = "CONTAINER...", .least = 1, .most = -1,
	  .help = "Forget containers that have ended", .options = rm_options, .run = run_rm },
	{ .names = "rename", .operands = "CONTAINER NAME", .least = 2, .most = 2,
	  .help = "Give a container another name", .options = no_options, .run = run_rename },
	{ .names = NULL }
};
// clang-format on
