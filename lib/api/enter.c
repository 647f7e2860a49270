/* SPDX-License-Identifier: MIT */
/* enter - processes of a container that runs; see minc/background.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/api.h"
#include "base/fd.h"
#include "live/background.h"
#include "live/state.h"

static int check(minc_ctx *c, minc_container *ct, const char *const *argv)
{
	struct cgroup_set groups;
	int r = enter_check(c, ct, argv);

	if (r < 0)
		return r;
	if (!ct->state)
		return err_say(
			&c->err, -EOPNOTSUPP,
			"exec: only a container in the background has a description "
			"for others to enter");
	if (pause_is_stopped(ct) > 0) /* who enters a frozen group freezes, too */
		return err_say(&c->err, -EBUSY, "exec: the container is paused");
	r = background_groups(ct, &groups);
	return r < 0 ? err_set(&c->err, r, "exec: control groups of the container") : 0;
}

MINC_EXPORT int minc_exec(minc_ctx *c, minc_container *ct, const char *const *argv,
			  minc_container **ret)
{
	minc_container *process;
	struct spec described;
	int r;

	if (!c || !ct || !ret)
		return -EINVAL;
	r = api_begin_process(c);
	if (r == 0)
		r = check(c, ct, argv);
	if (r < 0)
		return r;
	process = calloc(1, sizeof(*process));
	if (!process)
		return err_set(&c->err, -ENOMEM, "exec");
	r = api_load_description(ct, &described, &c->err);
	if (r == 0)
		r = enter_exec(c, ct, &described, argv, process, NULL);
	spec_done(&described);
	if (r < 0)
		free(process);
	else
		*ret = process;
	return r;
}

MINC_EXPORT int minc_top(minc_ctx *c, minc_container *ct, minc_process_fn fn,
			 void *userdata)
{
	cleanup_free struct process *list = NULL;
	size_t len;
	int r;

	if (!c || !ct || !fn)
		return -EINVAL;
	r = api_begin(c);
	if (r < 0)
		return r;
	r = top_list(ct, &list, &len);
	if (r < 0)
		return err_set(&c->err, r, "processes of the container");
	for (size_t i = 0; r == 0 && i < len; i++)
		r = fn(list[i].pid, list[i].pid_inside, userdata);
	return r;
}

MINC_EXPORT int minc_pause(minc_ctx *c, minc_container *ct)
{
	int r, pid;

	if (!c || !ct)
		return -EINVAL;
	r = api_begin(c);
	if (r == 0)
		r = pause_stop(ct);
	pid = r == -ETIMEDOUT ? pause_find_stuck(ct) : 0;
	if (pid)
		return err_say(
			&c->err, r,
			"pause: process %d sleeps in the kernel and cannot be stopped",
			pid);
	return r < 0 ? err_set(&c->err, r, "pause") : 0;
}

MINC_EXPORT int minc_resume(minc_ctx *c, minc_container *ct)
{
	int r;

	if (!c || !ct)
		return -EINVAL;
	r = api_begin(c);
	if (r == 0)
		r = pause_continue(ct);
	return r < 0 ? err_set(&c->err, r, "resume") : 0;
}
