/* SPDX-License-Identifier: MIT */
/* run-rows - see run-rows.h. */
#include "run/run-rows.h"

#include <errno.h>

STEP_NAMED(cwd, "%s", d->candidates ? d->candidates[0] : "")

static const struct step_hint cwd_hints[] = {
	{ -EPERM, "that directory is outside of the container's root" },
	{ 0 },
};

STEP_NAMED(exec, "%s", d->argv ? d->argv[0] : "")

static const char few_files[] =
	"it may have too few open files (--ulimit nofile): it needs 4 to start, 5 to enter a "
	"container, 6 with a terminal";

static const struct step_hint exec_hints[] = {
	{ -ENOEXEC, "not a program for this machine, or a script without #!" },
	{ -EMFILE, few_files },
	{ -EBADF, few_files },
	{ 0 },
};

const struct step_ops step_fds = {
	STEP_FACES("descriptors", fds),
};

const struct step_ops step_cwd = {
	STEP_FACES("change directory to", cwd),
	.name_object = name_cwd,
	.hint = hint_cwd,
	.hints = cwd_hints,
};

const struct step_ops step_exec = {
	STEP_FACES("execute", exec),
	.name_object = name_exec,
	.hints = exec_hints,
	.hint = hint_exec,
};

static const struct step_ops *const rows[] = { &step_fds, &step_cwd, &step_exec, NULL };

const struct mechanism run_steps = { "run", rows, NULL };
