/* SPDX-License-Identifier: MIT */
/*
 * An apply is stopped at every one of its system calls that writes, once by SIGKILL and
 * once by a full disk, and at every allocation. Whatever the moment: each path of the
 * base is the old or the new object as a whole; the next apply completes the work, hard
 * links, times and modes of directories included; no temporary is left, and a diff shows
 * nothing.
 *
 * The layers are made by hand, as overlayfs writes them for a user: no privilege is
 * needed.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <minc/minc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

enum mode { MODE_NONE, MODE_KILL, MODE_FULL, MODE_MEMORY };
enum { LINES_MAX = 200, CALLS_MAX = 20000 };

static enum mode mode;
static int pending, countdown; /* calls until it happens; 0: it has, or is not to */
/* changes that stay: a user may not read a directory that is closed to its owner */
static int unreadable;
static char top[] = "/tmp/minc-cut.XXXXXX";

static bool due(enum mode kind)
{
	if (mode == MODE_NONE || (mode == MODE_MEMORY) != (kind == MODE_MEMORY) ||
	    countdown == 0 || --countdown > 0)
		return false;
	if (mode == MODE_KILL)
		(void)raise(SIGKILL);
	errno = mode == MODE_FULL ? ENOSPC : ENOMEM;
	return true;
}

#define WRAP(type, kind, failed, name, params, args)            \
	type __real_##name params;                              \
	type __wrap_##name params;                              \
	type __wrap_##name params                               \
	{                                                       \
		return due(kind) ? failed : __real_##name args; \
	}

WRAP(int, MODE_KILL, -1, mkdirat, (int d, const char *n, mode_t m), (d, n, m))

static bool exchanging;
static int exchanged = -1; /* the file that is there instead of a FIFO */

/*
 * Whoever owns the directory of a base may put a file of his own where a temporary has
 * just been made.
 */
int __real_mknodat(int d, const char *n, mode_t m, dev_t v);
int __wrap_mknodat(int d, const char *n, mode_t m, dev_t v);
int __wrap_mknodat(int d, const char *n, mode_t m, dev_t v)
{
	int r = due(MODE_KILL) ? -1 : __real_mknodat(d, n, m, v);

	if (r < 0 || !exchanging)
		return r;
	(void)unlinkat(d, n, 0); /* if it fails, so does what follows */
	exchanged = openat(d, n, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return 0;
}

WRAP(int, MODE_KILL, -1, symlinkat, (const char *t, int d, const char *n), (t, d, n))
WRAP(int, MODE_KILL, -1, linkat, (int d, const char *n, int e, const char *o, int f),
     (d, n, e, o, f))
WRAP(int, MODE_KILL, -1, renameat2,
     (int d, const char *n, int e, const char *o, unsigned f), (d, n, e, o, f))
WRAP(int, MODE_KILL, -1, renameat, (int d, const char *n, int e, const char *o),
     (d, n, e, o))
WRAP(int, MODE_KILL, -1, unlinkat, (int d, const char *n, int f), (d, n, f))
WRAP(int, MODE_KILL, -1, chmod, (const char *n, mode_t m), (n, m))
WRAP(int, MODE_KILL, -1, utimensat,
     (int d, const char *n, const struct timespec *t, int f), (d, n, t, f))
WRAP(int, MODE_KILL, -1, setxattr,
     (const char *p, const char *n, const void *v, size_t s, int f), (p, n, v, s, f))
WRAP(int, MODE_KILL, -1, ftruncate, (int fd, off_t n), (fd, n))
WRAP(ssize_t, MODE_KILL, -1, write, (int fd, const void *b, size_t n), (fd, b, n))
WRAP(ssize_t, MODE_KILL, -1, copy_file_range,
     (int i, off_t *io, int o, off_t *oo, size_t n, unsigned f), (i, io, o, oo, n, f))
WRAP(void *, MODE_MEMORY, NULL, malloc, (size_t n), (n))
WRAP(void *, MODE_MEMORY, NULL, calloc, (size_t n, size_t s), (n, s))
WRAP(void *, MODE_MEMORY, NULL, realloc, (void *p, size_t n), (p, n))
WRAP(void *, MODE_MEMORY, NULL, reallocarray, (void *p, size_t n, size_t s), (p, n, s))
WRAP(char *, MODE_MEMORY, NULL, strdup, (const char *s), (s))

/* Counted, not done: a killed process does not lose what it wrote. */
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	return due(MODE_KILL) ? -1 : 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return type == FTW_DP ? rmdir(path) : unlink(path);
}

