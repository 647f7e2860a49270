/* SPDX-License-Identifier: MIT */
/*
 * fortified - for a static build with musl that links libraries built for glibc, as those
 * of a distribution are: the names that glibc's headers give to some functions, so that
 * their buffers are checked. They are part of the Linux Standard Base and do the same
 * with a flag and a buffer's size more. Everything else these libraries call has one
 * binary interface in both (ELF, the kernel's structures, opaque FILE).
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

int __printf_chk(int flag, const char *format, ...);
int __fprintf_chk(FILE *out, int flag, const char *format, ...);
int __sprintf_chk(char *s, int flag, size_t size, const char *format, ...);
int __snprintf_chk(char *s, size_t n, int flag, size_t size, const char *format, ...);
int __vsnprintf_chk(char *s, size_t n, int flag, size_t size, const char *format,
		    va_list ap);
int __asprintf_chk(char **ret, int flag, const char *format, ...);
void __syslog_chk(int priority, int flag, const char *format, ...);
int __isoc99_sscanf(const char *s, const char *format, ...);
char *__strncpy_chk(char *to, const char *from, size_t n, size_t size);

/* As in glibc, a buffer that would overflow ends the program. */
static void check(size_t need, size_t size)
{
	if (need > size)
		abort();
}

#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the callers' formats */

int __vsnprintf_chk(char *s, size_t n, int flag, size_t size, const char *format,
		    va_list ap)
{
	(void)flag;
	check(n, size);
	return vsnprintf(s, n, format, ap);
}

int __snprintf_chk(char *s, size_t n, int flag, size_t size, const char *format, ...)
{
	va_list ap;
	int r;

	va_start(ap, format);
	r = __vsnprintf_chk(s, n, flag, size, format, ap);
	va_end(ap);
	return r;
}

int __sprintf_chk(char *s, int flag, size_t size, const char *format, ...)
{
	va_list ap;
	int r;

	(void)flag;
	va_start(ap, format);
	r = vsnprintf(s, size, format, ap);
	va_end(ap);
	check(r < 0 ? 0 : (size_t)r + 1, size);
	return r;
}

int __asprintf_chk(char **ret, int flag, const char *format, ...)
{
	va_list ap;
	int r;

	(void)flag;
	va_start(ap, format);
	r = vasprintf(ret, format, ap);
	va_end(ap);
	return r;
}

int __fprintf_chk(FILE *out, int flag, const char *format, ...)
{
	va_list ap;
	int r;

	(void)flag;
	va_start(ap, format);
	r = vfprintf(out, format, ap);
	va_end(ap);
	return r;
}

int __printf_chk(int flag, const char *format, ...)
{
	va_list ap;
	int r;

	(void)flag;
	va_start(ap, format);
	r = vprintf(format, ap);
	va_end(ap);
	return r;
}

void __syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list ap;

	(void)flag;
	va_start(ap, format);
	vsyslog(priority, format, ap);
	va_end(ap);
}

int __isoc99_sscanf(const char *s, const char *format, ...)
{
	va_list ap;
	int r;

	va_start(ap, format);
	r = vsscanf(s, format, ap);
	va_end(ap);
	return r;
}

char *__strncpy_chk(char *to, const char *from, size_t n, size_t size)
{
	check(n, size);
	return strncpy(to, from, n);
}
