/* SPDX-License-Identifier: MIT */
/*
 * spawn - carry out a plan, in the caller, until the clone; then follow.c listens. What
 * is cloned is the container's process 1, or its keeper, which clones that, or what
 * becomes the monitor and clones a keeper. They usually share the caller's memory until
 * their exec (CLONE_VM|CLONE_VFORK), so a start costs the same whatever the caller's
 * size; process 1 gets a copy instead when its ids change or the caller has work in the
 * middle (plan->own_memory). See clone(2), vfork(2).
 */
#include "run/spawn.h"

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/io.h"
#include "ns/ns-rows.h"
#include "process/clone.h"
#include "run/hint.h"
#include "run/keeper.h"
#include "run/memfd.h"
#include "run/run-rows.h"
#include "sealed/sealed.h"

static void describe(char *buf, size_t len, const struct plan *p, size_t index)
{
	const struct step *s = &p->steps[index];
	char object[256] = "";

	step_name_object(object, sizeof(object), s);
	snprintf(buf, len, "step %zu of %zu, %s%s%s%s%s%s", index + 1, p->len,
		 s->ops->name, *object ? " " : "", object, s->origin ? " (" : "",
		 s->origin ? s->origin : "", s->origin ? ")" : "");
}

void spawn_step_failed(struct spawn *w, size_t index, int err, const char *note)
{
	const struct plan *p = w->plan;
	const struct step *s = &p->steps[index];
	char text[512];

	w->failed = true;
	if (s->ops == &step_exec) {
		err_set(w->err, err, "%s",
			p->command && *p->command ? p->command : "\"\"");
		w->err->exec = true;
	} else {
		describe(text, sizeof(text), p, index);
		err_set(w->err, err, "%s", text);
	}
	hint_step(w->err, p, s, err, note);
	w->err->step = (int)index + 1;
	w->err->steps = (int)p->len;
	snprintf(w->err->origin, sizeof(w->err->origin), "%s",
		 s->origin ? s->origin : "");
}

void spawn_step_warned(struct spawn *w, size_t index, int err)
{
	char text[512];
	size_t len;

	if (!w->options->log)
		return;
	describe(text, sizeof(text), w->plan, index);
	len = strlen(text);
	snprintf(text + len, sizeof(text) - len, ": %s", strerror(-err));
	w->options->log(text, w->options->log_data);
}

/* What is not to be in the way of the command's descriptors, nor of the parent's. */
static int lowest_free(const struct spawn *w)
{
	const int terminal = w->plan->forks && w->plan->terminal; /* behind the channel */
	const int lowest = w->plan->lowest_fd + 1 + terminal;
	const int fixed =
		w->options->parent ? w->options->parent->lowest_fd : (int)KEEPER_FDS_END;

	return lowest < fixed ? fixed : lowest;
}

static int make_channel(struct spawn *w)
{
	const int yes = 1;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	/* lowest_fd itself is where the sealed program finds the channel */
	w->channel = fd_move_up(pair[0], lowest_free(w));
	w->child_end = fd_move_up(pair[1], lowest_free(w));
	if (w->channel < 0 || w->child_end < 0)
		return w->channel < 0 ? w->channel : w->child_end;
	/* who speaks, with the number that it has here */
	if (setsockopt(w->channel, SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)) < 0)
		return -errno;
	return 0;
}

/* The program between us and the command, as a sealed file that is in no file system. */
static int load_sealed(struct spawn *w)
{
	int fd = memfd_program("minc", sealed_program, sealed_program_len);

	w->sealed_fd = fd_move_up(fd, lowest_free(w));
	return w->sealed_fd < 0 ? err_set(w->err, w->sealed_fd, "sealed program: memfd")
				: 0;
}

/*
 * Who holds what is started here: this process, as long as it lives. Where there are no
 * pidfds a keeper can do without one: it ends with its parent (keeper-step.c).
 */
static int hold(struct spawn *w)
{
	const struct plan *p = w->plan;

	if (!p->held || w->options->parent)
		return 0;
	w->holder = fd_move_up(sys_call(SYS_pidfd_open, getpid(), 0, 0, 0, 0),
			       lowest_free(w));
	if (w->holder >= 0 || (p->keeper && keeper_may_lack_holder(w->holder)))
		return 0;
	return err_set(w->err, w->holder, "pidfd of the caller");
}

/* Out of the way of the keeper's numbers. */
static int move_lock(struct spawn *w)
{
	if (!w->plan->keeper || w->options->lock < 0)
		return 0;
	w->lock = fcntl(w->options->lock, F_DUPFD_CLOEXEC, lowest_free(w));
	return w->lock < 0 ? err_set(w->err, -errno, "lock of the storage") : 0;
}

