/* SPDX-License-Identifier: MIT */
/*
 * sys - system calls without libc.
 *
 * Code that runs between clone and exec (docs/architecture.md, "The child") may share its
 * memory with a threaded caller, so it must not touch errno, cancellation points or the
 * lazy binder: every call here is one inlined instruction that returns -errno. The same
 * wrappers serve the freestanding init. Constants that Debian 12's headers lack are
 * defined here, with the kernel version that brought them.
 */
#pragma once

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>

#if defined(__clang_analyzer__)
/* It does not know that an instruction writes to memory, but that a function may. */
long sys_call6(long n, long a, long b, long c, long d, long e, long f);
#elif defined(__x86_64__)
static inline long sys_call6(long n, long a, long b, long c, long d, long e, long f)
{
	long ret;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}
#elif defined(__aarch64__)
static inline long sys_call6(long n, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), "r"(x8)
			 : "memory", "cc");
	return x0;
}
#else
/* Another architecture: libc's syscall(2) is a thin wrapper; only errno is shared. */
#include <errno.h>
#include <unistd.h>
static inline long sys_call6(long n, long a, long b, long c, long d, long e, long f)
{
	long ret = syscall(n, a, b, c, d, e, f);

	return ret < 0 ? -errno : ret;
}
#endif

#define SYS_ARG(x) ((long)(x))
#define sys_call(n, a, b, c, d, e) \
	((int)sys_call6(n, SYS_ARG(a), SYS_ARG(b), SYS_ARG(c), SYS_ARG(d), SYS_ARG(e), 0))

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000 /* 5.14 */
#endif
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ULL /* 5.5 */
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL /* 5.7 */
#endif
#define SYS_CLOSE_RANGE_CLOEXEC 4 /* 5.11 */
#define SYS_MNT_DETACH          2 /* sys/mount.h clashes with linux/mount.h */
#define SYS_AT_RECURSIVE        0x8000
#define SYS_AT_EMPTY_PATH       0x1000

/* struct clone_args of linux/sched.h, which clashes with glibc's sched.h. */
struct sys_clone_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls,
		set_tid, set_tid_size, cgroup;
};

/*
 * struct statx of linux/stat.h, which clashes with the sys/stat.h of a musl that has one.
 */
struct sys_statx_time {
	int64_t sec;
	uint32_t nsec, unused;
};
struct sys_statx {
	uint32_t mask, blksize;
	uint64_t attributes;
	uint32_t nlink, uid, gid;
	uint16_t mode, unused;
	uint64_t ino, size, blocks, attributes_mask;
	struct sys_statx_time atime, btime, ctime, mtime;
	uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
	uint64_t mnt_id, rest[13];
};
#define SYS_STATX_INO             0x100U
#define SYS_STATX_MNT_ID          0x1000U /* 5.8 */
#define SYS_STATX_ATTR_MOUNT_ROOT 0x2000U /* 5.8, too */

static inline int sys_close(int fd)
{
	return sys_call(SYS_close, fd, 0, 0, 0, 0);
}

static inline long sys_read(int fd, void *buf, size_t len)
{
	return sys_call6(SYS_read, fd, SYS_ARG(buf), SYS_ARG(len), 0, 0, 0);
}

static inline long sys_write(int fd, const void *buf, size_t len)
{
	return sys_call6(SYS_write, fd, SYS_ARG(buf), SYS_ARG(len), 0, 0, 0);
}

static inline int sys_openat(int dir, const char *path, int flags, unsigned mode)
{
	return sys_call(SYS_openat, dir, path, flags | O_CLOEXEC, mode, 0);
}

/* All of @text at once, as files of the kernel want it; 0 or -errno. */
static inline int sys_write_file(int dir, const char *name, const char *text, size_t len)
{
	const int fd = sys_openat(dir, name, O_WRONLY, 0);
	long n;

	if (fd < 0)
		return fd;
	n = sys_write(fd, text, len);
	(void)sys_close(fd); /* the write was all */
	return n < 0 ? (int)n : 0;
}

static inline int sys_openat2(int dir, const char *path, uint64_t flags, uint64_t mode,
			      uint64_t resolve)
{
	struct open_how how = { .flags = flags | O_CLOEXEC,
				.mode = mode,
				.resolve = resolve };

	return sys_call(SYS_openat2, dir, path, &how, sizeof(how), 0);
}

static inline int sys_mkdirat(int dir, const char *path, unsigned mode)
{
	return sys_call(SYS_mkdirat, dir, path, mode, 0, 0);
}

