/* SPDX-License-Identifier: MIT */
/*
 * profile - see profile.h. The starting point is the profile of podman and its kin
 * (containers-common, seccomp.json), so that an image which runs there runs here. It is
 * tightened where a namespace is no wall: new user namespaces (most kernel exploits start
 * in one), characters pushed into the caller's terminal, keys (which no namespace
 * separates), and the socket families that reach the hypervisor or the kernel's
 * cryptography. docs/seccomp.md lists every difference with its reason; a test compares.
 *
 * What the list does not know answers ENOSYS, new calls too: programs fall back after
 * that.
 *
 * Arguments are compared by their low 32 bits wherever the kernel takes an int: with all
 * 64, a caller passes the test by setting a bit that the kernel then ignores. (Of a size
 * the high bits count, but with any of them it is larger than the kernel takes.)
 */
#include "sec/profile.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <sched.h>
#include <sys/socket.h>

_Static_assert(PROFILE_DEFAULT == ENOSYS, "see profile.h");

// clang-format off
#define ROW(...) .with = PROFILE_ANY_CAP, .without = PROFILE_ANY_CAP, __VA_ARGS__
#define ALLOW(names) { names, PROFILE_ALLOW, ROW() }
#define ALLOW_WITH(cap, names) \
	{ names, PROFILE_ALLOW, .with = (cap), .without = PROFILE_ANY_CAP }
#define REFUSE(errnum, names) { names, errnum, ROW() }
#define TEST(n, bits, number) { .arg = (n), .mask = (bits), .value = (number) }
#define INT 0xffffffffU
/* refused without CAP_X, allowed with it */
#define ONLY_WITH(cap, names) ALLOW_WITH(cap, names), REFUSE(EPERM, names)

#define NETLINK_AUDIT_PROTOCOL 9
#define SETXATTR "fsetxattr lsetxattr setxattr"