/* The way of the listener from the command's filter to who is asked. */
static int make_ids_channel(struct spawn *w)
{
	int pair[2];

	if (!w->plan->ids)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(w->err, -errno, "socketpair");
	w->ids = fd_move_up(pair[0], lowest_free(w));
	w->ids_end = fd_move_up(pair[1], lowest_free(w));
	if (w->ids < 0 || w->ids_end < 0)
		return err_set(w->err, w->ids < 0 ? w->ids : w->ids_end, "socketpair");
	return 0;
}

/* What it watches is the keeper's, if there is one: out of the way of its numbers. */
static int give_watched(struct spawn *w)
{
	const struct held_list *l = &w->ret->held;

	for (size_t i = 0; w->plan->keeper && i < l->len; i++) {
		const struct held *h = &l->list[i];
		int fd;

		if (!h->made || !h->ops->watched)
			continue;
		fd = fcntl(w->slots[h->slot], F_DUPFD_CLOEXEC, lowest_free(w));
		if (fd < 0)
			return err_set(w->err, -errno,
				       "what the keeper of the container watches");
		w->watched[w->watched_len++] = fd;
	}
	return 0;
}

/* One of the caller's steps. What it makes and lasts has its place before. */
static int run_host_step(struct spawn *w, struct runner *runner, size_t index)
{
	const struct spawn_fault *fault = w->options->fault;
	const struct step *s = &w->plan->steps[index];
	const struct step_ops *ops = s->ops;
	struct held *held = ops->hold ? ops->hold(&w->ret->held, s) : NULL;
	int r;

	if (ops->hold && !held)
		return err_set(w->err, -ENOMEM, "start of the container");
	r = fault && fault->step == (int)index ? fault->err : ops->run(runner, s);
	if (held)
		held->made = r == 0;
	if (r >= 0 || (s->flags & STEP_IF_EXISTS && r == -ENOENT))
		return 0;
	if (s->flags & STEP_OPTIONAL) {
		spawn_step_warned(w, index, r);
		return 0;
	}
	spawn_step_failed(w, index, r, runner->note);
	return r;
}

static int run_host_steps(struct spawn *w)
{
	const struct plan *p = w->plan;
	struct runner runner = { .plan = p,
				 .slots = w->slots,
				 .channel = -EBADF,
				 .storage = -EBADF,
				 .ids = -EBADF };
	int r = 0;

	for (size_t i = 0; i < p->len && r == 0; i++)
		if (p->steps[i].flags & STEP_HOST)
			r = run_host_step(w, &runner, i);
	return r;
}

/* Those of a start without a keeper, without a parent of its own, and of all. */
enum { STACK_CHILD, STACK_KEEPER, STACK_PARENT, STACK_FIRST, STACKS };

/* How the container's process 1 is cloned, by us or by its keeper. */
static struct sys_clone_args container_clone(const struct spawn *w)
{
	const struct plan *p = w->plan;
	struct sys_clone_args a = { .flags = p->clone_flags | CLONE_PIDFD |
					     CLONE_CLEAR_SIGHAND,
				    .exit_signal = SIGCHLD };

	/* which is in the user namespace already, or it might make no other */
	if (p->keeper)
		a.flags &= ~(uint64_t)CLONE_NEWUSER;
	for (size_t i = 0; i < p->len; i++)
		if (p->steps[i].ops->clone)
			p->steps[i].ops->clone(&a, &p->steps[i], w->slots);
	return a;
}

static struct sys_clone_args keeper_clone(const struct plan *p)
{
	return (struct sys_clone_args){
		.flags = CLONE_NEWPID | (p->clone_flags & CLONE_NEWUSER) | CLONE_PIDFD |
			 CLONE_CLEAR_SIGHAND,
		.exit_signal = SIGCHLD,
	};
}

/* The parent is not our child, but that of one that ends at once. */
static long clone_parent(struct spawn *w, struct keeper_args *k,
			 char *const stacks[STACKS])
{
	struct sys_clone_args middle = { .flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
					 .exit_signal = SIGCHLD };
	struct spawn_parent *parent = w->options->parent;
	int pidfd = -EBADF;
	long pid;

	parent->keeper = k;
	for (size_t i = 0; i < w->ret->held.len; i++) {
		const struct held *h = &w->ret->held.list[i];

		if (h->made && h->ops->leased && h->slot != SLOT_NONE)
			parent->leases[parent->leases_len++] = w->slots[h->slot];
	}
	parent->clone = keeper_clone(w->plan);
	parent->stack = stacks[STACK_PARENT];
	parent->keeper_stack = stacks[STACK_KEEPER];
	parent->stack_bytes = CLONE_STACK_BYTES;
	middle.pidfd = (uintptr_t)&pidfd;
	pid = clone_below(&middle, stacks[STACK_FIRST], CLONE_STACK_BYTES, parent->begin,
			  parent);
	if (pid < 0)
		return pid;
	follow_reap(pidfd);
	fd_closep(&pidfd);
	return 0; /* the keeper says which number the container has */
}

