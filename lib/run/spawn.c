/* SPDX-License-Identifier: MIT */
/*
 * spawn - carry out a plan. The child usually shares the caller's memory until its exec
 * (CLONE_VM|CLONE_VFORK), so a start costs the same whatever the caller's size; it gets a
 * copy instead when its ids change or the caller has work in the middle (plan->own_memory).
 *
 * One socket pair is everything between the two: verdicts, the terminal's master, the
 * go-ahead after newuidmap(1); its end tells the child that the caller died, and the
 * caller that the command runs. See clone(2), vfork(2).
 */
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/io.h"
#include "cgroup/cgroup.h"
#include "ns/ns.h"
#include "run/background.h"
#include "run/hint.h"
#include "run/init.h"
#include "run/run.h"

enum { CHILD_STACK_BYTES = 256 * 1024, GUARD_BYTES = 64 * 1024 };

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif

struct spawn {
	const struct plan *plan;
	struct err *err;
	minc_log_fn log;
	void *log_data;
	int channel, child_end;
	int init_fd; /* memfd of the init program, or -EBADF */
	int *slots; /* ours; the child has a copy */
	struct verdict *unsent; /* see struct child_args */
	struct minc_container *ret;
	int middle; /* pidfd of the process that forked, or -EBADF */
	struct monitor_args *monitor; /* NULL: in the foreground */
	bool vfork; /* all have executed or ended when clone3(2) returns */
	bool failed;
	enum verdict_kind wanted; /* what the child waits for: READY or SCOPE; else FAILED */
};

static void describe(char *buf, size_t len, const struct plan *p, size_t index)
{
	const struct step *s = &p->steps[index];
	char object[256] = "";

	step_ops[s->kind].name_object(object, sizeof(object), s);
	snprintf(buf, len, "step %zu of %zu, %s%s%s%s%s%s", index + 1, p->len,
		 step_ops[s->kind].name, *object ? " " : "", object, s->origin ? " (" : "",
		 s->origin ? s->origin : "", s->origin ? ")" : "");
}

static void step_failed(struct spawn *w, size_t index, int err, const char *note)
{
	const struct plan *p = w->plan;
	const struct step *s = &p->steps[index];
	char text[512];

	w->failed = true;
	if (s->kind == STEP_EXEC) {
		err_set(w->err, err, "%s", p->command && *p->command ? p->command : "\"\"");
		w->err->exec = true;
	} else {
		describe(text, sizeof(text), p, index);
		err_set(w->err, err, "%s", text);
	}
	hint_step(w->err, p, s, err, note);
	w->err->step = (int)index + 1;
	w->err->steps = (int)p->len;
	snprintf(w->err->origin, sizeof(w->err->origin), "%s", s->origin ? s->origin : "");
}

static void step_warned(struct spawn *w, size_t index, int err)
{
	char text[512];
	size_t len;

	if (!w->log)
		return;
	describe(text, sizeof(text), w->plan, index);
	len = strlen(text);
	snprintf(text + len, sizeof(text) - len, ": %s", strerror(-err));
	w->log(text, w->log_data);
}

/* What is not to be in the way of the command's descriptors, nor of the monitor's. */
static int lowest_free(const struct spawn *w)
{
	const int lowest = w->plan->lowest_fd + 1;

	return w->monitor && lowest < MONITOR_FDS_LOWEST ? MONITOR_FDS_LOWEST : lowest;
}

static int make_channel(struct spawn *w)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	/* lowest_fd itself is where an init finds the channel */
	w->channel = fd_move_up(pair[0], lowest_free(w));
	w->child_end = fd_move_up(pair[1], lowest_free(w));
	return w->channel < 0 ? w->channel : w->child_end < 0 ? w->child_end : 0;
}

/* The init's executable as a sealed file that is in no file system. */
static int load_init(struct spawn *w)
{
	int fd;

	if (w->plan->len == 0 || !w->plan->steps[w->plan->len - 1].exec.init_argv)
		return 0;
	fd = program_memfd("minc-init", init_program, init_program_len);
	w->init_fd = fd_move_up(fd, lowest_free(w));
	return w->init_fd < 0 ? err_set(w->err, w->init_fd, "init: memfd") : 0;
}

