/* SPDX-License-Identifier: MIT */
/*
 * The last steps (lib/run/exec-step.c) and the terminal (lib/tty/tty-step.c), one at a
 * time; and the table that all of them are in.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "run/memfd.h"
#include "sealed/sealed.h"
#include "step.h"

START_TEST(every_kind_of_step_has_its_row)
{
	const struct step_ops *seen[128];
	size_t len = 0;

	for (size_t i = 0; mechanisms[i]; i++)
		for (size_t k = 0; mechanisms[i]->rows[k]; k++) {
			const struct step_ops *ops = mechanisms[i]->rows[k];

			ck_assert_msg(ops->name && *ops->name, "%s row %zu",
				      mechanisms[i]->name, k);
			ck_assert_msg(ops->run && ops->say, "%s", ops->name);
			ck_assert_msg(ops->size <= STEP_DATA_MAX, "%s", ops->name);
			ck_assert_msg(ops->first || !ops->leaves, "%s", ops->name);
			ck_assert_msg(ops->answer || !ops->waits, "%s", ops->name);
			for (size_t j = 0; j < len; j++)
				ck_assert_str_ne(ops->name, seen[j]->name);
			ck_assert_uint_lt(len, sizeof(seen) / sizeof(seen[0]));
			seen[len++] = ops;
		}
}
END_TEST

/* terminal */

static void new_devpts(struct runner *r, int slot)
{
	const struct fs_option options[] = {
		{ .key = "newinstance", .slot = SLOT_NONE },
		{ .key = "ptmxmode", .value = "0666", .slot = SLOT_NONE },
	};

	put_dir("/tmp/pts");
	works(r, STEP(fs, .type = "devpts", .options = options, .options_len = 2,
		      .ret = slot));
	works(r, STEP(attach, .mount = slot, .at = ROOM, .path = "pts"));
}