/* The new process's number; 0 if that of process 1 is still to be said. */
static long clone_with(struct spawn *w, struct child_args *args,
		       char *const stacks[STACKS])
{
	struct keeper_args k = { .child = args,
				 .container = container_clone(w),
				 .stack =
					 w->plan->own_memory ? NULL : stacks[STACK_CHILD],
				 .stack_bytes = CLONE_STACK_BYTES,
				 .lock = w->lock,
				 .watched = w->watched,
				 .watched_len = w->watched_len,
				 .ids = w->ids };
	struct sys_clone_args keeper = keeper_clone(w->plan);
	long pid;

	if (w->options->parent)
		return clone_parent(w, &k, stacks);
	if (!w->plan->keeper) {
		k.container.pidfd = (uintptr_t)&w->ret->pidfd;
		return clone_below(&k.container, k.stack, k.stack_bytes, child_main,
				   args);
	}
	keeper.pidfd = (uintptr_t)&w->ret->keeper;
	pid = clone_below(&keeper, stacks[STACK_KEEPER], CLONE_STACK_BYTES, keeper_begin,
			  &k);
	return pid < 0 ? pid : 0;
}

static long clone_child(struct spawn *w, struct child_args *args)
{
	const size_t n = w->options->parent ? STACKS
			 : w->plan->keeper  ? STACK_PARENT
					    : STACK_KEEPER;
	char *stacks[STACKS] = { NULL }, *mapping = NULL;
	long pid;

	if (clone_may_share) {
		mapping = clone_map_stacks(n, stacks);
		if (!mapping)
			return -ENOMEM;
	}
	pid = clone_with(w, args, stacks); /* back when all that share have executed */
	clone_unmap_stacks(mapping, n);
	return pid;
}

int spawn_no_clone(struct spawn *w, int r)
{
	w->failed = true;
	err_set(w->err, r, w->plan->forks ? "new process" : "new namespaces");
	hint_clone(w->err, w->plan, r);
	return r;
}

/* The map of a container whose keeper changes ids in it. */
static int find_keepers_step(const struct plan *p)
{
	for (size_t i = 0; p->keeper && p->ids && i < p->len; i++)
		if (p->steps[i].ops == &step_idmap)
			return (int)i;
	return -1;
}

static int clone_with_signals_blocked(struct spawn *w)
{
	const struct spawn_fault *fault = w->options->fault;
	const uint64_t all = ~0ull;
	uint64_t old;
	struct child_args args = {
		.plan = w->plan,
		.runner = { .plan = w->plan,
			    .slots = w->slots + w->plan->slots,
			    .channel = w->child_end,
			    .sealed_fd = w->sealed_fd,
			    .holder = w->holder,
			    .storage = w->options->lock,
			    .ids = w->ids_end,
			    .host_end = w->channel },
		.unsent = w->unsent,
		.fault_step = fault ? fault->step : -1,
		.fault_err = fault ? fault->err : 0,
		.keepers_step = find_keepers_step(w->plan),
	};
	long pid;

	memcpy(args.runner.slots, w->slots, (size_t)w->plan->slots * sizeof(int));
	/*
	 * No handler of the caller may run in the child, on memory that is not its own.
	 */
	(void)sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, sizeof(old), 0);
	pid = clone_child(w, &args);
	(void)sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, sizeof(old), 0);
	if (pid < 0)
		return spawn_no_clone(w, (int)pid);
	w->ret->pid = (int)pid;
	return 0;
}