static int make_writable(const char *path, const struct stat *st, int type,
			 struct FTW *ftw)
{
	return type == FTW_D || type == FTW_DNR ? chmod(path, 0700) : 0;
}

static void wipe(const char *path)
{
	(void)nftw(path, make_writable, 16, FTW_PHYS);
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static _Noreturn __attribute__((format(printf, 1, 2))) void fail(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fprintf(stderr, "mode %d: ", mode);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
	va_end(ap);
	mode = MODE_NONE;
	wipe(top);
	exit(1);
}

/* A path below the directory of this test. */
__attribute__((format(printf, 1, 2))) static const char *in_top(const char *format, ...)
{
	static char paths[4][4096];
	static unsigned next;
	char *path = paths[next++ % 4];
	int n = snprintf(path, 4096, "%s/", top);
	va_list ap;

	va_start(ap, format);
	vsnprintf(path + n, (size_t)(4096 - n), format, ap);
	va_end(ap);
	return path;
}

static void must(int r, const char *what)
{
	if (r < 0)
		fail("%s: %s", what, strerror(errno));
}

static void put(const char *path, const char *text, unsigned permissions)
{
	int fd = open(in_top("%s", path), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(fd, path);
	must(write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1, path);
	must(fchmod(fd, permissions), path);
	close(fd);
}

static void dir(const char *path)
{
	must(mkdir(in_top("%s", path), 0755), path);
}

static void whiteout(const char *path)
{
	must(mknod(in_top("%s", path), S_IFCHR, makedev(0, 0)), path);
}

static void mark(const char *path, const char *name, const char *value)
{
	must(setxattr(in_top("%s", path), name, value, strlen(value), 0), path);
}

static int set_time(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const char *below = path + strlen(top);
	struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000000 } };

	times[1].tv_sec += (time_t)strlen(below);
	return utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW);
}

static void make_base(void)
{
	static const char *const dirs[] = { "base",   "base/d",   "base/e", "base/t",
					    "base/w", "base/w/v", "base/r", "base/r/s",
					    "base/q", "base/o",   "base/p", "base/p/c" };
	static const char *const files[] = { "d/a",   "d/b", "e/x", "e/y",   "f",
					     "g",     "h",   "t/k", "u",     "w/i",
					     "w/v/j", "k1",  "r/x", "r/y",   "r/s/x",
					     "q/x",   "o/x", "p/x", "p/c/x", "ro" };
	static const char *const closed[] = { "r/s", "r", "o", "p/c", "p" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		dir(dirs[i]);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		put(in_top("base/%s", files[i]) + strlen(top) + 1, files[i], 0644);
	must(link(in_top("base/k1"), in_top("base/k2")), "k2");
	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++)
		must(chmod(in_top("base/%s", closed[i]), 0555), closed[i]);
	must(chmod(in_top("base/ro"), 0400), "ro");
	must(nftw(in_top("base"), set_time, 16, FTW_DEPTH | FTW_PHYS), "times");
}

