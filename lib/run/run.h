/* SPDX-License-Identifier: MIT */
/*
 * run - from a sealed spec to a running process: build the plan (build.c), carry it out
 * (spawn.c in the caller, child.c after the clone), keep hold of the result (container.c).
 */
#pragma once

#include <minc/container.h>
#include <stdbool.h>
#include <stddef.h>

#include "plan/host.h"
#include "plan/plan.h"
#include "plan/runner.h"
#include "plan/spec.h"

extern const struct step_ops step_ops[STEP_MAX];

/* Everything of one description; the public minc_ctx. */
struct minc_ctx {
	struct err err;
	struct spec spec;
	struct host host;
	bool probed;
	bool changed; /* since the plan was made */
	struct plan plan;
	bool planned;
	char *storage; /* the directory in use, absolute */
	minc_log_fn log;
	void *log_data;
};

struct minc_container {
	int pid, pidfd;
	int terminal; /* master of its pty, or -EBADF */
	int storage_lock; /* descriptor whose flock(2) is held, or -EBADF */
	int default_signal; /* its default action was carried out by us */
	bool init; /* process 1 is our own init, which waits for every signal */
	bool ended;
	int status;
};

/*
 * Make the plan for @argv (NULL: the user's shell). @storage: directory for what is
 * written, or NULL. Fails with a message in @e.
 */
int build_plan(struct plan *p, const struct spec *s, const struct host *h,
	       const char *const *argv, const char *storage, struct err *e);

/* Whether @p is good for another start, of @argv. */
bool build_fits(const struct plan *p, const char *const *argv);

/* A failure to inject, for tests: the step with this index fails with @err. */
struct spawn_fault {
	int step; /* -1: none */
	int err;
};

/* Carry out @p. On failure everything is undone and @e says which step it was. */
int spawn_plan(const struct plan *p, struct minc_container *ret, struct err *e,
	       minc_log_fn log, void *log_data, const struct spawn_fault *fault);

/* Child code: carry out the steps after the clone; does not return. */
struct child_args {
	const struct plan *plan;
	struct runner runner;
	int fault_step, fault_err;
};
_Noreturn void child_main(struct child_args *args);

/* What storage_prepare() made and holds. */
struct storage {
	int lock; /* descriptor of the directory, locked; or -EBADF */
	bool made_dir; /* to be undone if nothing starts, as are: */
	bool made_upper, made_work, made_submounts, made_utsname, made_record;
};

/*
 * Directory for what is written: choose or make it, lock it. Sets c->storage, and the
 * host name from a directory that has one and the spec that has none.
 */
int storage_prepare(struct minc_ctx *c, struct storage *ret);
/* Say beside the layers what they lie over, as @p has it, before anything starts. */
int storage_record(struct minc_ctx *c, struct storage *st, const struct plan *p);
/* Undo it: nothing was started. */
void storage_abandon(struct minc_ctx *c, struct storage *st);

int container_wait(struct minc_container *ct, int timeout_ms, int *ret_status);
int container_kill(struct minc_container *ct, int sig);
/* If process 1 neither catches nor ignores @sig, do what it does to such a process: 1. */
int container_default_action(struct minc_container *ct, int sig);

int run_fds(struct runner *r, const struct step *s);
int run_cwd(struct runner *r, const struct step *s);
int run_exec(struct runner *r, const struct step *s);
void say_fds(FILE *out, const struct step *s);
void say_cwd(FILE *out, const struct step *s);
void say_exec(FILE *out, const struct step *s);
