/* SPDX-License-Identifier: MIT */
/* container - start, explain, wait; see minc/container.h. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "api/api.h"
#include "base/fd.h"
#include "base/module.h"
#include "cgroup/cgroup.h"
#include "live/background.h"
#include "live/state.h"
#include "oci/config.h"
#include "plan/explain.h"
#include "tty/foreground.h"
#include "tty/outputs.h"

int api_begin(minc_ctx *c)
{
	int r;

	if (c->spec.sticky < 0)
		return c->spec.sticky;
	err_clear(&c->err);
	r = c->probed ? 0 : host_probe(&c->host);
	c->probed = r == 0;
	if (r == 0 &&
	    (spec_may_have_group(&c->spec) || cgroup_rdonly_device(c->spec.mounts)))
		r = host_probe_cgroups(&c->host);
	if (r == 0 && c->spec.image.layers_len)
		host_probe_image(&c->host);
	return r < 0 ? err_set(&c->err, r, "host") : 0;
}

int api_begin_process(minc_ctx *c)
{
	const struct spec_fd *closed;

	if (c->spec.sticky < 0)
		return c->spec.sticky;
	/* before one of ours gets its number */
	closed = spec_closed_fd(&c->spec);
	if (!closed)
		return api_begin(c);
	err_clear(&c->err);
	return err_say(&c->err, -EBADF, "descriptor %d, %d inside, has been closed",
		       closed->fd, closed->target);
}

/* Plan again only if something changed since: the next start of a context is faster. */
static int plan_for(minc_ctx *c, const char *const *argv)
{
	int r;

	if (c->planned && !c->changed && build_fits(&c->plan, argv))
		return 0;
	plan_done(&c->plan);
	c->planned = false;
	host_name_cgroup(&c->host);
	r = build_plan(&c->plan, &c->spec, &c->host, argv, c->storage, &c->err);
	c->planned = r == 0;
	c->changed = false;
	return r;
}

static int write_oci(minc_ctx *c, const char *const *argv, FILE *out)
{
	void *write;
	int r = module_symbol("oci", "oci_config_write", &c->err, &write);

	return r < 0 ? r : ((oci_config_write_fn *)write)(&c->spec, &c->host, argv, out);
}

static int start_here(minc_ctx *c, minc_container *ct, struct spawn_parent *parent,
		      const struct storage *storage)
{
	const struct spawn_options options = { .log = c->log,
					       .log_data = c->log_data,
					       .parent = parent,
					       .lock = storage->lock };

	return spawn_plan(&c->plan, &options, ct, &c->err);
}

static int write_config(minc_ctx *c, const char *const *argv, const struct state *s)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int r = out ? write_oci(c, argv, out) : -ENOMEM;

	if (out && fclose(out) != 0 && r == 0)
		r = -ENOMEM;
	if (r == 0)
		r = state_write(s, "config.json", text, len);
	free(text);
	return r < 0 ? err_set(&c->err, r, "config.json of the container") : 0;
}

/* Descriptors 0, 1 and 2 belong to the monitor then. */
static int check_background(minc_ctx *c)
{
	for (const struct spec_fd *i = c->spec.fds; i; i = i->next)
		if (i->fd <= 2 || i->target <= 2)
			return err_say(
				&c->err, -EINVAL,
				"descriptors 0, 1 and 2 are the log's in the background");
	return 0;
}

static int start_background(minc_ctx *c, const char *const *argv, minc_container *ct,
			    const struct storage *storage)
{
	struct background b;
	struct state *s;
	int r = check_background(c);

	if (r < 0)
		return r;
	r = state_create(c, &s);
	if (r < 0)
		return r;
	r = write_config(c, argv, s);
	if (r == 0) {
		r = background_prepare(&b, s, &c->spec, &c->plan, storage->lock);
		if (r < 0)
			err_set(&c->err, r, "monitor of the container");
		if (r == 0)
			r = start_here(c, ct, &b.args.parent, storage);
		if (r == 0)
			r = state_commit(s, c, ct, &c->plan, storage->made_dir);
		if (r == 0) {
			r = background_go(&b, ct->terminal,
					  spec_flag(&c->spec, MINC_ATTACHED));
			if (r == 0 && spec_flag(&c->spec, MINC_ATTACHED))
				ct->attached = take_fd(&b.control);
			if (r < 0)
				err_set(&c->err, r, "monitor of the container");
		}
		background_done(&b, r < 0);
		fd_closep(&ct->terminal);  /* the monitor's, */
		held_hand_over(&ct->held); /* with the leases */
	}
	fd_closep(&s->lock); /* the monitor has it */
	if (r < 0) {
		held_release(&ct->held);
		fd_closep(&ct->pidfd);
		state_remove(s);
		state_free(s);
		return r;
	}
	background_adopt(ct, s);
	return 0;
}