/* What root in the container writes where nobody else may, and what it closes. */
static void make_closed(void)
{
	mark("keep/storage/r", "user.overlay.origin", "");
	mark("keep/storage/r/s", "user.overlay.origin", "");
	mark("keep/storage/q", "user.overlay.origin", "");
	put("keep/storage/r/x", "changed", 0444);
	whiteout("keep/storage/r/y");
	put("keep/storage/r/s/new", "new", 0644);
	put("keep/storage/q/new", "new", 0644);
	mark("keep/storage/o", "user.overlay.opaque", "y");
	put("keep/storage/o/z", "another", 0400);
	whiteout("keep/storage/p");
	put("keep/storage/ro", "changed", 0400);
	must(chmod(in_top("keep/storage/r/s"), 0555), "r/s");
	must(chmod(in_top("keep/storage/r"), 0555), "r");
	must(chmod(in_top("keep/storage/q"), 0555), "q");
	must(chmod(in_top("keep/storage/o"), 0555), "o");
	must(chmod(in_top("keep/storage/z"), 0), "z");
}

static void make_upper(void)
{
	static const char *const dirs[] = { "d", "e",   "n", "n/m", "n/m/o", "u",
					    "r", "r/s", "q", "o",   "z" };

	dir("keep/storage");
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		dir(in_top("keep/storage/%s", dirs[i]) + strlen(top) + 1);
	put("keep/storage/d/a", "changed", 0600);
	mark("keep/storage/d/a", "user.color", "red");
	mark("keep/storage/d", "user.dir", "yes");
	mark("keep/storage/d", "user.overlay.origin", "");
	whiteout("keep/storage/d/b");
	put("keep/storage/e/x", "made again", 0644);
	put("keep/storage/e/z", "new in e", 0644);
	mark("keep/storage/e", "user.overlay.opaque", "y");
	whiteout("keep/storage/g");
	whiteout("keep/storage/w");
	must(symlink("f", in_top("keep/storage/h")), "h");
	put("keep/storage/l1", "linked", 0644);
	must(link(in_top("keep/storage/l1"), in_top("keep/storage/n/l2")), "l2");
	must(link(in_top("keep/storage/l1"), in_top("keep/storage/u/l3")), "l3");
	put("keep/storage/k1", "one", 0644);
	put("keep/storage/k2", "two", 0644);
	put("keep/storage/t", "was a directory", 0644);
	must(mkfifo(in_top("keep/storage/n/m/fifo"), 0640), "fifo");
	put("keep/storage/n/m/o/deep", "deep", 0644);
	mark("keep/storage/u", "user.overlay.opaque", "y");
	make_closed();
	must(chmod(in_top("keep/storage/d"), 0711), "d");
	must(chmod(in_top("keep/storage/n/m"), 0555), "n/m");
	must(nftw(in_top("keep/storage"), set_time, 16, FTW_DEPTH | FTW_PHYS), "times");
}

/* Until the clock of file systems has passed: it may be behind the stamps it gave. */
static void tick(struct timespec *ret)
{
	struct timespec then;

	clock_gettime(CLOCK_REALTIME, &then);
	do
		clock_gettime(CLOCK_REALTIME_COARSE, ret);
	while (ret->tv_sec < then.tv_sec ||
	       (ret->tv_sec == then.tv_sec && ret->tv_nsec <= then.tv_nsec));
}

static void make_all(void)
{
	struct timespec now;
	char record[4400];

	make_base();
	tick(&now);
	dir("keep");
	snprintf(record, sizeof(record),
		 "minc-layers 1\nstarted %jd.%09ld\nxattr user\nroot %s\n",
		 (intmax_t)now.tv_sec, now.tv_nsec, in_top("base"));
	put("keep/layers", record, 0644);
	make_upper();
}

static void clear(void)
{
	wipe(in_top("base"));
	wipe(in_top("keep"));
}

/* What a tree is, line by line, sorted. */
struct listing {
	char *lines[LINES_MAX];
	size_t len;
	bool full; /* else only what one rename decides: no directories, no link counts */
};

static struct listing *listing;

static uint64_t hash_file(const char *path)
{
	uint64_t h = 14695981039346656037u;
	FILE *f = fopen(path, "r");
	int c;

	while (f && (c = getc(f)) != EOF)
		h = (h ^ (unsigned)c) * 1099511628211u;
	if (f)
		fclose(f);
	return h;
}

