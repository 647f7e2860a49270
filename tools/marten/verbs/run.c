/* SPDX-License-Identifier: MIT */
/*
 * run - run, create, start, restart: containers of images. One that is made is kept in
 * the store with its recipe; started, it is also one of those in the background. Both
 * have one id and one name.
 */
#include "marten/container/run.h"
#include "marten/container/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/files.h"
#include "marten/container/starting.h"
#include "marten/transfer.h"

enum { IDLE_TRIES = 5 };

/* The image, pulled if need be; 0, or an exit status after a complaint. */
static int find_image(struct call *call, const struct run_values *o, minc_image **ret)
{
	const char *name = call->operands[0];
	bool always = o->pull && strcmp(o->pull, "always") == 0;
	bool never = o->pull && strcmp(o->pull, "never") == 0;
	minc_store *store = call_store(call);
	int r, status;

	if (!store)
		return EXIT_OURS;
	r = always ? -ENOENT : minc_image_find_platform(store, name, o->platform, ret);
	if (r == 0)
		return 0;
	if (r != -ENOENT || never)
		return fail_library(call);
	if (!o->quiet)
		(void)fprintf(stderr, "marten: %.200s: %s\n", name,
			      always ? "pulling"
			      : o->platform
				      ? "not in the store for that platform: pulling"
				      : "not in the store: pulling");
	status = pull_image(call, name, o->platform, o->quiet);
	if (status)
		return status;
	return minc_image_find_platform(store, name, o->platform, ret) < 0
		       ? fail_library(call)
		       : 0;
}

/*
 * Whether the library takes what was said, before an image is pulled or anything is made.
 */
static int try_options(const struct call *call)
{
	struct call trial = *call;
	int status;

	trial.c = minc_ctx_new();
	if (!trial.c)
		return fail_say("out of memory");
	status = call_apply(&trial);
	minc_ctx_free(trial.c);
	return status;
}

static int check_options(struct call *call, const struct run_values *o)
{
	const char *files[] = { o->cidfile, o->pidfile };
	int i;

	if (o->terminal && o->input && !o->detach && call->verb == &run_verbs[0] &&
	    !isatty(STDIN_FILENO))
		return fail_usage(call, "-it: standard input is not a terminal");
	for (i = 0; i < 2; i++) /* before anything is made; another may still make it */
		if (files[i] && access(files[i], F_OK) == 0)
			return fail_usage(call, "%s %.200s: %s",
					  i ? "--pidfile" : "--cidfile", files[i],
					  strerror(EEXIST));
	return try_options(call);
}

/* The words before the image, and those after it. */
static bool split_words(const struct call *call, struct recipe *r)
{
	int n = 0, i;

	while (call->words[n])
		n++;
	n -= call->count;
	for (i = 0; i < n; i++)
		if (read_word(&r->options, call->words[i]))
			return false;
	for (i = 1; i < call->count; i++)
		if (read_word(&r->operands, call->operands[i]))
			return false;
	return true;
}

/* @starting: the word of who starts it now, or NULL. */
static char *write_recipe(struct call *call, const struct run_values *o,
			  const struct words *environment, const char *starting)
{
	char directory[PATH_MAX], *text = NULL;
	struct recipe r = { .directory = getcwd(directory, sizeof(directory)),
			    .image = call->operands[0],
			    .remove = o->remove,
			    .starting = starting,
			    .stop_signal = o->stop_signal,
			    .stop_grace_ms = o->stop_grace_ms,
			    .labels = o->labels,
			    .environment = *environment };

	if (!r.directory || *r.directory != '/')
		r.directory = "/"; /* it is gone, or cannot be reached */
	if (split_words(call, &r))
		text = recipe_write(&r);
	free(r.options.v);
	free(r.operands.v);
	return text;
}

/*
 * The container's directory in the store, and what belongs to it, goes. With a context of
 * its own: that of the caller may keep a failure.
 */
static void discard(struct call *call, const char *id)
{
	minc_ctx *c = minc_ctx_new();
	minc_store *store = NULL;
	minc_kept *k;

	if (c && minc_store_open(c, minc_store_path(call->store), &store) == 0 &&
	    minc_store_container(store, id, &k) == 0) {
		(void)minc_store_delete(store, k); /* or a prune does it */
		minc_kept_free(k);
	}
	minc_store_free(store);
	minc_ctx_free(c);
}

static int make(struct call *call, const struct run_values *o, minc_image *image,
		const struct words *environment, const char *starting, struct kept **ret)
{
	char *text = write_recipe(call, o, environment, starting), *id;
	int r;

	if (!text)
		return fail_say("out of memory");
	if (o->name)
		kept_release_name(call, o->name);
	r = minc_store_create(call->store, image, o->name, text, &id);
	free(text);
	if (r < 0)
		return fail_library(call);
	*ret = kept_find(call, id);
	free(id);
	return *ret ? 0 : fail_library(call);
}

