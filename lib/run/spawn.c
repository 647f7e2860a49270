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
#include "ns/ns.h"
#include "run/init.h"
#include "run/run.h"

#define MEMFD_EXEC 0x0010U /* 6.3 */

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
	struct minc_container *ret;
	bool vfork; /* the child has executed or ended when clone3(2) returns */
	bool failed;
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

/* Known causes behind an errno that says too little. */
static const struct {
	enum step_kind kind;
	int err;
	const char *text;
} hints[] = {
	{ STEP_ROOT, -EINVAL,
	  "pivot_root(2) needs / to be a mount point that is not the initial ramfs" },
	{ STEP_LINK_MOVE, -EPERM, "moving an interface needs root" },
	{ STEP_LINK_MOVE, -EINVAL, "loopback, bridges and some others cannot be moved" },
	{ STEP_LINK_MOVE, -ENODEV, "ip link lists the interfaces there are" },
	{ STEP_IDMAP, -EPERM, "a security module may forbid user namespaces" },
	{ STEP_IDMAP, -EACCES,
	  "a program that changed its ids must call prctl(PR_SET_DUMPABLE, 1) first" },
	{ STEP_KEYRING, -EDQUOT,
	  "every container has a key: /proc/sys/kernel/keys/maxkeys limits an ordinary user" },
	{ STEP_JOIN, -EPERM, "entering a namespace needs CAP_SYS_ADMIN and CAP_SYS_CHROOT" },
	{ STEP_AFFINITY, -EINVAL, "none of these CPUs is online and allowed; see nproc(1)" },
	{ STEP_SECCOMP, -EINVAL, "this kernel may lack CONFIG_SECCOMP_FILTER" },
};

static void add_hint(struct err *e, const struct step *s, int err, const char *note)
{
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (hints[i].kind == s->kind && hints[i].err == err)
			err_hint(e, "%s", hints[i].text);
	if (err == -EMFILE)
		err_hint(e, "it needs more open files than it may have: ulimit -n");
	if (s->kind != STEP_FS || err == -EMFILE)
		return;
	if (strncmp(note, "e ", 2) == 0)
		err_hint(e, "the kernel says: %.*s", (int)strcspn(note + 2, "\n"), note + 2);
	else if (strcmp(s->fs.type, "overlay") == 0 && err == -ENODEV)
		err_hint(e, "this kernel has no overlayfs: modprobe overlay, or --direct");
	else if (strcmp(s->fs.type, "overlay") == 0)
		err_hint(e, "overlayfs refuses some file systems as a lower or upper layer, and "
			    "before Linux 5.11 ordinary users: another directory, or --direct");
	else if (err == -EPERM)
		err_hint(e, "inside another container, what hides parts of /proc and /sys there "
			    "also forbids a new one");
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
		if (err == -ENOEXEC)
			err_hint(w->err, "not a program for this machine, or a script without #!");
	} else {
		describe(text, sizeof(text), p, index);
		err_set(w->err, err, "%s", text);
		add_hint(w->err, s, err, note);
	}
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

static int make_channel(struct spawn *w)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	/* lowest_fd itself is where an init finds the channel */
	w->channel = fd_move_up(pair[0], w->plan->lowest_fd + 1);
	w->child_end = fd_move_up(pair[1], w->plan->lowest_fd + 1);
	return w->channel < 0 ? w->channel : w->child_end < 0 ? w->child_end : 0;
}

