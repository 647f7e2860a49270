/* SPDX-License-Identifier: MIT */
/*
 * fuse-jail - confines the server once all files are open. It reads files that anybody
 * may have written, and needs no more than to read them, to answer, and memory; all other
 * system calls fail.
 */
#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/sys.h"
#include "fuse/fuse.h"

enum { NOBODY = 65534 };

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#endif

#ifdef MACHINE

static const int calls[] = {
	SYS_read,
	SYS_writev,
	SYS_pread64,
	SYS_futex,
	SYS_mmap,
	SYS_munmap,
	SYS_mremap,
	SYS_mprotect,
	SYS_madvise,
	SYS_brk,
	SYS_exit,
	SYS_exit_group,
	SYS_rt_sigreturn,
	SYS_rt_sigprocmask,
	SYS_restart_syscall,
	SYS_sched_yield,
	SYS_sched_getaffinity,
	/* of threads that have just begun */
	SYS_rseq,
	SYS_set_robust_list,
};

enum { CALLS = sizeof(calls) / sizeof(calls[0]), HEAD = 4 };

static int filter(void)
{
	struct sock_filter code[HEAD + CALLS + 2] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	const struct sock_fprog program = { HEAD + CALLS + 2, code };

	for (int i = 0; i < CALLS; i++)
		code[HEAD + i] =
			(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
						     (uint32_t)calls[i],
						     (unsigned char)(CALLS - i), 0);
	code[HEAD + CALLS] =
		(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	code[HEAD + CALLS + 1] =
		(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	/* of all threads, which have been started */
	return sys_call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC,
			&program, 0, 0);
}

#else

static int filter(void)
{
	return 0; /* no filter: the numbers of its calls are not in the table */
}

#endif

/*
 * Where the ids cannot be changed or there is no filter, the server goes on: the caller
 * could read the same files before.
 */
void fuse_drop_ids(void)
{
	if (geteuid() != 0)
		return;
	(void)setgroups(0, NULL);
	(void)!setresgid(NOBODY, NOBODY, NOBODY);
	(void)!setresuid(NOBODY, NOBODY, NOBODY);
}

void fuse_jail(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		(void)filter();
}
