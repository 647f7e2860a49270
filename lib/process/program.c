/* SPDX-License-Identifier: MIT */
/*
 * program - the caller's part: descriptors, the process between (program-step.c), what
 * the program prints. See program.h.
 */
#include "process/program.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/io.h"
#include "process/program-step.h"

extern char **environ;

enum { STACK_BETWEEN, STACK_PROGRAM, STACKS, LOOK_MS = 100 };

struct run {
	const struct program *program;
	struct program_end *end;
	struct arena arena;
	struct program_between between; /* not to be changed while that process goes on */
	int pidfd;                      /* of the process between */
	int stdio[3];                   /* descriptors of the program */
	int cancel;                     /* tells the process between to kill it */
	int out, err;                   /* where we read, or -EBADF */
	size_t out_len;
	bool is_line_over; /* what comes next is another line of stderr */
	size_t said_len;
	char *stacks; /* the mapping, or NULL */
	int failed;   /* why it was killed or not even started, or 0 */
	int64_t next_look;
};

/* A file, not a pipe: a program that does not read cannot block us. */
static int open_input(const char *text)
{
	cleanup_close int fd = -EBADF;
	int r;

	if (!text || !*text)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	fd = memfd_create("input", MFD_CLOEXEC);
	if (fd < 0)
		return -1;
	r = io_write_all(fd, text, strlen(text));
	if (r == 0 && lseek(fd, 0, SEEK_SET) == 0)
		return take_fd(&fd);
	errno = r < 0 ? -r : errno;
	return -1;
}

/* @fd, which is closed, or a duplicate above the numbers that the program has. */
static int move(int fd)
{
	return fd_move_up(fd < 0 ? -errno : fd, PROGRAM_FDS_LOWEST);
}

/* Where the program writes; where we read in *ret. */
static int open_pipe(int *ret)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	*ret = fds[0];
	(void)fcntl(fds[0], F_SETFL, O_NONBLOCK); /* a pipe takes this flag */
	return move(fds[1]);
}

static int open_null(void)
{
	return move(open("/dev/null", O_WRONLY | O_CLOEXEC));
}

/* The caller's stderr, if it has one. */
static int keep_stderr(void)
{
	int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, PROGRAM_FDS_LOWEST);

	return fd < 0 ? open_null() : fd;
}

static int open_stdio(struct run *r)
{
	const struct program *p = r->program;
	int *stdio = r->stdio;

	stdio[0] = p->in >= 0 ? fcntl(p->in, F_DUPFD_CLOEXEC, PROGRAM_FDS_LOWEST)
			      : open_input(p->input);
	stdio[0] = move(stdio[0]);
	stdio[1] = p->out_max ? open_pipe(&r->out) : open_null();
	stdio[2] = p->own_err ? keep_stderr() : open_pipe(&r->err);
	r->cancel = move(eventfd(0, EFD_CLOEXEC));
	for (int fd = 0; fd < 3; fd++)
		if (stdio[fd] < 0)
			return stdio[fd];
	return r->cancel < 0 ? r->cancel : 0;
}

static void close_stdio(struct run *r)
{
	for (int fd = 0; fd < 3; fd++)
		fd_closep(&r->stdio[fd]);
}

/* The places where @name may be, as execvp(3) has them. */
static int find_paths(struct run *r, const char *name)
{
	const char *dir = strchr(name, '/') ? "" : getenv("PATH");
	const char **paths;
	size_t count = 1;

	if (!dir)
		dir = "/bin:/usr/bin";
	for (const char *p = dir; *p; p++)
		count += *p == ':';
	paths = arena_alloc(&r->arena, (count + 1) * sizeof(*paths));
	if (!paths)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const int len = (int)strcspn(dir, ":");

		paths[i] =
			len ? arena_printf(&r->arena, "%.*s/%s", len, dir, name) : name;
		if (!paths[i])
			return -ENOMEM;
		dir += len + (dir[len] == ':');
	}
	r->between.paths = paths;
	return 0;
}

