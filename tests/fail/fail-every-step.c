/* SPDX-License-Identifier: MIT */
/*
 * Every step of every option set fails once, on this machine: the start must fail with a
 * message that names the step, and leave nothing behind: no process, no descriptor, no
 * mount, no directory. Optional steps must warn instead, and steps about what may be
 * missing be passed over. As root, and again as an ordinary user; in the foreground, and
 * with a monitor between.
 *
 * The command does not exist, so that a start without an injected failure goes through
 * all steps, and none of what is tried here ever runs.
 */
#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../enter/tap.h"
#include "../plan/option-sets.h"
#include "base/fd.h"
#include "base/io.h"
#include "cgroup/cgroup-rows.h"
#include "live/background.h"
#include "live/state.h"
#include "run/run-rows.h"
#include "run/run.h"

enum { ORDINARY_USER = 65534 };

extern char **environ;

struct attempt {
	const struct option_set *set;
	const struct places *at;
	/* where its state lies in the background; NULL: in the foreground */
	const char *state;
	struct spawn_fault fault;
	int r;
	struct err err;
	size_t steps;
	const struct step_ops *ops; /* of the one that fails, as are: */
	unsigned flags;
	char origin[128];
	char groups[CGROUP_HIERARCHIES_MAX][256]; /* that the plan makes */
	char warnings[4096];
};

/* What must be the same before and after. */
struct surroundings {
	char *mounts;
	size_t fds;
};

__attribute__((format(printf, 2, 3))) static int complain(const struct attempt *a,
							  const char *format, ...)
{
	va_list ap;

	fprintf(stderr, "%s%s%s, step %d of %zu, %d injected: ", a->set->name,
		geteuid() == 0 ? "" : " (as a user)",
		a->state ? " (in the background)" : "", a->fault.step + 1, a->steps,
		a->fault.err);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	return FAILED;
}

static size_t count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

static struct surroundings look_around(void)
{
	struct surroundings s = { 0 };

	(void)io_read_file(AT_FDCWD, "/proc/self/mountinfo", 1 << 22, &s.mounts, NULL);
	s.fds = count_fds();
	return s;
}

static void keep_warning(const char *line, void *userdata)
{
	struct attempt *a = userdata;
	size_t len = strlen(a->warnings);

	snprintf(a->warnings + len, sizeof(a->warnings) - len, "%s\n", line);
}

/* The facts of this machine, as the set wants them. */
static bool probe(const struct option_set *set, struct host *h)
{
	if (host_probe(h) < 0)
		return false;
	if (!(set->flags & SET_TEMPLATE))
		fd_closep(&h->template_fd);
	if (set->flags & SET_OLD_KERNEL) {
		h->kernel = HOST_KERNEL(5, 15);
		h->overlay_fds = false;
	}
	return true;
}

/* In no root: the start fails, but only in its last step. */
static const char *const absent[] = { "/nonexistent/true", NULL };

static void note_groups(struct attempt *a, const struct plan *p)
{
	size_t n = 0;

	memset(a->groups, 0, sizeof(a->groups));
	for (size_t i = 0; i < p->len; i++)
		if (p->steps[i].ops == &step_cgroup)
			snprintf(a->groups[n++], sizeof(a->groups[0]), "%s",
				 STEP_DATA(&p->steps[i], cgroup)->path);
}

/* The plan is gone when the failure is looked at. */
static void note_step(struct attempt *a, const struct step *s)
{
	a->ops = s->ops;
	a->flags = s->flags;
	snprintf(a->origin, sizeof(a->origin), "%s", s->origin ? s->origin : "");
}

static int spawn(struct attempt *a, struct minc_ctx *c, int lock,
		 struct spawn_parent *parent, struct minc_container *ct)
{
	const struct spawn_options options = { .log = keep_warning,
					       .log_data = a,
					       .fault = &a->fault,
					       .parent = parent,
					       .lock = lock };

	return spawn_plan(&c->plan, &options, ct, &c->err);
}

