/* SPDX-License-Identifier: MIT */
/*
 * minc_top(), minc_pause() without a freezer, and what minc_exec() refuses. As root, and
 * as an ordinary user.
 */
#include <errno.h>
#include <fcntl.h>
#include <minc/minc.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/io.h"
#include "live/state.h"
#include "places.h"
#include "tap.h"

static const char *const sleeper[] = { "sleep", "1000", NULL };

struct seen {
	int pids[64], inside[64];
	size_t len;
};

static int note(int pid, int pid_inside, void *userdata)
{
	struct seen *s = userdata;

	if (s->len == 64)
		return 1;
	s->pids[s->len] = pid;
	s->inside[s->len++] = pid_inside;
	return 0;
}

static int stop_at_once(int pid, int pid_inside, void *userdata)
{
	(*(int *)userdata)++;
	return pid > 0 && pid_inside > 0 ? 17 : -1;
}

/* Waits for the line that the command writes when it is where it should be. */
static bool await_line(int fd)
{
	char byte;

	return read(fd, &byte, 1) == 1;
}

static void test_top(const struct scene *s, struct minc_container *ct)
{
	struct minc_ctx *c = minc_ctx_new();
	struct minc_container *p = NULL;
	struct seen seen = { .len = 0 };
	bool sorted = true;
	int calls = 0;

	ok(minc_exec(c, ct, sleeper, &p) == 0 && minc_top(c, ct, note, &seen) == 0,
	   "%s: the processes are visited", s->name);
	for (size_t i = 1; i < seen.len; i++)
		sorted = sorted && seen.pids[i - 1] < seen.pids[i];
	ok(sorted && seen.len == 3, "%s: all three, by their number", s->name);
	ok(seen.pids[0] == minc_container_pid(ct) && seen.inside[0] == 1,
	   "%s: process 1 is the first", s->name);
	ok(seen.len && seen.pids[seen.len - 1] == minc_container_pid(p),
	   "%s: one that entered is the last", s->name);
	ok(minc_top(c, ct, stop_at_once, &calls) == 17 && calls == 1,
	   "%s: the visitor can end it", s->name);
	ok(minc_top(c, ct, NULL, NULL) == -EINVAL, "%s: there must be a visitor",
	   s->name);
	minc_kill(p, SIGKILL);
	minc_wait(p, -1, NULL);
	minc_container_free(p);
	minc_ctx_free(c);
}

static bool all_are(const struct minc_container *ct, bool stopped)
{
	struct process *list;
	bool ret = true;
	size_t len;

	if (top_list(ct, &list, &len) < 0)
		return false;
	for (size_t i = 0; i < len; i++)
		if (list[i].state != 'Z')
			ret = ret &&
			      (list[i].state == 'T' ||
			       (list[i].state == 'D' && list[i].pending)) == stopped;
	free(list);
	return ret;
}

/* Runs "i=0; while :; do (:); done": new processes all the time. */
static void test_pause(const struct scene *s, struct minc_container *ct)
{
	static const char *const busy[] = { "sh", "-c",
					    "echo; i=0; while [ $i -lt 100000 ]; do "
					    "( ( : ) & ); i=$((i + 1)); done",
					    NULL };
	struct minc_ctx *c = minc_ctx_new();
	struct minc_container *p = NULL, *q = NULL;
	int out[2], r;

	if (pipe2(out, O_CLOEXEC) < 0)
		return;
	minc_pass_fd(c, out[1], 1);
	r = minc_exec(c, ct, busy, &p);
	close(out[1]);
	minc_set_stdio(c, -1, -1, -1); /* it is used again */
	ok(r == 0 && await_line(out[0]), "%s: a maker of processes enters", s->name);
	r = minc_pause(c, ct);
	if (!ok(r == 0 && (ct->held.len || all_are(ct, true)),
		"%s: all processes are stopped", s->name))
		printf("# %d %s\n", r, minc_error_message(c));
	ok(pause_is_stopped(ct) == 1 && minc_container_state(ct) == MINC_STATE_PAUSED,
	   "%s: the container is", s->name);
	ok(minc_exec(c, ct, sleeper, &q) == -EBUSY, "%s: nobody enters meanwhile",
	   s->name);
	ok(minc_pause(c, ct) == 0, "%s: again is nothing new", s->name);
	ok(minc_resume(c, ct) == 0 && minc_container_state(ct) == MINC_STATE_RUNNING,
	   "%s: they go on", s->name);
	minc_kill(p, SIGKILL);
	minc_wait(p, -1, NULL);
	minc_container_free(p);
	close(out[0]);
	minc_ctx_free(c);
}

