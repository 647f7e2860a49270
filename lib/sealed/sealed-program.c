/* SPDX-License-Identifier: MIT */
/*
 * sealed-program - the program between us and every command; the contract is in
 * sealed/sealed.h. Here: which of its parts is meant, and executing the command.
 *
 * No libc, no heap, no writable data. All signals are blocked from its first moment to
 * the exec. It is not dumpable, so what is in the container cannot read or trace it.
 */
#include <errno.h>
#include <stdbool.h>
#include <sys/prctl.h>

#include "base/sys.h"
#include "plan/runner.h"
#include "sealed/sealed-parts.h"
#include "sealed/sealed.h"

#define PROGRAM_MAIN sealed_main
#include "sealed/freestanding.h"

static bool parse_command(struct sealed_command *c, long argc, const char *const *argv)
{
	const char *s;

	if (argc < 4)
		return false;
	s = argv[1]; /* the library wrote it */
	c->channel = (int)take_number(&s);
	if (*s++ != ':')
		return false;
	c->step = (uint32_t)number_at(s);
	c->candidates_len = number_at(argv[2]);
	if (c->candidates_len > (unsigned long)argc - 4) /* then no name is left */
		return false;
	c->candidates = argv + 3;
	c->argv = argv + 3 + c->candidates_len;
	return true;
}

void sealed_report(const struct sealed_command *c, int err)
{
	struct verdict v = { .kind = VERDICT_FAILED, .step = c->step, .err = err };

	(void)sys_write(c->channel, &v, sizeof(v));
}

/* Later candidates are tried while the file is not there, as execvp(3) does. */
static int execute_first(const struct sealed_command *c)
{
	int ret = -ENOENT;

	for (unsigned long i = 0; i < c->candidates_len; i++) {
		/* not execveat(2), which profiles made for other programs may not know */
		int err = sys_call(SYS_execve, c->candidates[i], c->argv, c->envp, 0, 0);

		/* a directory of PATH that we may not search is skipped */
		if (err == -EACCES && c->candidates_len > 1 &&
		    sys_call(SYS_faccessat, AT_FDCWD, c->candidates[i], 0, 0, 0) < 0)
			err = -ENOENT;
		if (err != -ENOENT && err != -ENOTDIR && err != -EACCES)
			return err;
		if (ret != -EACCES)
			ret = err == -ENOTDIR ? -ENOENT : err;
	}
	return ret;
}

void sealed_execute(const struct sealed_command *c)
{
	int err;

	(void)sys_call(SYS_rt_sigaction, SIGCHLD, &c->chld, 0, SIGSET_BYTES, 0);
	(void)sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &c->mask, 0, SIGSET_BYTES, 0);
	err = execute_first(c); /* success makes the process dumpable again */
	sealed_report(c, err);
	sys_exit(err == -ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE);
}

/*
 * The exec has closed the channel's other copies; closing ours says that all went well.
 */
_Noreturn static void hold(void)
{
	const uint64_t all = ~UINT64_C(0);
	siginfo_t info;

	(void)sys_close_range(0, ~0U, 0);
	for (;;) /* all signals are blocked but SIGKILL, and there are no children */
		(void)sys_call(SYS_rt_sigtimedwait, &all, &info, 0, SIGSET_BYTES, 0);
}

void sealed_main(long argc, const char *const *argv, const char *const *envp)
{
	const uint64_t all = ~UINT64_C(0);
	const struct sealed_action by_default = { .handler = 0 };
	struct sealed_command c = { .envp = envp };
	const bool watcher = argc > 0 && equal(argv[0], "minc-watcher");
	const bool init = argc > 0 && equal(argv[0], "init");
	const bool enter = argc > 0 && equal(argv[0], "enter");
	const bool held = argc > 0 && equal(argv[0], "hold");

	(void)sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &all, &c.mask, SIGSET_BYTES, 0);
	(void)sys_prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (argc > 0 && (watcher || equal(argv[0], "minc-keeper")))
		sealed_keep(watcher);
	if (argc <= 0 || (!init && !enter && !held && !equal(argv[0], "exec")) ||
	    !parse_command(&c, argc, argv))
		sys_exit(EXIT_CANNOT_EXECUTE); /* executed by the command itself */
	/* If it were ignored, the kernel would reap for an init and lose the status. */
	(void)sys_call(SYS_rt_sigaction, SIGCHLD, &by_default, &c.chld, SIGSET_BYTES, 0);
	(void)sys_fcntl(c.channel, F_SETFD, FD_CLOEXEC);
	if (held)
		hold();
	if (init)
		sealed_init(&c);
	if (enter)
		sealed_enter(&c);
	sealed_execute(&c);
}
