/* SPDX-License-Identifier: MIT */
/* userns - see userns.h. */
#include "ns/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"
#include "process/program.h"

#define NEWUIDMAP "/usr/bin/newuidmap"
#define NEWGIDMAP "/usr/bin/newgidmap"

enum { SUBID_MAX_BYTES = 1024 * 1024, FIELDS = 4 };

size_t passwd_next(const char **text, char *buf, size_t len, char **fields, size_t max)
{
	while (*text && **text) {
		size_t n = strcspn(*text, "\n"), count = 0;
		const char *line = *text;

		*text += n + (line[n] == '\n');
		if (n == 0 || n >= len || *line == '#')
			continue;
		memcpy(buf, line, n);
		buf[n] = '\0';
		for (char *p = buf; p && count < max; count++) {
			fields[count] = p;
			p = strchr(p, ':');
			if (p)
				*p++ = '\0';
		}
		return count;
	}
	return 0;
}

bool passwd_name(const char *passwd, uint32_t uid, char *ret, size_t len)
{
	char buf[1024], *f[FIELDS];
	uint64_t id;
	size_t n;

	while ((n = passwd_next(&passwd, buf, sizeof(buf), f, FIELDS)) > 0)
		if (n == FIELDS && str_to_u64(f[2], UINT32_MAX - 1, &id) == 0 &&
		    id == uid) {
			snprintf(ret, len, "%s", f[0]);
			return true;
		}
	return false;
}

static bool has_ids(const struct id_range *a, uint32_t start, uint64_t count)
{
	return start < (uint64_t)a->start + a->count && a->start < start + count;
}

/* A line is often there by name and by number. */
static bool is_there(const struct id_range *v, size_t len, uint64_t start, uint64_t count)
{
	for (size_t i = 0; i < len && i < IDMAP_RANGES_MAX; i++)
		if (v[i].start == start && v[i].count == count)
			return true;
	return false;
}

/*
 * The "OWNER:START:COUNT" lines that belong to @name or @uid: how many differ; the first
 * ones in @ret.
 */
static size_t read_ranges(const char *path, const char *name, uint32_t uid,
			  struct id_range *ret)
{
	cleanup_free char *text = NULL;
	char buf[256], *f[FIELDS];
	uint64_t owner, first, ids;
	const char *p;
	size_t len = 0, n;

	if (io_read_config(NULL, path, SUBID_MAX_BYTES, &text, NULL) < 0)
		return 0;
	p = text;
	while ((n = passwd_next(&p, buf, sizeof(buf), f, FIELDS)) > 0) {
		if (n != 3 ||
		    ((!*name || !str_equal(f[0], name)) &&
		     (str_to_u64(f[0], UINT32_MAX, &owner) < 0 || owner != uid)))
			continue;
		if (str_to_u64(f[1], UINT32_MAX - 1, &first) < 0 ||
		    str_to_u64(f[2], UINT32_MAX - first, &ids) < 0 || !ids ||
		    is_there(ret, len, first, ids))
			continue;
		if (len < IDMAP_RANGES_MAX)
			ret[len] = (struct id_range){ (uint32_t)first, (uint32_t)ids };
		len++;
	}
	return len;
}

/*
 * Whether the kernel takes them as a map: that many lines, and less than a page of text.
 */
static bool fit_map(const struct id_range *v, size_t len)
{
	uint32_t inside = 1;
	size_t bytes = strlen("0 4294967295 1\n");

	for (size_t i = 0; i < len && i < IDMAP_RANGES_MAX; i++) {
		bytes += (size_t)snprintf(NULL, 0, "%u %u %u\n", inside, v[i].start,
					  v[i].count);
		inside += v[i].count;
	}
	return len <= IDMAP_RANGES_MAX && bytes < (size_t)sysconf(_SC_PAGESIZE);
}

static int refuse_ranges(struct err *e, uint32_t uid, size_t len, const char *path)
{
	err_say(e, -E2BIG,
		"user namespace: the %zu ranges of uid %u in %s are more than the kernel takes",
		len, uid, path);
	err_hint(e, "fewer and larger ranges; --userns=single does without them");
	return -E2BIG;
}

/* The kernel takes no id twice, and @self is there before all others. */
static int check_ranges(struct err *e, uint32_t uid, uint32_t self,
			const struct id_range *v, size_t len, const char *path)
{
	if (!fit_map(v, len))
		return refuse_ranges(e, uid, len, path);
	for (size_t i = 0; i < len; i++) {
		bool twice = has_ids(&v[i], self, 1);

		for (size_t n = 0; !twice && n < i; n++)
			twice = has_ids(&v[n], v[i].start, v[i].count);
		if (!twice)
			continue;
		err_say(e, -EINVAL,
			"user namespace: range %u:%u of uid %u in %s has ids that it has already",
			v[i].start, v[i].count, uid, path);
		err_hint(e,
			 "ranges that do not overlap; --userns=single does without them");
		return -EINVAL;
	}
	return 0;
}

