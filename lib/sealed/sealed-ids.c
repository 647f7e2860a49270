/* SPDX-License-Identifier: MIT */
/*
 * sealed-ids - the part of the sealed program that decides what a change of ids means in
 * a container with one id (sec/fake.c). It is outside of the container's pid namespace,
 * where nothing can signal or trace it, and has only the rights of the container's user.
 *
 * A process that gives up root for good (setuid(2) and its kin, to the same id for all
 * three) is stopped by ptrace(2), and made to call unshare(2) for a user namespace of its
 * own, in which the one id has the number that it asked for. It keeps no capability
 * there. From then on the kernel itself shows the new ids: to the process, to its
 * children and programs, and on its files.
 *
 * The kernel lets only a process of one thread do that. One with more (gosu is a Go
 * program) is traced until it executes something, when it has one; and so is one that
 * keeps its capabilities by prctl(2), for it may have something to do with them yet
 * (setpriv(1) changes its group).
 *
 * The request is noted where fork(2) and execve(2) inherit it and each process has its
 * own: in the soft limit of RLIMIT_LOCKS, which has had no effect since
 * Linux 2.4. So there is no table of processes here. A process that changes this limit
 * deceives itself.
 *
 * A request consists of numbers in registers; memory of the command is never read. After
 * a failure before the process is in its namespace the answer is "success", as where
 * none of this is possible; a failure afterwards ends the process.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/ptrace.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <ucontext.h>

#include "base/fd.h"
#include "base/sys.h"
#include "sealed/sealed-calls.h"
#include "sealed/sealed-parts.h"
#include "sealed/sealed-registers.h"
#include "sealed/sealed-trace.h"

/* The parts of the limit's value: that it is a note, further facts, and two ids. */
#define NOTED     (UINT64_C(1) << 62)
#define NOTE_DONE (UINT64_C(1) << 61)
#define NOTE_KEPT (UINT64_C(1) << 60)
#define ID_BITS   30
#define ID_MASK   ((UINT64_C(1) << ID_BITS) - 1)

enum {
	LISTENER, /* our descriptors */
	ENDS,     /* a signalfd(2) for SIGCHLD */
	FDS_END,
	STOPS_MAX = 32, /* that a process may get before one call succeeds */
	POSTPONED_MAX = 1024,
	HALVES_MAX = 32,
	BELOW_STACK = 256, /* more than leaf functions use below the stack pointer */
	CAPS_WORDS = 4     /* a header and two structs of capset(2) */
};

/* A request of a process. */
struct ids {
	uint32_t uid, gid;
	/* PR_SET_KEEPCAPS is set: it may change its ids until it executes a program */
	bool kept;
	bool done; /* it is in a namespace where these ids are its own */
};

/*
 * A process that has changed its group but not yet its user. pam_limits(8) may erase its
 * note.
 */
struct half {
	uint64_t pid; /* its number in the host's /proc; 0: none */
	int proc;     /* its directory there, in which nothing is found after its end */
	struct ids ids;
};

struct answerer {
	/* of the processes that ask, before they have changed anything */
	struct ids begin;
	int moving; /* the process that is being moved to a namespace, or 0 */
	/* has executed a program while we waited for one of its threads, or 0 */
	int executed;
	bool joined; /* we are in the namespace in which its own must be made: */
	struct stat home;
	/* requests of other processes meanwhile */
	struct seccomp_notif postponed[POSTPONED_MAX];
	unsigned postponed_first, postponed_len;
	struct half halves[HALVES_MAX]; /* the latest */
	unsigned halves_next;
};

static void write_note(int tid, struct ids ids)
{
	uint64_t limit[2] = { 0, 0 };

	if (sys_call(SYS_prlimit64, tid, RLIMIT_LOCKS, 0, limit, 0) < 0)
		return;
	limit[0] = NOTED | (ids.done ? NOTE_DONE : 0) | (ids.kept ? NOTE_KEPT : 0) |
		   (uint64_t)ids.uid << ID_BITS | ids.gid;
	/* it has lowered the hard limit */
	(void)sys_call(SYS_prlimit64, tid, RLIMIT_LOCKS, limit, 0, 0);
}

static int answer(const struct seccomp_notif *n, int err, uint32_t flags)
{
	struct seccomp_notif_resp resp = { .id = n->id, .error = err, .flags = flags };

	/* it may have ended */
	return sys_ioctl(LISTENER, SECCOMP_IOCTL_NOTIF_SEND, &resp);
}

