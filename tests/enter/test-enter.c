/* SPDX-License-Identifier: MIT */
/*
 * minc_exec(): in every scene the process that entered is what process 1 is, except for
 * its number. As root, and as an ordinary user.
 */
#include <errno.h>
#include <minc/minc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/io.h"
#include "places.h"
#include "tap.h"

static const char *const sleeper[] = { "sleep", "1000", NULL };

/* All that the command wrote. */
static char *output_of(struct minc_ctx *c, struct minc_container *ct,
		       const char *const *argv, int *ret, int *status)
{
	struct minc_container *p;
	char *text = NULL;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return NULL;
	minc_pass_fd(c, fds[1], 1);
	*ret = minc_exec(c, ct, argv, &p);
	close(fds[1]);
	if (*ret == 0) {
		(void)io_read_all(fds[0], 1 << 16, &text, NULL);
		(void)minc_wait(p, -1, status);
		minc_container_free(p);
	}
	close(fds[0]);
	return text ? text : strdup("");
}

/* Lines of /proc/PID/status that both must have, as one text. */
static char *traits_of(int pid)
{
	static const char *const files[] = { "uid_map", "gid_map", "cgroup", "limits" };
	static const char *const names[] = { "user", "mnt", "pid",    "ipc",
					     "uts",  "net", "cgroup", "time" };
	static const char *const lines[] = {
		"Uid:",        "Gid:",     "Groups:",          "CapInh:",
		"CapPrm:",     "CapEff:",  "CapBnd:",          "CapAmb:",
		"NoNewPrivs:", "Seccomp:", "Seccomp_filters:", "Umask:",
		"SigIgn:",     "SigBlk:",  "Cpus_allowed:"
	};
	char *ret = NULL, path[64], link[256], *text;
	size_t len;
	FILE *out = open_memstream(&ret, &len);

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (io_read_file(AT_FDCWD, path, 1 << 16, &text, NULL) == 0) {
		for (char *save, *line = strtok_r(text, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save))
			for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
				if (strncmp(line, lines[i], strlen(lines[i])) == 0)
					fprintf(out, "%s\n", line);
		free(text);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, names[i]);
		n = readlink(path, link, sizeof(link));
		fprintf(out, "%.*s\n", n < 0 ? 0 : (int)n, link);
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, files[i]);
		if (io_read_file(AT_FDCWD, path, 1 << 16, &text, NULL) == 0) {
			fprintf(out, "%s: %s\n", files[i], text);
			free(text);
		}
	}
	fclose(out);
	return ret;
}

/* The command itself, with an init: its only child. */
static int first_command(const struct scene *s, struct minc_container *ct)
{
	cleanup_free struct process *list = NULL;
	size_t len = 0;

	if (!s->init)
		return ct->pid;
	(void)top_list(ct, &list, &len); /* then there is none */
	for (size_t i = 0; i < len; i++)
		if (list[i].pid_inside == 2)
			return list[i].pid;
	return -1;
}

