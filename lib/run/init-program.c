/* SPDX-License-Identifier: MIT */
/*
 * init-program - process 1 of a container with --init; the contract is in run/init.h.
 *
 * A freestanding program: no libc, no heap, no writable data. All signals are blocked
 * from its first moment to its last and taken one by one with rt_sigtimedwait(2), so
 * there are no handlers and no races: the kernel queues even what process 1 of a pid
 * namespace would otherwise not notice (pid_namespaces(7)). It is not dumpable, so the
 * container cannot read or trace it, nor open the embedded executable by /proc/1/exe.
 *
 * It ends when the command ends; the kernel then kills what else lives in the namespace.
 *
 * Named "exec" it only executes the command, for those who enter a container.
 */
#include <errno.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/sys.h"
#include "plan/runner.h"

#define PROGRAM_MAIN init_main
#include "run/freestanding.h"

enum {
	EXIT_OURS = 125,
	EXIT_CANNOT_EXECUTE = 126,
	EXIT_NOT_FOUND = 127,
	EXIT_BY_SIGNAL = 128,
	SIGSET_BYTES = 8
};

/* The kernel's struct sigaction; libc's differs. */
struct action {
	uintptr_t handler;
	unsigned long flags;
	uintptr_t restorer;
	uint64_t mask;
};

struct init {
	int channel;
	uint32_t step;
	const char *const
		*candidates; /* candidates_len of them, then the command's argv */
	unsigned long candidates_len;
	const char *const *argv, *const *envp;
	uint64_t mask; /* of the command; ours is full */
	struct action chld;
	bool leader; /* of the session: the terminal, if there is one, is ours to give */
	int command; /* its process id, and its group's if leader */
	bool stop_wanted; /* a SIGTSTP was forwarded and no SIGCONT since */
};

/* Decimal up to the first other character; the library wrote it. */
static unsigned long parse_number(const char **s)
{
	unsigned long n = 0;

	while (**s >= '0' && **s <= '9')
		n = n * 10 + (unsigned long)(*(*s)++ - '0');
	return n;
}

static bool parse_arguments(struct init *in, long argc, const char *const *argv)
{
	const char *s;

	if (argc < 5)
		return false;
	s = argv[1];
	in->channel = (int)parse_number(&s);
	if (*s++ != ':')
		return false;
	in->step = (uint32_t)parse_number(&s);
	s = argv[2];
	in->candidates_len = parse_number(&s);
	if (in->candidates_len == 0 || in->candidates_len > (unsigned long)argc - 4)
		return false;
	in->candidates = argv + 3;
	in->argv = argv + 3 + in->candidates_len;
	return true;
}

/* Tell the caller that the command does not run; nobody is there to hear of a failure. */
static void report(const struct init *in, int err)
{
	struct verdict v = { .kind = VERDICT_FAILED, .step = in->step, .err = err };

	(void)sys_write(in->channel, &v, sizeof(v));
}

/*
 * A group of its own, in the foreground of our terminal: what is typed there then signals
 * the command and not us. In a session that is not ours the caller's shell rules.
 */
static void become_foreground(void)
{
	(void)sys_call(SYS_setpgid, 0, 0, 0, 0, 0); /* a new child may always */
	for (int fd = 0; fd <= 2; fd++) {
		int pgrp = sys_call(SYS_getpid, 0, 0, 0, 0, 0);

		/* ENOTTY from a pipe or a foreign terminal: look at the next */
		if (sys_ioctl(fd, TIOCSPGRP, &pgrp) == 0)
			return;
	}
}

_Noreturn static void execute(const struct init *in)
{
	int err = -ENOENT;
	bool denied = false;

	if (in->leader)
		become_foreground(); /* SIGTTOU is still blocked */
	(void)sys_call(SYS_rt_sigaction, SIGCHLD, &in->chld, 0, SIGSET_BYTES, 0);
	(void)sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &in->mask, 0, SIGSET_BYTES, 0);
	for (unsigned long i = 0; i < in->candidates_len; i++) {
		/* a successful execve makes the process dumpable again */
		err = sys_execveat(AT_FDCWD, in->candidates[i], in->argv, in->envp, 0);
		denied = denied || err == -EACCES;
		if (err != -ENOENT && err != -ENOTDIR && err != -EACCES)
			break;
	}
	if (denied && (err == -ENOENT || err == -ENOTDIR))
		err = -EACCES;
	report(in, err);
	sys_exit(err == -ENOENT || err == -ENOTDIR ? EXIT_NOT_FOUND
						   : EXIT_CANNOT_EXECUTE);
}