struct word {
	const char *what;
	void (*say)(struct minc_ctx *c);
};

static void say_root(struct minc_ctx *c)
{
	minc_set_root(c, "/", 0);
}

static void say_storage(struct minc_ctx *c)
{
	minc_set_storage(c, NULL);
}

static void say_bind(struct minc_ctx *c)
{
	minc_add_bind(c, "/usr", "/mnt", 0);
}

static void say_tmpfs(struct minc_ctx *c)
{
	minc_add_tmpfs(c, "/mnt", 0, 0755);
}

static void say_hostname(struct minc_ctx *c)
{
	minc_set_hostname(c, "other");
}

static void say_network(struct minc_ctx *c)
{
	minc_set_network(c, "none");
}

static void say_userns(struct minc_ctx *c)
{
	minc_set_userns(c, "auto");
}

static void say_init(struct minc_ctx *c)
{
	minc_set_flag(c, MINC_INIT, 1);
}

static void say_dev(struct minc_ctx *c)
{
	minc_set_flag(c, MINC_HOST_DEV, 1);
}

static void test_refusals(const struct scene *s, struct minc_container *ct)
{
	static const struct word words[] = {
		{ "root", say_root },
		{ "storage", say_storage },
		{ "bind", say_bind },
		{ "tmpfs", say_tmpfs },
		{ "host name", say_hostname },
		{ "network", say_network },
		{ "user namespace", say_userns },
		{ "init", say_init },
		{ "devices", say_dev },
	};
	static const char *const nothing[] = { NULL };
	struct minc_container *p = NULL, bare = *ct;
	struct minc_ctx *c;
	int r;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		c = minc_ctx_new();
		minc_set_origin(c, "--this");
		words[i].say(c);
		r = minc_exec(c, ct, sleeper, &p);
		ok(r == -EINVAL && !p &&
			   strncmp(minc_error_message(c), "--this: ", 8) == 0,
		   "%s: no %s for one who enters", s->name, words[i].what);
		minc_ctx_free(c);
	}
	c = minc_ctx_new();
	ok(minc_exec(c, ct, nothing, &p) == -EINVAL, "%s: no empty command", s->name);
	ok(minc_exec(c, ct, NULL, &p) == -EINVAL, "%s: nor none", s->name);
	bare.state = NULL;
	ok(minc_exec(c, &bare, sleeper, &p) == -EOPNOTSUPP,
	   "%s: nor one in the foreground", s->name);
	(void)renameat(ct->state->dir, "config.json", ct->state->dir, "config.away");
	r = minc_exec(c, ct, sleeper, &p);
	ok(r == -ENOENT && strstr(minc_error_message(c), "/config.json"),
	   "%s: nor one without its description", s->name);
	(void)renameat(ct->state->dir, "config.away", ct->state->dir, "config.json");
	minc_ctx_free(c);
	c = minc_ctx_new();
	minc_set_user(c, "nosuchuser");
	r = minc_exec(c, ct, sleeper, &p);
	ok(r == -ENOENT && strstr(minc_error_message(c), "nosuchuser"),
	   "%s: nor for a user it does not have", s->name);
	minc_ctx_free(c);
}

/* The process that was forked is ours already when its number cannot be handed over. */
static void test_narrow(const struct scene *s, struct minc_container *ct)
{
	struct minc_ctx *c = minc_ctx_new();
	struct minc_container *p = NULL;
	char path[128];

	snprintf(path, sizeof(path), "%s/narrow.json", scene_tree);
	minc_set_seccomp(c, path);
	ok(minc_exec(c, ct, sleeper, &p) == -EPERM,
	   "%s: a profile without sendmsg(2) keeps it out", s->name);
	ok(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD,
	   "%s: and nothing of it is left", s->name);
	minc_ctx_free(c);
}