/*
 * Print its id, or the name that was typed. If that cannot be printed it is a warning: it
 * is @what, and after a failure the user would do it again.
 */
static int say_id(const char *what, const char *id)
{
	files_print_or_warn("marten", what, id);
	return 0;
}

/* Whether it has ended; then we remove it, if --rm was given. */
static bool has_ended(struct call *call, const char *id)
{
	minc_container *ct;
	int state;

	if (minc_open(call->c, id, &ct) < 0)
		return true; /* and was forgotten */
	state = minc_container_state(ct);
	minc_container_free(ct);
	return state != MINC_STATE_RUNNING && state != MINC_STATE_PAUSED;
}

static int begin(struct call *call, const struct run_values *o, minc_image *image,
		 const struct words *environment, struct kept *k)
{
	struct launch l = { .call = call,
			    .o = o,
			    .kept = k,
			    .image = image,
			    .environment = environment,
			    .arguments = (const char *const *)call->operands + 1,
			    .attached = !o->detach,
			    .input = o->input };
	int status = launch_prepare(&l);

	if (status == 0)
		status = launch(&l);
	launch_done(&l);
	if (!l.started || (o->remove && has_ended(call, k->id)))
		discard(call, k->id);
	return status == 0 && o->detach ? say_id("running", k->id) : status;
}

static int run_or_create(struct call *call, bool start)
{
	const struct run_values *o = call->values;
	struct words environment = { .v = NULL };
	struct starting starting = { .fd = -1 };
	minc_image *image = NULL;
	struct kept *k = NULL;
	int status = transfer_policy(call, o->insecure_policy) ? check_options(call, o)
							       : EXIT_OURS;

	if (status == 0)
		status = environ_collect(call, o, &environment);
	if (status == 0)
		status = find_image(call, o, &image);
	if (status == 0 && start && o->remove) /* if it cannot be, make() says why */
		(void)starting_begin(&starting, minc_store_path(call->store));
	if (status == 0)
		status = make(call, o, image, &environment,
			      starting.fd < 0 ? NULL : starting.word, &k);
	if (status == 0 && start)
		status = begin(call, o, image, &environment, k);
	else if (status == 0)
		status = say_id("made", k->id);
	starting_end(&starting, call->store ? minc_store_path(call->store) : "");
	minc_image_free(image);
	kept_free(k);
	environ_done(&environment);
	return status;
}

static int run_run(struct call *call)
{
	return run_or_create(call, true);
}

static int run_create(struct call *call)
{
	return run_or_create(call, false);
}

struct start_values {
	bool attach, input, sig_proxy;
	const char *keys;
	int grace_ms;
	/* what runs is stopped first, as soon as nothing else is in the way */
	bool restart;
};

/* The words of the recipe as a command line; NULL without memory. */
static char **command_line(const struct recipe *r)
{
	char **argv = calloc(r->options.len + r->operands.len + 2, sizeof(*argv));
	size_t n = 0, i;

	if (!argv)
		return NULL;
	for (i = 0; i < r->options.len; i++)
		argv[n++] = (char *)r->options.v[i]; /* only moved */
	argv[n++] = (char *)r->image;
	for (i = 0; i < r->operands.len; i++)
		argv[n++] = (char *)r->operands.v[i];
	return argv;
}

int recipe_each_volume(const struct kept *k, volume_fn *fn, void *userdata)
{
	struct run_values o = run_defaults;
	struct call call = { .verb = &run_verbs[0], .values = &o };
	char **argv = k->readable && !k->recipe.by_minc ? command_line(&k->recipe) : NULL;
	int r = -1;

	if (argv && call_read(&call, argv, &o))
		r = mount_each_volume(&o.volumes, &o.mounts, fn, userdata);
	run_values_done(&o);
	options_done(&call.reading);
	free(argv);
	return r;
}

/* One that has ended gives up its state; -EEXIST: it runs. */
static int clear_state(struct call *call, const char *id)
{
	minc_container *ct;
	int r = minc_open(call->c, id, &ct);

	if (r < 0)
		return r == -ENOENT ? 0 : fail_library(call);
	r = minc_container_state(ct);
	if (r == MINC_STATE_RUNNING || r == MINC_STATE_PAUSED)
		r = -EEXIST;
	else
		r = minc_delete(call->c, ct, 0) < 0 ? fail_library(call) : 0;
	minc_container_free(ct);
	return r;
}

static int stop_first(struct call *call, struct kept *k, int grace_ms)
{
	minc_container *ct;
	int sig = 0, r = minc_open(call->c, k->id, &ct);

	if (r < 0)
		return r == -ENOENT ? 0 : fail_library(call);
	kept_complete_stop(call, k, &sig, &grace_ms);
	r = minc_stop(call->c, ct, sig, grace_ms, NULL) < 0 ? fail_library(call) : 0;
	minc_container_free(ct);
	return r;
}

