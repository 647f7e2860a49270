/* SPDX-License-Identifier: MIT */
/*
 * A plan of very few steps in a caller whose own affairs could be in the way: what it
 * does with SIGCHLD and SIGPIPE, and a child that dies in the middle. The helper that
 * writes the ids' maps is replaced, in the mount namespace of the stage, by a script.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "mount/mount.h"
#include "process/program.h"
#include "run/run.h"
#include "step.h"

static const char *const one_id[] = { "0", "0", "1", NULL };
static const char *const no_env[] = { NULL };

/*
 * What is waited for without an end is killed at once here, and what has a bound sooner
 * than that says.
 */
void __real_program_run_both(const struct program p[2], struct program_end ret[2],
			     int results[2]);
void __wrap_program_run_both(const struct program p[2], struct program_end ret[2],
			     int results[2]);
int __real_program_run(const struct program *p, struct program_end *ret);
int __wrap_program_run(const struct program *p, struct program_end *ret);
static bool in_haste;

void __wrap_program_run_both(const struct program p[2], struct program_end ret[2],
			     int results[2])
{
	struct program sooner[2] = { p[0], p[1] };

	for (int i = 0; in_haste && i < 2; i++) {
		expect(p[i].timeout_ms > 0);
		sooner[i].timeout_ms = 100;
	}
	__real_program_run_both(sooner, ret, results);
}

int __wrap_program_run(const struct program *p, struct program_end *ret)
{
	struct program sooner = *p;

	if (in_haste) {
		expect(p->timeout_ms > 0);
		sooner.timeout_ms = 100;
	}
	return __real_program_run(&sooner, ret);
}

static void replace_helper(const char *program, const char *script)
{
	if (access(program, X_OK) < 0)
		skip("newuidmap(1) and newgidmap(1) are missing");
	put_file("/tmp/helper", script);
	must(chmod("/tmp/helper", 0755));
	expect(sys_mount("/tmp/helper", program, NULL, MS_BIND, NULL) == 0);
	must(unlink("/tmp/helper"));
}

/* Ids by the helper, then a command. */
static int start(struct err *e)
{
	static const char *const candidates[] = { "/bin/true", NULL };
	static const char *const argv[] = { "true", NULL };
	static const char *const sealed[] = { "exec",      "3:1",  "1",
					      "/bin/true", "true", NULL };
	struct plan p = { .lowest_fd = 3,
			  .own_memory = true,
			  .clone_flags = CLONE_NEWUSER };
	const struct spawn_options options = { .lock = -EBADF };
	struct minc_container ct;
	struct step *s = plan_append(&p, &step_idmap, "--userns", "ids");
	sigset_t none;
	int r;

	sigemptyset(&none);
	must(sigprocmask(SIG_SETMASK, &none, NULL));
	STEP_DATA(s, idmap)->uid_args = STEP_DATA(s, idmap)->gid_args = one_id;
	s = plan_append(&p, &step_exec, NULL, "the command");
	STEP_DATA(s, exec)->candidates = candidates;
	STEP_DATA(s, exec)->argv = argv;
	STEP_DATA(s, exec)->envp = no_env;
	STEP_DATA(s, exec)->sealed_argv = sealed;
	STEP_DATA(s, exec)->channel_fd = 3;
	equal(plan_seal(&p), 0);
	err_clear(e);
	r = spawn_plan(&p, &options, &ct, e);
	if (r == 0) {
		struct pollfd fd = { .fd = ct.pidfd, .events = POLLIN };

		equal(poll(&fd, 1, -1), 1);
		fd_closep(&ct.pidfd);
	}
	plan_done(&p);
	return r;
}

static void start_works(struct runner *r __attribute__((unused)))
{
	struct err e;
	int ret = start(&e);

	if (ret < 0)
		give_up(__FILE__, __LINE__, "%s", e.message);
}

STEP_TEST(helper_maps_the_ids)
{
	if (access("/usr/bin/newuidmap", X_OK) < 0)
		skip("newuidmap(1) is missing");
	equal(in_child(r, start_works), 0);
}

