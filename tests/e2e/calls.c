/* SPDX-License-Identifier: MIT */
/*
 * calls - system calls that the filter of a container should let be what they are.
 * Static.
 *
 *	calls new	calls newer than Linux 5.15: "NUMBER EPERM" of those that are
 *	                forbidden,
 *			after which no program falls back to an older one
 *	calls old	what programs for i386 do: "NAME ok" or "NAME NUMBER" of the
 *	                error; through the gate of
 *			i386, which is open to 64-bit programs, too
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The same numbers on all machines; each with arguments that the kernel refuses. */
static int new_calls(void)
{
	static const long far[] = { 640, 1000, 100000, 0x3fffffff };

	for (long nr = 449; nr < 600; nr++)
		if (syscall(nr, -1L, -1L, -1L, -1L, -1L, -1L) < 0 && errno == EPERM)
			printf("%ld EPERM\n", nr);
	for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++)
		if (syscall(far[i]) < 0 && errno != ENOSYS)
			printf("%ld %d\n", far[i], errno);
	return 0;
}

#if defined(__x86_64__)

static char *low; /* memory that 32 bits can name */

static long gate5(long nr, long b, long c, long d, long si, long di)
{
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "0"(nr), "b"(b), "c"(c), "d"(d), "S"(si), "D"(di)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}

static long gate(long nr, long b, long c, long d)
{
	return gate5(nr, b, c, d, 0, 0);
}

static void report(const char *name, long result)
{
	if (result < 0)
		printf("%s %ld\n", name, -result);
	else
		printf("%s ok\n", name);
}

static long low_text(const char *text)
{
	strcpy(low + 2048, text);
	return (long)(low + 2048);
}

static void old_files(void)
{
	long fd = gate(5 /* open */, low_text("/"), O_RDONLY, 0);
	long stat;

	report("open", fd);
	report("readdir", gate(89, fd, (long)low, 1));
	report("_llseek", gate5(140, fd, 0, 0, (long)low, 0));
	/* an inode or a device may be too large for it */
	stat = gate(18, low_text("/"), (long)low, 0);
	report("oldstat", stat == -EOVERFLOW ? 0 : stat);
	stat = gate(84, low_text("/"), (long)low, 0);
	report("oldlstat", stat == -EOVERFLOW ? 0 : stat);
	stat = gate(28, fd, (long)low, 0);
	report("oldfstat", stat == -EOVERFLOW ? 0 : stat);
	report("uname", gate(122, (long)low, 0, 0));
	report("olduname", gate(109, (long)low, 0, 0));
	report("oldolduname", gate(59, (long)low, 0, 0));
}

static void old_processes(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	report("waitpid", gate(7, child, 0, 0));
	report("getuid16", gate(24, 0, 0, 0));
	report("getgroups16", gate(80, 0, 0, 0));
	report("setresuid16", gate(164, -1, -1, -1));
	report("nice", gate(34, 0, 0, 0));
	report("time", gate(13, 0, 0, 0));
}

static void nothing(int signal)
{
	(void)signal;
}

static void old_signals(void)
{
	sigset_t usr2;

	(void)signal(SIGUSR2, nothing);
	sigemptyset(&usr2);
	sigaddset(&usr2, SIGUSR2);
	report("sigaction", gate(67, SIGUSR1, 0, (long)low));
	report("signal", gate(48, SIGUSR1, 1 /* SIG_IGN */, 0));
	report("sigprocmask", gate(126, 0, 0, (long)low));
	report("sigpending", gate(73, (long)low, 0, 0));
	report("sgetmask", gate(68, 0, 0, 0));
	report("ssetmask", gate(69, 0, 0, 0));
	sigprocmask(SIG_BLOCK, &usr2, NULL);
	raise(SIGUSR2); /* blocked; the wait for it ends at once */
	report("sigsuspend", gate(72, 0, 0, 0) == -EINTR ? 0 : -ENOSYS);
}

static void old_channels(void)
{
	uint32_t *args = (uint32_t *)low;
	long id;

	args[0] = 1; /* AF_UNIX, SOCK_STREAM */
	args[1] = 1;
	args[2] = 0;
	args[3] = (uint32_t)(uintptr_t)(args + 8);
	report("socketcall", gate(102, 8 /* SYS_SOCKETPAIR */, (long)args, 0));
	id = gate5(117, 2 /* SEMGET */, 0, 1, 0600, 0);
	report("ipc", id == -ENOSPC ? 0 : id);
	if (id >= 0)
		(void)gate5(117, 3 /* SEMCTL */, id, 0, 0 /* IPC_RMID */, (long)low);
}

static int old_calls(void)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		(void)gate(20 /* getpid */, 0, 0, 0);
		_exit(0);
	}
	if (waitpid(child, &status, 0) < 0 || status) {
		puts("this kernel has none");
		return 0;
	}
	low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (low == MAP_FAILED)
		return 1;
	old_files();
	old_processes();
	old_signals();
	old_channels();
	return 0;
}

#else

static int old_calls(void)
{
	puts("this machine has none");
	return 0;
}

#endif

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 2 && !strcmp(argv[1], "new"))
		return new_calls();
	if (argc == 2 && !strcmp(argv[1], "old"))
		return old_calls();
	fputs("usage: calls new | old\n", stderr);
	return 2;
}