/* The same in the background; it never comes to go on without us. */
static int spawn_behind_monitor(struct attempt *a, struct minc_ctx *c, int storage_lock,
				struct minc_container *ct)
{
	struct background b;
	struct state *s;
	int r = state_create(c, &s);

	if (r < 0)
		return r;
	r = background_prepare(&b, s, &c->spec, &c->plan, storage_lock);
	if (r == 0)
		r = spawn(a, c, storage_lock, &b.args.parent, ct);
	background_done(&b, true);
	state_remove(s);
	state_free(s);
	return r;
}

/* What minc_start() does, with a failure in the middle. */
static void start(struct attempt *a)
{
	struct minc_ctx c = { 0 };
	struct minc_container ct;
	struct storage st = { .lock = -EBADF };

	err_clear(&c.err);
	a->warnings[0] = '\0';
	spec_init(&c.spec, &c.err);
	a->set->apply(&c.spec, a->at);
	if (a->set->flags & SET_STORAGE && a->fault.step % 2) /* now and then a new one */
		c.spec.storage = NULL;
	if (a->state)
		(void)spec_set_flag(&c.spec, MINC_BACKGROUND, 1); /* sticky */
	a->r = c.spec.sticky;
	if (a->r == 0 && !probe(a->set, &c.host))
		a->r = -ENOMEM;
	if (a->r == 0 && spec_may_have_group(&c.spec))
		a->r = host_probe_cgroups(&c.host);
	host_name_cgroup(&c.host);
	if (a->r == 0)
		a->r = storage_prepare(&c, &st);
	if (a->r == 0)
		a->r = build_plan(&c.plan, &c.spec, &c.host, absent, c.storage, &c.err);
	if (a->r == 0) {
		a->steps = c.plan.len;
		note_groups(a, &c.plan);
		if (a->fault.step >= 0)
			note_step(a, &c.plan.steps[a->fault.step]);
		a->r = a->state ? spawn_behind_monitor(a, &c, st.lock, &ct)
				: spawn(a, &c, st.lock, NULL, &ct);
		if (a->r == 0) {
			fd_closep(&ct.pidfd);
			fd_closep(&ct.terminal);
		}
	}
	storage_abandon(&c, &st);
	fd_closep(&st.lock);
	a->err = c.err;
	plan_done(&c.plan);
	spec_done(&c.spec);
	host_done(&c.host);
	free(c.storage);
}

static bool has_line(const char *text, const char *line, size_t len)
{
	for (; text && *text; text = strchrnul(text, '\n'), text += *text == '\n')
		if (strncmp(text, line, len) == 0 && text[len] == '\n')
			return true;
	return false;
}

/* The directory that a line of mountinfo is about, without those with blanks. */
static bool has_place(const char *line)
{
	char path[PATH_MAX];

	return sscanf(line, "%*s %*s %*s %*s %4095s", path) == 1 &&
	       access(path, F_OK) == 0;
}

/*
 * Each mount is still there, and no other. One may go when another process removes the
 * directory that it is on, in its own namespace: the kernel takes it away in all.
 */
static bool same_mounts(const char *before, const char *now)
{
	const char *line;

	for (line = now; *line; line = strchrnul(line, '\n') + 1)
		if (!has_line(before, line, strcspn(line, "\n")))
			return false;
	for (line = before; *line; line = strchrnul(line, '\n') + 1)
		if (!has_line(now, line, strcspn(line, "\n")) && has_place(line))
			return false;
	return true;
}