static int list_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	char line[4096], more[1024] = "";

	if (strstr(path + strlen(top), "/.minc-") && !listing->full)
		return 0; /* to be swept by the next apply */
	if (S_ISDIR(st->st_mode) && !listing->full)
		return 0;
	if (S_ISLNK(st->st_mode) && readlink(path, more, sizeof(more) - 1) < 0)
		return -1;
	snprintf(line, sizeof(line),
		 "%s mode %o owner %u:%u size %jd time %jd hash %jx to %s",
		 path + strlen(top), st->st_mode, st->st_uid, st->st_gid,
		 S_ISREG(st->st_mode) ? (intmax_t)st->st_size : 0, (intmax_t)st->st_mtime,
		 S_ISREG(st->st_mode) ? (uintmax_t)hash_file(path) : 0, more);
	if (lgetxattr(path, "user.color", more, sizeof(more)) > 0)
		strcat(line, " color");
	if (lgetxattr(path, "user.dir", more, sizeof(more)) > 0)
		strcat(line, " dir");
	if (listing->full && !S_ISDIR(st->st_mode) && st->st_nlink > 1)
		strcat(line, " links");
	if (listing->len == LINES_MAX)
		return -1;
	listing->lines[listing->len++] = strdup(line);
	return 0;
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list(struct listing *l, bool full)
{
	*l = (struct listing){ .full = full };
	listing = l;
	if (nftw(in_top("base"), list_one, 16, FTW_PHYS) != 0)
		fail("cannot list the base");
	qsort(l->lines, l->len, sizeof(l->lines[0]), compare_lines);
}

static void forget(struct listing *l)
{
	for (size_t i = 0; i < l->len; i++)
		free(l->lines[i]);
	l->len = 0;
}

static bool contains(const struct listing *l, const char *line)
{
	for (size_t i = 0; i < l->len; i++)
		if (strcmp(l->lines[i], line) == 0)
			return true;
	return false;
}

static int apply(char *message, size_t size)
{
	minc_ctx *c = minc_ctx_new();
	minc_changes *chs = NULL;
	int r;

	if (!c)
		fail("no memory");
	countdown = pending; /* here it begins */
	r = minc_changes_open(c, in_top("keep"), NULL, &chs);
	if (r == 0)
		r = minc_apply(chs, NULL, NULL);
	snprintf(message, size, "%s", minc_error_message(c));
	minc_changes_free(chs);
	minc_ctx_free(c);
	return r;
}

static int diff(void)
{
	minc_ctx *c = minc_ctx_new();
	minc_changes *chs = NULL;
	int r = minc_changes_open(c, in_top("keep"), NULL, &chs);

	if (r == 0)
		r = minc_diff(chs, NULL, NULL);
	minc_changes_free(chs);
	minc_ctx_free(c);
	return r;
}

/* In a child, cut short at call @n: true if it came to that. */
static bool cut_short(int n)
{
	int status, expected = mode == MODE_FULL ? -ENOSPC : -ENOMEM;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) { /* ends by exit(3): a sanitizer looks for leaks there */
		char message[1024];
		int r;

		pending = n;
		r = apply(message, sizeof(message));
		if (countdown > 0)
			exit(r == unreadable ? 10 : 11);
		mode = MODE_NONE;
		if (r == expected && *message)
			exit(12);
		if (r != unreadable)
			fprintf(stderr, "result %d: %s\n", r, message);
		/* the rest of an undo may fail without harm: then all was done */
		exit(r == unreadable ? 12 : 13);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		fail("call %d: no child", n);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && mode == MODE_KILL)
		return true;
	if (!WIFEXITED(status) || WEXITSTATUS(status) == 11 || WEXITSTATUS(status) == 13)
		fail("call %d: status %#x", n, status);
	return WEXITSTATUS(status) == 12;
}

static void check_whole(int n, const struct listing *before, const struct listing *after)
{
	struct listing now;

	list(&now, false);
	for (size_t i = 0; i < now.len; i++)
		if (!contains(before, now.lines[i]) && !contains(after, now.lines[i]))
			fail("call %d: neither old nor new: %s", n, now.lines[i]);
	forget(&now);
}

