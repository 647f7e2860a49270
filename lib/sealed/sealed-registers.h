/* SPDX-License-Identifier: MIT */
/*
 * sealed-registers - the registers of a process as ptrace(2) has them, with all that
 * differs between machines in how it is made to call the kernel. For sealed-ids.c.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

/* NOLINTBEGIN(clang-analyzer-core.UndefinedBinaryOperatorResult): ptrace(2) wrote them */

#if defined(__x86_64__)
struct registers {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi,
		orig_rax, rip, cs, eflags, rsp, rest[7];
};

/* Where a handler of ours returns to: x86 wants to be told. */
void return_from_handler(void);
__asm__(".text\n"
	"return_from_handler:\n"
	"	mov $15, %eax\n" /* rt_sigreturn(2) */
	"	syscall\n");
#define RETURN_FLAG 0x04000000 /* SA_RESTORER */

enum { CALL_BYTES = 2 };
#define CALL_INSTRUCTION UINT64_C(0x050f)

/* After the call that asked and was interrupted: this is where it was made. */
static uint64_t interrupted_call(const struct registers *r)
{
	return r->rip - CALL_BYTES;
}

static uint64_t next_instruction(const struct registers *r)
{
	return r->rip;
}

static uint64_t stack_of(const struct registers *r)
{
	return r->rsp;
}

static long result_of(const struct registers *r)
{
	return (long)r->rax;
}

/*
 * The call at @at was not made: something came before its end. Only a tracer sees
 * -ERESTARTSYS (512).
 */
static bool was_interrupted(const struct registers *r, uint64_t at)
{
	(void)at;
	return result_of(r) == -512;
}

static void prepare_call(struct registers *r, uint64_t at, long nr, uint64_t a,
			 uint64_t b)
{
	r->orig_rax = ~UINT64_C(0); /* nothing is restarted */
	r->rax = (uint64_t)nr;
	r->rip = at;
	r->rdi = a;
	r->rsi = b;
}

/* The call that asked has returned 0. */
static void answer_success(struct registers *r)
{
	r->orig_rax = ~UINT64_C(0);
	r->rax = 0;
}
#elif defined(__aarch64__)
struct registers {
	uint64_t x[31], sp, pc, pstate;
};

#define RETURN_FLAG         0 /* the kernel knows where */
#define return_from_handler 0

enum { CALL_BYTES = 4 };
#define CALL_INSTRUCTION    UINT64_C(0xd4000001)

/* The kernel has gone back to it already, so as to make it again. */
static uint64_t interrupted_call(const struct registers *r)
{
	return r->pc;
}

static uint64_t next_instruction(const struct registers *r)
{
	return r->pc;
}

static uint64_t stack_of(const struct registers *r)
{
	return r->sp;
}

static long result_of(const struct registers *r)
{
	return (long)r->x[0];
}

/* The kernel goes back to the instruction, and the result is the first argument again. */
static bool was_interrupted(const struct registers *r, uint64_t at)
{
	return r->pc == at;
}

static void prepare_call(struct registers *r, uint64_t at, long nr, uint64_t a,
			 uint64_t b)
{
	r->pc = at;
	r->x[8] = (uint64_t)nr;
	r->x[0] = a;
	r->x[1] = b;
}

static void answer_success(struct registers *r)
{
	r->pc += CALL_BYTES;
	r->x[0] = 0;
}
#else
/* Not used: without MACHINE in sec/fake.c there is no filter that asks. */
struct registers {
	uint64_t none;
};

#define RETURN_FLAG         0
#define return_from_handler 0

enum { CALL_BYTES = 0 };
#define CALL_INSTRUCTION    UINT64_C(0)

static uint64_t interrupted_call(const struct registers *r)
{
	return r->none;
}

static uint64_t next_instruction(const struct registers *r)
{
	return r->none;
}

static uint64_t stack_of(const struct registers *r)
{
	return r->none;
}

static long result_of(const struct registers *r)
{
	(void)r;
	return -ENOSYS;
}

static bool was_interrupted(const struct registers *r, uint64_t at)
{
	return r->none == at;
}

static void prepare_call(struct registers *r, uint64_t at, long nr, uint64_t a,
			 uint64_t b)
{
	(void)nr, (void)a, (void)b;
	r->none = at;
}

static void answer_success(struct registers *r)
{
	(void)r;
}
#endif

/* NOLINTEND(clang-analyzer-core.UndefinedBinaryOperatorResult) */