static inline int sys_mknodat(int dir, const char *path, unsigned mode, uint64_t dev)
{
	return sys_call(SYS_mknodat, dir, path, mode, dev, 0);
}

static inline int sys_symlinkat(const char *target, int dir, const char *path)
{
	return sys_call(SYS_symlinkat, target, dir, path, 0, 0);
}

static inline int sys_readlinkat(int dir, const char *path, char *buf, size_t len)
{
	return sys_call(SYS_readlinkat, dir, path, buf, len, 0);
}

static inline int sys_unlinkat(int dir, const char *path, int flags)
{
	return sys_call(SYS_unlinkat, dir, path, flags, 0, 0);
}

static inline int sys_fchmod(int fd, unsigned mode)
{
	return sys_call(SYS_fchmod, fd, mode, 0, 0, 0);
}

static inline int sys_fchdir(int fd)
{
	return sys_call(SYS_fchdir, fd, 0, 0, 0, 0);
}

static inline int sys_chdir(const char *path)
{
	return sys_call(SYS_chdir, path, 0, 0, 0, 0);
}

static inline int sys_chroot(const char *path)
{
	return sys_call(SYS_chroot, path, 0, 0, 0, 0);
}

static inline int sys_pivot_root(const char *new_root, const char *put_old)
{
	return sys_call(SYS_pivot_root, new_root, put_old, 0, 0, 0);
}

static inline int sys_mount(const char *src, const char *dst, const char *type,
			    unsigned long flags, const void *data)
{
	return sys_call(SYS_mount, src, dst, type, flags, data);
}

static inline int sys_umount2(const char *path, int flags)
{
	return sys_call(SYS_umount2, path, flags, 0, 0, 0);
}

static inline int sys_fsopen(const char *type)
{
	return sys_call(SYS_fsopen, type, FSOPEN_CLOEXEC, 0, 0, 0);
}

static inline int sys_fsconfig(int fd, unsigned cmd, const char *key, const void *value,
			       int aux)
{
	return sys_call(SYS_fsconfig, fd, cmd, key, value, aux);
}

static inline int sys_fsmount(int fd, unsigned attr)
{
	return sys_call(SYS_fsmount, fd, FSMOUNT_CLOEXEC, attr, 0, 0);
}

static inline int sys_open_tree(int dir, const char *path, unsigned flags)
{
	return sys_call(SYS_open_tree, dir, path, flags | OPEN_TREE_CLOEXEC, 0, 0);
}

static inline int sys_move_mount(int from, const char *from_path, int to,
				 const char *to_path, unsigned flags)
{
	return sys_call(SYS_move_mount, from, from_path, to, to_path, flags);
}

static inline int sys_mount_setattr(int dir, const char *path, unsigned flags,
				    const struct mount_attr *attr)
{
	return sys_call(SYS_mount_setattr, dir, path, flags, attr, sizeof(*attr));
}

static inline int sys_setns(int fd, int type)
{
	return sys_call(SYS_setns, fd, type, 0, 0, 0);
}

static inline int sys_unshare(unsigned long flags)
{
	return sys_call(SYS_unshare, flags, 0, 0, 0, 0);
}

static inline int sys_prctl(int op, unsigned long a, unsigned long b, unsigned long c,
			    unsigned long d)
{
	return sys_call(SYS_prctl, op, a, b, c, d);
}

static inline int sys_ioctl(int fd, unsigned long op, const void *arg)
{
	return sys_call(SYS_ioctl, fd, op, arg, 0, 0);
}

static inline int sys_fcntl(int fd, int op, long arg)
{
	return sys_call(SYS_fcntl, fd, op, arg, 0, 0);
}

static inline int sys_dup3(int from, int to, int flags)
{
	return sys_call(SYS_dup3, from, to, flags, 0, 0);
}

static inline int sys_execveat(int dir, const char *path, const char *const *argv,
			       const char *const *envp, int flags)
{
	return sys_call(SYS_execveat, dir, path, argv, envp, flags);
}

static inline int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	return sys_call(SYS_close_range, first, last, flags, 0, 0);
}

static inline int sys_pidfd_send_signal(int pidfd, int sig)
{
	return sys_call(SYS_pidfd_send_signal, pidfd, sig, 0, 0, 0);
}

_Noreturn static inline void sys_exit(int status)
{
	for (;;)
		(void)sys_call(SYS_exit_group, status, 0, 0, 0, 0);
}