/* The master side, as the caller gets it. */
static int receive_master(void)
{
	struct verdict v = { .kind = VERDICT_FAILED };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = &v, .iov_len = sizeof(v) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	int fd;

	equal(recvmsg(caller_end(), &msg, MSG_CMSG_CLOEXEC), sizeof(v));
	equal(v.kind, VERDICT_TERMINAL);
	expect(CMSG_FIRSTHDR(&msg) && CMSG_FIRSTHDR(&msg)->cmsg_type == SCM_RIGHTS);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

static void is_terminal_of(int fd, int master)
{
	struct winsize size;
	char text[16] = "";

	expect(isatty(fd));
	equal(tcgetsid(fd), getpid());
	must(ioctl(fd, TIOCGWINSZ, &size));
	equal(size.ws_row, 25);
	equal(size.ws_col, 81);
	equal(write(fd, "hello", 5), 5);
	equal(read(master, text, sizeof(text)), 5);
	same(text, "hello");
}

STEP_TEST(terminal_is_the_processes_own)
{
	int master;

	must(open("/dev/null", O_RDWR));
	new_devpts(r, ONE);
	works(r, .ops = &step_session);
	works(r, STEP(terminal, .devpts = ONE, .replace = 7, .rows = 25, .cols = 81));
	master = receive_master();
	for (int fd = 0; fd < 3; fd++) {
		is_terminal_of(fd, master);
		equal(fcntl(fd, F_GETFD), 0);
	}
}

STEP_TEST(terminal_leaves_alone_what_is_redirected)
{
	must(dup2(must(open("/dev/null", O_RDWR | O_CLOEXEC)), 0));
	must(dup2(0, 2));
	new_devpts(r, ONE);
	works(r, .ops = &step_session);
	works(r, STEP(terminal, .devpts = ONE, .replace = 2, .rows = 25, .cols = 81));
	is_terminal_of(1, receive_master());
	expect(!isatty(0) && !isatty(2));
}

/* A daemon: the first descriptors that the steps get are 0, 1 and 2. */
STEP_TEST(terminal_finds_a_place_where_stdio_was_closed)
{
	struct stat st;

	for (int fd = 0; fd < 3; fd++)
		(void)close(fd);
	put_dir("/tmp/dir");
	open_slot(r, TWO, "/tmp/dir");
	new_devpts(r, ONE);
	works(r, .ops = &step_session);
	works(r, STEP(terminal, .devpts = ONE, .replace = 7, .rows = 25, .cols = 81));
	is_terminal_of(2, receive_master());
	equal(fstat(r->slots[TWO], &st), 0);
	expect(S_ISDIR(st.st_mode));
}

STEP_TEST(terminal_needs_a_session)
{
	new_devpts(r, ONE);
	fails(r, -EPERM, STEP(terminal, .devpts = ONE, .replace = 7));
}

STEP_TEST(terminal_needs_a_devpts)
{
	works(r, .ops = &step_session);
	fails(r, -ENODEV, STEP(terminal, .devpts = ROOM, .replace = 7));
	fails(r, -EBADF, STEP(terminal, .devpts = UNSET, .replace = 7));
}

/* fds */

STEP_TEST(fds_close_everything_else)
{
	const int map[][2] = { { 30, 25 } };
	int other = must(open("/tmp", O_RDONLY)); /* to be inherited, so far */

	put_file("/tmp/file", "text");
	must(dup2(must(open("/tmp/file", O_RDONLY | O_CLOEXEC)), 30));
	works(r, STEP(fds, .map = map, .len = 1, .lowest_free = 26));
	equal(fcntl(25, F_GETFD), 0);
	equal(fcntl(0, F_GETFD) | fcntl(1, F_GETFD) | fcntl(2, F_GETFD), 0);
	/* until the exec, too: a path could lead through /proc/self/fd */
	equal(fcntl(30, F_GETFD), -1);
	equal(fcntl(other, F_GETFD), -1);
	equal(fcntl(r->slots[ROOM], F_GETFD), -1);
	equal(fcntl(r->channel, F_GETFD), FD_CLOEXEC);
}

static void put_number(int fd, const char *path)
{
	int now;

	put_file(path, "");
	now = must(open(path, O_RDONLY | O_CLOEXEC));
	must(dup2(now, fd));
	must(close(now));
}

static void is_file(int fd, const char *path)
{
	struct stat a, b;

	must(fstat(fd, &a));
	must(stat(path, &b));
	expect(a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

STEP_TEST(fds_may_change_places)
{
	const int map[][2] = { { 21, 22 }, { 22, 21 }, { 22, 23 } };

	put_number(21, "/tmp/one");
	put_number(22, "/tmp/two");
	works(r, STEP(fds, .map = map, .len = 3, .lowest_free = 24));
	is_file(22, "/tmp/one");
	is_file(21, "/tmp/two");
	is_file(23, "/tmp/two");
}

STEP_TEST(fds_that_are_closed_are_refused)
{
	const int map[][2] = { { 40, 41 } };

	fails(r, -EBADF, STEP(fds, .map = map, .len = 1, .lowest_free = 42));
	equal(fcntl(41, F_GETFD), -1);
}

/* child.c raises the limit for the mounts; the command has the caller's. */
STEP_TEST(fds_give_back_the_limit_of_the_caller)
{
	struct rlimit limit;

	must(getrlimit(RLIMIT_NOFILE, &limit));
	r->files[0] = 64;
	r->files[1] = limit.rlim_max;
	works(r, STEP(fds, .lowest_free = 3));
	must(getrlimit(RLIMIT_NOFILE, &limit));
	equal((long long)limit.rlim_cur, 64);
	equal((long long)limit.rlim_max, (long long)r->files[1]);
}

/* cwd */

STEP_TEST(cwd_is_the_first_that_is_there)
{
	const char *const candidates[] = { "/tmp/no", "/tmp/file", "/tmp/dir", "/",
					   NULL };
	char cwd[64];

	put_file("/tmp/file", "");
	put_dir("/tmp/dir");
	works(r, STEP(cwd, .candidates = candidates));
	expect(getcwd(cwd, sizeof(cwd)));
	same(cwd, "/tmp/dir");
}

STEP_TEST(cwd_that_is_not_there_is_refused)
{
	const char *const missing[] = { "/tmp/no", NULL }, *const file[] = { "/tmp/file",
									     NULL };

	put_file("/tmp/file", "");
	fails(r, -ENOENT, STEP(cwd, .candidates = missing));
	fails(r, -ENOTDIR, STEP(cwd, .candidates = file));
}

/* exec */

static const char *const no_env[] = { NULL };

enum { SEALED_MAX = 16, CHANNEL = 9 };

/* What the sealed program is told, as build.c does it. */
static void seal(struct step_exec *d, const char **argv)
{
	size_t n = 0, candidates = 0;

	while (d->candidates[candidates])
		candidates++;
	argv[n++] = "exec";
	argv[n++] = "9:7";
	argv[n++] = candidates == 1 ? "1" : "2";
	for (const char *const *i = d->candidates; *i; i++)
		argv[n++] = *i;
	for (const char *const *i = d->argv; *i; i++)
		argv[n++] = *i;
	argv[n] = NULL;
	d->sealed_argv = argv;
	d->channel_fd = CHANNEL;
}

static void load_sealed(struct runner *r)
{
	r->sealed_fd =
		fd_move_up(memfd_program("sealed", sealed_program, sealed_program_len),
			   16);
	must(r->sealed_fd);
}

/* Runs shell @script with descriptor 1 in /tmp/out; its exit status. */
static const char *script;
static unsigned umask_inside;

static void exec_shell(struct runner *r)
{
	static const char *const candidates[] = { "/tmp/no/sh", "/bin/sh", NULL };
	static const char *const env[] = { "STAGE=set", NULL };
	const char *const argv[] = { "argv0", "-c", script, "word", NULL };
	const char *sealed[SEALED_MAX];
	struct step_exec told = {
		.umask = umask_inside, .candidates = candidates, .argv = argv, .envp = env
	};
	const struct step s = { .ops = &step_exec, .data = &told };

	must(dup2(must(open("/tmp/out", O_CREAT | O_WRONLY | O_CLOEXEC, 0644)), 1));
	seal(&told, sealed);
	equal(step_exec.run(r, &s), 0); /* only comes back if it failed */
}

static void shell_says(struct runner *r, const char *text, const char *want)
{
	char got[256];

	script = text;
	load_sealed(r);
	equal(in_child(r, exec_shell), 0);
	fd_closep(&r->sealed_fd);
	read_text("/tmp/out", got, sizeof(got));
	same(got, want);
}

STEP_TEST(exec_has_its_arguments_and_environment_only)
{
	must(setenv("CALLERS", "secret", 1));
	shell_says(r, "echo $0 $STAGE $CALLERS", "word set\n");
}

STEP_TEST(exec_gives_back_the_umask)
{
	umask_inside = 027;
	shell_says(r, "umask", "0027\n");
}

STEP_TEST(exec_has_no_signal_blocked_or_ignored)
{
	must(signal(SIGHUP, SIG_IGN) == SIG_ERR ? -1 : 0);
	must(signal(SIGRTMIN + 1, SIG_IGN) == SIG_ERR ? -1 : 0);
	shell_says(r,
		   "while read -r name mask; do case $name in SigBlk: | SigIgn:) echo "
		   "$mask ;; "
		   "esac; done </proc/self/status",
		   "0000000000000000\n0000000000000000\n");
}

/* What nobody ignores ends it as it should. */
STEP_TEST(exec_leaves_signals_their_default)
{
	must(signal(SIGTERM, SIG_IGN) == SIG_ERR ? -1 : 0);
	script = "kill -TERM $$";
	load_sealed(r);
	equal(in_child(r, exec_shell), 128 + SIGTERM);
}

/*
 * Whatever the command is named: what can be found as the program's file cannot be
 * written.
 */
STEP_TEST(exec_comes_from_a_file_that_nobody_can_write)
{
	const char *const own[] = { "/proc/self/exe", NULL }, *const argv[] = { "own",
										NULL };
	const char *sealed[SEALED_MAX];
	struct step s = { STEP(exec, .candidates = own, .argv = argv, .envp = no_env) };
	int pid, status;

	seal(s.data, sealed);
	load_sealed(r);
	equal(write(r->sealed_fd, "", 1), -1);
	equal(errno, EPERM);
	pid = must(fork());
	if (pid == 0)
		_exit(step_exec.run(r, &s) < 0 ? 1 : 0);
	must(waitpid(pid, &status, 0));
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 126);
}

STEP_TEST(exec_without_its_program_fails)
{
	const char *const candidates[] = { "/bin/true", NULL };

	fails(r, -EBADF,
	      STEP(exec, .candidates = candidates, .argv = candidates, .envp = no_env,
		   .sealed_argv = candidates, .channel_fd = CHANNEL));
}

/* Candidates of the step that is to fail, for the child. */
static const char *tried[3];

static void exec_tried(struct runner *r)
{
	const char *const argv[] = { "x", NULL };
	const char *sealed[SEALED_MAX];
	struct step s = { STEP(exec, .candidates = tried, .argv = argv, .envp = no_env) };

	seal(s.data, sealed);
	equal(step_exec.run(r, &s), 0);
}

/*
 * The program says so in the step's place, after the step said that nothing else comes.
 */
static void exec_fails(struct runner *r, int err, const char *first, const char *second)
{
	struct verdict v;

	tried[0] = first;
	tried[1] = second;
	load_sealed(r);
	equal(in_child(r, exec_tried), err == -ENOENT ? 127 : 126);
	fd_closep(&r->sealed_fd);
	equal(recv(r->host_end, &v, sizeof(v), MSG_DONTWAIT), sizeof(v));
	equal(v.kind, VERDICT_EXEC);
	equal(recv(r->host_end, &v, sizeof(v), MSG_DONTWAIT), sizeof(v));
	equal(v.kind, VERDICT_FAILED);
	equal(v.step, 7);
	equal(v.err, err);
}

STEP_TEST(exec_says_why_it_cannot)
{
	put_file("/tmp/file", "no program\n");
	put_file("/tmp/text", "no program\n");
	must(chmod("/tmp/text", 0755));
	put_dir("/tmp/dir");
	exec_fails(r, -ENOENT, "/tmp/no", NULL);
	exec_fails(r, -ENOENT, "/tmp/file/below", NULL);
	exec_fails(r, -EACCES, "/tmp/file", NULL);
	exec_fails(r, -EACCES, "/tmp/dir", NULL);
	exec_fails(r, -ENOEXEC, "/tmp/text", NULL);
}

/* As execvp(3): what may not be executed is remembered, what is not there is not. */
STEP_TEST(exec_remembers_what_may_not_be_executed)
{
	put_file("/tmp/file", "");
	exec_fails(r, -EACCES, "/tmp/file", "/tmp/no");
	exec_fails(r, -EACCES, "/tmp/no", "/tmp/file");
	exec_fails(r, -ENOENT, "/tmp/no", "/tmp/file/below");
}

/* A directory of PATH that may not be searched has nothing for the command. */
STEP_TEST(exec_passes_over_closed_directories)
{
	must(mkdir("/tmp/closed", 0700));
	put_file("/tmp/closed/file", "");
	must(chmod("/tmp/closed", 0));
	/* nor may root */
	works(r, STEP(caps, .known = (UINT64_C(1) << 38) - 1));
	exec_fails(r, -ENOENT, "/tmp/closed/file", "/tmp/no");
	exec_fails(r, -EACCES, "/tmp/closed/file", NULL);
}

int main(void)
{
	const TTest *const tests[] = {
		every_kind_of_step_has_its_row,
		terminal_is_the_processes_own,
		terminal_leaves_alone_what_is_redirected,
		terminal_finds_a_place_where_stdio_was_closed,
		terminal_needs_a_session,
		terminal_needs_a_devpts,
		fds_close_everything_else,
		fds_may_change_places,
		fds_that_are_closed_are_refused,
		fds_give_back_the_limit_of_the_caller,
		cwd_is_the_first_that_is_there,
		cwd_that_is_not_there_is_refused,
		exec_has_its_arguments_and_environment_only,
		exec_gives_back_the_umask,
		exec_has_no_signal_blocked_or_ignored,
		exec_leaves_signals_their_default,
		exec_comes_from_a_file_that_nobody_can_write,
		exec_without_its_program_fails,
		exec_says_why_it_cannot,
		exec_remembers_what_may_not_be_executed,
		exec_passes_over_closed_directories,
	};

	return stage_main("run-step", tests, sizeof(tests) / sizeof(tests[0]));
}
