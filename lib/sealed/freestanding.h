/* SPDX-License-Identifier: MIT */
/*
 * freestanding - what a program without libc needs: an entry, and what compilers may call
 * on their own. Included once, by sealed-program.c and monitor-program.c, after
 *   #define PROGRAM_MAIN name   of void name(long argc, argv, envp), which never returns.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

__attribute__((used)) _Noreturn void PROGRAM_MAIN(long argc, const char *const *argv,
						  const char *const *envp);

/* The number that @*s begins with, which is passed. */
static inline uint64_t take_number(const char **s)
{
	uint64_t n = 0;

	while (**s >= '0' && **s <= '9')
		n = n * 10 + (uint64_t)(*(*s)++ - '0');
	return n;
}

static inline uint64_t number_at(const char *s)
{
	return take_number(&s);
}

static inline bool equal(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

#if defined(__x86_64__) || defined(__aarch64__)

/* The barrier keeps the loops from being made calls of what they implement. */
void *memset(void *dst, int c, size_t len);
void *memset(void *dst, int c, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		((char *)dst)[i] = (char)c;
		__asm__ volatile("" : : : "memory");
	}
	return dst;
}

void *memcpy(void *restrict dst, const void *restrict src, size_t len);
void *memcpy(void *restrict dst, const void *restrict src, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		((char *)dst)[i] = ((const char *)src)[i];
		__asm__ volatile("" : : : "memory");
	}
	return dst;
}
#else
#include <string.h>
#endif

#define PROGRAM_TEXT_(x) #x
#define PROGRAM_TEXT(x)  PROGRAM_TEXT_(x)

/* The kernel hands over argc, argv, NULL, envp, NULL on the stack. */
#if defined(__x86_64__)
__asm__(".text\n"
	".globl _start\n"
	"_start:\n"
	"	xor %ebp, %ebp\n"
	"	mov (%rsp), %rdi\n"
	"	lea 8(%rsp), %rsi\n"
	"	lea 8(%rsi,%rdi,8), %rdx\n"
	"	and $-16, %rsp\n"
	"	call " PROGRAM_TEXT(PROGRAM_MAIN) "\n"
						  "	ud2\n");
#elif defined(__aarch64__)
__asm__(".text\n"
	".globl _start\n"
	"_start:\n"
	"	mov x29, #0\n"
	"	mov x30, #0\n"
	"	ldr x0, [sp]\n"
	"	add x1, sp, #8\n"
	"	add x2, x1, x0, lsl #3\n"
	"	add x2, x2, #8\n"
	"	bl " PROGRAM_TEXT(PROGRAM_MAIN) "\n"
						"	brk #0\n");
#else /* base/sys.h needs libc here, and so does this program */
int main(int argc, char **argv, char **envp)
{
	PROGRAM_MAIN(argc, (const char *const *)argv, (const char *const *)envp);
}
#endif