int userns_ranges(struct err *e, uint32_t uid, struct id_ranges *ret)
{
	static const char subuid[] = "/etc/subuid", subgid[] = "/etc/subgid";
	cleanup_free char *passwd = NULL;
	char name[64] = "";
	int r;

	if (io_read_config(NULL, "/etc/passwd", SUBID_MAX_BYTES, &passwd, NULL) == 0)
		(void)passwd_name(passwd, uid, name, sizeof(name)); /* else by number */
	ret->uids_len = read_ranges(subuid, name, uid, ret->uids);
	ret->gids_len = ret->uids_len ? read_ranges(subgid, name, uid, ret->gids) : 0;
	if (!ret->uids_len || !ret->gids_len || access(NEWUIDMAP, X_OK) < 0 ||
	    access(NEWGIDMAP, X_OK) < 0)
		return 0;
	r = check_ranges(e, uid, uid, ret->uids, ret->uids_len, subuid);
	if (r == 0)
		r = check_ranges(e, uid, getegid(), ret->gids, ret->gids_len, subgid);
	return r < 0 ? r : 1;
}

/* newuidmap(1) or newgidmap(1): @number is that of the process. */
static int prepare_helper(struct arena *a, struct program *p, const char *program,
			  const char *number, const char *const *args)
{
	static const char *const no_env[] = { NULL };
	const char **argv;
	size_t n = 0;

	while (args[n])
		n++;
	argv = arena_alloc(a, (2 + n + 1) * sizeof(*argv));
	if (!argv)
		return -ENOMEM;
	argv[0] = program;
	argv[1] = number;
	memcpy(argv + 2, args, n * sizeof(*argv));
	*p = (struct program){
		.argv = argv, .env = no_env, .in = -EBADF, .timeout_ms = PROGRAM_WAIT_MS
	};
	return 0;
}

static int run_helpers(struct err *e, const struct program programs[2])
{
	struct program_end ends[2];
	int results[2];

	program_run_both(programs, ends, results); /* independent of each other */
	for (int i = 0; i < 2; i++) {
		const char *name = programs[i].argv[0];

		if (results[i] < 0)
			return program_fail(e, results[i], &programs[i], name);
		if (ends[i].status != 0 && *ends[i].said)
			return err_say(e, -EPERM, "%s", ends[i].said);
		if (ends[i].status != 0)
			return err_say(e, -EPERM, "%s: it failed (status %d)", name,
				       ends[i].status);
	}
	return 0;
}

int userns_write_maps(struct err *e, pid_t pid, const char *const *uid_args,
		      const char *const *gid_args)
{
	struct arena a = { NULL };
	struct program programs[2];
	char number[16];
	int r;

	snprintf(number, sizeof(number), "%d", (int)pid);
	r = prepare_helper(&a, &programs[0], NEWUIDMAP, number, uid_args);
	if (r == 0)
		r = prepare_helper(&a, &programs[1], NEWGIDMAP, number, gid_args);
	r = r < 0 ? err_set(e, r, "user namespace") : run_helpers(e, programs);
	arena_done(&a);
	return r;
}

const char *const *userns_map_args(struct arena *a, uint32_t self,
				   const struct id_range *v, size_t len)
{
	const char **args = arena_alloc(a, (3 * (len + 1) + 1) * sizeof(*args));
	uint32_t inside = 1;
	size_t n = 0;

	if (!args)
		return NULL;
	args[n++] = "0";
	args[n++] = arena_printf(a, "%u", self);
	args[n++] = "1";
	for (size_t i = 0; i < len; i++) {
		args[n++] = arena_printf(a, "%u", inside);
		args[n++] = arena_printf(a, "%u", v[i].start);
		args[n++] = arena_printf(a, "%u", v[i].count);
		inside += v[i].count;
	}
	for (size_t i = 0; i < n; i++)
		if (!args[i])
			return NULL;
	return args;
}

static int map_ranges(struct err *e, pid_t pid, const struct id_ranges *ranges)
{
	struct arena a = { NULL };
	const char *const *uids =
		userns_map_args(&a, geteuid(), ranges->uids, ranges->uids_len);
	const char *const *gids =
		userns_map_args(&a, getegid(), ranges->gids, ranges->gids_len);
	int r = uids && gids ? userns_write_maps(e, pid, uids, gids)
			     : err_set(e, -ENOMEM, "user namespace");

	arena_done(&a);
	return r;
}

/* The first line of a small file equals @value. */
static bool file_says(const char *path, const char *value)
{
	cleanup_free char *text = NULL;

	if (io_read_file(AT_FDCWD, path, 4096, &text, NULL) < 0)
		return false;
	text[strcspn(text, "\n")] = '\0';
	return strcmp(text, value) == 0;
}