/* Reap all that ended; returns the command's exit status, or -1 while it runs. With
 * @options 0 it waits for that. */
static int reap(const struct init *in, int options)
{
	for (;;) {
		int status = 0;
		int pid = sys_call(SYS_wait4, -1, &status, options | WUNTRACED, 0, 0);

		if (pid == -EINTR)
			continue;
		if (pid == -ECHILD)
			return EXIT_OURS; /* cannot be: the command is our child */
		if (pid <= 0)
			return -1;
		if (pid != in->command)
			continue;
		if (WIFEXITED(status))
			return WEXITSTATUS(status);
		if (WIFSIGNALED(status))
			return EXIT_BY_SIGNAL + WTERMSIG(status);
		/*
		 * The suspend key on the container's own terminal: no shell is there that
		 * could ever continue the command, and as process 1 it would not stop.
		 */
		if (in->leader && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP &&
		    !in->stop_wanted)
			(void)sys_call(SYS_kill, -pid, SIGCONT, 0, 0, 0);
	}
}

static void forward(struct init *in, const siginfo_t *info)
{
	int sig = info->si_signo;

	/*
	 * What the terminal generates reached the command's group as well, except that a
	 * hangup goes to the session's leader, which passes it on.
	 */
	if (info->si_code == SI_KERNEL && sig != SIGHUP)
		return;
	if (sig == SIGTSTP)
		in->stop_wanted = true;
	if (sig == SIGCONT)
		in->stop_wanted = false;
	/* not reaped yet, so the number is still the command's */
	(void)sys_call(SYS_kill, in->command, sig, 0, 0, 0);
}

_Noreturn static void serve(struct init *in)
{
	const uint64_t all = ~UINT64_C(0);

	/* An end of file on the command's pipes must not wait for us. */
	(void)sys_close_range(0, ~0U, 0);
	(void)sys_close(in->channel); /* should a filter refuse close_range(2) */
	for (;;) {
		siginfo_t info;
		int sig = sys_call(SYS_rt_sigtimedwait, &all, &info, 0, SIGSET_BYTES, 0);

		if (sig > 0 && sig != SIGCHLD) {
			forward(in, &info);
		} else if (sig != -EINTR) {
			/* a filter may refuse rt_sigtimedwait(2): then only wait */
			int status = reap(in, sig > 0 ? WNOHANG : 0);

			if (status >= 0)
				sys_exit(status);
		}
	}
}

void init_main(long argc, const char *const *argv, const char *const *envp)
{
	const uint64_t all = ~UINT64_C(0);
	const struct action by_default = { .handler = 0 };
	struct init in;

	in.envp = envp;
	in.stop_wanted = false;
	if (!parse_arguments(&in, argc, argv))
		sys_exit(EXIT_OURS);
	(void)sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &all, &in.mask, SIGSET_BYTES, 0);
	/* If it were ignored, the kernel would reap for us and lose the status. */
	(void)sys_call(SYS_rt_sigaction, SIGCHLD, &by_default, &in.chld, SIGSET_BYTES, 0);
	(void)sys_prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)sys_fcntl(in.channel, F_SETFD, FD_CLOEXEC);
	in.leader = false;
	if (argv[0][0] == 'e') /* "exec": nothing but this */
		execute(&in);
	in.leader = sys_call(SYS_getsid, 0, 0, 0, 0, 0) ==
		    sys_call(SYS_getpid, 0, 0, 0, 0, 0);

	in.command = sys_call(SYS_clone, SIGCHLD, 0, 0, 0, 0); /* fork(2) */
	if (in.command == 0)
		execute(&in);
	if (in.command < 0) {
		report(&in, in.command);
		sys_exit(EXIT_OURS);
	}
	serve(&in);
}
