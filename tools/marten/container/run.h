/* SPDX-License-Identifier: MIT */
/* run - the options of run, create and start, and what they do. */
#ifndef RUN_H
#define RUN_H

#include "kept.h"
#include "marten/call.h"
#include "marten/values.h"
#include "mount.h"

struct run_values {
	bool input, terminal, detach, remove, read_only, quiet, insecure_policy,
		sig_proxy;
	const char *name, *hostname, *entrypoint, *platform, *pull, *cidfile, *pidfile,
		*keys;
	struct words env, env_files, volumes, mounts, tmpfs, labels;
	int stop_signal, stop_grace_ms;
};

extern const struct option run_options[], create_options[];
extern const struct refusal run_refusals[];
extern const struct run_values run_defaults;

/* Of struct run_values, for struct verb. */
void run_values_done(void *values);

/*
 * environ.c: --env and --env-file as "NAME=VALUE", later ones instead of earlier; of a
 * name alone our own value. @list's words are to be freed, too. 0, or an exit status
 * after a complaint.
 */
int environ_collect(struct call *call, const struct run_values *o, struct words *list);
void environ_done(struct words *list);

/* How a container is started. */
struct launch {
	struct call *call; /* its options: @o, and call->reading */
	const struct run_values *o;
	const struct kept *kept;
	minc_image *image;
	const struct words *environment;
	const char *const *arguments; /* after the image; NULL-terminated */
	bool attached, input;
	const char **argv; /* set by launch_prepare() */
	bool started;      /* set by launch() */
};

/*
 * launch.c: all that can be checked before the start: the image's policy, the options. An
 * exit status; launch_done() in any case.
 */
int launch_prepare(struct launch *l);
void launch_done(struct launch *l);

/* launch.c: what is said of its files and all else becomes calls; an exit status. */
int launch_describe(struct launch *l);

/*
 * launch.c: start what is prepared; with @attached until it ends or is left. An exit
 * status.
 */
int launch(struct launch *l);

/*
 * verbs/run.c: the files of @k, which does not run, as a start of it would show them:
 * minc_start_idle(). An exit status; then the container, and the context it needs until
 * it is freed.
 */
int run_idle(struct call *outer, struct kept *k, minc_ctx **ret_c,
	     minc_container **ret_ct);

/*
 * verbs/run.c: the volumes with names that a start of @k shows. 0, what @fn returned, or
 * -1: its options cannot be read, as those of a container that others made, or no memory.
 */
int recipe_each_volume(const struct kept *k, volume_fn *fn, void *userdata);

#endif