void userns_hint(struct err *e)
{
	if (!e)
		return;
	if (file_says("/proc/sys/kernel/unprivileged_userns_clone", "0"))
		err_hint(e, "user namespaces are forbidden to ordinary users: sysctl "
			    "kernel.unprivileged_userns_clone=1");
	else if (file_says("/proc/sys/user/max_user_namespaces", "0"))
		err_hint(e, "user namespaces are forbidden: sysctl "
			    "user.max_user_namespaces=10000");
	else if (file_says("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"))
		err_hint(
			e,
			"AppArmor restricts user namespaces: sysctl "
			"kernel.apparmor_restrict_unprivileged_userns=0, or a profile with "
			"'userns,' for this program");
	else if (!*e->hint)
		err_hint(e,
			 "a seccomp filter or security module may forbid user namespaces "
			 "(as inside most containers): run as root, or allow clone with "
			 "CLONE_NEWUSER");
}

/* Report of the child, in memory that both share. */
struct answer {
	struct err err;
	int result;
	bool said;
	_Alignas(16) char data[];
};

/*
 * Into the namespace @userns, or a new one. Processes of the first shall not read our
 * memory.
 */
static int enter(int userns)
{
	if (userns < 0)
		return unshare(CLONE_NEWUSER);
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -1 : setns(userns, CLONE_NEWUSER);
}

static void work(int channel, struct answer *a, userns_fn *fn, int userns)
{
	const int entered = enter(userns);
	char byte = 0;

	if (entered < 0)
		a->result = -errno; /* the caller reads it, or sees our end */
	else
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* valid arguments cannot fail */
	if (write(channel, &byte, 1) != 1 || entered < 0 || read(channel, &byte, 1) != 1)
		return; /* the caller died, or has no map for us */
	a->result = fn(&a->err, a->data);
	a->said = true;
}

/* The caller's part: maps, if there are @ranges, then the end. */
static int attend(struct err *e, int channel, pid_t pid, const struct id_ranges *ranges,
		  const struct answer *a)
{
	char byte;
	ssize_t n;
	int r;

	do
		n = read(channel, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1 || a->result < 0) {
		r = err_set(e, a->result < 0 ? a->result : -ECHILD, "user namespace");
		if (a->result < 0 && ranges) /* a new one */
			userns_hint(e);
		return r;
	}
	r = ranges ? map_ranges(e, pid, ranges) : 0;
	if (r == 0 && send(channel, "", 1, MSG_NOSIGNAL) != 1)
		r = err_set(e, -errno, "user namespace");
	return r;
}

static int run_child(struct err *e, userns_fn *fn, const struct id_ranges *ranges,
		     int userns, struct answer *a)
{
	int pair[2], status, r;
	pid_t pid, n;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, -errno, "user namespace");
	pid = fork();
	if (pid == 0) {
		/* handlers of the caller would do nothing here */
		(void)signal(SIGINT, SIG_DFL);
		(void)signal(SIGTERM, SIG_DFL);
		(void)close(pair[0]); /* its end tells us that the caller died */
		work(pair[1], a, fn, userns);
		_exit(0);
	}
	r = pid < 0 ? -errno : 0;
	(void)close(pair[1]); /* the child's */
	if (pid < 0)
		(void)err_set(e, r, "user namespace"); /* returns @r */
	else
		r = attend(e, pair[0], pid, ranges, a);
	(void)close(pair[0]); /* a child that still waits ends */
	if (pid < 0)
		return r;
	do
		n = waitpid(pid, &status, 0);
	while (n < 0 && errno == EINTR);
	if (r == 0 && !a->said)
		return err_say(e, -ECHILD,
			       "user namespace: the process in it was killed");
	return r;
}

static int run(struct err *e, userns_fn *fn, const struct id_ranges *ranges, int userns,
	       void *data, size_t size)
{
	struct answer *a = mmap(NULL, sizeof(*a) + size, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int r;

	if (a == MAP_FAILED)
		return err_set(e, -errno, "user namespace");
	memcpy(a->data, data, size);
	r = run_child(e, fn, ranges, userns, a);
	if (r == 0) {
		memcpy(data, a->data, size);
		r = a->result;
		if (r < 0 && a->err.code && e)
			*e = a->err;
	}
	(void)munmap(a, sizeof(*a) + size); /* our own mapping */
	return r;
}

int userns_run(struct err *e, userns_fn *fn, void *data, size_t size)
{
	struct id_ranges ranges;

	/*
	 * nothing can have been made with ranges that are refused: a start says why they
	 * are
	 */
	if (geteuid() == 0 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ||
	    userns_ranges(NULL, geteuid(), &ranges) <= 0)
		return -ENOTSUP;
	return run(e, fn, &ranges, -EBADF, data, size);
}

int userns_run_in(struct err *e, int userns, userns_fn *fn, void *data, size_t size)
{
	return run(e, fn, NULL, userns, data, size);
}