/* Stop it. That comes last, so that only what can start again is stopped. */
static int make_way(struct call *call, struct kept *k, int grace_ms)
{
	int r = stop_first(call, k, grace_ms);

	if (r == 0)
		r = clear_state(call, k->id);
	return r < 0 ? fail_say("%.64s: it was started meanwhile", k->name) : r;
}

/* Paths of options are relative to where they were typed. */
static int go_home(const struct kept *k)
{
	return chdir(k->recipe.directory) == 0
		       ? 0
		       : fail_say("%.64s: its directory %.200s: %s", k->name,
				  k->recipe.directory, strerror(errno));
}

/* The image, if a policy takes it. */
static int take_image(struct call *call, const struct run_values *o, const struct kept *k,
		      minc_image **ret)
{
	minc_kept *kept = NULL;
	int r;

	if (!transfer_policy(call, o->insecure_policy))
		return EXIT_OURS;
	r = minc_store_container(call->store, k->id, &kept);
	if (r == 0)
		r = minc_kept_find_image(call->store, kept, ret);
	minc_kept_free(kept);
	return r < 0 ? fail_library(call) : 0;
}

/* @call is that of run, with a context of its own; its options are read. */
static int start_again(struct call *call, struct run_values *o,
		       const struct start_values *how, struct kept *k)
{
	struct launch l = { .call = call,
			    .o = o,
			    .kept = k,
			    .environment = &k->recipe.environment,
			    .arguments = (const char *const *)call->operands + 1,
			    .attached = how->attach || how->input,
			    .input = how->input };
	int status;

	o->cidfile = o->pidfile = NULL; /* were for the first time */
	o->keys = how->keys ? how->keys : o->keys;
	o->sig_proxy = how->sig_proxy;
	if (o->terminal && how->input && !isatty(STDIN_FILENO))
		return fail_usage(call, "-i: standard input is not a terminal");
	status = go_home(k);
	if (status == 0)
		status = take_image(call, o, k, &l.image);
	if (status)
		return status;
	status = launch_prepare(&l);
	if (status == 0 && how->restart)
		status = make_way(call, k, how->grace_ms);
	if (status == 0)
		status = launch(&l);
	launch_done(&l);
	minc_image_free(l.image);
	if (o->remove && has_ended(call, k->id))
		discard(call, k->id);
	return status;
}

/* As start_again(), but without its command: only its files. */
static int start_idle(struct call *call, struct run_values *o, struct kept *k,
		      minc_container **ret)
{
	struct launch l = {
		.call = call, .o = o, .kept = k, .environment = &k->recipe.environment
	};
	int status = take_image(call, o, k, &l.image), r = 0, i;

	if (status == 0)
		status = launch_describe(&l);
	if (status == 0 && !kept_has_storage(k))
		r = kept_mark_created(k, true);
	if (r < 0)
		status = fail_say("%.64s: %.200s: %s", k->name, k->dir, strerror(-r));
	r = -EBUSY;
	for (i = 0; status == 0 && r == -EBUSY && i < IDLE_TRIES; i++) {
		/* another copy, or its keeper on the way out */
		kept_await_end(call, k->id);
		r = minc_start_idle(call->c, ret);
	}
	minc_image_free(l.image);
	return status || r == 0 ? status : fail_library(call);
}

/* A call of run with the words of the recipe; end_recipe() in any case. */
static int begin_recipe(struct call *outer, struct kept *k, struct call *call,
			struct run_values *o)
{
	char **argv = command_line(&k->recipe);
	bool good;

	*o = run_defaults;
	*call = (struct call){
		.verb = &run_verbs[0], .values = o, .c = minc_ctx_new(), .words = argv
	};
	if (!call->c || !argv)
		return fail_say("out of memory");
	good = call_read(call, argv, o);
	minc_set_log(call->c, warn_line, NULL);
	call->store_dir = minc_store_path(outer->store);
	return good && call_store(call) ? 0 : EXIT_OURS;
}

static void end_recipe(struct call *call, struct run_values *o)
{
	run_values_done(o);
	options_done(&call->reading);
	minc_store_free(call->store);
	minc_ctx_free(call->c);
	free(call->words); /* only moved to it */
}

static int start_kept(struct call *outer, const struct start_values *how, struct kept *k)
{
	struct run_values o;
	struct call call;
	int status = begin_recipe(outer, k, &call, &o);

	if (status == 0)
		status = start_again(&call, &o, how, k);
	end_recipe(&call, &o);
	return status;
}

