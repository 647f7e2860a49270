/* SPDX-License-Identifier: MIT */
/* tty - the container's own terminal. */
#pragma once

#include "plan/plan.h"
#include "plan/runner.h"
#include "plan/spec.h"

/* Make a pty in the container's devpts (slot @devpts) and hand its master to the caller. */
void tty_plan(struct plan *p, const struct spec *s, int devpts);

int run_terminal(struct runner *r, const struct step *s);
void say_terminal(FILE *out, const struct step *s);
