/* SPDX-License-Identifier: MIT */
/*
 * Every allocation of a container's life fails once: from minc_ctx_new() to the end, each
 * call must succeed or return -ENOMEM with a message, and afterwards nothing is left:
 * no memory, no descriptor, no process, no directory. The linker puts the functions below
 * in the place of libc's (--wrap), so this sees the library's own requests; under the
 * address sanitizer it sees their misuse, too.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <minc/minc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIVE_MAX = 4096, ORDINARY_USER = 65534, OK = 0, FAILED = 1, SKIPPED = 77 };

/* The allocation that fails; the count so far; what is allocated. */
static int fail_at, count;
static bool counting;
static bool kept; /* a container ran: what it wrote stays, whatever follows */
static void *live[LIVE_MAX];
static FILE *report; /* TAP; the commands have standard output */

static bool fails(void)
{
	return counting && ++count == fail_at;
}

static void *remember(void *p)
{
	size_t i = 0;

	if (!p || !counting)
		return p;
	while (i < LIVE_MAX && live[i])
		i++;
	if (i == LIVE_MAX) /* what is not remembered is not missed */
		abort();
	live[i] = p;
	return p;
}

static void forget(const void *p)
{
	for (size_t i = 0; p && i < LIVE_MAX; i++)
		if (live[i] == p)
			live[i] = NULL;
}

static void *no_memory(void)
{
	errno = ENOMEM;
	return NULL;
}

#define WRAP(type, name, ...)            \
	type __real_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__)

WRAP(void *, malloc, size_t size)
{
	return fails() ? no_memory() : remember(__real_malloc(size));
}

WRAP(void *, calloc, size_t n, size_t size)
{
	return fails() ? no_memory() : remember(__real_calloc(n, size));
}

WRAP(void *, realloc, void *p, size_t size)
{
	void *ret = fails() ? no_memory() : __real_realloc(p, size);

	if (ret) {
		forget(p);
		remember(ret);
	}
	return ret;
}

WRAP(void *, reallocarray, void *p, size_t n, size_t size)
{
	void *ret = fails() ? no_memory() : __real_reallocarray(p, n, size);

	if (ret) {
		forget(p);
		remember(ret);
	}
	return ret;
}

WRAP(void, free, void *p)
{
	forget(p);
	__real_free(p);
}

WRAP(char *, strdup, const char *s)
{
	return fails() ? no_memory() : remember(__real_strdup(s));
}

WRAP(void *, mmap, void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	if (fails()) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	return remember(__real_mmap(at, len, prot, flags, fd, offset));
}

WRAP(int, munmap, void *at, size_t len)
{
	forget(at);
	return __real_munmap(at, len);
}

WRAP(int, mprotect, void *at, size_t len, int prot)
{
	if (fails()) {
		errno = ENOMEM;
		return -1;
	}
	return __real_mprotect(at, len, prot);
}

WRAP(char *, realpath, const char *path, char *buf)
{
	return fails() ? no_memory() : remember(__real_realpath(path, buf));
}

WRAP(char *, getcwd, char *buf, size_t size)
{
	return fails() ? no_memory() : remember(__real_getcwd(buf, size));
}

WRAP(FILE *, open_memstream, char **text, size_t *len)
{
	return fails() ? no_memory() : __real_open_memstream(text, len);
}

WRAP(DIR *, opendir, const char *path)
{
	return fails() ? no_memory() : __real_opendir(path);
}

WRAP(DIR *, fdopendir, int fd)
{
	return fails() ? no_memory() : __real_fdopendir(fd);
}

/* One life. */

struct life {
	const char *name;
	const char *root; /* NULL: "/" */
	bool keep, init, user, limits, background;
};

static const struct life lives[] = {
	{ .name = "default" },
	{ .name = "root", .root = "/usr", .init = true },
	{ .name = "user", .user = true },
	{ .name = "storage", .keep = true, .init = true },
	{ .name = "limits", .root = "/usr", .limits = true },
	{ .name = "background", .root = "/usr", .background = true },
};