static void check_complete(int n, const struct listing *wanted)
{
	struct listing now;

	list(&now, true);
	for (size_t i = 0; i < now.len; i++)
		if (!contains(wanted, now.lines[i]))
			fail("call %d: too much or different: %s", n, now.lines[i]);
	for (size_t i = 0; i < wanted->len; i++)
		if (!contains(&now, wanted->lines[i]))
			fail("call %d: missing: %s", n, wanted->lines[i]);
	forget(&now);
}

/*
 * A FIFO with the modes of a set-user-ID program must not give them to another one's
 * file.
 */
static void exchange_fifo(void)
{
	char message[1024];
	struct stat st;
	int r;

	clear();
	make_all();
	must(chmod(in_top("keep/storage/n/m/fifo"), 04755), "fifo");
	exchanging = true;
	r = apply(message, sizeof(message));
	exchanging = false;
	if (r != 1 + unreadable || exchanged < 0)
		fail("a FIFO that became a file: %d refused: %s", r, message);
	must(fstat(exchanged, &st), "fstat");
	if ((st.st_mode & 07777) != 0600)
		fail("the file got mode %o", st.st_mode);
	close(exchanged);
	r = apply(message, sizeof(message)); /* in a directory that is read-only by now */
	if (r != unreadable || stat(in_top("base/n/m/fifo"), &st) < 0 ||
	    !S_ISFIFO(st.st_mode))
		fail("the next apply: %d %s", r, message);
}

/* Returns the status of the process: 77 if the file system is not for this. */
static int stop_everywhere(void)
{
	struct listing before, after, wanted;
	char message[1024];
	int n, r, changed = 0;

	if (!mkdtemp(top))
		fail("mkdtemp");
	make_all();
	if (setxattr(in_top("keep"), "user.try", "x", 1, 0) < 0) {
		fprintf(stderr, "no user.* attributes on /tmp\n");
		wipe(top);
		return 77;
	}
	list(&before, false);
	unreadable = geteuid() != 0;
	r = apply(message, sizeof(message));
	if (r != unreadable)
		fail("without a failure: %d %s", r, message);
	list(&after, false);
	list(&wanted, true);
	for (size_t i = 0; i < after.len; i++)
		changed += !contains(&before, after.lines[i]);
	if (changed < 10)
		fail("only %d files were changed", changed);
	for (enum mode m = getenv("M") ? (enum mode)atoi(getenv("M")) : MODE_KILL;
	     m <= MODE_MEMORY; m++) {
		for (n = 1; n < CALLS_MAX; n++) {
			bool cut;

			mode = MODE_NONE;
			clear();
			make_all();
			mode = m;
			cut = cut_short(n);
			mode = MODE_NONE;
			check_whole(n, &before, &after);
			r = apply(message, sizeof(message));
			if (r != unreadable)
				fail("call %d, the next apply: %d %s", n, r, message);
			check_complete(n, &wanted);
			r = diff();
			if (r != unreadable)
				fail("call %d: %d changes are left", n, r);
			if (!cut)
				break;
		}
		if (n < 10 || n == CALLS_MAX)
			fail("mode %d stops at %d calls only", (int)m, n - 1);
		printf("%s: stopped at %d calls\n",
		       m == MODE_KILL   ? "SIGKILL"
		       : m == MODE_FULL ? "full disk"
					: "no memory",
		       n - 1);
	}
	forget(&before);
	forget(&after);
	forget(&wanted);
	exchange_fifo();
	wipe(top);
	return 0;
}

/*
 * What root may do to a read-only directory, its owner may not: as root, both are tried.
 */
static int as_user(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (setgid(12345) < 0 || setuid(12345) < 0)
			fail("setuid: %s", strerror(errno));
		exit(stop_everywhere());
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		fail("no child");
	return WEXITSTATUS(status);
}

int main(void)
{
	int status = geteuid() == 0 ? as_user() : 0;

	return status ? status : stop_everywhere();
}
