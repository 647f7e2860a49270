/* SPDX-License-Identifier: MIT */
/* interact - exec and attach: the caller's terminal meets a container. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/signals.h"
#include "marten/call.h"
#include "marten/container/kept.h"
#include "marten/values.h"

struct exec_values {
	bool input, terminal, detach, privileged;
	const char *user, *workdir;
	struct words env;
};

struct attach_values {
	const char *keys;
	bool sig_proxy;
};

static void free_environment(void *values)
{
	free(((struct exec_values *)values)->env.v);
}

/* Without -i the command reads /dev/null; with -d it also writes there. */
static int replace_files(const struct exec_values *o)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC), i;

	if (fd < 0)
		return -errno;
	for (i = STDIN_FILENO; i <= STDERR_FILENO; i++)
		if ((i == STDIN_FILENO ? !o->input || o->detach : o->detach) &&
		    dup2(fd, i) < 0)
			return -errno;
	(void)close(fd); /* nothing was written */
	return 0;
}

static int add_env(minc_ctx *c, const struct words *env)
{
	size_t i;
	int r = 0;

	for (i = 0; i < env->len && r == 0; i++) {
		const char *word = env->v[i], *text = strchr(word, '=');
		char *name = strndup(word, text ? (size_t)(text - word) : strlen(word));

		if (!name)
			return -ENOMEM;
		r = set_origin(c, "--env", word);
		if (r == 0)
			r = minc_add_env(c, name, text ? text + 1 : NULL);
		free(name);
	}
	return r;
}

/* The options, one library call each; the first failure sticks to the context. */
static int describe(minc_ctx *c, const struct exec_values *o)
{
	int r = add_env(c, &o->env);

	if (r == 0 && o->terminal && getenv("TERM"))
		r = minc_add_env(c, "TERM", NULL);
	if (r == 0 && o->user && set_origin(c, "--user", o->user) == 0)
		r = minc_set_user(c, o->user);
	if (r == 0 && o->workdir && set_origin(c, "--workdir", o->workdir) == 0)
		r = minc_set_cwd(c, o->workdir);
	if (r == 0 && o->privileged && minc_set_origin(c, "--privileged") == 0)
		r = minc_set_flag(c, MINC_PRIVILEGED, 1);
	if (r == 0 && o->terminal && minc_set_origin(c, "--tty") == 0)
		r = minc_set_flag(c, MINC_TERMINAL, 1);
	if (r == 0 && !o->detach)
		r = minc_set_flag(c, MINC_COPY_OUTPUT, 1);
	if (r == 0 && !o->detach)
		r = minc_set_flag(c, MINC_DIE_WITH_PARENT, 1);
	return r < 0 ? r : minc_set_origin(c, NULL);
}

static int exec_in(struct call *call, minc_container *ct)
{
	const struct exec_values *o = call->values;
	minc_container *process;
	int status = 0, r;

	if (!o->detach)
		signals_block();
	r = replace_files(o);
	if (r < 0)
		return fail_say("/dev/null: %s", strerror(-r));
	if (minc_exec(call->c, ct, (const char *const *)call->operands + 1, &process) < 0)
		return fail_library(call);
	r = o->detach ? 0 : minc_foreground(process, &status);
	minc_container_free(process);
	return r < 0 ? fail_say("waiting for the command: %s", strerror(-r)) : status;
}

static int run_exec(struct call *call)
{
	const struct exec_values *o = call->values;
	minc_container *ct = NULL;
	int status;

	if (o->terminal && o->input && !o->detach && !isatty(STDIN_FILENO))
		status = fail_usage(call, "-it: standard input is not a terminal");
	else if (minc_open(call->c, call->operands[0], &ct) < 0)
		status = say_unknown(call, call->operands[0]);
	else if (describe(call->c, o) < 0)
		status = fail_library(call);
	else
		status = is_alive(ct) ? exec_in(call, ct) : EXIT_OURS;
	minc_container_free(ct);
	return status;
}

static int run_attach(struct call *call)
{
	const struct attach_values *o = call->values;
	minc_container *ct;
	int status = 0, r;

	if (minc_open(call->c, call->operands[0], &ct) < 0)
		return say_unknown(call, call->operands[0]);
	r = o->sig_proxy ? 0 : minc_set_flag(call->c, MINC_KEEP_SIGNALS, 1);
	if (r == 0)
		r = minc_attach(call->c, ct, o->keys, &status);
	if (r == -EPIPE)
		status = end_unread();
	else if (r < 0)
		status = fail_library(call);
	else if (r == 1)
		(void)fprintf(stderr, "\r\nmarten: detached from %.12s\n",
			      minc_container_id(ct));
	minc_container_free(ct);
	return status;
}

static const struct attach_values attach_defaults = { .sig_proxy = true };

// clang-format off
static const struct option exec_options[] = {
	{ "-i --interactive", NULL, "The command reads our standard input",
	  .offset = offsetof(struct exec_values, input) },
	{ "-t --tty", NULL, "It has a terminal of its own",
	  .offset = offsetof(struct exec_values, terminal) },
	{ "-d --detach", NULL, "Do not wait for it",
	  .offset = offsetof(struct exec_values, detach) },
	{ "-e --env", "NAME[=VALUE]", "Set a variable, or hand on the caller's",
	  .offset = offsetof(struct exec_values, env), .read = read_word },
	{ "-u --user", "UID[:GID]", "Run it as this user; names work too",
	  .offset = offsetof(struct exec_values, user) },
	{ "-w --workdir", "DIR", "Working directory inside",
	  .offset = offsetof(struct exec_values, workdir) },
	{ "--privileged", NULL, "Without the container's protections",
	  .offset = offsetof(struct exec_values, privileged) },
	{ .names = NULL }
};
static const struct option attach_options[] = {
	{ "--detach-keys", "KEYS", "Instead of ctrl-p,ctrl-q; '' for none",
	  .offset = offsetof(struct attach_values, keys) },
	{ "--sig-proxy", NULL, "Hand signals on to the command, as is the default",
	  .offset = offsetof(struct attach_values, sig_proxy) },
	{ .names = NULL }
};
const struct verb interact_verbs[] = {
	{ .names = "exec", .operands = "CONTAINER COMMAND [ARG...]", .least = 2, .most = -1,
	  .command = true, .help = "Run another command in a running container",
	  .options = exec_options, .run = run_exec, .done = free_environment },
	{ .names = "attach", .operands = "CONTAINER", .least = 1, .most = 1,
	  .help = "Connect the terminal to a container's", .options = attach_options,
	  .defaults = &attach_defaults, .size = sizeof(attach_defaults), .run = run_attach },
	{ .names = NULL }
};
// clang-format on