/* The init's executable as a sealed file that is in no file system. */
static int load_init(struct spawn *w)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	cleanup_close int fd = -EBADF;
	int r;

	if (w->plan->len == 0 || !w->plan->steps[w->plan->len - 1].exec.init_argv)
		return 0;
	fd = memfd_create("minc-init", MFD_CLOEXEC | MFD_ALLOW_SEALING | MEMFD_EXEC);
	if (fd < 0 && errno == EINVAL) /* before 6.3 */
		fd = memfd_create("minc-init", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return err_set(w->err, -errno, "init: memfd_create");
	r = io_write_all(fd, init_program, init_program_len);
	if (r == 0 && fcntl(fd, F_ADD_SEALS, seals) < 0)
		r = -errno;
	if (r < 0)
		return err_set(w->err, r, "init: memfd");
	w->init_fd = fd_move_up(take_fd(&fd), w->plan->lowest_fd + 1);
	return w->init_fd < 0 ? err_set(w->err, w->init_fd, "init: memfd") : 0;
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

/* clone3(2) onto a stack of its own; never returns in the child. */
static long clone_on_stack(struct sys_clone_args *a, struct child_args *args)
{
	long ret;

#if defined(__x86_64__)
	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %[args], %%rdi\n\t"
			 "call *%[fn]\n\t"
			 "ud2\n"
			 "1:"
			 : "=a"(ret)
			 : "0"((long)SYS_clone3), "D"(a), "S"(sizeof(*a)), [fn] "d"(child_main),
			   [args] "b"(args) /* not rbp, which is cleared */
			 : "rcx", "r11", "memory", "cc");
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = SYS_clone3;
	register long x0 __asm__("x0") = (long)a;
	register long x1 __asm__("x1") = sizeof(*a);
	/* named, or the compiler might choose x29, which is cleared */
	void (*const entry)(struct child_args *) = child_main;
	register long x2 __asm__("x2") = (long)entry;
	register struct child_args *x3 __asm__("x3") = args;

	__asm__ volatile("svc #0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x29, xzr\n\t"
			 "mov x0, x3\n\t"
			 "blr x2\n\t"
			 "brk #1\n"
			 "1:"
			 : "+r"(x0)
			 : "r"(x1), "r"(x2), "r"(x3), "r"(x8)
			 : "memory", "cc", "x30");
	ret = x0;
#else
	/* No hand-written entry for this architecture: a copy of the memory instead. */
	a->flags &= ~(uint64_t)(CLONE_VM | CLONE_VFORK);
	a->stack = a->stack_size = 0;
	ret = sys_call6(SYS_clone3, (long)a, sizeof(*a), 0, 0, 0, 0);
	if (ret == 0)
		child_main(args);
#endif
	return ret;
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

static long clone_child(struct spawn *w, struct child_args *args)
{
	struct sys_clone_args a = {
		.flags = w->plan->clone_flags | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
		.pidfd = (uintptr_t)&w->ret->pidfd,
		.exit_signal = SIGCHLD,
	};
	const size_t size = CHILD_STACK_BYTES + GUARD_BYTES;
	char *stack;
	long pid;

	if (!may_share_memory(w->plan)) {
		pid = sys_call6(SYS_clone3, (long)&a, sizeof(a), 0, 0, 0, 0);
		if (pid == 0)
			child_main(args);
		return pid;
	}
	stack = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stack == MAP_FAILED)
		return -ENOMEM;
	if (mprotect(stack + GUARD_BYTES, CHILD_STACK_BYTES, PROT_READ | PROT_WRITE) < 0) {
		(void)munmap(stack, size); /* our own mapping */
		return -ENOMEM;
	}
	a.flags |= CLONE_VM | CLONE_VFORK;
	a.stack = (uintptr_t)stack + GUARD_BYTES;
	a.stack_size = CHILD_STACK_BYTES;
	pid = clone_on_stack(&a, args); /* back when the child has executed or ended */
	w->vfork = a.flags & CLONE_VFORK;
	(void)munmap(stack, size);	/* our own mapping */
	return pid;
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
			    .init_fd = w->init_fd,
			    .host_end = w->channel },
		.fault_step = fault ? fault->step : -1,
		.fault_err = fault ? fault->err : 0,
	};
	long pid;

	memcpy(args.runner.slots, w->slots, (size_t)w->plan->slots * sizeof(int));
	/* No handler of the caller may run in the child, on memory that is not its own. */
	(void)sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, sizeof(old), 0);
	pid = clone_child(w, &args);
	(void)sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, sizeof(old), 0);
	if (pid >= 0) {
		w->ret->pid = (int)pid;
		return 0;
	}
	w->failed = true;
	err_set(w->err, (int)pid, "new namespaces");
	if (w->plan->clone_flags & CLONE_NEWUSER)
		idmap_hint(w->err);
	else if (pid == -EPERM)
		err_hint(w->err, "needs root, or --userns single");
	return (int)pid;
}

/* Whether the child has a map of ids; for when nobody knows how the helper ended. */
static bool has_map(const struct spawn *w, const char *name)
{
	cleanup_free char *map = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", w->ret->pid, name);
	return io_read_file(AT_FDCWD, path, 64 * 1024, &map, NULL) >= 0 && *map;
}

/*
 * Run newuidmap(1) or newgidmap(1) on the child to write its @map; its complaint becomes
 * the message.
 */