/* Then the kernel reaps all that have executed something. */
STEP_TEST(helper_may_run_where_children_are_ignored)
{
	if (access("/usr/bin/newuidmap", X_OK) < 0)
		skip("newuidmap(1) is missing");
	equal(in_child(r, start_works), 0);
	must(signal(SIGCHLD, SIG_IGN) == SIG_ERR ? -1 : 0);
	start_works(r);
}

static void start_fails_ignoring_children(struct runner *r __attribute__((unused)))
{
	struct err e;

	must(signal(SIGCHLD, SIG_IGN) == SIG_ERR ? -1 : 0);
	equal(start(&e), -EPERM);
	expect(strstr(e.message, "newuidmap"));
}

STEP_TEST(helper_that_fails_is_a_failure_where_children_are_ignored)
{
	replace_helper("/usr/bin/newuidmap", "#!/bin/sh\nexit 1\n");
	equal(in_child(r, start_fails_ignoring_children), 0);
}

static void start_says_what_the_helper_said(struct runner *r __attribute__((unused)))
{
	struct err e;

	equal(start(&e), -EPERM);
	same(e.message, "no ids for you");
}

STEP_TEST(helper_that_complains_is_quoted)
{
	replace_helper("/usr/bin/newuidmap",
		       "#!/bin/sh\necho no ids for you >&2\nexit 1\n");
	equal(in_child(r, start_says_what_the_helper_said), 0);
}

static void start_says_how_the_helper_ended(struct runner *r __attribute__((unused)))
{
	struct err e;

	equal(start(&e), -EPERM);
	same(e.message, "/usr/bin/newgidmap: it failed (status 137)");
}

STEP_TEST(helper_that_is_killed_is_said_to_have_failed)
{
	replace_helper("/usr/bin/newgidmap", "#!/bin/sh\nkill -KILL $$\n");
	equal(in_child(r, start_says_how_the_helper_ended), 0);
}

static void start_says_what_it_waited_for(struct runner *r __attribute__((unused)))
{
	struct err e;

	equal(start(&e), -ETIMEDOUT);
	expect(strstr(e.message,
		      "/usr/bin/newgidmap: it had not ended after 60 seconds"));
}

STEP_TEST(helper_that_does_not_end_is_killed)
{
	replace_helper("/usr/bin/newgidmap", "#!/bin/sh\nexec sleep 1000\n");
	in_haste = true;
	equal(in_child(r, start_says_what_it_waited_for), 0);
}

STEP_TEST(server_that_is_never_ready_is_killed)
{
	static const char *const argv[] = { "sleep", "1000", NULL };
	struct step s = { STEP(serve, .program = "/bin/sleep", .argv = argv, .ret = 0) };

	in_haste = true;
	equal(run_serve(r, &s), -ETIMEDOUT);
	expect(strstr(r->note, "/bin/sleep was not ready after 60 seconds"));
}

static void start_loses_its_child(struct runner *r __attribute__((unused)))
{
	struct err e;

	equal(start(&e), -EPIPE);
	expect(*e.message);
}

/* SIGPIPE has its default action here: the caller must not get it. */
STEP_TEST(child_that_dies_while_the_ids_are_mapped_is_an_error)
{
	replace_helper("/usr/bin/newuidmap", "#!/bin/sh\nkill -KILL $1\n");
	replace_helper("/usr/bin/newgidmap",
		       "#!/bin/sh\nwhile read -r key value rest; do\n"
		       "[ \"$key $value\" != 'State: Z' ] || exit 0\n"
		       "done </proc/$1/status\nexec /bin/sh $0 $1\n");
	equal(in_child(r, start_loses_its_child), 0);
}

int main(void)
{
	const TTest *const tests[] = {
		helper_maps_the_ids,
		helper_may_run_where_children_are_ignored,
		helper_that_fails_is_a_failure_where_children_are_ignored,
		helper_that_complains_is_quoted,
		helper_that_is_killed_is_said_to_have_failed,
		helper_that_does_not_end_is_killed,
		server_that_is_never_ready_is_killed,
		child_that_dies_while_the_ids_are_mapped_is_an_error,
	};

	return stage_main("spawn", tests, sizeof(tests) / sizeof(tests[0]));
}
