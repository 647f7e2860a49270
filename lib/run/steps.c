/* SPDX-License-Identifier: MIT */
/*
 * steps - the one table of everything a container start can consist of: the mechanisms,
 * each with its rows. It is a list, not a language: no row jumps, decides or calls back.
 * In which order they take part in a start is plan_all() of build.c.
 */
#include "cgroup/cgroup-rows.h"
#include "mount/mount-rows.h"
#include "ns/ns-rows.h"
#include "run/run-rows.h"
#include "run/run.h"
#include "sec/sec-rows.h"
#include "tty/tty-rows.h"

const struct mechanism *const mechanisms[] = {
	&cgroup_steps, &ns_steps, &mount_steps, &sec_steps, &tty_steps, &run_steps, NULL,
};
