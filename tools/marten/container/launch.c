/* SPDX-License-Identifier: MIT */
/*
 * launch - a container of the store begins: what it is made of becomes library calls, and
 * it starts with a monitor beside it, so that it can be left, and found again. In the
 * foreground we are attached to it from its first byte on (MINC_ATTACHED).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/files.h"
#include "common/limit.h"
#include "common/signals.h"
#include "mount.h"
#include "run.h"

enum { SHORT_ID = 12 };

/* Complains. An exit status. */
static int wrong_value(struct call *call, const char *option, const char *value,
		       const char *wrong)
{
	if (wrong == limit_refused)
		return fail_library(call);
	return fail_usage(call, "%s %.200s: %s", option, value, wrong);
}

/*
 * What the image wants to be kept outside of its layers is, in the container's own
 * storage. Only where that cannot be written it needs a place of its own.
 */
static int add_image_volumes(struct launch *l, struct places *p)
{
	const char *const *v = minc_image_volumes(l->image);
	const char *wrong = NULL;

	for (; l->o->read_only && *v && !wrong; v++)
		if (!mount_covers(&l->o->volumes, &l->o->mounts, &l->o->tmpfs, *v))
			wrong = mount_anonymous(l->call->c, p, *v);
	return wrong ? wrong_value(l->call, "volume of the image", v[-1], wrong) : 0;
}

static int add_each(struct launch *l, struct places *p, const char *option,
		    const struct words *values, mount_fn *fn)
{
	int status = 0;
	size_t i;

	for (i = 0; i < values->len && status == 0; i++) {
		const char *wrong;

		(void)set_origin(l->call->c, option, values->v[i]);
		wrong = fn(l->call->c, p, values->v[i]);
		status = wrong ? wrong_value(l->call, option, values->v[i], wrong) : 0;
	}
	return status;
}

static int add_mounts(struct launch *l)
{
	const struct run_values *o = l->o;
	char store[PATH_MAX], own[PATH_MAX];
	struct places p = { .store = store, .container = own };
	int status = 0;

	(void)snprintf(store, sizeof(store), "%s/volumes",
		       minc_store_path(l->call->store));
	(void)snprintf(own, sizeof(own), "%s/volumes", l->kept->dir);
	if (l->image)
		status = add_image_volumes(l, &p);
	if (status == 0)
		status = add_each(l, &p, "--volume", &o->volumes, mount_volume);
	if (status == 0)
		status = add_each(l, &p, "--mount", &o->mounts, mount_mount);
	if (status == 0)
		status = add_each(l, &p, "--tmpfs", &o->tmpfs, mount_memory);
	return status;
}

static int add_environment(struct launch *l, const char *hostname)
{
	minc_ctx *c = l->call->c;
	int r = minc_add_env(c, "container", "minc"); /* as systemd and others do */
	size_t i;

	if (r == 0)
		r = minc_add_env(c, "HOSTNAME", hostname);
	if (r == 0 && l->o->terminal)
		r = minc_add_env(c, "TERM", getenv("TERM") ? NULL : "xterm");
	for (i = 0; i < l->environment->len && r == 0; i++) {
		const char *word = l->environment->v[i], *equals = strchr(word, '=');
		char *name = equals ? strndup(word, (size_t)(equals - word)) : NULL;

		r = name ? set_origin(c, "--env", word) : -ENOMEM;
		if (r == 0)
			r = minc_add_env(c, name, equals + 1);
		free(name);
	}
	return r;
}

/* Its id and name, the same in the store and among those that run. */
static int identify(struct launch *l, char hostname[65])
{
	minc_ctx *c = l->call->c;
	const struct kept *k = l->kept;
	int r = minc_set_id(c, k->id);

	(void)snprintf(hostname, 65, "%.*s", SHORT_ID, k->id);
	if (l->o->hostname)
		(void)snprintf(hostname, 65, "%s", l->o->hostname);
	if (r == 0 && *k->name && set_origin(c, "--name", k->name) == 0)
		r = minc_set_name(c, k->name);
	if (r == 0 && l->o->hostname && set_origin(c, "--hostname", l->o->hostname) == 0)
		return minc_set_hostname(
			c, l->o->hostname); /* which may be too long for us */
	return r == 0 ? minc_set_hostname(c, hostname) : r;
}