static int prepare(struct run *r)
{
	const struct program *p = r->program;
	struct program_between *b = &r->between;
	int ret = find_paths(r, p->path ? p->path : p->argv[0]);

	if (ret < 0)
		return ret;
	b->argv = p->argv;
	b->env = p->env ? p->env : (const char *const *)environ;
	b->report = mmap(NULL, sizeof(*b->report), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (b->report == MAP_FAILED) {
		b->report = NULL;
		return -ENOMEM;
	}
	if (p->out_max) {
		/* at once: no copy of a secret is left */
		r->end->out = malloc(p->out_max + 1);
		if (!r->end->out)
			return -ENOMEM;
	}
	return open_stdio(r);
}

/* A filter may say that it does not know clone3(2), or refuse it. */
static int start(struct run *r, char *const stacks[STACKS])
{
	const uint64_t all = ~0ull;
	struct program_between *b = &r->between;
	uint64_t old;
	long pid;

	b->stack = stacks[STACK_PROGRAM];
	b->caller = getpid();
	b->cancel = r->cancel;
	memcpy(b->stdio, r->stdio, sizeof(b->stdio));
	/* no handler of the caller may run there */
	(void)sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, sizeof(old), 0);
	pid = program_clone(false, 0, stacks[STACK_BETWEEN], false, &r->pidfd,
			    program_between, b);
	if (pid == -ENOSYS || pid == -EPERM) {
		b->plain = true;
		pid = program_clone(true, 0, NULL, false, &r->pidfd, program_between, b);
	}
	(void)sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, sizeof(old), 0);
	return pid < 0 ? (int)pid : 0;
}

/* Have it killed; its further output is not needed. */
static void cancel(struct run *r, int why)
{
	const uint64_t one = 1;

	if (r->failed)
		return;
	r->failed = why;
	/* cannot fail: it is the first */
	(void)io_write_all(r->cancel, &one, sizeof(one));
	fd_closep(&r->out);
	fd_closep(&r->err);
}

static void take_said(struct run *r, const char *text, size_t len)
{
	char *said = r->end->said;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n') {
			r->is_line_over = true;
			continue;
		}
		if (r->is_line_over)
			r->said_len = 0;
		r->is_line_over = false;
		if (r->said_len < sizeof(r->end->said) - 1)
			said[r->said_len++] = text[i];
		said[r->said_len] = '\0';
	}
}

/* All that is in the pipes now. */
static void read_err(struct run *r)
{
	char buf[1024];
	ssize_t n;

	for (int i = 0; r->err >= 0 && i < 64; i++) {
		/* or one that prints for ever keeps us here */
		n = read(r->err, buf, sizeof(buf));
		if (n > 0)
			take_said(r, buf, (size_t)n);
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			fd_closep(&r->err); /* only its words are lost */
		else if (errno == EAGAIN)
			return;
	}
}

static void read_out(struct run *r)
{
	const size_t max = r->program->out_max;
	ssize_t n;

	while (r->out >= 0) {
		n = read(r->out, r->end->out + r->out_len, max + 1 - r->out_len);
		if (n > 0 && (r->out_len += (size_t)n) > max)
			cancel(r, -EFBIG);
		else if (n == 0)
			fd_closep(&r->out);
		else if (n < 0 && errno == EAGAIN)
			return;
		else if (n < 0 && errno != EINTR)
			cancel(r, -errno);
	}
}

/*
 * A look takes its time: it is a fifth of all at the most. The milliseconds to the next.
 */
static int64_t look(struct run *r)
{
	const int64_t begun = clock_ms();
	int failed;

	if (begun >= r->next_look) {
		failed = r->program->watch(r->program->watch_data);
		if (failed < 0)
			cancel(r, failed);
		r->next_look = clock_ms() + LOOK_MS + 4 * (clock_ms() - begun);
	}
	return r->next_look - clock_ms();
}

