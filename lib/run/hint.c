/* SPDX-License-Identifier: MIT */
/*
 * hint - see hint.h. A hint names the knob: the setting, the option or the program in the
 * way. What is asked of the kernel here is asked after the failure, by the caller.
 */
#include "run/hint.h"

#include <errno.h>
#include <limits.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "ns/ns.h"
#include "run/run-rows.h"
#include "sec/sec.h"

/* Container engines and service managers filter what runs under them, this caller too. */
static bool is_filtered(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_FILTER;
}

static void hint_refused(struct err *e, int err)
{
	if (is_filtered() && (err == -ENOSYS || err == -EPERM))
		err_hint(
			e,
			"the caller is under a seccomp filter, which may forbid the call: that "
			"of a container engine (--security-opt seccomp=unconfined) or of a "
			"service (SystemCallFilter=)");
	else if (err == -ENOSYS)
		err_hint(e, "this kernel is too old: Linux 5.12 has all that is needed");
}

/* The container has a /tmp of its own: what is in the host's is a usual surprise. */
static bool hidden_by_tmp(const char *path)
{
	char cwd[PATH_MAX];

	if (!path || !strchr(path, '/') || access(path, F_OK) < 0)
		return false;
	if (*path != '/')
		path = getcwd(cwd, sizeof(cwd));
	return path && strncmp(path, "/tmp/", 5) == 0;
}

static void hint_path(struct err *e, const char *path)
{
	if (hidden_by_tmp(path))
		err_hint(e, "the container has a /tmp of its own: -b DIR shows a "
			    "directory of the "
			    "host's");
}

void hint_cwd(struct err *e, const struct plan *p, const struct step *s, int err,
	      const char *note)
{
	const struct step_cwd *d = s->data;

	(void)p;
	(void)note;
	if (err == -ENOENT)
		hint_path(e, d->candidates[0]);
}

void hint_exec(struct err *e, const struct plan *p, const struct step *s, int err,
	       const char *note)
{
	(void)s;
	(void)note;
	if (err == -ENOENT)
		hint_path(e, p->command);
	else if ((err == -EPERM || err == -ENOSYS) && sec_has_filter(p))
		err_hint(
			e,
			p->forks
				? "a seccomp profile must allow clone(2), sendmsg(2), read(2), "
				  "setsid(2), execve(2) and execveat(2) for a command to enter, "
				  "and ioctl(2) for a terminal"
				: "a seccomp profile must allow execve(2) and execveat(2)");
}

/* What the row says of it. */
static void hint_row(struct err *e, const struct plan *p, const struct step *s, int err,
		     const char *note)
{
	if (s->ops->hint)
		s->ops->hint(e, p, s, err, note);
	for (const struct step_hint *h = s->ops->hints; h && h->text; h++)
		if (h->err == err)
			err_hint(e, "%s", h->text);
}

void hint_step(struct err *e, const struct plan *p, const struct step *s, int err,
	       const char *note)
{
	const bool command = s->ops == &step_exec;

	if (err == -EMFILE && !command)
		err_hint(e, "it needs more open files than it may have: ulimit -n");
	else if (err == -ENOMEM && p->cgroups && !command)
		err_hint(e, "the limit on memory is too small for a start");
	else
		hint_row(e, p, s, err, note);
	if (!*e->hint)
		hint_refused(e, err);
}

void hint_clone(struct err *e, const struct plan *p, int err)
{
	if (err == -ENOSPC || err == -EUSERS)
		err_hint(e, "too many namespaces, or too deep: sysctl -a --pattern "
			    "'user.max_.*_namespaces' shows the limits");
	if (p->clone_flags & CLONE_NEWUSER)
		userns_hint(e);
	else if (err == -EPERM || err == -ENOSYS)
		hint_refused(e, err);
}
