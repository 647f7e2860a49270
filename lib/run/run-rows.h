/* SPDX-License-Identifier: MIT */
/* run-rows - what a plan's last steps are told; see struct step_ops. */
#pragma once

#include "plan/plan.h"
#include "plan/runner.h"

struct step_fds {
	const int (*map)[2]; /* source, target */
	size_t len;
	int lowest_free; /* above all targets */
};

struct step_cwd {
	/* tried in order, NULL-terminated */
	const char *const *candidates;
};

struct step_exec {
	const char *const *candidates; /* paths, NULL-terminated */
	const char *const *argv, *const *envp;
	/* envp[0] is only for a root with this; NULL: always */
	const char *env_needs;
	/*
	 * of the sealed program, which executes the above
	 * (sealed/sealed.h)
	 */
	const char *const *sealed_argv;
	int channel_fd; /* where it finds the channel */
	unsigned umask; /* of the command */
	bool init;      /* it stays, as process 1 */
};

STEP_KIND(fds);
STEP_KIND(cwd);
STEP_KIND(exec);
extern const struct mechanism run_steps;

/* hint.c: a file that the container does not have may be one that the host has. */
void hint_cwd(struct err *e, const struct plan *p, const struct step *s, int err,
	      const char *note);
void hint_exec(struct err *e, const struct plan *p, const struct step *s, int err,
	       const char *note);

/* Of a whole plan, whose last step it is; NULL of another. */
static inline const struct step_exec *exec_of(const struct plan *p)
{
	const struct step *last = p->len ? &p->steps[p->len - 1] : NULL;

	return last && last->ops == &step_exec ? last->data : NULL;
}