/* Work to do while it runs; returns how long to wait then, -1: for ever. */
static int64_t supervise(struct run *r, int64_t end)
{
	const struct program *p = r->program;
	int64_t left = -1, next;

	if (p->timeout_ms && !r->failed) {
		left = end - clock_ms();
		if (left <= 0)
			cancel(r, -ETIMEDOUT);
	}
	if (p->watch && !r->failed) {
		next = look(r);
		if (left < 0 || next < left)
			left = next > 0 ? next : 0;
	}
	return r->failed ? -1 : left;
}

/* Until the process between has ended: then the program has. */
static void attend(struct run *r)
{
	const int64_t end = clock_ms() + r->program->timeout_ms;
	struct pollfd p[3] = { { .fd = r->pidfd, .events = POLLIN } };

	while (!p[0].revents) {
		const int64_t left = supervise(r, end);

		p[1] = (struct pollfd){ .fd = r->out, .events = POLLIN };
		p[2] = (struct pollfd){ .fd = r->err, .events = POLLIN };
		if (poll(p, 3, (int)left) < 0) {
			p[0].revents = 0;
			/* a handler ran, or there is no memory at this moment */
			continue;
		}
		read_out(r);
		read_err(r);
	}
}

/* How it ended. What waited has ended as well; it may have been reaped, with __WALL. */
static int conclude(struct run *r)
{
	const struct program_report *report = r->between.report;
	siginfo_t info;

	while (waitid((idtype_t)P_PIDFD, (id_t)r->pidfd, &info, WEXITED | __WALL) < 0 &&
	       errno == EINTR)
		;
	if (r->failed)
		return r->failed;
	if (!report->is_said)
		return -ECHILD;
	if (report->err < 0)
		return report->err;
	r->end->status = report->status;
	if (r->end->out)
		r->end->out[r->out_len] = '\0';
	return 0;
}

static void begin(struct run *r, const struct program *p, struct program_end *end)
{
	char *stacks[STACKS] = { NULL };

	*r = (struct run){
		.program = p,
		.end = end,
		.pidfd = -EBADF,
		.stdio = { -EBADF, -EBADF, -EBADF },
		.cancel = -EBADF,
		.out = -EBADF,
		.err = -EBADF,
	};
	*end = (struct program_end){ 0 };
	r->failed = prepare(r);
	if (r->failed < 0)
		return;
	if (clone_may_share) {
		r->stacks = clone_map_stacks(STACKS, stacks);
		r->failed = r->stacks ? 0 : -ENOMEM;
	}
	if (r->failed == 0)
		r->failed = start(r, stacks);
	close_stdio(r); /* or what we read would never end */
}

/* How it ended: 0 or -errno. */
static int finish(struct run *r)
{
	int ret = r->failed;

	if (r->pidfd >= 0) {
		attend(r);
		ret = conclude(r);
	}
	clone_unmap_stacks(r->stacks, STACKS);
	close_stdio(r);
	fd_closep(&r->cancel);
	fd_closep(&r->pidfd);
	fd_closep(&r->out);
	fd_closep(&r->err);
	if (r->between.report)
		/* our own mapping */
		(void)munmap(r->between.report, sizeof(*r->between.report));
	arena_done(&r->arena);
	if (ret < 0 && r->end->out) {
		explicit_bzero(r->end->out, r->out_len);
		free(r->end->out);
		r->end->out = NULL;
	}
	return ret;
}

int program_run(const struct program *p, struct program_end *ret)
{
	struct run r;

	begin(&r, p, ret);
	return finish(&r);
}

void program_run_both(const struct program p[2], struct program_end ret[2],
		      int results[2])
{
	struct run r[2];
	bool waits;

	for (int i = 0; i < 2; i++)
		begin(&r[i], &p[i], &ret[i]);
	waits = r[1].failed == -EMFILE && r[0].failed == 0;
	for (int i = 0; i < 2; i++)
		results[i] = finish(&r[i]);
	if (waits)
		results[1] = program_run(&p[1], &ret[1]);
}

int program_fail(struct err *e, int r, const struct program *p, const char *name)
{
	if (r != -ETIMEDOUT)
		return err_set(e, r, "%s", name);
	return err_say(e, r, "%s: it had not ended after %d seconds, and was killed",
		       name, p->timeout_ms / 1000);
}