int launch_describe(struct launch *l)
{
	minc_ctx *c = l->call->c;
	char hostname[65];
	int r = minc_set_flag(c, MINC_BACKGROUND, 1), status;

	if (r == 0)
		r = identify(l, hostname);
	if (r == 0)
		r = minc_set_origin(c, l->kept->name);
	if (r == 0)
		r = minc_set_storage(c, l->kept->dir);
	if (r == 0)
		r = minc_set_origin(c, NULL);
	if (r == 0 && l->o->read_only && minc_set_origin(c, "--read-only") == 0)
		r = minc_set_root(c, "/", MINC_ROOT_RDONLY);
	if (r == 0)
		r = minc_set_origin(c, NULL);
	if (r == 0)
		r = minc_set_image(c, l->image);
	if (r == 0 && l->attached)
		r = minc_set_flag(c, MINC_ATTACHED, 1);
	if (r == 0 && !l->o->sig_proxy)
		r = minc_set_flag(c, MINC_KEEP_SIGNALS, 1);
	if (r == 0 && l->o->terminal && minc_set_origin(c, "--tty") == 0)
		r = minc_set_flag(c, MINC_TERMINAL, 1);
	if (r == 0 && l->o->remove && minc_set_origin(c, "--rm") == 0)
		r = minc_set_flag(c, MINC_AUTO_REMOVE, 1);
	if (r == 0)
		r = add_environment(l, hostname);
	if (r < 0)
		return fail_library(l->call);
	status = add_mounts(l);
	return status ? status : call_apply(l->call);
}

/* The image's entry point and what was typed, or its command; NULL without memory. */
static const char **compose(const struct launch *l)
{
	const char *const *entry = minc_image_entrypoint(l->image);
	const char *const *rest = minc_image_command(l->image);
	const char *const replaced[] = { l->o->entrypoint, NULL }, *const none[] = {
		NULL
	};
	const char **argv;
	size_t n = 1, i;

	if (l->o->entrypoint) {
		entry = *l->o->entrypoint ? replaced : none;
		rest = none; /* it was for the other one */
	}
	if (*l->arguments)
		rest = l->arguments;
	for (i = 0; entry[i]; i++)
		n++;
	for (i = 0; rest[i]; i++)
		n++;
	argv = calloc(n, sizeof(*argv));
	if (!argv)
		return NULL;
	for (n = 0; entry[n]; n++)
		argv[n] = entry[n];
	for (i = 0; rest[i]; i++)
		argv[n++] = rest[i];
	return argv;
}

static int write_files(const struct launch *l, const minc_container *ct)
{
	char text[16];
	const struct text_file files[] = { { "--cidfile", l->o->cidfile, l->kept->id },
					   { "--pidfile", l->o->pidfile, text } };
	const struct text_file *failed;
	int r;

	(void)snprintf(text, sizeof(text), "%d\n", minc_container_pid(ct));
	r = files_write_new(files, 2, &failed);
	return r < 0 ? fail_say("%s %.200s: %s", failed->option, failed->path,
				strerror(-r))
		     : 0;
}

/* Until it ends, or its keys are typed. */
static int accompany(struct launch *l, minc_container *ct)
{
	int status = 0, r = minc_attach(l->call->c, ct, l->o->keys, &status);

	if (r == -EINVAL) { /* the keys: nothing has been shown yet */
		status = fail_library(l->call);
		(void)minc_delete(l->call->c, ct, MINC_DELETE_FORCE);
		l->started = false;
		return status;
	}
	if (r == -EPIPE)
		return end_unread();
	if (r < 0)
		return fail_library(l->call);
	if (r == 1)
		(void)fprintf(stderr, "\r\nmarten: detached from %.12s\n", l->kept->id);
	return status;
}

/* Without input it reads nothing; a terminal of ours would be taken for the way in. */
static int close_input(const struct launch *l)
{
	int fd = l->attached && l->input ? STDIN_FILENO
					 : open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd == STDIN_FILENO)
		return 0;
	if (fd < 0 || dup2(fd, STDIN_FILENO) < 0)
		return fail_say("/dev/null: %s", strerror(errno));
	(void)close(fd); /* nothing was written */
	return 0;
}

int launch(struct launch *l)
{
	minc_container *ct;
	int status = close_input(l);

	if (status)
		return status;
	if (l->attached && (l->o->sig_proxy || l->o->terminal))
		signals_block();
	if (minc_start(l->call->c, l->argv, &ct) < 0)
		return fail_library(l->call);
	(void)kept_mark_created(l->kept, false); /* else it is shown as created */
	status = write_files(l, ct);
	l->started = status == 0;
	if (status != 0) {
		(void)minc_delete(l->call->c, ct, MINC_DELETE_FORCE); /* it was said */
		minc_container_free(ct);
		return status;
	}
	status = l->attached ? accompany(l, ct) : 0;
	minc_container_free(ct);
	return status;
}

int launch_prepare(struct launch *l)
{
	int status = launch_describe(l);

	if (status)
		return status;
	l->argv = compose(l);
	if (!l->argv)
		return fail_say("out of memory");
	if (*l->argv)
		return 0;
	return fail_usage(l->call, "%.200s: the image has no command: one is needed",
			  l->kept->recipe.image);
}

void launch_done(struct launch *l)
{
	free(l->argv);
	l->argv = NULL;
}
