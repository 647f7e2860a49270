/* SPDX-License-Identifier: MIT */
/*
 * check-on-musl - what check(3), built for glibc, asks of the C library beside the names
 * of lib/base/fortified.c. Linked into the tests of a build with musl on such a system.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

int __vfprintf_chk(FILE *out, int flag, const char *format, va_list ap);
_Noreturn void __longjmp_chk(jmp_buf to, int value);
void __pthread_register_cancel(void *buffer);
void __pthread_unregister_cancel(void *buffer);

#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the caller's format */

int __vfprintf_chk(FILE *out, int flag, const char *format, va_list ap)
{
	(void)flag;
	return vfprintf(out, format, ap);
}

/* Both libraries give jmp_buf 200 bytes; the one who fills it is musl's setjmp(3). */
_Noreturn void __longjmp_chk(jmp_buf to, int value)
{
	longjmp(to, value);
}

/* No thread of a test is ever cancelled. */
void __pthread_register_cancel(void *buffer)
{
	(void)buffer;
}

void __pthread_unregister_cancel(void *buffer)
{
	(void)buffer;
}
