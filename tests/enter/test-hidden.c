/* SPDX-License-Identifier: MIT */
/*
 * What enters is not there before it has dropped everything, cannot be looked into before
 * it executes the command, and does not outlive a caller that dies meanwhile. It is held
 * in two places, around which the linker puts wrappers: in the step that makes its
 * keyring, when it has joined all but still has the caller's memory, descriptors and
 * privileges; and when it has forked, before the caller lets it go on.
 */
#include <errno.h>
#include <fcntl.h>
#include <minc/minc.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/fd.h"
#include "places.h"
#include "run/spawn.h"
#include "tap.h"

/* Where it is held. */
static enum { IN_STEPS, IN_PID_NAMESPACE } place;
static int arrived[2] = { -1, -1 }, leave[2] = { -1, -1 };

static void hold(void)
{
	char byte;

	(void)sys_write(arrived[1], "x", 1);
	(void)sys_close(arrived[1]);
	(void)sys_close(leave[1]);
	(void)sys_read(leave[0], &byte, 1); /* or the end of the test */
}

int __real_run_keyring(struct runner *r, const struct step *s);
int __wrap_run_keyring(struct runner *r, const struct step *s);

int __wrap_run_keyring(struct runner *r, const struct step *s)
{
	if (arrived[1] >= 0 && r->plan->forks && place == IN_STEPS)
		hold();
	return __real_run_keyring(r, s);
}

int __real_spawn_watcher(struct spawn *w);
int __wrap_spawn_watcher(struct spawn *w);

int __wrap_spawn_watcher(struct spawn *w)
{
	if (arrived[1] >= 0 && place == IN_PID_NAMESPACE)
		hold();
	return __real_spawn_watcher(w);
}

static const char *const sleeper[] = { "sleep", "1000", NULL };

/* What "probe look" answers, up to the empty line. */
static void ask(int in, int out, char *buf, size_t len)
{
	size_t n = 0;

	(void)!write(in, "\n", 1);
	buf[0] = '\0';
	while (n + 1 < len && strcmp(buf, "\n") &&
	       (n < 2 || strcmp(buf + n - 2, "\n\n"))) {
		ssize_t more = read(out, buf + n, len - 1 - n);

		if (more <= 0)
			return;
		n += (size_t)more;
		buf[n] = '\0';
	}
}

/* The line of process @pid. */
static void line_of(const char *text, int pid, char *ret, size_t len)
{
	char start[16];

	snprintf(start, sizeof(start), "%d fd=", pid);
	*ret = '\0';
	for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n')
		if (strncmp(p, start, strlen(start)) == 0)
			snprintf(ret, len, "%.*s", (int)strcspn(p, "\n"), p);
}

static void close_pair(int *pair)
{
	fd_closep(&pair[0]);
	fd_closep(&pair[1]);
}

/* In a child: start what will be held. */
static pid_t start_held(struct minc_container *ct)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct minc_ctx *c = minc_ctx_new();
		struct minc_container *p;
		int r;

		minc_set_flag(c, MINC_DIE_WITH_PARENT, 1);
		r = minc_exec(c, ct, sleeper, &p);
		if (r == 0) {
			minc_kill(p, SIGKILL);
			minc_wait(p, -1, NULL);
		}
		_exit(r == 0 ? 0 : 1);
	}
	return pid;
}

/* How many live, by process 1's and our own right to look. */
static size_t processes(const struct minc_container *ct)
{
	struct process *list;
	size_t len, live = 0;

	if (top_list(ct, &list, &len) < 0)
		return 0;
	for (size_t i = 0; i < len; i++)
		live += list[i].state != 'Z';
	free(list);
	return live;
}

/* Until the held process says so; false if the start failed before. */
static bool await_arrival(void)
{
	char byte;

	fd_closep(&arrived[1]);
	fd_closep(&leave[0]);
	return read(arrived[0], &byte, 1) == 1;
}

/* Orphans come to us (in_scene): their end must be seen, or the container has none. */
static void adopt(int n)
{
	while (n-- > 0)
		(void)waitpid(-1, NULL, 0);
}

/* What looks is 1, its equal 2. */
static void test_steps(const struct scene *s, struct minc_container *ct)
{
	char text[8192];
	int status;
	pid_t pid;

	place = IN_STEPS;
	if (pipe2(arrived, O_CLOEXEC) < 0 || pipe2(leave, O_CLOEXEC) < 0)
		return;
	pid = start_held(ct);
	ok(await_arrival(), "%s: a process carries out the steps", s->name);
	ok(processes(ct) == 2, "%s: which is not in the container yet", s->name);
	ask(scene_in, scene_out, text, sizeof(text));
	ok(strstr(text, "2 fd=") && !strstr(text, "3 fd="), "%s: and not seen there",
	   s->name);
	(void)!write(leave[1], "x", 1);
	close_pair(leave);
	close_pair(arrived);
	ok(waitpid(pid, &status, 0) == pid && status == 0, "%s: then it starts", s->name);
}