static int start_either(minc_ctx *c, const char *const *argv, minc_container *ct,
			const struct storage *storage)
{
	return spec_flag(&c->spec, MINC_BACKGROUND) && !c->spec.idle
		       ? start_background(c, argv, ct, storage)
		       : start_here(c, ct, NULL, storage);
}

static int start(minc_ctx *c, const char *const *argv, minc_container **ret)
{
	minc_container *ct;
	struct storage st;
	int r;

	ct = calloc(1, sizeof(*ct));
	if (!ct)
		return err_set(&c->err, -ENOMEM, "start");
	*ct = CONTAINER_NONE;
	r = storage_prepare(c, &st);
	if (r == 0)
		r = plan_for(c, argv);
	if (r == 0 && c->plan.unpack)
		r = api_unpack_image(c, st.lock);
	if (r == 0 && c->plan.volumes)
		r = api_fill_volumes(c);
	if (r == 0)
		r = storage_record(c, &st, &c->plan);
	if (r == 0)
		r = start_either(c, argv, ct, &st);
	if (r < 0) {
		if (!c->err.exec || st.made_dir)
			storage_abandon(c, &st);
		fd_closep(&st.lock);
		free(ct);
		return r;
	}
	ct->storage_lock = st.lock;
	if (ct->state) /* the monitor has it */
		fd_closep(&ct->storage_lock);
	*ret = ct;
	return 0;
}

MINC_EXPORT int minc_start(minc_ctx *c, const char *const *argv, minc_container **ret)
{
	int r;

	if (!c || !ret)
		return -EINVAL;
	r = api_begin_process(c);
	return r < 0 ? r : start(c, argv, ret);
}

MINC_EXPORT int minc_start_idle(minc_ctx *c, minc_container **ret)
{
	const char *name;
	int r;

	if (!c || !ret)
		return -EINVAL;
	r = api_begin_process(c);
	if (r < 0)
		return r;
	c->changed = c->spec.idle = true;
	r = start(c, NULL, ret);
	c->spec.idle = false;
	c->changed = true; /* the plan is of no use to a command */
	if (r < 0)
		return r;
	name = c->spec.name ? c->spec.name : c->spec.hostname;
	(*ret)->idle = true;
	(void)snprintf((*ret)->label, sizeof((*ret)->label), "%s", name ? name : "");
	return 0;
}

/* A shell cannot run in a namespace without files: the plan is made the other way. */
static int write_plan(minc_ctx *c, const char *const *argv, enum minc_format format,
		      FILE *out)
{
	const char *storage = c->spec.storage;
	struct plan plan;
	struct host host = c->host;
	int r;

	host.template_fd = -EBADF;
	if (host.cgroups)
		snprintf(host.cgroups->name, sizeof(host.cgroups->name),
			 "minc-explained");
	/* A new directory gets its name at the start: here any will do. */
	storage = c->spec.keep && !storage ? "/tmp/minc-explained" : storage;
	r = build_plan(&plan, &c->spec, &host, argv, storage, &c->err);
	if (r < 0)
		return r;
	if (format == MINC_FORMAT_SHELL)
		r = explain_shell(&plan, mechanisms, out);
	else
		explain_json(&plan, out);
	plan_done(&plan);
	return r < 0 ? err_set(&c->err, r, "explain") : 0;
}

MINC_EXPORT int minc_explain(minc_ctx *c, const char *const *argv,
			     enum minc_format format, char **ret)
{
	char *text = NULL;
	size_t len;
	FILE *out;
	int r;