static bool write_narrow(void)
{
	static const char text[] =
		"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": "
		"[\"sendmsg\"], \"action\": \"SCMP_ACT_ERRNO\"}]}";
	cleanup_close int dir = open(scene_tree, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return io_replace_file(dir, "narrow.json", text, sizeof(text) - 1) == 0 &&
	       fchmodat(dir, "narrow.json", 0644, 0) == 0;
}

static void test_terminal(const struct scene *s, struct minc_container *ct)
{
	static const char *const tty[] = { "sh", "-c", ": </dev/tty && tty; cat", NULL };
	struct minc_ctx *c = minc_ctx_new();
	cleanup_close int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct minc_container *p = NULL;
	char text[256] = "";
	size_t n = 0;
	int r, status = -1;

	minc_set_flag(c, MINC_TERMINAL, 1);
	for (int fd = 3; fd < 40; fd++) /* its number on the way must be none of these */
		minc_pass_fd(c, null, fd);
	r = minc_exec(c, ct, tty, &p);
	fd_closep(&null);
	if (!ok(r == 0 && minc_container_terminal(p) >= 0, "%s: it has a terminal",
		s->name)) {
		printf("# %s\n", minc_error_message(c));
		minc_ctx_free(c);
		return;
	}
	while (!strchr(text, '\n') && n + 1 < sizeof(text)) {
		ssize_t more =
			read(minc_container_terminal(p), text + n, sizeof(text) - 1 - n);

		if (more <= 0)
			break;
		n += (size_t)more;
		text[n] = '\0';
	}
	ok(strncmp(text, "/dev/pts/", 9) == 0, "%s: which has a name inside", s->name);
	(void)!write(minc_container_terminal(p), "\4", 1);
	ok(minc_wait(p, -1, &status) == 0 && status == 0, "%s: and can be typed at",
	   s->name);
	minc_container_free(p);
	minc_ctx_free(c);
}

static void test_ended(const struct scene *s, struct minc_container *ct)
{
	struct minc_ctx *c = minc_ctx_new();
	struct minc_container *p = NULL;
	struct seen seen = { .len = 0 };
	struct pollfd end = { .fd = ct->pidfd, .events = POLLIN };

	minc_kill(ct, SIGKILL);
	(void)poll(&end, 1, -1);
	ok(minc_exec(c, ct, sleeper, &p) == -ESRCH,
	   "%s: nobody enters one that has ended", s->name);
	minc_wait(ct, -1, NULL);
	ok(minc_exec(c, ct, sleeper, &p) == -ESRCH, "%s: nor later", s->name);
	ok(minc_top(c, ct, note, &seen) == -ESRCH, "%s: it has no processes", s->name);
	ok(minc_pause(c, ct) == -ESRCH && minc_resume(c, ct) == -ESRCH,
	   "%s: that could be held", s->name);
	minc_ctx_free(c);
}

static void in_scene(const void *arg)
{
	static const char *const two[] = { "sh", "-c", "sleep 1000 & echo >/io/out; wait",
					   NULL };
	const struct scene *s = arg;
	struct minc_container *ct;
	int r = scene_become(s);
	char why[1024];

	if (r < 0) {
		skip(s->name, scene_why_not(r));
		return;
	}
	ct = scene_start(s, two, why);
	if (!ct) {
		skip(s->name, why);
		return;
	}
	ok(await_line(scene_out), "%s: two processes run", s->name);
	test_top(s, ct);
	test_pause(s, ct);
	test_refusals(s, ct);
	if (HAVE_PROFILES)
		test_narrow(s, ct);
	test_terminal(s, ct);
	test_ended(s, ct);
	scene_end(ct);
	ok(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "%s: no child is left",
	   s->name);
}

int main(void)
{
	bool good = true;

	if (scene_make_tree() < 0 || !write_narrow()) {
		scene_remove_tree();
		return SKIPPED;
	}
	good = apart(in_scene, scene_find("directory")) && good;
	good = apart(in_scene, scene_find("limits")) && good; /* it has a freezer */
	good = apart(in_scene, scene_find("root of the host")) && good;
	good = apart(in_scene, scene_find("user: single id")) && good;
	good = apart(in_scene, scene_find("user: range of ids")) && good;
	scene_remove_tree();
	printf("1..%d\n", count);
	return good ? OK : FAILED;
}
