/* SPDX-License-Identifier: MIT */
/*
 * scope - an ordinary user's limits by the user's own service manager: systemd(1) makes a
 * transient scope with the limits and moves the child into it. Asked by busctl(1), which
 * every systemd brings: a bus library of our own would be loaded for this alone.
 *
 * The answer comes when the job is queued; that it was done shows in the child's group.
 * A controller that the scope lacks would be ignored by systemd, so it is looked for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"
#include "cgroup/cgroup-rows.h"
#include "cgroup/cgroup.h"
#include "cgroup/set.h"
#include "plan/answer.h"
#include "process/program.h"

enum { ARGS_MAX = 64, MOVE_MS = 5000 };

/* Run busctl(1); its complaint becomes the message. */
static int call_busctl(const char *const *argv, struct err *e)
{
	/* the caller's bus is in its environment */
	const struct program busctl = { .argv = argv,
					.in = -EBADF,
					.timeout_ms = PROGRAM_WAIT_MS };
	struct program_end end;
	int r = program_run(&busctl, &end);

	if (r < 0)
		return program_fail(e, r, &busctl, argv[0]);
	if (end.status == 0)
		return 0;
	return err_say(e, -EREMOTEIO, "systemd refuses a scope: %s",
		       *end.said ? end.said : argv[0]);
}

static int ask(const struct step *s, int child, struct err *e)
{
	const struct step_cgroup_scope *d = s->data;
	const char *argv[ARGS_MAX] = {
		"/usr/bin/busctl",
		"--user",
		"call",
		"org.freedesktop.systemd1",
		"/org/freedesktop/systemd1",
		"org.freedesktop.systemd1.Manager",
		"StartTransientUnit",
		"ssa(sv)a(sa(sv))",
		d->unit,
		"fail",
	};
	char count[16], pid[16];
	size_t n = 10;

	snprintf(count, sizeof(count), "%u", d->count + 2);
	snprintf(pid, sizeof(pid), "%d", child);
	argv[n++] = count;
	for (const char *const *p =
		     (const char *const[]){ "PIDs", "au", "1", pid, "Delegate", "b",
					    "true", NULL };
	     *p; p++)
		argv[n++] = *p;
	for (const char *const *p = d->properties; *p && n < ARGS_MAX - 2; p++)
		argv[n++] = *p;
	argv[n] = "0"; /* auxiliary units */
	return call_busctl(argv, e);
}

static bool is_in_unit(int child, const char *unit)
{
	cleanup_free char *text = NULL;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/cgroup", child);
	return io_read_file(AT_FDCWD, path, 1 << 16, &text, NULL) == 0 &&
	       strstr(text, unit);
}

int answer_cgroup_scope(struct answer *a, const struct step *s)
{
	const struct step_cgroup_scope *d = s->data;
	const struct timespec ms = { .tv_nsec = 1000000 };
	unsigned controllers = 0;
	int r = ask(s, a->pid, a->err);

	for (int i = 0; r == 0 && !is_in_unit(a->pid, d->unit); i++) {
		if (i == MOVE_MS)
			return err_set(a->err, -ETIMEDOUT, "systemd has not made %s",
				       d->unit);
		(void)nanosleep(&ms, NULL); /* shorter is fine */
	}
	if (r == 0)
		r = cgroup_hold_foreign(a->held, d->mount, a->pid, &controllers);
	if (r < 0)
		return err_set(a->err, r, "group of %s", d->unit);
	if (d->controllers & ~controllers)
		return err_say(a->err, -EOPNOTSUPP,
			       "%s has not all controllers that are needed", d->unit);
	return 0;
}