	if (!c || !ret)
		return -EINVAL;
	r = api_begin(c);
	if (r < 0)
		return r;
	if (format < MINC_FORMAT_SHELL || format > MINC_FORMAT_OCI)
		return err_say(&c->err, -EINVAL, "minc_explain: unknown format");
	out = open_memstream(&text, &len);
	if (!out)
		return err_set(&c->err, -ENOMEM, "explain");
	r = format == MINC_FORMAT_OCI ? write_oci(c, argv, out)
				      : write_plan(c, argv, format, out);
	if (fclose(out) != 0 && r == 0)
		r = err_set(&c->err, -ENOMEM, "explain");
	if (r < 0)
		free(text);
	else
		*ret = text;
	return r;
}

/* One in the background is not our child. */
static int wait_for(minc_container *ct, int timeout_ms, int *ret_status)
{
	int status;

	if (ct->state)
		return background_wait(ct, timeout_ms, ret_status ? ret_status : &status);
	return container_wait(ct, timeout_ms, ret_status);
}

MINC_EXPORT int minc_wait(minc_container *ct, int timeout_ms, int *ret_status)
{
	return ct ? wait_for(ct, timeout_ms, ret_status) : -EINVAL;
}

MINC_EXPORT int minc_kill(minc_container *ct, int sig)
{
	return ct ? container_kill(ct, sig) : -EINVAL;
}

static int kill_fn(void *userdata, int sig)
{
	return container_kill(userdata, sig);
}

static int default_action_fn(void *userdata, int sig)
{
	return container_default_action(userdata, sig);
}

static int wait_fn(void *userdata, int *ret_status)
{
	return wait_for(userdata, -1, ret_status);
}

MINC_EXPORT int minc_foreground(minc_container *ct, int *ret_status)
{
	struct foreground f;

	if (!ct)
		return -EINVAL;
	if (ct->state || (ct->ended && !outputs_are_held(&ct->held)))
		return wait_for(ct, ct->ended ? 0 : -1, ret_status);
	f = (struct foreground){ .held = &ct->held,
				 .pidfd = ct->pidfd,
				 .terminal = ct->terminal,
				 .pid = ct->pid,
				 .kill = kill_fn,
				 .default_action = default_action_fn,
				 .wait = wait_fn,
				 .userdata = ct };
	return foreground_wait(&f, ret_status);
}

MINC_EXPORT int minc_run(minc_ctx *c, const char *const *argv, int *ret_status)
{
	minc_container *ct = NULL;
	int r = minc_start(c, argv, &ct);

	if (r < 0)
		return r;
	r = minc_foreground(ct, ret_status);
	minc_container_free(ct);
	return r < 0 ? err_set(&c->err, r, "wait for the container") : 0;
}

MINC_EXPORT int minc_container_pid(const minc_container *ct)
{
	return ct ? ct->pid : -EINVAL;
}

MINC_EXPORT int minc_container_pidfd(const minc_container *ct)
{
	return ct ? ct->pidfd : -EINVAL;
}

MINC_EXPORT int minc_container_terminal(const minc_container *ct)
{
	if (!ct)
		return -EINVAL;
	return ct->terminal < 0 ? -ENOTTY : ct->terminal;
}

MINC_EXPORT minc_container *minc_container_free(minc_container *ct)
{
	siginfo_t info;

	if (!ct)
		return NULL;
	if (ct->idle && !ct->ended && sys_pidfd_send_signal(ct->pidfd, SIGKILL) == 0)
		(void)wait_for(ct, -1, NULL); /* it is gone, whatever that says */
	if (ct->traced)                       /* no more by now, perhaps */
		(void)waitid((idtype_t)P_PIDFD, (id_t)ct->pidfd, &info,
			     WEXITED | WNOHANG);
	fd_closep(&ct->pidfd);
	fd_closep(&ct->keeper);
	fd_closep(&ct->watcher);
	fd_closep(&ct->terminal);
	fd_closep(&ct->attached);
	fd_closep(&ct->storage_lock);
	held_release(&ct->held);
	state_free(ct->state);
	free(ct);
	return NULL;
}
