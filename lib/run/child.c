/* SPDX-License-Identifier: MIT */
/*
 * child - between clone and exec. The process may share its memory with a threaded
 * caller that waits for it, so this file and the *-step.c files only make system calls on
 * memory that was prepared before (docs/architecture.md, "The child");
 * tests/lint/child-symbols proves it. A failure goes to the caller as a struct verdict;
 * end of file without one means that execve(2) succeeded.
 */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "run/run.h"

_Noreturn static void fail(const struct child_args *args, uint32_t step, int err)
{
	struct verdict v = { .kind = VERDICT_FAILED, .step = step, .err = err };

	memcpy(v.note, args->runner.note, sizeof(v.note));
	/* the caller may be gone; or a message is more than the container may have */
	if (sys_write(args->runner.channel, &v, sizeof(v)) < 0 && args->unsent)
		memcpy(args->unsent, &v, sizeof(v));
	sys_exit(125);
}

static void warn(struct child_args *args, uint32_t step, int err)
{
	struct verdict v = { .kind = VERDICT_WARNING, .step = step, .err = err };

	memcpy(v.note, args->runner.note, sizeof(v.note));
	args->runner.note[0] = '\0';
	(void)sys_write(args->runner.channel, &v, sizeof(v)); /* the caller may be gone */
}

/*
 * A step about a path that may be missing, or lead through something else than
 * directories: so may what an earlier such step made.
 */
static bool is_absent(const struct step *s, int err)
{
	return s->flags & STEP_IF_EXISTS &&
	       (err == -ENOENT || err == -ENOTDIR || err == -EBADF);
}

/* A mount has up to four descriptors until the command runs; hosts have many mounts. */
static void raise_files(struct runner *r)
{
	uint64_t all[2];

	if (sys_call(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, r->files, 0) < 0)
		r->files[1] = 0; /* an outer filter: then it stays as it is */
	all[0] = all[1] = r->files[1];
	if (r->files[0] < all[0] &&
	    sys_call(SYS_prlimit64, 0, RLIMIT_NOFILE, all, NULL, 0) < 0)
		r->files[1] = 0;
}

static int run_step(struct child_args *args, int i)
{
	const struct step *s = &args->plan->steps[i];

	if (args->fault_step == i)
		return args->fault_err;
	return args->keepers_step == i ? args->keepers_err
				       : s->ops->run(&args->runner, s);
}

_Noreturn void child_main(void *arg)
{
	struct child_args *args = arg;
	const struct plan *p = args->plan;

	if (args->runner.host_end >= 0) /* so that the caller's end is the last */
		(void)sys_close(args->runner.host_end);
	(void)sys_call(SYS_umask, 0, 0, 0, 0, 0); /* modes as planned; cannot fail */
	raise_files(&args->runner);
	for (size_t i = 0; i < p->len; i++) {
		const struct step *s = &p->steps[i];
		int err;

		if (s->flags & STEP_HOST)
			continue;
		args->runner.step = (uint32_t)i;
		err = run_step(args, (int)i);
		if (err == 0 || is_absent(s, err))
			continue;
		if (!(s->flags & STEP_OPTIONAL))
			fail(args, (uint32_t)i, err);
		warn(args, (uint32_t)i, err);
	}
	sys_exit(125); /* not reached: the last step of a plan is EXEC */
}
