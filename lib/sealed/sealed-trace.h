/* SPDX-License-Identifier: MIT */
/*
 * sealed-trace - what sealed-ids.c does to one process by ptrace(2) and its kin, or sees
 * of it. Nothing here knows what that asks for. All return 0 or -errno.
 */
#pragma once

#include <elf.h>
#include <linux/capability.h>
#include <linux/ptrace.h>
#include <stdbool.h>
#include <sys/uio.h>

#include "base/sys.h"
#include "sealed/sealed-parts.h"
#include "sealed/sealed-registers.h"

/*
 * Without us nothing goes on that was stopped in the middle, with capabilities in a new
 * namespace.
 */
#define TRACE_OPTIONS                                                    \
	(PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | \
	 PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL)

static int trace(long request, int tid, uint64_t addr, uint64_t data)
{
	return sys_call(SYS_ptrace, request, tid, addr, data, 0);
}

static int get_registers(int tid, struct registers *r)
{
	struct iovec iov = { .iov_base = r, .iov_len = sizeof(*r) };

	const int ret = trace(PTRACE_GETREGSET, tid, NT_PRSTATUS, (uintptr_t)&iov);

	/* it has executed a 32-bit program */
	return ret == 0 && iov.iov_len != sizeof(*r) ? -ENOEXEC : ret;
}

static int set_registers(int tid, struct registers *r)
{
	struct iovec iov = { .iov_base = r, .iov_len = sizeof(*r) };

	return trace(PTRACE_SETREGSET, tid, NT_PRSTATUS, (uintptr_t)&iov);
}

static int read_memory(int tid, uint64_t at, uint64_t *ret, int len)
{
	int r = 0;

	for (int i = 0; i < len && r == 0; i++)
		r = trace(PTRACE_PEEKDATA, tid, at + 8 * (uint64_t)i, (uintptr_t)&ret[i]);
	return r;
}

static int write_memory(int tid, uint64_t at, const uint64_t *words, int len)
{
	int r = 0;

	for (int i = 0; i < len && r == 0; i++)
		r = trace(PTRACE_POKEDATA, tid, at + 8 * (uint64_t)i, words[i]);
	return r;
}

/* All but those of single steps, and have the mask of before in *ret. */
static int block_signals(int tid, uint64_t *ret)
{
	const uint64_t but_trap = ~(UINT64_C(1) << (SIGTRAP - 1));
	const int r = trace(PTRACE_GETSIGMASK, tid, sizeof(*ret), (uintptr_t)ret);

	return r < 0 ? r
		     : trace(PTRACE_SETSIGMASK, tid, sizeof(but_trap),
			     (uintptr_t)&but_trap);
}

static void restore_signals(int tid, uint64_t mask)
{
	(void)trace(PTRACE_SETSIGMASK, tid, sizeof(mask), (uintptr_t)&mask);
}

/*
 * Whether @tid is no more than its number. With other threads that we trace its end is
 * not told, before those are let go; which is its tracer's to do.
 */
static bool has_no_memory(int tid)
{
	uint8_t byte;
	const struct iovec here = { .iov_base = &byte, .iov_len = 1 },
			   nowhere = { .iov_len = 1 };

	return sys_call6(SYS_process_vm_readv, tid, (long)&here, 1, (long)&nowhere, 1,
			 0) == -ESRCH;
}

static bool has_no_capability(int tid)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3,
						   .pid = tid };
	struct __user_cap_data_struct data[2];

	return sys_call(SYS_capget, &header, data, 0, 0, 0) == 0 && !data[0].permitted &&
	       !data[1].permitted && !data[0].effective && !data[1].effective &&
	       !data[0].inheritable && !data[1].inheritable;
}

/*
 * Trace @tid. While another thread of its process executes something the kernel lets us
 * wait, and that one waits until all others are reaped, which is ours to do with those
 * that we trace: SIGCHLD has a handler that does, and is let through meanwhile.
 */
static int seize(int tid)
{
	const uint64_t all = ~UINT64_C(0), but_child = ~(UINT64_C(1) << (SIGCHLD - 1));
	int r;

	(void)sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &but_child, 0, SIGSET_BYTES, 0);
	r = trace(PTRACE_SEIZE, tid, 0, TRACE_OPTIONS);
	(void)sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &all, 0, SIGSET_BYTES, 0);
	return r;
}
