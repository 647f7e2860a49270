/* SPDX-License-Identifier: MIT */
/*
 * Every step of entering a container fails once: minc_exec() must fail with a message
 * that names the step, and nothing of it may stay: no process inside or outside, no
 * descriptor.
 */
#include <dirent.h>
#include <errno.h>
#include <minc/minc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/module.h"
#include "live/background.h"
#include "live/state.h"
#include "oci/config.h"
#include "places.h"
#include "run/run-rows.h"
#include "tap.h"

static const char *const sleeper[] = { "sleep", "1000", NULL };
static const char *const absent[] = { "/nonexistent/true", NULL };

static size_t count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

struct attempt {
	int r;
	size_t steps;
	const struct step_ops *ops; /* NULL: none failed */
	struct err err;
};

static void describe(struct minc_ctx *c)
{
	minc_set_flag(c, MINC_TERMINAL, 1);
	minc_set_cpus(c, "1");
	minc_set_user(c, geteuid() == 0 ? "bob" : "0");
	minc_pass_fd(c, 2, 7);
}

/* What minc_exec() does, with a failure in step @step, or of the command. */
static void enter(struct minc_container *ct, int step, struct attempt *a)
{
	const struct spawn_fault fault = { step, -EIO };
	struct minc_container process = { .pidfd = -EBADF, .terminal = -EBADF };
	struct minc_ctx *c = minc_ctx_new();
	struct spec s;
	char path[PATH_MAX + 16];
	struct cgroup_set groups;
	struct plan plan;
	void *load;

	describe(c);
	(void)host_probe(&c->host);
	spec_init(&s, &c->err);
	a->r = module_symbol("oci", "oci_config_load", &c->err, &load);
	snprintf(path, sizeof(path), "%s/config.json", ct->state->path);
	if (a->r == 0)
		a->r = ((oci_config_load_fn *)load)(&s, -1, path);
	if (a->r == 0)
		a->r = background_groups(ct, &groups);
	if (a->r == 0)
		a->r = enter_exec(c, ct, &s, absent, &process, &fault);
	a->err = c->err;
	/* the description is merged by now: the same plan again, to look at */
	if (enter_plan(&plan, &s, &c->host, ct, absent, &c->err) == 0) {
		a->steps = plan.len;
		a->ops = step >= 0 && (size_t)step < plan.len ? plan.steps[step].ops
							      : NULL;
		plan_done(&plan);
	}
	spec_done(&s);
	fd_closep(&process.pidfd);
	fd_closep(&process.terminal);
	minc_ctx_free(c);
}

static bool is_alone(struct minc_container *ct)
{
	struct process *list;
	size_t len = 0;

	if (top_list(ct, &list, &len) == 0)
		free(list);
	return len == 1 && waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD;
}

static void in_scene(const void *arg)
{
	const struct scene *s = arg;
	struct minc_container *ct;
	struct attempt a = { 0 };
	char why[1024], place[64];
	int r = scene_become(s);
	size_t fds;

	if (r < 0) {
		skip(s->name, scene_why_not(r));
		return;
	}
	ct = scene_start(s, sleeper, why);
	if (!ct) {
		skip(s->name, why);
		return;
	}
	enter(ct, -1, &a); /* and modules are loaded */
	fds = count_fds();
	ok(a.r == -ENOENT && a.err.exec && a.steps > 10,
	   "%s: all %zu steps but the last go well", s->name, a.steps);
	for (int i = 0; i < (int)a.steps; i++) {
		enter(ct, i, &a);
		snprintf(place, sizeof(place), "step %d of %zu, %s", i + 1, a.steps,
			 a.ops ? a.ops->name : "?");
		if (!ok(a.r == -EIO && a.err.step == i + 1 &&
				(a.ops == &step_exec ? a.err.exec
						     : strncmp(a.err.message, place,
							       strlen(place)) == 0),
			"%s: %s: the failure is named", s->name, place))
			printf("# %d %s\n", a.r, a.err.message);
		ok(is_alone(ct) && count_fds() == fds, "%s: %s: nothing is left", s->name,
		   place);
	}
	scene_end(ct);
}

int main(void)
{
	bool good = true;

	if (scene_make_tree() < 0) {
		scene_remove_tree();
		return SKIPPED;
	}
	good = apart(in_scene, scene_find("directory")) && good;
	good = apart(in_scene, scene_find("range of ids")) && good;
	good = apart(in_scene, scene_find("user: single id")) && good;
	scene_remove_tree();
	printf("1..%d\n", count);
	return good ? OK : FAILED;
}
