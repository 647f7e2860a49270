/* SPDX-License-Identifier: MIT */
/* explain - print a plan: as a shell script that does the same, or as JSON. */
#pragma once

#include <stdio.h>

#include "plan/plan.h"

/*
 * A commented POSIX shell script, with the functions of @all, which a NULL ends; runs
 * with util-linux, iproute2 and coreutils. 0, -ENOMEM.
 */
int explain_shell(const struct plan *p, const struct mechanism *const *all, FILE *out);
/* { "steps": [ { "number", "phase", "name", "object", "why", "origin" } ] } */
void explain_json(const struct plan *p, FILE *out);