int spawn_watcher(struct spawn *w)
{
	struct watcher_args args = { .sealed_fd = w->sealed_fd,
				     .process = w->ret->pidfd,
				     .holder = w->holder,
				     .ids = w->ids };
	struct sys_clone_args a = { .flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
				    .pidfd = (uintptr_t)&w->ret->watcher,
				    .exit_signal = SIGCHLD };
	char *stacks[1] = { NULL }, *mapping = NULL;
	const uint64_t all = ~0ull;
	uint64_t old;
	long pid;

	if (clone_may_share) {
		mapping = clone_map_stacks(1, stacks);
		if (!mapping)
			return err_set(w->err, -ENOMEM, "watcher of the process");
	}
	(void)sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, sizeof(old), 0);
	pid = clone_below(&a, stacks[0], CLONE_STACK_BYTES, keeper_watch, &args);
	(void)sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, sizeof(old), 0);
	clone_unmap_stacks(mapping, 1);
	if (pid >= 0 && args.err == 0)
		return 0;
	return err_set(w->err, pid < 0 ? (int)pid : args.err, "watcher of the process");
}

/* End and reap a child whose start failed. */
static void bury(struct spawn *w)
{
	const int child = w->ret->keeper >= 0 ? w->ret->keeper : w->ret->pidfd;
	siginfo_t info;

	if (child >= 0) {
		(void)sys_pidfd_send_signal(child, SIGKILL); /* it may have ended */
		if (w->plan->forks)
			/* or a tracer keeps it, or a thread */
			(void)follow_reap_entered(child, 1000, &info);
		/* which reaps, when it hears that nothing came of it */
		else if (!w->options->parent)
			follow_reap(child);
	}
	if (w->ret->watcher >= 0)
		follow_reap(w->ret->watcher); /* it watches the other */
	fd_closep(&w->ret->watcher);
	fd_closep(&w->ret->keeper);
	fd_closep(&w->ret->pidfd);
	fd_closep(&w->ret->terminal);
}

/* What a start with limits needs beside. */
static int prepare_unsent(struct spawn *w)
{
	void *page = mmap(NULL, sizeof(*w->unsent), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return -ENOMEM;
	w->unsent = page;
	return 0;
}

static int begin(struct spawn *w)
{
	int r = w->plan->cgroups || w->plan->scope ? prepare_unsent(w) : 0;

	if (r < 0)
		return err_set(w->err, r, "start of the container");
	r = make_channel(w);
	if (r < 0)
		return err_set(w->err, r, "socketpair");
	r = load_sealed(w);
	if (r == 0)
		r = hold(w);
	if (r == 0)
		r = move_lock(w);
	if (r == 0)
		r = make_ids_channel(w);
	if (r == 0)
		r = run_host_steps(w);
	if (r == 0)
		r = give_watched(w);
	if (r == 0)
		r = clone_with_signals_blocked(w);
	return r;
}

static void end(struct spawn *w)
{
	for (int i = 0; i < w->plan->slots; i++)
		fd_closep(&w->slots[i]); /* the container has its own by now */
	fd_closep(&w->channel);
	fd_closep(&w->child_end);
	fd_closep(&w->sealed_fd);
	fd_closep(&w->holder);
	fd_closep(&w->lock);
	for (size_t i = 0; i < w->watched_len; i++)
		fd_closep(&w->watched[i]);
	fd_closep(&w->ids);
	fd_closep(&w->ids_end);
	if (w->unsent)
		(void)munmap(w->unsent, sizeof(*w->unsent)); /* our own mapping */
	free(w->slots);
}

int spawn_plan(const struct plan *p, const struct spawn_options *o,
	       struct minc_container *ret, struct err *e)
{
	struct spawn w = { .plan = p,
			   .options = o,
			   .err = e,
			   .channel = -EBADF,
			   .child_end = -EBADF,
			   .sealed_fd = -EBADF,
			   .holder = -EBADF,
			   .lock = -EBADF,
			   .ids = -EBADF,
			   .ids_end = -EBADF,
			   .middle = -EBADF,
			   .expected = follow_expected(p, o->parent),
			   .ret = ret };
	const struct step_exec *command = exec_of(p);
	int r;

	*ret = CONTAINER_NONE;
	for (size_t i = 0; i < p->warnings_len && o->log; i++)
		o->log(p->warnings[i], o->log_data);
	w.slots = malloc(2 * (size_t)(p->slots + 1) * sizeof(int));
	if (!w.slots)
		return err_set(e, -ENOMEM, "start of the container");
	for (int i = 0; i < p->slots; i++)
		w.slots[i] = w.slots[p->slots + i] = -EBADF;
	/* what entered is not process 1, and our own init hears everything */
	ret->init = p->forks || (command && command->init);
	r = begin(&w);
	if (r == 0)
		r = follow_child(&w);
	if (r < 0)
		bury(&w);
	held_take(&ret->held, w.slots, p->keeper);
	if (r < 0) {
		held_end(&ret->held);
		held_release(&ret->held); /* what stays at the end */
	}
	end(&w);
	return r;
}