int run_idle(struct call *outer, struct kept *k, minc_ctx **ret_c,
	     minc_container **ret_ct)
{
	int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct run_values o;
	struct call call;
	int status = begin_recipe(outer, k, &call, &o);

	if (status == 0)
		status = go_home(k);
	if (status == 0)
		status = start_idle(&call, &o, k, ret_ct);
	if (here >= 0 && fchdir(here) < 0 && status == 0)
		status = fail_say("the way back from %.200s: %s", k->recipe.directory,
				  strerror(errno));
	if (here >= 0)
		(void)close(here); /* only a place */
	if (status == 0) {
		*ret_c = call.c;
		call.c = NULL;
	}
	end_recipe(&call, &o);
	return status;
}

/* An existing container of the store that can be started; NULL after a complaint. */
static struct kept *find_startable(struct call *call, const char *name)
{
	struct kept *k = call_store(call) ? kept_find(call, name) : NULL;
	minc_container *ct;

	if (k && k->readable && *k->recipe.image && !k->recipe.by_minc)
		return k;
	if (k)
		(void)fail_say("%.64s: it was not made by marten run or create", name);
	else if (call->store && minc_open(call->c, name, &ct) == 0) {
		(void)fail_say(
			"%.64s: it is not in the store: minc starts such containers",
			name);
		minc_container_free(ct);
	} else if (call->store) {
		(void)fail_say("%.64s: no such container", name);
	}
	return kept_free(k);
}

static int run_start(struct call *call)
{
	const struct start_values *o = call->values;
	bool stay = o->attach || o->input;
	int status = 0, i;

	if (stay && call->count > 1)
		return fail_usage(call, "-a, -i: only with one container");
	for (i = 0; i < call->count; i++) {
		struct kept *k = find_startable(call, call->operands[i]);
		int r = k ? clear_state(call, k->id) : EXIT_OURS;

		if (r == -EEXIST)
			r = stay ? fail_say("%.64s: it is running; see attach",
					    call->operands[i])
				 : 0;
		else if (r == 0)
			r = start_kept(call, o, k);
		if (r == 0 && !stay)
			r = say_id("running", call->operands[i]);
		if (r != 0)
			status = r;
		kept_free(k);
	}
	return status;
}

static int run_restart(struct call *call)
{
	struct start_values how = *(const struct start_values *)call->values;
	int status = 0, i;

	how.restart = true;
	for (i = 0; i < call->count; i++) {
		struct kept *k = find_startable(call, call->operands[i]);
		int r = k ? start_kept(call, &how, k) : EXIT_OURS;

		if (r == 0)
			(void)say_id("running", call->operands[i]);
		else
			status = r;
		kept_free(k);
	}
	return status;
}

static const struct start_values start_defaults = { .grace_ms = GRACE_UNSAID,
						    .sig_proxy = true };

// clang-format off
static const struct option start_options[] = {
	{ "-a --attach", NULL, "Show its output, until it ends",
	  .offset = offsetof(struct start_values, attach) },
	{ "-i --interactive", NULL, "And let it read our standard input",
	  .offset = offsetof(struct start_values, input) },
	{ "--detach-keys", "KEYS", "Instead of ctrl-p,ctrl-q; '' for none",
	  .offset = offsetof(struct start_values, keys) },
	{ "--sig-proxy", NULL, "Hand signals on to the command, as is the default",
	  .offset = offsetof(struct start_values, sig_proxy) },
	{ .names = NULL }
};
static const struct option restart_options[] = {
	{ "-t --time", "SECONDS", "Until it is killed; default 10, -1: never",
	  .offset = offsetof(struct start_values, grace_ms), .read = read_grace },
	{ .names = NULL }
};
const struct verb run_verbs[] = {
	{ .names = "run", .operands = "IMAGE [COMMAND [ARG...]]", .least = 1, .most = -1,
	  .command = true, .help = "Run a command in a new container of an image",
	  .options = run_options, .refusals = run_refusals, .defaults = &run_defaults,
	  .size = sizeof(run_defaults), .run = run_run,
	  .done = run_values_done },
	{ .names = "create", .operands = "IMAGE [COMMAND [ARG...]]", .least = 1, .most = -1,
	  .command = true, .help = "Make a container without starting it",
	  .options = create_options, .refusals = run_refusals, .defaults = &run_defaults,
	  .size = sizeof(run_defaults), .run = run_create,
	  .done = run_values_done },
	{ .names = "start", .operands = "CONTAINER...", .least = 1, .most = -1,
	  .help = "Start containers that do not run", .options = start_options,
	  .defaults = &start_defaults, .size = sizeof(start_defaults), .run = run_start },
	{ .names = "restart", .operands = "CONTAINER...", .least = 1, .most = -1,
	  .help = "Stop containers and start them again", .options = restart_options,
	  .defaults = &start_defaults, .size = sizeof(start_defaults), .run = run_restart },
	{ .names = NULL }
};
// clang-format on