static int configure(minc_ctx *c, const struct life *l)
{
	int r = minc_set_origin(c, "--name box");

	r = r < 0 ? r : minc_set_hostname(c, "box");
	r = r < 0 ? r : minc_set_origin(c, NULL);
	r = r < 0 ? r : minc_add_env(c, "A", "1");
	r = r < 0 ? r : minc_add_env(c, "MINCTEST_CALLER", NULL);
	r = r < 0 ? r : minc_add_tmpfs(c, "/tmp/t", 4096, 0755);
	r = r < 0 ? r : minc_add_bind(c, "/usr", "/tmp/usr", MINC_BIND_RDONLY);
	r = r < 0 ? r : minc_add_bind(c, "/usr/../usr", NULL, 0);
	r = r < 0 ? r : minc_set_cpus(c, "ffff");
	if (l->background) {
		r = r < 0 ? r : minc_set_flag(c, MINC_BACKGROUND, 1);
		r = r < 0 ? r : minc_set_name(c, "oom");
		r = r < 0 ? r : minc_set_rlimit(c, "core", 0, 0);
	} else {
		r = r < 0 ? r : minc_pass_fd(c, 0, 9);
	}
	r = r < 0 ? r : minc_drop_cap(c, "kill");
	r = r < 0 ? r : minc_set_cwd(c, "/");
	if (l->root)
		r = r < 0 ? r : minc_set_root(c, l->root, 0);
	if (l->keep)
		r = r < 0 ? r : minc_set_storage(c, NULL);
	if (l->init)
		r = r < 0 ? r : minc_set_flag(c, MINC_INIT, 1);
	if (l->limits) {
		/* a user warns, root makes groups */
		r = r < 0 ? r : minc_set_flag(c, MINC_BEST_EFFORT, 1);
		r = r < 0 ? r : minc_set_limit(c, MINC_LIMIT_MEMORY, 256 << 20);
		r = r < 0 ? r : minc_set_limit(c, MINC_LIMIT_PIDS, 100);
		r = r < 0 ? r : minc_set_cpuset(c, "0", NULL);
		r = r < 0 ? r : minc_set_io_limit(c, "8:0", MINC_IO_READ_BPS, 1 << 30);
		r = r < 0 ? r : minc_set_rlimit(c, "core", 0, 0);
	}
	if (l->user)
		r = r < 0 ? r : minc_set_user(c, "root");
	return r;
}

static int explain(minc_ctx *c, const char *const *argv, enum minc_format format)
{
	char *text = NULL;
	int r = minc_explain(c, argv, format, &text);

	if (r < 0 && text)
		return -EPROTO; /* nothing may be returned on failure */
	free(text);
	return r;
}

static int start(minc_ctx *c, const char *const *argv)
{
	minc_container *ct = NULL;
	int status = -1, r = minc_start(c, argv, &ct);

	if (r < 0)
		return r;
	r = minc_wait(ct, -1, &status);
	minc_container_free(ct);
	return r < 0 ? r : status == 0 ? 0 : -EPROTO;
}

static int visit(minc_container *ct, void *userdata)
{
	(void)userdata;
	return *minc_container_id(ct) ? 0 : -EPROTO;
}

/* Whole, or not at all. */
static int inspect(minc_ctx *c, minc_container *ct)
{
	char *text = NULL;
	int r = minc_inspect(c, ct, &text);
	const char *command = r < 0 ? NULL : strstr(text, "\"command\"");
	const char *word = command ? strstr(command, "\"1000\"") : NULL;

	if (r == 0 &&
	    (!word || word > strchr(command, ']') || !strstr(text, "\"rlimit\"")))
		r = -EPROTO;
	free(text);
	return r;
}

/* All that may be done with one that somebody else has started. */
static int use_by_id(minc_ctx *c, const char *id)
{
	minc_container *ct = NULL;
	char prefix[13];
	int status = -1, r;

	snprintf(prefix, sizeof(prefix), "%s", id);
	r = minc_open(c, prefix, &ct);
	if (r < 0)
		return r;
	r = minc_foreach(c, visit, NULL);
	r = r < 0 ? r : inspect(c, ct);
	r = r < 0 ? r : minc_rename(c, ct, "other");
	r = r < 0 ? r : minc_stop(c, ct, 15, -1, &status);
	r = r < 0 ? r : status == 128 + 15 ? 0 : -EPROTO;
	r = r < 0 ? r : minc_delete(c, ct, 0);
	minc_container_free(ct);
	return r;
}

/* Whatever has failed, the container ends; this is not what is tested here. */
static int end_it(minc_container *ct, int r)
{
	const bool were_counting = counting;
	minc_ctx *c;

	counting = false;
	c = minc_ctx_new();
	if (!c || minc_delete(c, ct, MINC_DELETE_FORCE) < 0)
		r = -EPROTO;
	minc_ctx_free(c);
	minc_container_free(ct);
	while (waitpid(-1, NULL, 0) > 0) /* the monitor has become our child */
		;
	counting = were_counting;
	return r;
}

static int live_in_background(minc_ctx *c)
{
	const char *const argv[] = { "/bin/sleep", "1000", NULL };
	minc_container *ct = NULL;
	int r = minc_start(c, argv, &ct);

	if (r < 0) {
		while (waitpid(-1, NULL, 0) > 0) /* a monitor that gave up */
			;
		return r;
	}
	return end_it(ct, use_by_id(c, minc_container_id(ct)));
}

/* The first failure, or 0; @message: the context's words for it. */
static int live_once(const struct life *l, char *message, size_t len)
{
	/* in a root that is /usr, and in one that has it */
	const char *const argv[] = { l->root ? "/bin/env" : "true", NULL };
	minc_ctx *c = minc_ctx_new();
	int r;

	kept = false;
	if (!c)
		return -ENOMEM;
	r = configure(c, l);
	r = r < 0 ? r : explain(c, argv, MINC_FORMAT_SHELL);
	r = r < 0 ? r : explain(c, argv, MINC_FORMAT_JSON);
	if (l->background) {
		r = r < 0 ? r : live_in_background(c);
	} else {
		r = r < 0 ? r : start(c, argv);
		kept = r == 0 && l->keep;
		r = r < 0 ? r : start(c, argv); /* the plan is there already, or not */
	}
	snprintf(message, len, "%s", minc_error_message(c));
	if (r < 0 && minc_error_code(c) != r)
		r = -EPROTO;
	minc_ctx_free(c);
	return r;
}

