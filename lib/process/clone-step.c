/* SPDX-License-Identifier: MIT */
/* clone-step - a new process on a stack of its own; see clone.h. Child code. */
#include "process/clone.h"

#include <errno.h>

/*
 * The kernel may give the number of a descriptor although it fails later, and takes that
 * back.
 */
static void forget_pidfd(const struct sys_clone_args *a, long ret)
{
	if (ret < 0 && a->flags & CLONE_PIDFD)
		*(int *)(uintptr_t)a->pidfd = -EBADF;
}

long clone_on_stack(struct sys_clone_args *a, clone_fn *fn, void *arg)
{
	long ret;

#if defined(__x86_64__)
	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %[arg], %%rdi\n\t"
			 "call *%[fn]\n\t"
			 "ud2\n"
			 "1:"
			 : "=a"(ret)
			 : "0"((long)SYS_clone3), "D"(a), "S"(sizeof(*a)), [fn] "d"(fn),
			   [arg] "b"(arg) /* not rbp, which is cleared */
			 : "rcx", "r11", "memory", "cc");
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = SYS_clone3;
	register long x0 __asm__("x0") = (long)a;
	register long x1 __asm__("x1") = sizeof(*a);
	/* named, or the compiler might choose x29, which is cleared */
	register long x2 __asm__("x2") = (long)fn;
	register void *x3 __asm__("x3") = arg;

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
	ret = clone_copy(a, fn, arg);
#endif
	forget_pidfd(a, ret);
	return ret;
}

long clone_below(struct sys_clone_args *a, char *stack, size_t stack_bytes, clone_fn *fn,
		 void *arg)
{
	if (!stack)
		return clone_copy(a, fn, arg);
	a->flags |= CLONE_VM | CLONE_VFORK;
	a->stack = (uintptr_t)stack;
	a->stack_size = stack_bytes;
	return clone_on_stack(a, fn, arg);
}

long clone_copy(struct sys_clone_args *a, clone_fn *fn, void *arg)
{
	long ret = sys_call6(SYS_clone3, (long)a, sizeof(*a), 0, 0, 0, 0);

	if (ret == 0)
		fn(arg);
	forget_pidfd(a, ret);
	return ret;
}
