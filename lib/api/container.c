/* SPDX-License-Identifier: MIT */
/* container - start, explain, wait; see minc/container.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "base/fd.h"
#include "base/module.h"
#include "oci/config.h"
#include "plan/explain.h"
#include "tty/foreground.h"

int api_begin(minc_ctx *c)
{
	int r;

	if (c->spec.sticky < 0)
		return c->spec.sticky;
	err_clear(&c->err);
	if (c->probed)
		return 0;
	r = host_probe(&c->host);
	c->probed = r == 0;
	return r < 0 ? err_set(&c->err, r, "host") : 0;
}

/* Plan again only if something changed since: the next start of a context is faster. */
static int plan_for(minc_ctx *c, const char *const *argv)
{
	int r;

	if (c->planned && !c->changed && build_fits(&c->plan, argv))
		return 0;
	plan_done(&c->plan);
	c->planned = false;
	r = build_plan(&c->plan, &c->spec, &c->host, argv, c->storage, &c->err);
	c->planned = r == 0;
	c->changed = false;
	return r;
}

MINC_EXPORT int minc_start(minc_ctx *c, const char *const *argv, minc_container **ret)
{
	minc_container *ct;
	struct storage st;
	int r;

	if (!c || !ret)
		return -EINVAL;
	r = api_begin(c);
	if (r < 0)
		return r;
	ct = malloc(sizeof(*ct));
	if (!ct)
		return err_set(&c->err, -ENOMEM, "start");
	r = storage_prepare(c, &st);
	if (r == 0)
		r = plan_for(c, argv);
	if (r == 0)
		r = storage_record(c, &st, &c->plan);
	if (r == 0)
		r = spawn_plan(&c->plan, ct, &c->err, c->log, c->log_data, NULL);
	if (r < 0) {
		if (c->err.exec == false || st.made_dir)
			storage_abandon(c, &st);
		fd_closep(&st.lock);
		free(ct);
		return r;
	}
	ct->storage_lock = st.lock;
	*ret = ct;
	return 0;
}

static int write_oci(minc_ctx *c, const char *const *argv, FILE *out)
{
	void *write;
	int r = module_symbol("oci", "oci_config_write", &c->err, &write);

	return r < 0 ? r : ((oci_config_write_fn *)write)(&c->spec, &c->host, argv, out);
}

/* A shell cannot run in a namespace without files: the plan is made the other way. */
static int write_plan(minc_ctx *c, const char *const *argv, enum minc_format format, FILE *out)
{
	const char *storage = c->spec.storage;
	struct plan plan;
	struct host host = c->host;
	int r;

	host.template_fd = -EBADF;
	/* A new directory gets its name at the start: here any will do. */
	storage = c->spec.keep && !storage ? "/tmp/minc-explained" : storage;
	r = build_plan(&plan, &c->spec, &host, argv, storage, &c->err);
	if (r < 0)
		return r;
	if (format == MINC_FORMAT_SHELL)
		r = explain_shell(&plan, step_ops, out);
	else
		explain_json(&plan, step_ops, out);
	plan_done(&plan);
	return r < 0 ? err_set(&c->err, r, "explain") : 0;
}

MINC_EXPORT int minc_explain(minc_ctx *c, const char *const *argv, enum minc_format format,
			     char **ret)
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
	r = format == MINC_FORMAT_OCI ? write_oci(c, argv, out) :
					write_plan(c, argv, format, out);
	if (fclose(out) != 0 && r == 0)
		r = err_set(&c->err, -ENOMEM, "explain");
	if (r < 0)
		free(text);
	else
		*ret = text;
	return r;
}

MINC_EXPORT int minc_wait(minc_container *ct, int timeout_ms, int *ret_status)
{
	return ct ? container_wait(ct, timeout_ms, ret_status) : -EINVAL;
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
	return container_wait(userdata, -1, ret_status);
}

MINC_EXPORT int minc_foreground(minc_container *ct, int *ret_status)
{
	struct foreground f;

	if (!ct)
		return -EINVAL;
	if (ct->ended)
		return container_wait(ct, 0, ret_status);
	f = (struct foreground){ .pidfd = ct->pidfd,
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
	minc_container *ct;
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
	if (!ct)
		return NULL;
	fd_closep(&ct->pidfd);
	fd_closep(&ct->terminal);
	fd_closep(&ct->storage_lock);
	free(ct);
	return NULL;
}