/* Hold on to what hangs up with the server of an image: the monitor's, or the handle's. */
static int keep_server(struct spawn *w)
{
	int *keeper = w->monitor ? &w->monitor->fds[MONITOR_SERVER] : &w->ret->server;

	for (size_t i = 0; i < w->plan->len; i++) {
		const struct step *s = &w->plan->steps[i];

		if (s->kind != STEP_SERVE)
			continue;
		*keeper = fcntl(w->slots[s->serve.ret], F_DUPFD_CLOEXEC, lowest_free(w));
		return *keeper < 0 ? err_set(w->err, -errno, "server of the image") : 0;
	}
	return 0;
}

static int run_host_steps(struct spawn *w, const struct spawn_fault *fault)
{
	const struct plan *p = w->plan;
	struct runner runner = { .plan = p, .slots = w->slots, .channel = -EBADF };

	for (size_t i = 0; i < p->len; i++) {
		const struct step *s = &p->steps[i];
		int r;

		if (!(s->flags & STEP_HOST))
			continue;
		r = fault && fault->step == (int)i ? fault->err :
						     step_ops[s->kind].run(&runner, s);
		if (r < 0 && s->flags & STEP_OPTIONAL)
			step_warned(w, i, r);
		else if (r < 0 && !(s->flags & STEP_IF_EXISTS && r == -ENOENT)) {
			step_failed(w, i, r, runner.note);
			return r;
		}
	}
	return 0;
}

/* A sanitizer's shadow memory does not survive a second stack in the same process. */
static bool may_share_memory(const struct plan *p)
{
#if defined(__SANITIZE_ADDRESS__)
	(void)p;
	return false;
#else
	return !p->own_memory;
#endif
}

/* @n stacks with a guard below each, in one mapping; their lowest usable addresses. */
static char *map_stacks(size_t n, char **ret)
{
	const size_t each = GUARD_BYTES + CHILD_STACK_BYTES;
	char *all = mmap(NULL, n * each, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	if (all == MAP_FAILED)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		ret[i] = all + i * each + GUARD_BYTES;
		if (mprotect(ret[i], CHILD_STACK_BYTES, PROT_READ | PROT_WRITE) == 0)
			continue;
		(void)munmap(all, n * each); /* our own mapping */
		return NULL;
	}
	return all;
}

/* Run @fn in a new process; with a monitor it is the middle one, and gone on return. */
static long clone_shared(struct spawn *w, struct sys_clone_args *a, clone_fn *fn, void *arg)
{
	const size_t n = w->monitor ? 3 : 1;
	char *stacks[3] = { NULL }, *mapping;
	long pid;

	if (!may_share_memory(w->plan))
		return clone_copy(a, fn, arg);
	mapping = map_stacks(n, stacks);
	if (!mapping)
		return -ENOMEM;
	if (w->monitor)
		memcpy(w->monitor->stacks, stacks, sizeof(stacks));
	a->flags |= CLONE_VM | CLONE_VFORK;
	a->stack = (uintptr_t)stacks[0];
	a->stack_size = CHILD_STACK_BYTES;
	pid = clone_on_stack(a, fn, arg); /* back when all have executed or ended */
	w->vfork = a->flags & CLONE_VFORK;
	(void)munmap(mapping, n * (GUARD_BYTES + CHILD_STACK_BYTES)); /* our own mapping */
	return pid;
}

static void reap_child(int pidfd)
{
	siginfo_t info;

	while (waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED) < 0 && errno == EINTR)
		;
}

