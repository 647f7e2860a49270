/* SPDX-License-Identifier: MIT */
/*
 * run - from a sealed spec to a running process: build the plan (build.c), carry it out
 * (spawn.c in the caller, child.c after the clone), keep hold of the result
 * (container.c).
 */
#pragma once

#include <minc/container.h>
#include <stdbool.h>
#include <stddef.h>

#include "plan/held.h"
#include "plan/host.h"
#include "plan/plan.h"
#include "plan/runner.h"
#include "plan/spec.h"

/* All there are; a NULL ends it (steps.c). */
extern const struct mechanism *const mechanisms[];

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
	unsigned copy_flags; /* MINC_COPY_* */
};

struct minc_container {
	int pid, pidfd; /* of process 1, or of the process that entered */
	/* pidfd of its parent, our child (sealed.h); -EBADF: it is our child */
	int keeper;
	int watcher;  /* pidfd of our child that ends the process with us, or -EBADF */
	int terminal; /* master of its pty, or -EBADF */
	int attached; /* to the monitor since the start, for minc_attach(); or -EBADF */
	/* state letter of process 1, for a handle that is only shown; else 0 */
	char seen;
	/* of one in the background, whose parent is not the caller */
	struct state *state;
	struct held_list held; /* what its steps made for as long as it lasts */
	int storage_lock;      /* descriptor whose flock(2) is held, or -EBADF */
	int default_signal;    /* its default action was carried out by us */
	/* Before a SIGKILL that stands for @sig; or NULL. */
	void (*note_signal)(const struct minc_container *ct, int sig);
	bool init; /* no signal is lost on it: not process 1, or our own init */
	bool ended;
	bool traced;    /* it has ended, but was not reaped: somebody inside traces it */
	bool idle;      /* without a command: it ends with this */
	char label[80]; /* then: what it is called, "" without a name */
	int status;
};

/* One without any process. */
#define CONTAINER_NONE                                \
	((struct minc_container){ .pidfd = -EBADF,    \
				  .keeper = -EBADF,   \
				  .watcher = -EBADF,  \
				  .terminal = -EBADF, \
				  .attached = -EBADF, \
				  .storage_lock = -EBADF })

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

/* What a start has beside its plan. All may be unset, but for @lock: -EBADF. */
struct spawn_parent;
struct spawn_options {
	minc_log_fn log;
	void *log_data;
	const struct spawn_fault *fault;
	struct spawn_parent *parent; /* which holds the container; else the caller does */
	int lock; /* descriptor that stays open until all of the container has ended */
};

/* Carry out @p. On failure everything is undone and @e says which step it was. */
int spawn_plan(const struct plan *p, const struct spawn_options *o,
	       struct minc_container *ret, struct err *e);

/* Child code: carry out the steps after the clone. */
struct child_args {
	const struct plan *plan;
	struct runner runner;
	int fault_step, fault_err;
	int keepers_step, keepers_err; /* what the keeper does, or -1; how that went */
	/*
	 * with limits: shared; for a verdict that there was no memory to send. Else NULL
	 */
	struct verdict *unsent;
};
_Noreturn void child_main(void *args); /* struct child_args */

struct keeper_args;

/*
 * A parent of the keeper other than the caller. All but the first two is the start's to
 * fill in.
 */
struct spawn_parent {
	/*
	 * Child code, of a process in between that ends at once, @arg is this: clone the
	 * parent.
	 */
	void (*begin)(void *arg);
	int lowest_fd; /* what the start opens has this number or a higher one */
	struct keeper_args *keeper;
	struct sys_clone_args clone; /* how the keeper is cloned */
	int leases[HELD_MAX];        /* descriptors that the parent is to hold */
	size_t leases_len;
	char *stack, *keeper_stack; /* lowest addresses; NULL: a copy of the memory */
	size_t stack_bytes;
};

/* What storage_prepare() made and holds. */
struct storage {
	int lock;             /* descriptor of the directory, locked; or -EBADF */
	bool made_dir;        /* to be undone if nothing starts, as are: */
	unsigned closed_mode; /* what it had before it was closed to others, or 0 */
	bool made_upper, made_work, made_submounts, made_utsname, made_record,
		made_unpacked;
};

/*
 * Directory for what is written: choose or make it, see that it is the caller's alone,
 * lock it. Sets c->storage, and the host name from a directory that has one and the spec
 * that has none.
 */
int storage_prepare(struct minc_ctx *c, struct storage *ret);
/* Say beside the layers what they lie over, as @p has it, before anything starts. */
int storage_record(struct minc_ctx *c, struct storage *st, const struct plan *p);
/* Remove @name below @dir and all in it, following no link and crossing no mount. */
void storage_remove(int dir, const char *name);
/* Undo it: nothing was started. */
void storage_abandon(struct minc_ctx *c, struct storage *st);

/* Whether @c describes a process and @ct can be entered; a message otherwise. */
int enter_check(struct minc_ctx *c, struct minc_container *ct, const char *const *argv);
/*
 * minc_exec(), after enter_check(). @s: the container's description, which changes into
 * the process's. The process becomes *ret.
 */
int enter_exec(struct minc_ctx *c, struct minc_container *ct, struct spec *s,
	       const char *const *argv, struct minc_container *ret,
	       const struct spawn_fault *fault);
/* The plan of it; @s and @ct must outlive it. */
int enter_plan(struct plan *p, struct spec *s, const struct host *h,
	       struct minc_container *ct, const char *const *argv, struct err *e);

/* A process in the pid namespace of a container or in one below it. */
struct process {
	int pid, pid_inside;
	char state;   /* as in /proc/PID/stat */
	bool pending; /* a SIGSTOP is on its way */
};
/* All of them by pid, to be freed; -ESRCH: it has ended, -errno. */
int top_list(const struct minc_container *ct, struct process **ret, size_t *ret_len);
/* And how many of all processes of the machine ended before they were looked at. */
int top_look(const struct minc_container *ct, struct process **ret, size_t *ret_len,
	     size_t *ret_gone);
/* Whether @pid is one of them, at this moment; fills in @ret. 1, 0 or -errno. */
int top_inspect(const struct minc_container *ct, int pid, struct process *ret);

struct minc_stats;
int stats_read(struct minc_container *ct, struct minc_stats *ret);

/*
 * Hold all processes of a container, let them go on; -ESRCH: it has ended, -errno. What
 * cannot hold all holds none: -ETIMEDOUT or -EAGAIN.
 */
int pause_stop(struct minc_container *ct);
int pause_continue(struct minc_container *ct);
/* A process of it that sleeps in the kernel, where nothing stops it, or 0. */
int pause_find_stuck(const struct minc_container *ct);
/* Whether it is held: 1, 0 or -errno. */
int pause_is_stopped(struct minc_container *ct);

int container_wait(struct minc_container *ct, int timeout_ms, int *ret_status);
int container_kill(struct minc_container *ct, int sig);
/* Process 1 has ended or is about to: it was killed, or has called exit(2). */
bool container_is_ending(const struct minc_container *ct);
/* If process 1 neither catches nor ignores @sig, do what it does to such a process: 1. */
int container_default_action(struct minc_container *ct, int sig);