static int check_residue(const struct attempt *a, const struct surroundings *before)
{
	struct surroundings now = look_around();
	int r = OK;

	/* the monitor became our child; one that stays would hang us here */
	if (a->state)
		while (waitpid(-1, NULL, 0) > 0)
			;
	if (a->state && !places_is_empty(a->state))
		r = complain(a, "something is left in the state directory");
	if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
		r = complain(a, "a process is left");
	if (now.fds != before->fds)
		r = complain(a, "%zu descriptors, %zu before", now.fds, before->fds);
	if (!now.mounts || !before->mounts || !same_mounts(before->mounts, now.mounts))
		r = complain(a, "the mounts changed");
	for (size_t i = 0; i < CGROUP_HIERARCHIES_MAX && *a->groups[i]; i++)
		if (access(a->groups[i], F_OK) == 0)
			r = complain(a, "the group %s is left", a->groups[i]);
	if (!places_is_empty(a->at->storage))
		r = complain(a, "something is left in the storage directory");
	free(now.mounts);
	return r;
}

/* The command was reached: all steps but the last one were made or passed over. */
static bool reached_command(const struct attempt *a)
{
	return a->r == -ENOENT && a->err.exec && a->err.step == (int)a->steps;
}

static int check_failure(const struct attempt *a)
{
	char place[64];

	if (a->r != a->fault.err || a->err.code != a->fault.err)
		return complain(a, "%d: %s", a->r, a->err.message);
	if (a->err.step != a->fault.step + 1 || a->err.steps != (int)a->steps)
		return complain(a, "blames step %d of %d", a->err.step, a->err.steps);
	if (a->ops == &step_exec)
		return a->err.exec ? OK : complain(a, "not about the command");
	snprintf(place, sizeof(place), "step %d of %zu, %s", a->fault.step + 1, a->steps,
		 a->ops->name);
	if (strncmp(a->err.message, place, strlen(place)) != 0)
		return complain(a, "message: %s", a->err.message);
	if (!strstr(a->err.message, a->origin) || strcmp(a->err.origin, a->origin) != 0)
		return complain(a, "does not name %s: %s", a->origin, a->err.message);
	return *a->warnings ? complain(a, "warned: %s", a->warnings) : OK;
}

static int check_warning(const struct attempt *a)
{
	char place[64];

	snprintf(place, sizeof(place), "step %d of %zu, ", a->fault.step + 1, a->steps);
	if (!strstr(a->warnings, place))
		return complain(a, "no warning, but: %s", a->warnings);
	return reached_command(a) ? OK : complain(a, "stopped: %s", a->err.message);
}

/* Processes of a throw-away network have an interface to give away. */
static void make_link(void)
{
	char words[] = "ip link add minctest0 type veth";
	char *argv[16], *word = strtok(words, " ");
	size_t n = 0;
	posix_spawn_file_actions_t quiet;
	pid_t pid;

	for (; word; word = strtok(NULL, " "))
		argv[n++] = word;
	argv[n] = NULL;
	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
	if (posix_spawnp(&pid, "ip", &quiet, NULL, argv, environ) == 0)
		(void)waitpid(pid, NULL, 0); /* without it the first start says so */
	posix_spawn_file_actions_destroy(&quiet);
}

static int fail_step(struct attempt *a, int step, int err)
{
	struct surroundings before;
	int r;

	if (a->set->flags & SET_LINK)
		make_link(); /* the last one went with its namespace */
	before = look_around();
	a->fault = (struct spawn_fault){ step, err };
	start(a);
	if (a->flags & STEP_IF_EXISTS && err == -ENOENT)
		r = reached_command(a) ? OK : complain(a, "stopped: %s", a->err.message);
	else if (a->flags & STEP_OPTIONAL)
		r = check_warning(a);
	else
		r = check_failure(a);
	if (check_residue(a, &before) != OK)
		r = FAILED;
	free(before.mounts);
	places_empty(a->at->storage);
	return r;
}

