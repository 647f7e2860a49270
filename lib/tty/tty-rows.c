/* SPDX-License-Identifier: MIT */
/* tty-rows - see tty-rows.h. */
#include "tty/tty-rows.h"

#include <errno.h>

static const struct step_hint terminal_hints[] = {
	{ -ENODEV, "/dev/pts inside is not a devpts(5) any more" },
	{ 0 },
};

STEP_NAMED(pipe, "in place of %d", d->fd)

const struct step_ops step_terminal = {
	STEP_FACES("new terminal", terminal),
	.hints = terminal_hints,
	.says = 1u << VERDICT_TERMINAL,
};

const struct step_ops step_pipe = {
	STEP_FACES("pipe", pipe),
	.name_object = name_pipe,
	.hold = hold_pipe,
};

const struct step_ops step_streams = {
	STEP_FACES("open streams", streams),
};

static const struct step_ops *const rows[] = { &step_terminal, &step_pipe, &step_streams,
					       NULL };

const struct mechanism tty_steps = { "tty", rows, NULL };