/* The group to be born in: not entering one costs less than leaving the other. */
static void clone_into_group(const struct spawn *w, struct sys_clone_args *a)
{
	for (size_t i = 0; w->plan->cgroups && i < w->plan->len; i++) {
		const struct step *s = &w->plan->steps[i];

		if (s->kind != STEP_CGROUP_JOIN || !s->cgroup_join.by_clone ||
		    w->slots[s->cgroup_join.slot] < 0)
			continue;
		a->flags |= CLONE_INTO_CGROUP;
		a->cgroup = (uint64_t)w->slots[s->cgroup_join.slot];
	}
}

static long clone_child(struct spawn *w, struct child_args *args)
{
	struct sys_clone_args container = {
		.flags = w->plan->clone_flags | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
		.pidfd = (uintptr_t)&w->ret->pidfd,
		.exit_signal = SIGCHLD,
	}, middle = { .flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD };
	int pidfd = -EBADF;
	long pid;

	clone_into_group(w, &container);
	if (!w->monitor)
		return clone_shared(w, &container, child_main, args);
	w->monitor->child = args;
	w->monitor->container = container;
	memset(w->monitor->stacks, 0, sizeof(w->monitor->stacks));
	w->monitor->stack_bytes = CHILD_STACK_BYTES;
	middle.pidfd = (uintptr_t)&pidfd;
	pid = clone_shared(w, &middle, monitor_begin, w->monitor);
	if (pid < 0)
		return pid;
	reap_child(pidfd); /* it ends at once; the monitor is not our child */
	fd_closep(&pidfd);
	return 0; /* the monitor says which number the container has */
}

static int no_clone(struct spawn *w, int r)
{
	w->failed = true;
	err_set(w->err, r, w->plan->forks ? "new process" : "new namespaces");
	hint_clone(w->err, w->plan, r);
	return r;
}

static int clone_with_signals_blocked(struct spawn *w, const struct spawn_fault *fault)
{
	const uint64_t all = ~0ull;
	uint64_t old;
	struct child_args args = {
		.plan = w->plan,
		.runner = { .plan = w->plan,
			    .slots = w->slots + w->plan->slots,
			    .channel = w->child_end,
			    .lifeline = w->child_end,
			    .init_fd = w->init_fd,
			    .host_end = w->channel },
		.unsent = w->unsent,
		.fault_step = fault ? fault->step : -1,
		.fault_err = fault ? fault->err : 0,
	};
	long pid;

	memcpy(args.runner.slots, w->slots, (size_t)w->plan->slots * sizeof(int));
	/* No handler of the caller may run in the child, on memory that is not its own. */
	(void)sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, sizeof(old), 0);
	pid = clone_child(w, &args);
	(void)sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, sizeof(old), 0);
	if (pid < 0)
		return no_clone(w, (int)pid);
	w->ret->pid = (int)pid;
	return 0;
}