static bool same_place(int a, int b, const char *what)
{
	char path[64];
	struct stat x, y;

	snprintf(path, sizeof(path), "/proc/%d/%s", a, what);
	if (stat(path, &x) < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/%s", b, what);
	return stat(path, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static void test_same(const struct scene *s, struct minc_container *ct)
{
	struct minc_ctx *c = minc_ctx_new();
	struct minc_container *p = NULL;
	cleanup_free char *first = NULL, *other = NULL;
	int r = minc_exec(c, ct, sleeper, &p), pid = first_command(s, ct), status = -1;

	if (!ok(r == 0, "%s: a command enters", s->name)) {
		printf("# %s (%s)\n", minc_error_message(c), minc_error_hint(c));
		minc_ctx_free(c);
		return;
	}
	first = traits_of(pid);
	other = traits_of(minc_container_pid(p));
	if (!ok(strcmp(first, other) == 0, "%s: it is confined as the first command",
		s->name))
		printf("# FIRST %d\n%s\n# OTHER %d\n%s\n", pid, first,
		       minc_container_pid(p), other);
	ok(same_place(pid, minc_container_pid(p), "root"), "%s: it has the same root",
	   s->name);
	ok(same_place(pid, minc_container_pid(p), "cwd"), "%s: and the same directory",
	   s->name);
	ok(minc_wait(p, 0, NULL) == -ETIMEDOUT, "%s: it is waited for by itself",
	   s->name);
	ok(minc_kill(p, SIGTERM) == 0 && minc_wait(p, -1, &status) == 0 &&
		   status == 128 + SIGTERM,
	   "%s: a signal ends it", s->name);
	ok(minc_wait(ct, 0, NULL) == -ETIMEDOUT, "%s: and not the container", s->name);
	minc_container_free(p);
	minc_ctx_free(c);
}

static void test_environment(const struct scene *s, struct minc_container *ct)
{
	const char *const argv[] = {
		"sh", "-c",
		"cd /proc/self/fd && for i in *; do printf '%s,' $i; done; "
		"echo; id -u; pwd; echo $GREETING; exit 7",
		NULL
	};
	const char *const env[] = { "env", NULL };
	struct minc_ctx *c = minc_ctx_new();
	cleanup_free char *text = NULL, *all = NULL;
	int r, status = -1;

	text = output_of(c, ct, argv, &r, &status);
	/* the shell has the directory itself open while it reads */
	if (!ok(r == 0 && strncmp(text, "0,1,2,", 6) == 0 &&
			strchr(text, '\n') - text <= 9,
		"%s: it has descriptors 0, 1 and 2 alone", s->name))
		printf("# %s: %s\n", minc_error_message(c), text);
	ok(status == 7, "%s: its exit status comes through", s->name);
	minc_ctx_free(c);
	c = minc_ctx_new();
	minc_add_env(c, "EXTRA", "1");
	all = output_of(c, ct, env, &r, &status);
	ok(r == 0 && strstr(all, "EXTRA=1\n") && strstr(all, "PATH=/usr/local/sbin") &&
		   !strstr(all, "MINC_MODULE_DIR"),
	   "%s: the environment is the container's and the context's", s->name);
	minc_ctx_free(c);
}

static void test_missing(const struct scene *s, struct minc_container *ct)
{
	const char *const argv[] = { "/nonexistent", NULL };
	struct minc_ctx *c = minc_ctx_new();
	struct minc_container *p = NULL;
	int r = minc_exec(c, ct, argv, &p);

	ok(r == -ENOENT && minc_error_exit_status(c) == 127 && !p,
	   "%s: a missing command is the caller's failure", s->name);
	minc_ctx_free(c);
}

static void test_self(const struct scene *s, struct minc_container *ct)
{
	/* what it would execute is the small program, which refuses these arguments */
	const char *const argv[] = { "/proc/self/exe", "-c", "echo host", NULL };
	struct minc_ctx *c = minc_ctx_new();
	int r, status = -1;
	cleanup_free char *text = output_of(c, ct, argv, &r, &status);

	ok(*text == '\0' && (r < 0 || status == 126),
	   "%s: /proc/self/exe is no program of the host", s->name);
	minc_ctx_free(c);
}

static void test_directory_of_host(const struct scene *s, struct minc_container *ct)
{
	const char *const argv[] = { "true", NULL };
	struct minc_ctx *c = minc_ctx_new();
	struct minc_container *p = NULL;
	int fd = open("/usr", O_PATH | O_DIRECTORY), r;
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	minc_set_cwd(c, path);
	r = minc_exec(c, ct, argv, &p);
	ok(r == -ENOENT && minc_error_step(c) > 0,
	   "%s: what the caller has open is closed", s->name);
	minc_pass_fd(c, fd, 9);
	minc_set_cwd(c, "/proc/self/fd/9");
	r = minc_exec(c, ct, argv, &p);
	/* who carries out the steps is in no /proc of the container */
	ok(r == -ENOENT && minc_error_step(c) > 0, "%s: no directory of the host",
	   s->name);
	close(fd);
	minc_ctx_free(c);
}

/* One who may make device files is let in only where a list says which of them work. */
static void test_devices(const struct scene *s, struct minc_container *ct)
{
	static const struct {
		const char *scene;
		int r;
	} rows[] = { { "directory", -EPERM },
		     { "mknod", 0 },
		     { "privileged", 0 },
		     { "single id", 0 } };
	const char *const argv[] = { "true", NULL };
	struct minc_ctx *c = minc_ctx_new();
	int r, status;

	minc_set_origin(c, "--cap-add mknod");
	minc_add_cap(c, "mknod");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].scene, s->name) != 0)
			continue;
		free(output_of(c, ct, argv, &r, &status));
		if (!ok(r == rows[i].r, "%s: mknod is given with a list of devices",
			s->name))
			printf("# %d: %s\n", r, minc_error_message(c));
		if (r < 0)
			ok(strstr(minc_error_message(c), "--cap-add mknod: ") &&
				   *minc_error_hint(c),
			   "%s: which is said", s->name);
	}
	minc_ctx_free(c);
}

static void in_scene(const void *arg)
{
	const struct scene *s = arg;
	struct minc_container *ct;
	char why[1024];
	int r = scene_become(s);

	if (r < 0) {
		skip(s->name, scene_why_not(r));
		return;
	}
	ct = scene_start(s, sleeper, why);
	if (!ct) {
		skip(s->name, why);
		return;
	}
	test_same(s, ct);
	test_environment(s, ct);
	test_missing(s, ct);
	test_self(s, ct);
	test_directory_of_host(s, ct);
	test_devices(s, ct);
	ok(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "%s: no child is left",
	   s->name);
	scene_end(ct);
}

int main(int argc, char **argv)
{
	bool good = true;

	if (scene_make_tree() < 0) {
		scene_remove_tree();
		return SKIPPED;
	}
	for (size_t i = 0; i < scenes_len; i++)
		if (argc < 2 || strcmp(argv[1], scenes[i].name) == 0)
			good = apart(in_scene, &scenes[i]) && good;
	scene_remove_tree();
	printf("1..%d\n", count);
	return good ? OK : FAILED;
}