static int receive(struct seccomp_notif *n)
{
	memset(n, 0, sizeof(*n));
	/* ENOENT: no longer there */
	return sys_ioctl(LISTENER, SECCOMP_IOCTL_NOTIF_RECV, n);
}

/* The calls of the process that is being moved are let through; all others wait. */
static void hear_beside(struct answerer *a)
{
	struct seccomp_notif n;
	const struct seccomp_data *d = &n.data;

	if (receive(&n) < 0)
		return;
	if ((int)n.pid == a->moving &&
	    (d->nr == SYS_capset || d->args[0] == CLONE_NEWUSER))
		(void)answer(&n, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
	else if (a->postponed_len < POSTPONED_MAX)
		a->postponed[(a->postponed_first + a->postponed_len++) % POSTPONED_MAX] =
			n;
	else
		(void)answer(&n, -EAGAIN, 0);
}

/*
 * Wait for the next stop of @tid: a status as of wait(2), while @tid may ask; -ESRCH: it
 * has ended, and its number must not be used any more. If another thread has executed a
 * program, the number belongs to that thread, which must not be disturbed.
 */
static int await_stop(struct answerer *a, int tid)
{
	for (;;) {
		struct pollfd p[] = { { .fd = LISTENER, .events = POLLIN },
				      { .fd = ENDS, .events = POLLIN } };
		uint8_t signals[128]; /* one struct signalfd_siginfo */
		int status = 0, r;

		r = sys_call(SYS_wait4, tid, &status, __WALL | WNOHANG, 0, 0);
		if (r < 0 || (r > 0 && !WIFSTOPPED(status)))
			return -ESRCH;
		if (r > 0 && status >> 16 == PTRACE_EVENT_EXEC) {
			a->executed = tid;
			return -ESRCH;
		}
		if (r > 0)
			return status;
		if (has_no_memory(tid))
			return -ESRCH;
		/* all signals are blocked */
		(void)sys_call(SYS_ppoll, p, FDS_END, 0, 0, 0);
		if (p[ENDS].revents)
			/* the next round of the loop looks */
			(void)sys_read(ENDS, signals, sizeof(signals));
		if (p[LISTENER].revents & POLLIN)
			hear_beside(a);
		else if (p[LISTENER].revents)
			return -ESRCH; /* no process has the filter any more */
	}
}

/* Stop @tid at a point where it carries out no system call. */
static int interrupt(struct answerer *a, int tid, bool resume)
{
	int r = trace(PTRACE_INTERRUPT, tid, 0, 0);

	for (int i = 0; r == 0 && i < STOPS_MAX; i++) {
		if (resume)
			r = trace(PTRACE_CONT, tid, 0, 0);
		if (r == 0)
			r = await_stop(a, tid);
		if (r < 0)
			return r;
		if (r >> 16 == PTRACE_EVENT_STOP)
			return 0;
		/*
		 * a signal came first: it is delivered, and then the stop comes elsewhere
		 */
		r = trace(PTRACE_CONT, tid, 0, r >> 16 ? 0 : WSTOPSIG(r));
		resume = false;
	}
	return r < 0 ? r : -EAGAIN;
}

/*
 * Make @tid, which is stopped, call @nr once, by the instruction at @at: 0 and the result
 * of the call, -EAGAIN if its group was stopped before it noticed, or -errno.
 */
static int try_call(struct answerer *a, int tid, const struct registers *begin,
		    uint64_t at, long nr, const uint64_t args[2], long *ret_result)
{
	struct registers r = *begin;
	int status = 0, err;

	prepare_call(&r, at, nr, args[0], args[1]);
	err = set_registers(tid, &r);
	a->moving = tid;
	for (int i = 0; err == 0 && i < STOPS_MAX; i++) {
		err = trace(PTRACE_SINGLESTEP, tid, 0, 0);
		status = err == 0 ? await_stop(a, tid) : 0;
		if (status < 0 || status >> 8 == SIGTRAP)
			break;
	}
	a->moving = 0;
	if (err < 0 || status < 0)
		return err < 0 ? err : status;
	if (status >> 8 != SIGTRAP || get_registers(tid, &r) < 0 ||
	    was_interrupted(&r, at))
		return -EAGAIN;
	*ret_result = result_of(&r);
	return 0;
}

/* The same, repeated if it was stopped: the result of the call. */
static long make_call(struct answerer *a, int tid, const struct registers *begin,
		      uint64_t at, long nr, const uint64_t args[2])
{
	long result = 0;
	int r = -EAGAIN;

	for (int i = 0; r == -EAGAIN && i < STOPS_MAX; i++)
		r = try_call(a, tid, begin, at, nr, args, &result);
	return r < 0 ? r : result;
}

/*
 * Whether @proc is in another user namespace than the one from which we make namespaces.
 * The kernel says so, not the result of the call: a process that shares its memory may
 * have changed the instruction there, and its own filter may have answered.
 */
static bool has_left_home(const struct answerer *a, int proc)
{
	struct stat st;

	return sys_call(SYS_newfstatat, proc, "ns/user", &st, 0, 0) < 0 ||
	       !is_same_file(&st, &a->home);
}

/*
 * Only a process of the namespace above can map one id of it. -EXDEV: it is in another
 * namespace, as when containers are made in a privileged container.
 */
static int join_namespace(struct answerer *a, int proc)
{
	int fd, r;

	if (a->joined)
		return has_left_home(a, proc) ? -EXDEV : 0;
	fd = sys_openat(proc, "ns/user", O_RDONLY, 0);
	if (fd < 0)
		return fd;
	r = sys_call(SYS_fstat, fd, &a->home, 0, 0, 0);
	if (r == 0)
		r = sys_setns(fd, CLONE_NEWUSER);
	(void)sys_close(fd);
	if (r == -EINVAL) /* we are in its namespace */
		r = 0;
	a->joined = r == 0;
	return r;
}

/*
 * Whether it is in the namespace from which we make them: then its note is a copy of
 * another's, since pam_limits(8) gives everybody the limits of process 1.
 */
static bool is_at_home(const struct answerer *a, int tid)
{
	uint64_t pid;
	int proc;
	bool ret;

	if (!a->joined)
		return true;
	proc = sealed_open_proc(tid, &pid);
	if (proc < 0)
		return false; /* a thread: pam_limits(8) has no threads */
	ret = !has_left_home(a, proc);
	(void)sys_close(proc);
	return ret;
}

static void note_half(struct answerer *a, int tid, struct ids ids)
{
	struct half *h = &a->halves[a->halves_next++ % HALVES_MAX];

	if (h->pid)
		(void)sys_close(h->proc);
	h->ids = ids;
	h->proc = sealed_open_proc(tid, &h->pid);
	if (h->proc < 0)
		h->pid = 0;
}

/*
 * The ids of a process without a note: those of its half of a change or of its parent's,
 * or the ids of the beginning.
 */
static struct ids find_half(const struct answerer *a, int tid)
{
	uint64_t pid = 0, parent;
	const int proc = a->halves_next ? sealed_open_proc(tid, &pid) : -ENOENT;

	if (proc < 0)
		return a->begin;
	parent = sealed_read_field(proc, "status", "PPid:\t");
	(void)sys_close(proc);
	for (unsigned i = 0; i < HALVES_MAX; i++) { /* the newest first */
		const struct half *h = &a->halves[(a->halves_next - 1 - i) % HALVES_MAX];

		if (h->pid && (h->pid == pid || h->pid == parent) &&
		    sealed_read_field(h->proc, "status", "Pid:\t") == h->pid)
			return h->ids;
	}
	return a->begin;
}

/* The ids of its note, or those that are known without a note. */
static struct ids read_note(const struct answerer *a, int tid)
{
	uint64_t limit[2] = { 0, 0 };

	if (sys_call(SYS_prlimit64, tid, RLIMIT_LOCKS, 0, limit, 0) < 0 ||
	    limit[0] >> 62 != 1 || (limit[0] & NOTE_DONE && is_at_home(a, tid)))
		return find_half(a, tid);
	return (struct ids){ .uid = (uint32_t)(limit[0] >> ID_BITS & ID_MASK),
			     .gid = (uint32_t)(limit[0] & ID_MASK),
			     .kept = limit[0] & NOTE_KEPT,
			     .done = limit[0] & NOTE_DONE };
}

/*
 * Its namespace has been made, and it has all capabilities there. Drop all of them, with
 * arguments that do not come from its memory, because another process may share that
 * memory. @old was at @caps, below its stack.
 */
static int settle(struct answerer *a, int tid, int proc, struct ids ids,
		  const struct registers *begin, uint64_t at, uint64_t caps,
		  const uint64_t old[CAPS_WORDS])
{
	const uint64_t none[CAPS_WORDS] = { _LINUX_CAPABILITY_VERSION_3 };
	int r = sys_write_file(proc, "setgroups", "deny", 4);

	if (r == 0)
		r = sealed_write_map(proc, "uid_map", ids.uid, a->begin.uid);
	if (r == 0)
		r = sealed_write_map(proc, "gid_map", ids.gid, a->begin.gid);
	if (r == 0)
		r = write_memory(tid, caps, none, CAPS_WORDS);
	if (r == 0)
		r = (int)make_call(a, tid, begin, at, SYS_capset,
				   (const uint64_t[]){ caps, caps + 8 });
	if (r == 0)
		r = write_memory(tid, caps, old, CAPS_WORDS);
	return r == 0 && has_no_capability(tid) ? 0 : -EPERM;
}

/*
 * Bring @tid, which is stopped with the registers @r, into a namespace in which its ids
 * are @ids. There is a system call instruction at @at. 0; -EINVAL: it has more than one
 * thread; -ESRCH: it has ended; another -errno: it goes on as before. Its memory is only
 * read before it has its namespace, because the memory below a thread's stack may be
 * another stack.
 */
static int move(struct answerer *a, int tid, struct ids ids, const struct registers *r,
		uint64_t at)
{
	const uint64_t caps = (stack_of(r) - BELOW_STACK) & ~UINT64_C(15);
	uint64_t old[CAPS_WORDS], mask, pid;
	int proc = sealed_open_proc(tid, &pid),
	    ret = proc < 0 ? proc : join_namespace(a, proc);

	if (ret == 0)
		ret = read_memory(tid, caps, old, CAPS_WORDS);
	if (ret == 0)
		ret = block_signals(tid, &mask);
	if (ret == 0) {
		ret = (int)make_call(a, tid, r, at, SYS_unshare,
				     (const uint64_t[]){ CLONE_NEWUSER, 0 });
		if (!has_left_home(a, proc)) {
			ret = ret < 0 ? ret : -EPERM;
		} else if (ret != 0 || settle(a, tid, proc, ids, r, at, caps, old) < 0) {
			/* its number may belong to another process */
			(void)sys_pidfd_send_signal(proc, SIGKILL);
			ret = -ESRCH;
		}
		if (ret != -ESRCH)
			restore_signals(tid, mask);
	}
	if (proc >= 0)
		(void)sys_close(proc);
	return ret;
}

/*
 * Stop the process that asks by @n: its registers are in *ret; *ret_first: it was not
 * traced before. -EPERM: it cannot be traced; another -errno: it asks no longer.
 */
static int stop_asking(struct answerer *a, const struct seccomp_notif *n, bool *ret_first,
		       struct registers *ret)
{
	const int tid = (int)n->pid;
	bool asks;
	int r;

	*ret_first = seize(tid) == 0;
	/* it may have ended while we waited, and its number be another's by now */
	asks = sys_ioctl(LISTENER, SECCOMP_IOCTL_NOTIF_ID_VALID, &n->id) == 0;
	if (!*ret_first && trace(PTRACE_INTERRUPT, tid, 0, 0) < 0)
		return asks ? -EPERM : -ESRCH;
	r = interrupt(a, tid, false);
	if (r == 0)
		r = get_registers(tid, ret);
	/* otherwise it is in a signal handler, and will ask again */
	if (r == 0 &&
	    (!asks || interrupted_call(ret) != n->data.instruction_pointer - CALL_BYTES))
		r = -EINTR;
	if (r < 0 && r != -ESRCH)
		(void)trace(*ret_first ? PTRACE_DETACH : PTRACE_CONT, tid, 0, 0);
	return r;
}

/*
 * Whether @tid, which is stopped with the registers @r, keeps its capabilities: 1, 0 or
 * -errno.
 */
static int keeps_capabilities(struct answerer *a, int tid, const struct registers *r)
{
	uint64_t mask;
	long ret = block_signals(tid, &mask); /* a single step would lose signals */

	if (ret == 0)
		ret = make_call(a, tid, r, interrupted_call(r), SYS_prctl,
				(const uint64_t[]){ PR_GET_KEEPCAPS, 0 });
	if (ret != -ESRCH)
		restore_signals(tid, mask);
	return ret < 0 ? (int)ret : ret == 1;
}

/*
 * The process that asks by @n gives up root. While it waits for our answer it can make no
 * other call, so its call is interrupted, and returns 0 as if we had answered.
 */
static void give_up_root(struct answerer *a, const struct seccomp_notif *n,
			 struct ids ids)
{
	const int tid = (int)n->pid;
	struct registers r;
	bool first;
	int ret;

	write_note(tid, ids);
	ret = stop_asking(a, n, &first, &r);
	if (ret == -EPERM) {
		/* traced by another, or forbidden by a security module: success */
		ids.uid = a->begin.uid;
		write_note(tid, ids);
		(void)answer(n, 0, 0);
	}
	if (ret < 0)
		return;
	ret = keeps_capabilities(a, tid, &r);
	ids.kept = ret == 1;
	if (ret == 0)
		ret = move(a, tid, ids, &r, interrupted_call(&r));
	if (ret == -ESRCH)
		return;
	ids.done = !ids.kept && ret == 0;
	if (ret < 0 &&
	    /* the limit on namespaces is reached: only answer, as above */
	    ret != -EINVAL)
		ids.uid = a->begin.uid;
	answer_success(&r);
	(void)set_registers(tid, &r);
	write_note(tid, ids);
	/* it has threads or keeps capabilities: trace it until it executes a program */
	(void)trace(ids.kept || ret == -EINVAL ? PTRACE_CONT : PTRACE_DETACH, tid, 0, 0);
}

/* A traced process has executed a program, so it has one thread. */
static void hear_exec(struct answerer *a, int tid)
{
	const uint64_t bits = CALL_BYTES == 2 ? 0xffff : 0xffffffff;
	uint64_t at, old, call;
	struct registers r;
	struct ids ids = read_note(a, tid);
	int ret = ids.done || ids.uid == a->begin.uid ? -ENOENT : interrupt(a, tid, true);

	if (ret == 0)
		ret = get_registers(tid, &r);
	if (ret == 0) {
		at = next_instruction(&r);
		ret = trace(PTRACE_PEEKDATA, tid, at, (uintptr_t)&old);
		call = (old & ~bits) | CALL_INSTRUCTION;
		if (ret == 0)
			ret = trace(PTRACE_POKEDATA, tid, at, call);
		if (ret == 0) {
			ret = move(a, tid, ids, &r, at);
			(void)trace(PTRACE_POKEDATA, tid, at, old);
			(void)set_registers(tid, &r);
		}
	}
	ids.kept = false;
	ids.done = ids.done || ret == 0;
	if (ids.done || ids.uid != a->begin.uid)
		write_note(tid, ids);
	(void)trace(PTRACE_DETACH, tid, 0, 0);
}

/* A stop of a traced process. */
static void hear_stop(struct answerer *a, int tid, int status)
{
	const int event = status >> 16, sig = WSTOPSIG(status);

	if (event == PTRACE_EVENT_EXEC)
		hear_exec(a, tid);
	/* stopped with its group, as by a shell */
	else if (event == PTRACE_EVENT_STOP && sig != SIGTRAP)
		(void)trace(PTRACE_LISTEN, tid, 0, 0);
	else
		(void)trace(PTRACE_CONT, tid, 0, event ? 0 : (uint64_t)sig);
}

/* A process with the ids @now asks to change its ids. */
static void decide_ids(struct answerer *a, const struct seccomp_notif *n, struct ids now)
{
	const __u64 *args = n->data.args;
	bool group;
	const int len = sealed_ids_of_call(n->data.nr, &group);
	const uint32_t old = group ? now.gid : now.uid,
		       id = sealed_id_for_good(args, len, old);

	if (now.uid != 0 && !now.kept && sealed_asks_for_others(args, len, old)) {
		(void)answer(n, -EPERM, 0);
	} else if (now.uid != 0 && !now.kept) {
		/* libc's threads ask one after another; any may execute a program */
		if (!group && !now.done && now.uid != a->begin.uid)
			give_up_root(a, n, now);
		else
			(void)answer(n, 0, 0);
	} else if (id > ID_MASK || (len == 1 && (uint32_t)args[0] == UINT32_MAX)) {
		(void)answer(n, -EINVAL, 0);
	} else if (id == old) {
		(void)answer(n, 0, 0);
	} else if (!group && !now.kept) {
		now.uid = id;
		give_up_root(a, n, now);
	} else {
		if (group)
			now.gid = id;
		else
			now.uid = id;
		now.kept = now.kept && now.uid != 0;
		write_note((int)n->pid, now);
		if (now.uid == 0)
			note_half(a, (int)n->pid, now);
		(void)answer(n, 0, 0);
	}
}

static void decide(struct answerer *a, const struct seccomp_notif *n)
{
	const struct ids now = read_note(a, (int)n->pid);
	bool group;

	if (sys_ioctl(LISTENER, SECCOMP_IOCTL_NOTIF_ID_VALID, &n->id) < 0)
		return; /* it goes on, or has ended */
	if (sealed_ids_of_call(n->data.nr, &group))
		decide_ids(a, n, now);
	else if (n->data.nr == SYS_unshare)
		(void)answer(n, -EPERM, 0);
	/* this also answers processes that want to keep some: see setpriv(1) */
	else if (n->data.nr == SYS_capset)
		(void)answer(n, 0, 0);
	/* the kernel itself answers setgroups, setfsuid and setfsgid */
	else if (now.done)
		(void)answer(n, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
	else
		(void)answer(n,
			     n->data.nr == SYS_setgroups && now.uid != 0 && !now.kept
				     ? -EPERM
				     : 0,
			     0);
}

/* Look at all traced processes, because one SIGCHLD can stand for many. */
static void hear_stops(struct answerer *a)
{
	int status, tid = a->executed;

	a->executed = 0;
	if (tid)
		hear_exec(a, tid);
	while ((tid = sys_call(SYS_wait4, -1, &status, __WALL | WNOHANG, 0, 0)) > 0)
		if (WIFSTOPPED(status))
			hear_stop(a, tid, status);
}

/*
 * The handler of SIGCHLD, which is blocked everywhere but in seize(). The program has no
 * writable data, so the address of our state is where the alternate signal stack would
 * be, which is never used.
 */
static void hear_meanwhile(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)info;
	hear_stops(((const ucontext_t *)context)->uc_stack.ss_sp);
}

static int set_handler(struct answerer *a)
{
	const stack_t place = { .ss_sp = a, .ss_size = sizeof(*a) };
	const struct sealed_action action = { .handler = (uintptr_t)hear_meanwhile,
					      .flags = SA_SIGINFO | RETURN_FLAG,
					      .restorer = (uintptr_t)return_from_handler,
					      .mask = ~UINT64_C(0) };
	const int r = sys_call(SYS_sigaltstack, &place, 0, 0, 0, 0);

	return r < 0 ? r
		     : sys_call(SYS_rt_sigaction, SIGCHLD, &action, 0, SIGSET_BYTES, 0);
}

/* Requests that came while a process was moved. */
static void catch_up(struct answerer *a)
{
	struct seccomp_notif n;

	hear_stops(a);
	while (a->postponed_len) {
		n = a->postponed[a->postponed_first++ % POSTPONED_MAX];
		a->postponed_len--;
		decide(a, &n);
		hear_stops(a);
	}
}

void sealed_answer(int listener, uint32_t uid, uint32_t gid)
{
	struct answerer a = { .begin = { .uid = uid, .gid = gid } };
	const uint64_t child = UINT64_C(1) << (SIGCHLD - 1);
	int r;

	(void)sys_prctl(PR_SET_NAME, (unsigned long)"minc-ids", 0, 0, 0);
	r = listener == LISTENER ? 0 : sys_dup3(listener, LISTENER, O_CLOEXEC);
	if (r >= 0)
		r = sys_close_range(LISTENER + 1, ~0U, 0);
	if (r >= 0)
		r = set_handler(&a);
	if (r >= 0)
		r = sys_call(SYS_signalfd4, -1, &child, SIGSET_BYTES,
			     O_CLOEXEC | O_NONBLOCK, 0);
	while (r >= 0) {
		struct pollfd p[] = { { .fd = LISTENER, .events = POLLIN },
				      { .fd = ENDS, .events = POLLIN } };
		uint8_t signals[128]; /* one struct signalfd_siginfo */
		struct seccomp_notif n;

		catch_up(&a);
		r = sys_call(SYS_ppoll, p, FDS_END, 0, 0, 0);
		if (p[ENDS].revents)
			(void)sys_read(ENDS, signals, sizeof(signals));
		if (p[LISTENER].revents & POLLIN && receive(&n) == 0)
			decide(&a, &n);
		/* no process has the filter any more */
		else if (p[LISTENER].revents & ~POLLIN)
			sys_exit(0);
	}
	sys_exit(EXIT_OURS);
}