static int fail_set(const struct option_set *set, const struct places *at,
		    const char *state)
{
	struct attempt a = { .set = set, .at = at, .state = state, .fault = { -1, 0 } };
	size_t optional = 0;
	int r = OK;

	if (set->flags & SET_LINK && unshare(CLONE_NEWNET) == 0)
		make_link();
	start(&a);
	places_empty(at->storage);
	if (!reached_command(&a)) {
		complain(&a, "cannot be tried here: %s", a.err.message);
		printf("# cannot be tried here: %s\n", a.err.message);
		return set->flags & (SET_MAY_LACK | SET_LINK) ? SKIPPED : FAILED;
	}
	if (set->flags & SET_MAY_LACK && strstr(a.warnings, "not enforced")) {
		printf("# cannot be tried here: %.*s\n", (int)strcspn(a.warnings, "\n"),
		       a.warnings);
		return SKIPPED;
	}
	if (*a.warnings && !(set->flags & SET_API_PATHS))
		r = complain(&a, "warned: %s", a.warnings);
	for (int i = 0; i < (int)a.steps; i++) {
		if (fail_step(&a, i, -EIO) != OK)
			r = FAILED;
		optional += !!(a.flags & STEP_OPTIONAL);
		if (a.flags & STEP_IF_EXISTS && fail_step(&a, i, -ENOENT) != OK)
			r = FAILED;
	}
	if (a.steps == 0)
		r = complain(&a, "no step has failed");
	printf("# %s%s%s: %zu steps, %zu of them optional\n", set->name,
	       geteuid() == 0 ? "" : " (as a user)", state ? " (in the background)" : "",
	       a.steps, optional);
	return r;
}

static int fail_behind_monitor(const struct option_set *set, const struct places *at)
{
	char state[] = "/tmp/minctest-state-XXXXXX";
	int r;

	if (!mkdtemp(state) || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return FAILED;
	setenv("MINC_STATE_DIR", state, 1);
	r = fail_set(set, at, state);
	(void)rmdir(state); /* empty, or it was reported */
	return r;
}

/* A process, a mount namespace and directories of its own for each set. */
static int child(const struct option_set *set, bool as_user)
{
	struct places at;
	char below[128];
	int r;

	if (geteuid() == 0 && (unshare(CLONE_NEWNS) < 0 ||
			       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0))
		return SKIPPED;
	if (as_user && geteuid() == 0 &&
	    (setgroups(0, NULL) < 0 ||
	     setresgid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER) < 0 ||
	     setresuid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER) < 0 ||
	     /* a change of ids made /proc/self root's: an ordinary program has its own */
	     prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0))
		return SKIPPED;
	if (places_make(&at) < 0)
		return FAILED;
	setenv("XDG_RUNTIME_DIR", at.storage, 1);
	setenv("MINCTEST_CALLER", "value", 1);
	snprintf(below, sizeof(below), "%s/srv/mnt", at.tree);
	if (geteuid() == 0 && mount("minctest", below, "tmpfs", 0, NULL) < 0)
		return FAILED;
	r = fail_set(set, &at, NULL);
	if (r == OK)
		r = fail_behind_monitor(set, &at);
	(void)umount2(below, SYS_MNT_DETACH); /* a user has none there */
	places_remove(&at);
	return r;
}

static void run(const struct option_set *set, bool as_user)
{
	char name[128];
	int status = FAILED;
	pid_t pid;

	snprintf(name, sizeof(name), "%s%s", set->name,
		 as_user || geteuid() != 0 ? " (as a user)" : "");
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		status = child(set, as_user);
		fflush(stdout);
		_exit(status);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		status = FAILED;
	if (WIFSIGNALED(status))
		printf("# ended by signal %d\n", WTERMSIG(status));
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
		skip(name, "not possible on this machine");
	else
		ok(status == 0, "%s", name);
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < option_sets_len; i++) {
		const bool as_user = option_sets[i].flags & SET_USER;

		if (option_sets[i].flags & SET_PLAN_ONLY ||
		    (argc > 1 && strcmp(argv[1], option_sets[i].name) != 0))
			continue;
		if (!as_user && geteuid() != 0) {
			skip(option_sets[i].name, "needs root");
			continue;
		}
		run(&option_sets[i], as_user);
		if (as_user && geteuid() == 0) /* root may have a user namespace, too */
			run(&option_sets[i], false);
	}
	printf("1..%d\n", count);
	return failures ? FAILED : OK;
}