static int run_map_helper(struct spawn *w, const char *program, const char *map,
			  const char *const *args)
{
	const char *argv[2 + 3 * (IDMAP_RANGES_MAX + 1) + 1] = { program };
	char pid[16], text[256] = "", *no_env[] = { NULL };
	cleanup_close int out = -EBADF, in = -EBADF;
	posix_spawn_file_actions_t actions;
	int fds[2], status, r;
	size_t n = 2;
	pid_t helper;

	snprintf(pid, sizeof(pid), "%d", w->ret->pid);
	argv[1] = pid;
	while (*args)
		argv[n++] = *args++;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	in = fds[0];
	out = fds[1];
	if (posix_spawn_file_actions_init(&actions) != 0)
		return -ENOMEM;
	r = posix_spawn_file_actions_adddup2(&actions, out, 2);
	if (r == 0)
		r = posix_spawn(&helper, program, &actions, NULL, (char *const *)argv, no_env);
	posix_spawn_file_actions_destroy(&actions);
	if (r != 0)
		return err_set(w->err, -r, "%s", program);
	fd_closep(&out);
	if (read(in, text, sizeof(text) - 1) < 0)
		text[0] = '\0'; /* only its words are lost */
	do
		r = waitpid(helper, &status, 0);
	while (r < 0 && errno == EINTR);
	if (r == helper && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	/* ECHILD: the caller ignores SIGCHLD, or another thread waits for any child */
	if (r < 0 && has_map(w, map))
		return 0;
	text[strcspn(text, "\n")] = '\0';
	return err_say(w->err, -EPERM, "%s", *text ? text : program);
}

static int map_ids(struct spawn *w)
{
	for (size_t i = 0; i < w->plan->len; i++) {
		const struct step *s = &w->plan->steps[i];
		int r;

		if (s->kind != STEP_IDMAP)
			continue;
		r = run_map_helper(w, "/usr/bin/newuidmap", "uid_map", s->idmap.uid_args);
		if (r == 0)
			r = run_map_helper(w, "/usr/bin/newgidmap", "gid_map", s->idmap.gid_args);
		if (r < 0)
			return r;
	}
	return send(w->channel, "", 1, MSG_NOSIGNAL) == 1 ? 0 : -errno;
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

	if (n < 0 && said && errno == EAGAIN)
		return 0;
	if (n < 0)
		return errno == EINTR ? 1 : -errno;
	if (n == 0)
		return 0;
	if ((size_t)n != sizeof(v) || v.step >= w->plan->len)
		return -EBADMSG;
	v.note[sizeof(v.note) - 1] = '\0';
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_type == SCM_RIGHTS)
		memcpy(&w->ret->terminal, CMSG_DATA(c), sizeof(int));
	if (v.kind == VERDICT_TERMINAL && w->ret->terminal < 0) /* our table is full */
		return err_set(w->err, -EMFILE, "terminal of the container");
	if (v.kind == VERDICT_READY) {
		int r = map_ids(w);

		return r < 0 ? r : 1;
	}
	if (v.kind == VERDICT_WARNING)
		step_warned(w, v.step, v.err);
	if (v.kind != VERDICT_FAILED)
		return 1;
	step_failed(w, v.step, v.err, v.note);
	return 0; /* its last word: its end may be held open by a fork of another thread */
}

/* End and reap a child whose start failed. */
static void bury(struct spawn *w)
{
	siginfo_t info;

	if (w->ret->pidfd < 0)
		return;
	(void)sys_pidfd_send_signal(w->ret->pidfd, SIGKILL); /* it may have ended already */
	while (waitid((idtype_t)P_PIDFD, (id_t)w->ret->pidfd, &info, WEXITED) < 0 &&
	       errno == EINTR)
		;
	fd_closep(&w->ret->pidfd);
	fd_closep(&w->ret->terminal);
}

static int follow_child(struct spawn *w)
{
	int r;

	fd_closep(&w->child_end); /* or its end would never be seen */
	do
		r = receive(w);
	while (r > 0);
	if (r == 0 && w->failed)
		r = w->err->code;
	if (r < 0)
		err_set(w->err, r, "start of the container");
	return r;
}

int spawn_plan(const struct plan *p, struct minc_container *ret, struct err *e,
	       minc_log_fn log, void *log_data, const struct spawn_fault *fault)
{
	struct spawn w = { .plan = p,
			   .err = e,
			   .log = log,
			   .log_data = log_data,
			   .channel = -EBADF,
			   .child_end = -EBADF,
			   .init_fd = -EBADF,
			   .ret = ret };
	int r;

	*ret = (struct minc_container){ .pidfd = -EBADF,
					.terminal = -EBADF,
					.storage_lock = -EBADF };
	w.slots = malloc(2 * (size_t)(p->slots + 1) * sizeof(int));
	if (!w.slots)
		return err_set(e, -ENOMEM, "start of the container");
	for (int i = 0; i < 2 * p->slots; i++)
		w.slots[i] = -EBADF;
	ret->init = p->len && p->steps[p->len - 1].exec.init_argv;
	r = make_channel(&w);
	if (r < 0)
		err_set(e, r, "socketpair");
	if (r == 0)
		r = load_init(&w);
	if (r == 0)
		r = run_host_steps(&w, fault);
	if (r == 0)
		r = clone_with_signals_blocked(&w, fault);
	if (r == 0)
		r = follow_child(&w);
	if (r < 0)
		bury(&w);
	for (int i = 0; i < p->slots; i++)
		fd_closep(&w.slots[i]); /* the container has its own by now */
	fd_closep(&w.channel);
	fd_closep(&w.child_end);
	fd_closep(&w.init_fd);
	free(w.slots);
	return r;
}