static int map_ids(struct spawn *w)
{
	for (size_t i = 0; i < w->plan->len; i++) {
		const struct step *s = &w->plan->steps[i];
		int r;

		if (s->kind != STEP_IDMAP)
			continue;
		r = userns_write_map(w->err, w->ret->pid, "/usr/bin/newuidmap", "uid_map", s->idmap.uid_args);
		if (r == 0)
			r = userns_write_map(w->err, w->ret->pid, "/usr/bin/newgidmap", "gid_map", s->idmap.gid_args);
		if (r < 0)
			return r;
	}
	return send(w->channel, "", 1, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

/* With --best-effort the child goes on, and its step warns. */
static int enter_scope(struct spawn *w)
{
	struct err why = { 0 };
	int r = scope_enter(w->plan, w->ret, &why);
	const char moved = r == 0;

	if (r < 0 && !w->plan->scope_optional) {
		err_say(w->err, r, "%s", why.message);
		err_hint(w->err, "%s", why.hint);
		return r;
	}
	if (r < 0 && w->log)
		w->log(why.message, w->log_data);
	return send(w->channel, &moved, 1, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

/* Do what the child waits for, when its number is known, too. */
static int serve_when_known(struct spawn *w)
{
	const enum verdict_kind wanted = w->wanted;
	int r;

	if (w->ret->pid <= 0 || wanted == VERDICT_FAILED)
		return 1;
	w->wanted = VERDICT_FAILED; /* nothing */
	r = wanted == VERDICT_READY ? map_ids(w) : enter_scope(w);
	return r < 0 ? r : 1;
}

/* 1 for another message, 0 for none, -errno. */
static int obey(struct spawn *w, const struct verdict *v)
{
	switch ((enum verdict_kind)v->kind) {
	case VERDICT_PID:
		w->ret->pid = v->err;
		if (w->ret->pidfd < 0) /* our table is full */
			return err_set(w->err, -EMFILE, "container in the background");
		return serve_when_known(w);
	case VERDICT_READY:
	case VERDICT_SCOPE:
		w->wanted = v->kind;
		return serve_when_known(w);
	case VERDICT_TERMINAL:
		if (w->ret->terminal < 0)
			return err_set(w->err, -EMFILE, "terminal of the container");
		return 1;
	case VERDICT_PROCESS: /* take_process() has it */
		return 1;
	case VERDICT_WARNING:
		step_warned(w, v->step, v->err);
		return 1;
	case VERDICT_NO_CLONE:
		return no_clone(w, v->err);
	case VERDICT_NO_MONITOR:
		w->failed = true;
		return err_set(w->err, v->err, "monitor of the container");
	case VERDICT_FAILED:
		break;
	}
	step_failed(w, v->step, v->err, v->note);
	return 0; /* its last word: its end may be held open by a fork of another thread */
}

/* Another process goes on, our child as well; the first ends. */
static int take_process(struct spawn *w, int pid, int pidfd)
{
	siginfo_t info;

	if (!w->plan->forks || w->middle >= 0 || pid <= 0) {
		fd_closep(&pidfd);
		return -EBADMSG; /* not from us */
	}
	if (pidfd < 0) { /* our table is full: until we reap it the number is its own */
		(void)kill(pid, SIGKILL);
		while (waitid(P_PID, (id_t)pid, &info, WEXITED) < 0 && errno == EINTR)
			;
		return err_set(w->err, -EMFILE, "process of the container");
	}
	w->middle = w->ret->pidfd;
	w->ret->pidfd = pidfd;
	w->ret->pid = pid;
	return 0;
}

/* The descriptor that came with @v, if any, finds its owner. */
static int take_descriptor(struct spawn *w, const struct verdict *v, int fd)
{
	if (v->kind == VERDICT_PROCESS)
		return take_process(w, v->err, fd);
	if (v->kind == VERDICT_TERMINAL) {
		fd_closep(&w->ret->terminal);
		w->ret->terminal = fd;
	} else if (v->kind == VERDICT_PID && w->monitor) {
		w->ret->pidfd = fd; /* what stands there is the monitor's number for it */
	} else {
		fd_closep(&fd); /* nobody asked for it */
	}
	return 0;
}

/* One message of the child; 1 for another, 0 at its end, -errno. */
static int receive(struct spawn *w)
{
	struct verdict v;
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = &v, .iov_len = sizeof(v) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	/*
	 * After vfork(2) all that the child had to say is here. Its end of the channel closes
	 * a little later, in the middle of execve(2): waiting for that costs a sleep.
	 */
	const bool said = w->vfork && !w->ret->init;
	ssize_t n = recvmsg(w->channel, &msg, MSG_CMSG_CLOEXEC | (said ? MSG_DONTWAIT : 0));
	struct cmsghdr *c;
	int fd = -EBADF, r;

	if (n < 0 && said && errno == EAGAIN)
		return 0;
	if (n < 0)
		return errno == EINTR ? 1 : -errno;
	if (n == 0)
		return 0;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(c), sizeof(int));
	if ((size_t)n != sizeof(v) || v.step >= w->plan->len) {
		fd_closep(&fd);
		return -EBADMSG;
	}
	v.note[sizeof(v.note) - 1] = '\0';
	r = take_descriptor(w, &v, fd);
	return r < 0 ? r : obey(w, &v);
}

/* End and reap a child whose start failed. */
static void bury(struct spawn *w)
{
	if (w->ret->pidfd >= 0) {
		(void)sys_pidfd_send_signal(w->ret->pidfd, SIGKILL); /* it may have ended */
		if (!w->monitor) /* else it reaps, when it hears that nothing has come of it */
			reap_child(w->ret->pidfd);
	}
	fd_closep(&w->ret->pidfd);
	fd_closep(&w->ret->terminal);
	fd_closep(&w->ret->server);
}

static int follow_child(struct spawn *w)
{
	int r;

	fd_closep(&w->child_end); /* or its end would never be seen */
	do
		r = receive(w);
	while (r > 0);
	if (r == 0 && !w->failed && w->unsent && w->unsent->err < 0)
		step_failed(w, w->unsent->step, w->unsent->err, w->unsent->note);
	if (r == 0 && w->failed)
		r = w->err->code;
	if (r == 0 && w->plan->forks && w->middle < 0) /* killed before it could say so */
		r = -ECANCELED;
	if (r < 0)
		err_set(w->err, r, "start of the container");
	if (w->middle >= 0) /* it ended when it had said so */
		reap_child(w->middle);
	fd_closep(&w->middle);
	return r;
}

/* What a start with limits needs beside. */
static int prepare_groups(struct spawn *w)
{
	void *page = mmap(NULL, sizeof(*w->unsent), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return -ENOMEM;
	w->unsent = page;
	w->ret->cgroups = cgroup_set_new(w->plan);
	return w->ret->cgroups ? 0 : -ENOMEM;
}

int spawn_plan(const struct plan *p, struct minc_container *ret, struct err *e,
	       minc_log_fn log, void *log_data, const struct spawn_fault *fault,
	       struct monitor_args *monitor)
{
	struct spawn w = { .plan = p,
			   .err = e,
			   .monitor = monitor,
			   .log = log,
			   .log_data = log_data,
			   .channel = -EBADF,
			   .child_end = -EBADF,
			   .init_fd = -EBADF,
			   .middle = -EBADF,
			   .ret = ret };
	int r;

	*ret = (struct minc_container){ .pidfd = -EBADF,
					.terminal = -EBADF,
					.attached = -EBADF,
					.server = -EBADF,
					.storage_lock = -EBADF };
	for (size_t i = 0; i < p->warnings_len && log; i++)
		log(p->warnings[i], log_data);
	w.slots = malloc(2 * (size_t)(p->slots + 1) * sizeof(int));
	if (!w.slots)
		return err_set(e, -ENOMEM, "start of the container");
	for (int i = 0; i < p->slots; i++)
		w.slots[i] = w.slots[p->slots + i] = -EBADF;
	ret->init = p->len && p->steps[p->len - 1].exec.init_argv;
	r = p->cgroups || p->scope ? prepare_groups(&w) : 0;
	if (r < 0)
		err_set(e, r, "start of the container");
	if (r == 0) {
		r = make_channel(&w);
		if (r < 0)
			err_set(e, r, "socketpair");
	}
	if (r == 0)
		r = load_init(&w);
	if (r == 0)
		r = run_host_steps(&w, fault);
	if (r == 0)
		r = keep_server(&w);
	if (r == 0)
		r = clone_with_signals_blocked(&w, fault);
	if (r == 0)
		r = follow_child(&w);
	if (r < 0)
		bury(&w);
	if (ret->cgroups)
		cgroup_set_take(ret->cgroups, p, w.slots);
	if (r < 0)
		ret->cgroups = cgroup_set_remove(ret->cgroups);
	for (int i = 0; i < p->slots; i++)
		fd_closep(&w.slots[i]); /* the container has its own by now */
	fd_closep(&w.channel);
	fd_closep(&w.child_end);
	fd_closep(&w.init_fd);
	if (w.unsent)
		(void)munmap(w.unsent, sizeof(*w.unsent)); /* our own mapping */
	free(w.slots);
	return r;
}