/* What is left. */

static size_t count_entries(const char *path)
{
	DIR *dir = __real_opendir(path);
	size_t n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

static char runtime[] = "/tmp/minc-oom-XXXXXX", state[] = "/tmp/minc-oom-state-XXXXXX";

/* In the state directory; names/ is empty, and stays. */
static bool state_is_left(void)
{
	char names[64];

	snprintf(names, sizeof(names), "%s/names", state);
	return count_entries(state) != (access(names, F_OK) == 0 ? 3 : 2) ||
	       (access(names, F_OK) == 0 && count_entries(names) != 2);
}

static void empty_runtime(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s/*", runtime);
	if (system(command) != 0)
		fprintf(stderr, "%s cannot be emptied\n", runtime);
}

static int check(const struct life *l, int r, const char *message, size_t fds)
{
	const char *what = NULL;

	for (size_t i = 0; i < LIVE_MAX; i++)
		if (live[i])
			what = "memory is left";
	if (r != 0 && r != -ENOMEM)
		what = "neither success nor -ENOMEM";
	else if (r == -ENOMEM && fail_at > 1 && !*message)
		what = "no message";
	else if (count_entries("/proc/self/fd") != fds)
		what = "a descriptor is left";
	else if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
		what = "a process is left";
	else if (r < 0 && count_entries(runtime) != (kept ? 3 : 2))
		what = "a directory is left";
	else if (state_is_left())
		what = "state of a container is left";
	if (!what)
		return OK;
	fprintf(stderr, "%s%s, allocation %d: %s (%d: %s)\n", l->name,
		geteuid() == 0 ? "" : " (as a user)", fail_at, what, r, message);
	memset(live, 0, sizeof(live));
	return FAILED;
}

static int fail_all(const struct life *l)
{
	char message[512] = "";
	int r, total, refused = 0, result = OK;
	size_t fds;

	r = live_once(l, message, sizeof(message));
	if (r != 0) {
		fprintf(report, "# cannot be tried here: %s\n", message);
		return SKIPPED;
	}
	empty_runtime();
	fds = count_entries("/proc/self/fd");
	for (fail_at = 1, total = 1; fail_at <= total; fail_at++) {
		count = 0;
		message[0] = '\0';
		counting = true;
		r = live_once(l, message, sizeof(message));
		counting = false;
		total = count >= fail_at ? fail_at + 1 : fail_at;
		refused += r < 0;
		if (check(l, r, message, fds) != OK)
			result = FAILED;
		empty_runtime();
	}
	fprintf(report, "# %d allocations, %d failures reported\n", fail_at - 2, refused);
	return refused > 0 ? result : FAILED;
}

static int as_user(void)
{
	return setgroups(0, NULL) < 0 ||
			       setresgid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER) ||
			       setresuid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER) ||
			       prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0
		       ? -errno
		       : 0;
}

static int run(const struct life *l, bool user)
{
	int status;
	pid_t pid;

	fflush(report);
	pid = fork();
	if (pid == 0) {
		status = user && as_user() < 0 ? SKIPPED : OK;
		if (status == OK && (!mkdtemp(runtime) || !mkdtemp(state)))
			status = FAILED;
		/* of monitors; cannot fail */
		(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
		setenv("XDG_RUNTIME_DIR", runtime, 1);
		setenv("MINC_STATE_DIR", state, 1);
		setenv("MINCTEST_CALLER", "value", 1);
		if (status == OK)
			status = fail_all(l);
		(void)rmdir(runtime); /* empty, or it was reported; so is the other */
		(void)unlinkat(open(state, O_PATH), "names", AT_REMOVEDIR);
		(void)rmdir(state);
		fflush(report);
		_exit(status);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return FAILED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : FAILED;
}

int main(void)
{
	const bool root = geteuid() == 0;
	int failed = 0, tests = 0;

	report = fdopen(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), "w");
	if (!report || !freopen("/dev/null", "w", stdout))
		return FAILED;
	for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		for (int user = root ? 0 : 1; user < 2; user++) {
			int r = run(&lives[i], user && root);

			failed += r != OK && r != SKIPPED;
			fprintf(report, "%sok %d - %s%s%s\n",
				r == OK || r == SKIPPED ? "" : "not ", ++tests,
				lives[i].name, user ? " (as a user)" : "",
				r == SKIPPED ? " # SKIP not possible on this machine"
					     : "");
		}
	}
	fprintf(report, "1..%d\n", tests);
	fclose(report);
	return failed ? FAILED : OK;
}