const struct profile_rule profile_rules[] = {
	ALLOW(
	  "_llseek _newselect accept accept4 access adjtimex alarm bind brk capget "
	  "capset chdir chmod chown chown32 clock_adjtime clock_adjtime64 "
	  "clock_getres clock_getres_time64 clock_gettime clock_gettime64 "
	  "clock_nanosleep clock_nanosleep_time64 close close_range connect "
	  "copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl "
	  "epoll_pwait epoll_pwait2 epoll_wait eventfd "
	  "eventfd2 execve execveat exit exit_group faccessat faccessat2 fadvise64 "
	  "fadvise64_64 fallocate fanotify_mark fchdir fchmod "
	  "fchmodat fchown fchown32 fchownat fcntl fcntl64 fdatasync "
	  "fgetxattr flistxattr flock fork fremovexattr fsconfig fsmount "
	  "fsopen fspick fstat fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate "
	  "ftruncate64 futex futex_time64 futimesat get_mempolicy get_robust_list "
	  "get_thread_area getcpu getcwd getdents getdents64 getegid getegid32 "
	  "geteuid geteuid32 getgid getgid32 getgroups getgroups32 getitimer "
	  "getpeername getpgid getpgrp getpid getppid getpriority getrandom "
	  "getresgid getresgid32 getresuid getresuid32 getrlimit getrusage getsid "
	  "getsockname getsockopt gettid gettimeofday getuid getuid32 getxattr "
	  "inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel "
	  "io_destroy io_getevents io_setup io_submit ioprio_get ioprio_set ipc "
	  "kill landlock_add_rule landlock_create_ruleset landlock_restrict_self "
	  "lchown lchown32 lgetxattr link linkat listen listxattr llistxattr "
	  "lremovexattr lseek lstat lstat64 madvise mbind membarrier "
	  "memfd_create memfd_secret mincore mkdir mkdirat mknod mknodat mlock "
	  "mlock2 mlockall mmap mmap2 mount mount_setattr move_mount mprotect "
	  "mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 "
	  "mq_timedsend mq_timedsend_time64 mq_unlink mremap msgctl msgget msgrcv "
	  "msgsnd msync munlock munlockall munmap name_to_handle_at nanosleep "
	  "newfstatat open open_tree openat openat2 pause pidfd_getfd pidfd_open "
	  "pidfd_send_signal pipe pipe2 pivot_root pkey_alloc pkey_free "
	  "pkey_mprotect poll ppoll ppoll_time64 prctl pread64 preadv preadv2 "
	  "prlimit64 process_mrelease process_vm_readv process_vm_writev pselect6 "
	  "pselect6_time64 ptrace pwrite64 pwritev pwritev2 read readahead readdir readlink "
	  "readlinkat readv reboot recv recvfrom recvmmsg recvmmsg_time64 recvmsg "
	  "remap_file_pages removexattr rename renameat renameat2 restart_syscall "
	  "rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo "
	  "rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 "
	  "rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min "
	  "sched_getaffinity sched_getattr sched_getparam sched_getscheduler "
	  "sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity "
	  "sched_setattr sched_setparam sched_setscheduler sched_yield seccomp "
	  "select semctl semget semop semtimedop semtimedop_time64 send sendfile "
	  "sendfile64 sendmmsg sendmsg sendto set_mempolicy set_robust_list "
	  "set_thread_area set_tid_address setfsgid setfsgid32 setfsuid setfsuid32 "
	  "setgid setgid32 setgroups setgroups32 setitimer setpgid setpriority "
	  "setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid "
	  "setreuid32 setrlimit setsid setsockopt setuid setuid32 shmat "
	  "shmctl shmdt shmget shutdown sigaction sigaltstack signal signalfd signalfd4 "
	  "sigpending sigprocmask sigreturn sigsuspend splice stat stat64 statfs statfs64 "
	  "statx symlink symlinkat sync sync_file_range syncfs sysinfo syslog tee "
	  "tgkill time timer_create timer_delete timer_getoverrun timer_gettime "
	  "timer_gettime64 timer_settime timer_settime64 timerfd_create "
	  "timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 "
	  "times tkill truncate truncate64 ugetrlimit umask umount umount2 uname "
	  "unlink unlinkat utime utimensat utimensat_time64 utimes vfork wait4 "
	  "waitid waitpid write writev"),
	/* Newer than that list. Newer lists allow them, and programs become faster. */
	ALLOW("fchmodat2 futex_requeue futex_wait futex_waitv futex_wake"),
	/* Newer, too: a program protects its own memory with them. */
	ALLOW("map_shadow_stack mseal"),
	/*
	 * The oldest calls of i386, which do no more than uname, stat, setpriority and
	 * sigprocmask.
	 */
	ALLOW(
	  "nice oldfstat oldlstat oldolduname oldstat olduname sgetmask ssetmask"),
	/*
	 * Calls that only one or two architectures have; elsewhere the names have no
	 * effect.
	 */
	ALLOW(
	  "arch_prctl arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush "
	  "modify_ldt riscv_flush_icache s390_pci_mmio_read s390_pci_mmio_write "
	  "s390_runtime_instr set_tls swapcontext sync_file_range2"),
	REFUSE(EPERM,
	  "bdflush io_pgetevents kexec_file_load kexec_load migrate_pages "
	  "move_pages pciconfig_iobase pciconfig_read pciconfig_write swapoff "
	  "swapon sysfs uselib userfaultfd ustat vm86 vm86old vmsplice"),
	/* ENOSYS, as of a kernel without keys, which programs handle. */
	REFUSE(ENOSYS, "add_key keyctl request_key"),

	/*
	 * These numbers had a call long ago; the kernel answers ENOSYS since 3.1 at the
	 * latest.
	 */
	{ "afs_syscall break create_module epoll_ctl_old epoll_wait_old ftime "
	  "get_kernel_syms getpmsg gtty idle lock mpx nfsservctl prof profil putpmsg "
	  "query_module security stty tuxcall ulimit vserver", PROFILE_ABSENT, ROW() },

	/* A user namespace gives every capability over a new set of kernel interfaces. */
	ALLOW_WITH(CAP_SYS_ADMIN, "clone clone3 unshare"),
	ALLOW_WITH(PROFILE_ASKED, "unshare"),
	{ "clone", EPERM, ROW(.arch = PROFILE_NOT_S390,
	  .tests = { TEST(0, CLONE_NEWUSER, CLONE_NEWUSER) }) },
	{ "clone", EPERM, ROW(.arch = PROFILE_S390,
	  .tests = { TEST(1, CLONE_NEWUSER, CLONE_NEWUSER) }) },
	{ "unshare", EPERM, ROW(.tests = { TEST(0, CLONE_NEWUSER, CLONE_NEWUSER) }) },
	/* clone3's flags are behind a pointer: ENOSYS, and libc uses clone. */
	ALLOW("clone unshare"),
	ONLY_WITH(CAP_SYS_ADMIN, "setns"),

	/* Both put characters into the input of another program on the terminal. */
	{ "ioctl", EPERM, ROW(.tests = { TEST(1, INT, TIOCSTI) }) },
	{ "ioctl", EPERM, ROW(.tests = { TEST(1, INT, TIOCLINUX) }) },
	ALLOW("ioctl"),

	/*
	 * The kernel has no pairs of these families, but it loads the module before it
	 * finds that out.
	 */
	{ "socket socketpair", EAFNOSUPPORT, ROW(.tests = { TEST(0, INT, AF_ALG) }) },
	{ "socket socketpair", EAFNOSUPPORT, ROW(.tests = { TEST(0, INT, AF_VSOCK) }) },
	ALLOW_WITH(CAP_AUDIT_WRITE, "socket"),
	{ "socket", EINVAL, ROW(.tests = { TEST(0, INT, AF_NETLINK),
					   TEST(2, INT, NETLINK_AUDIT_PROTOCOL) }) },
	ALLOW("socket socketpair"),
	/*
	 * The 32-bit multiplexer hides the family behind a pointer, so it may make no
	 * sockets: otherwise any program could ask for AF_ALG through it
	 * (CVE-2026-31431). Its calls on sockets that exist are allowed. So are pairs:
	 * the kernel makes no pairs of the two families, and i386 programs have no other
	 * way to pairs of AF_UNIX.
	 */
	{ "socketcall", EPERM, ROW(.tests = { TEST(0, INT, 1 /* SYS_SOCKET */) }) },
	ALLOW("socketcall"),

	/*
	 * An access control list is kernel memory that neither a tmpfs nor a control
	 * group counts: 128 KiB for a value of 64 KiB. A filter cannot see the name of
	 * the attribute, which is behind a pointer, but it sees the size: up to 4063
	 * bytes (507 entries) need one page. ext4 takes no larger values either, and
	 * answers ENOSPC. A process that may mount has other ways to use such memory.
	 */
	ALLOW_WITH(CAP_SYS_ADMIN, SETXATTR),
	{ SETXATTR, ENOSPC, ROW(.tests = { TEST(3, ~31U, 4064) }) }, /* 4064 to 4095 */
	{ SETXATTR, PROFILE_ALLOW, ROW(.tests = { TEST(3, ~4095U, 0) }) },
	REFUSE(ENOSPC, SETXATTR),

	/*
	 * PER_LINUX and PER_LINUX32, with and without UNAME26, and the question for the
	 * present one.
	 */
	{ "personality", PROFILE_ALLOW, ROW(.tests = { TEST(0, INT, 0) }) },
	{ "personality", PROFILE_ALLOW, ROW(.tests = { TEST(0, INT, 0x8) }) },
	{ "personality", PROFILE_ALLOW, ROW(.tests = { TEST(0, INT, 0x20000) }) },
	{ "personality", PROFILE_ALLOW, ROW(.tests = { TEST(0, INT, 0x20008) }) },
	{ "personality", PROFILE_ALLOW, ROW(.tests = { TEST(0, INT, INT) }) },

	/* CAP_SYS_ADMIN still includes the two that were split from it in Linux 5.8. */
	ALLOW_WITH(CAP_SYS_ADMIN, "bpf perf_event_open"),
	ONLY_WITH(CAP_BPF, "bpf"),
	ONLY_WITH(CAP_PERFMON, "perf_event_open"),
	ONLY_WITH(CAP_DAC_READ_SEARCH, "open_by_handle_at"),
	ONLY_WITH(CAP_SYS_ADMIN,
		  "fanotify_init lookup_dcookie quotactl setdomainname sethostname"),
	/* newer than the list, which answers ENOSYS */
	ALLOW_WITH(CAP_SYS_ADMIN, "quotactl_fd"),
	ONLY_WITH(CAP_SYS_CHROOT, "chroot"),
	ONLY_WITH(CAP_SYS_MODULE, "delete_module finit_module init_module"),
	ONLY_WITH(CAP_SYS_PACCT, "acct"),
	ONLY_WITH(CAP_SYS_PTRACE, "kcmp process_madvise"),
	ONLY_WITH(CAP_SYS_RAWIO, "ioperm iopl"),
	ONLY_WITH(CAP_SYS_TIME, "clock_settime clock_settime64 settimeofday stime"),
	ONLY_WITH(CAP_SYS_TTY_CONFIG, "vhangup"),
};
// clang-format on

const size_t profile_rules_len = sizeof(profile_rules) / sizeof(profile_rules[0]);

const struct profile_recent profile_recent[] = {
	{ "futex_waitv", 449 }, { "fchmodat2", 452 },  { "map_shadow_stack", 453 },
	{ "futex_wake", 454 },  { "futex_wait", 455 }, { "futex_requeue", 456 },
	{ "mseal", 462 },
};

const size_t profile_recent_len = sizeof(profile_recent) / sizeof(profile_recent[0]);

uint64_t profile_caps(void)
{
	uint64_t ret = 0;

	for (size_t i = 0; i < profile_rules_len; i++) {
		if (profile_rules[i].with != PROFILE_ANY_CAP)
			ret |= PROFILE_BIT(profile_rules[i].with);
		if (profile_rules[i].without != PROFILE_ANY_CAP)
			ret |= PROFILE_BIT(profile_rules[i].without);
	}
	return ret;
}