static void test_look(const struct scene *s, struct minc_container *ct)
{
	char text[8192], line[1024];
	int status;
	pid_t pid;

	place = IN_PID_NAMESPACE;
	if (pipe2(arrived, O_CLOEXEC) < 0 || pipe2(leave, O_CLOEXEC) < 0)
		return;
	pid = start_held(ct);
	ok(await_arrival(), "%s: the process is inside", s->name);
	ok(processes(ct) == 3, "%s: and counted there", s->name);
	ask(scene_in, scene_out, text, sizeof(text));
	line_of(text, 2, line, sizeof(line));
	printf("# %s\n", line);
	ok(strncmp(line, "2 fd=ok exe=ok mem=ok root=ok trace=ok", 38) == 0,
	   "%s: one that is in is open to its equals", s->name);
	line_of(text, 4, line, sizeof(line));
	printf("# %s\n", line);
	ok(strncmp(line, "4 fd=EACCES exe=EACCES mem=EACCES root=EACCES trace=EPERM",
		   57) == 0,
	   "%s: one on its way is closed", s->name);
	ok(*line && !strstr(line, "test-hidden"),
	   "%s: and does not show the caller's words", s->name);
	(void)!write(leave[1], "x", 1);
	close_pair(leave);
	close_pair(arrived);
	ok(waitpid(pid, &status, 0) == pid && status == 0, "%s: then it starts", s->name);
}

static void test_killed_caller(const struct scene *s, struct minc_container *ct,
			       int where)
{
	int gone[2];
	char byte;
	pid_t pid;

	place = where;
	if (pipe2(arrived, O_CLOEXEC) < 0 || pipe2(leave, O_CLOEXEC) < 0 ||
	    pipe2(gone, O_CLOEXEC) < 0)
		return;
	pid = start_held(ct);
	ok(await_arrival() && processes(ct) == (place == IN_STEPS ? 2 : 3),
	   "%s: another is on its way", s->name);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* we hold leave[1], so what ends the held process is not the end of that pipe */
	fd_closep(&gone[1]); /* it has a copy */
	ok(read(gone[0], &byte, 1) == 0, "%s: it is gone, with its caller", s->name);
	adopt(place == IN_STEPS ? 1 : 2); /* and the one that has forked */
	close_pair(gone);
	close_pair(leave);
	close_pair(arrived);
}

/*
 * A start with @flag in a child that ends; the end of the returned pipe is the command's.
 */
static int start_and_leave(struct minc_container *ct, unsigned flag)
{
	int life[2];
	pid_t pid;

	if (pipe2(life, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		struct minc_ctx *c = minc_ctx_new();
		struct minc_container *p;

		if (flag)
			minc_set_flag(c, flag, 1);
		minc_pass_fd(c, life[1], 9);
		_exit(minc_exec(c, ct, sleeper, &p) == 0 ? 0 : 1);
	}
	close(life[1]);
	waitpid(pid, NULL, 0);
	return life[0];
}

static void test_outlives(const struct scene *s, struct minc_container *ct)
{
	int fd = start_and_leave(ct, 0);
	struct pollfd life = { .fd = fd, .events = POLLIN };
	struct process *list;
	size_t len = 0;

	ok(poll(&life, 1, 0) == 0 && processes(ct) == 3, "%s: it outlives its caller",
	   s->name);
	if (top_list(ct, &list, &len) == 0) {
		for (size_t i = 0; i < len; i++)
			if (list[i].pid_inside > 2)
				kill(list[i].pid, SIGKILL);
		free(list);
	}
	adopt(1);
	close(fd);
	fd = start_and_leave(ct, MINC_DIE_WITH_PARENT);
	life.fd = fd;
	ok(poll(&life, 1, 10000) == 1, "%s: unless it is to die with it", s->name);
	adopt(2); /* and what has watched */
	close(fd);
}

static void in_scene(const void *arg)
{
	static const char *const probe[] = { "sh", "-c",
					     "exec /bin/probe look </io/in >/io/out",
					     NULL };
	const struct scene *s = arg;
	struct minc_container *ct, *equal = NULL;
	struct minc_ctx *c = minc_ctx_new();
	int r = scene_become(s);
	char why[1024];

	if (r == 0 && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		r = -errno;
	if (r < 0) {
		skip(s->name, scene_why_not(r));
		return;
	}
	ct = scene_start(s, probe, why);
	if (!ct) {
		skip(s->name, why);
		return;
	}
	if (ok(minc_exec(c, ct, sleeper, &equal) == 0, "%s: one enters", s->name)) {
		test_steps(s, ct);
		test_look(s, ct);
		test_killed_caller(s, ct, IN_STEPS);
		test_killed_caller(s, ct, IN_PID_NAMESPACE);
		test_outlives(s, ct);
		minc_kill(equal, SIGKILL);
		minc_wait(equal, -1, NULL); /* else the container could not end */
		minc_container_free(equal);
	}
	minc_ctx_free(c);
	scene_end(ct);
}

int main(void)
{
	bool good = true;

	if (!getenv("PROBE") || scene_make_tree() < 0) {
		scene_remove_tree();
		return SKIPPED;
	}
	good = apart(in_scene, scene_find("directory")) && good;
	good = apart(in_scene, scene_find("another user")) && good;
	good = apart(in_scene, scene_find("single id")) && good;
	good = apart(in_scene, scene_find("user: single id")) && good;
	good = apart(in_scene, scene_find("user: range of ids")) && good;
	scene_remove_tree();
	printf("1..%d\n", count);
	return good ? OK : FAILED;
}
