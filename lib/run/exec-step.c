/* SPDX-License-Identifier: MIT */
/* exec-step - child code of the last steps: descriptors, directory, the command. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "run/run-rows.h"
#include "run/run.h"
#include "sec/sec.h"

enum { FDS_MAX = 64 };

/* The lowest descriptor from @first on that is still needed, or -1. */
static int next_kept(const struct runner *r, const struct step *s, int first)
{
	const struct step_fds *d = s->data;
	const int own[] = { r->channel, r->sealed_fd, r->tty, r->ids };
	int ret = -1;

	for (size_t i = 0; i < d->len + sizeof(own) / sizeof(own[0]); i++) {
		int fd = i < d->len ? d->map[i][1] : own[i - d->len];

		if (fd >= first && (ret < 0 || fd < ret))
			ret = fd;
	}
	return ret;
}

/*
 * Closed, not only marked: until the exec a directory or a command that is named
 * /proc/self/fd/N/... would be found through what the caller or the steps have open.
 */
static int close_others(const struct runner *r, const struct step *s)
{
	int first = 3, ret = 0;

	while (ret == 0) {
		int kept = next_kept(r, s, first);

		if (kept < 0)
			return sys_close_range((unsigned)first, ~0u, 0);
		if (kept > first)
			ret = sys_close_range((unsigned)first, (unsigned)kept - 1, 0);
		first = kept + 1;
	}
	return ret;
}

int run_fds(struct runner *r, const struct step *s)
{
	const struct step_fds *d = s->data;
	int copies[FDS_MAX];
	int ret = sys_close_range(3, ~0u, SYS_CLOSE_RANGE_CLOEXEC);

	/*
	 * First copies out of the way: a target may be the source of another. Internal
	 * descriptors lie above all targets.
	 */
	for (size_t i = 0; ret >= 0 && i < d->len; i++) {
		copies[i] = sys_fcntl(d->map[i][0], F_DUPFD_CLOEXEC, d->lowest_free);
		if (copies[i] < 0)
			ret = copies[i];
	}
	for (size_t i = 0; ret >= 0 && i < d->len; i++)
		ret = sys_dup3(copies[i], d->map[i][1], 0);
	if (ret >= 0)
		ret = close_others(r, s);
	/* the caller's limit again, which child.c has raised */
	if (ret >= 0 && r->files[0] < r->files[1])
		ret = sys_call(SYS_prlimit64, 0, RLIMIT_NOFILE, r->files, NULL, 0);
	return ret < 0 ? ret : 0;
}

/*
 * A path such as /proc/self/fd/N leads to what the caller has open, outside of the root;
 * getcwd(2) then says "(unreachable)" (CVE-2024-21626).
 */
static int check_inside(void)
{
	char path[PATH_MAX];
	int ret = sys_call(SYS_getcwd, path, sizeof(path), 0, 0, 0);

	if (ret < 0)
		return ret;
	return path[0] == '/' ? 0 : -EPERM;
}

int run_cwd(struct runner *r, const struct step *s)
{
	const struct step_cwd *d = s->data;
	int ret = -ENOENT;

	(void)r; /* by path, as the command's own user */
	for (const char *const *dir = d->candidates; *dir; dir++) {
		ret = sys_chdir(*dir);
		if (ret == 0)
			return check_inside();
	}
	return ret;
}

/* What the caller ignores is not the command's business; see sigaction(2). */
static void reset_signals(void)
{
	const struct {
		uint64_t handler, flags, restorer, mask;
	} by_default = { 0 };

	for (int sig = 1; sig <= 64; sig++) /* KILL and STOP refuse, and need it not */
		(void)sys_call(SYS_rt_sigaction, sig, &by_default, NULL, sizeof(uint64_t),
			       0);
}

/* From here on the caller hears of nothing but the command's own failure. */
static int announce(const struct runner *r)
{
	const struct verdict v = { .kind = VERDICT_EXEC };

	return (int)sys_write(r->channel, &v, sizeof(v));
}

/* Only known when the root is there. */
static const char *const *environment(const struct step *s)
{
	const struct step_exec *d = s->data;
	const char *const *envp = d->envp;

	if (d->env_needs &&
	    sys_call(SYS_faccessat, AT_FDCWD, d->env_needs, F_OK, 0, 0) < 0)
		return envp + 1;
	return envp;
}

int run_exec(struct runner *r, const struct step *s)
{
	const struct step_exec *d = s->data;
	uint64_t none = 0;
	int ret;

	(void)sys_call(SYS_umask, (int)d->umask, 0, 0, 0, 0); /* cannot fail */
	reset_signals();
	ret = sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof(none), 0);
	/*
	 * The program reports for us: its copy of the channel closes when the command
	 * runs.
	 */
	if (ret >= 0)
		ret = sys_dup3(r->channel, d->channel_fd, 0);
	if (ret >= 0 && r->tty)
		ret = sys_dup3(r->tty, d->channel_fd + 1, 0);
	if (ret >= 0)
		ret = announce(r);
	if (ret < 0)
		return ret;
	if (!r->plan->ids) /* else it was done before the filter that only answers */
		sec_stay_unreadable();
	/*
	 * The descriptor closes on exec, so binfmt_misc(5) of a container's own user
	 * namespace (6.7) cannot hand this program, and what is open here, to one of its
	 * own: ENOENT.
	 */
	return sys_execveat(r->sealed_fd, "", d->sealed_argv, environment(s),
			    SYS_AT_EMPTY_PATH);
}
