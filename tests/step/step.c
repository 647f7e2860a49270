/* SPDX-License-Identifier: MIT */
/* step - see step.h. */
#include "step.h"

#include <errno.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ORDINARY_USER = 65534, SKIPPED = 77, HIGH_FD = 200 };

/* Of the process on the stage; each has its own. */
static int report = -1, callers_end = -1;
/* Shared by all: how many tests were not skipped. */
static int *played;

_Noreturn static void leave(int status, const char *text)
{
	if (write(report, text, strlen(text)) < 0)
		fprintf(stderr, "%s\n", text);
	_exit(status);
}

void skip(const char *reason)
{
	leave(SKIPPED, reason);
}

void give_up(const char *file, int line, const char *format, ...)
{
	const char *slash = strrchr(file, '/');
	char text[1024];
	va_list ap;
	int n = snprintf(text, sizeof(text), "%s:%d: ", slash ? slash + 1 : file, line);

	va_start(ap, format);
	vsnprintf(text + n, sizeof(text) - (size_t)n, format, ap);
	va_end(ap);
	leave(1, text);
}

int must_at(const char *file, int line, const char *call, long result)
{
	if (result < 0)
		give_up(file, line, "%s: %s", call, strerror(errno));
	return (int)result;
}

void same_at(const char *file, int line, const char *got, const char *want)
{
	if (strcmp(got, want) != 0)
		give_up(file, line, "\"%s\", not \"%s\"", got, want);
}

void equal_at(const char *file, int line, long long got, long long want)
{
	if (got != want)
		give_up(file, line, "%lld (%#llx), not %lld (%#llx)", got, got, want,
			want);
}

void step_at(const char *file, int line, struct runner *r, int err, const struct step *s)
{
	int ret;

	r->note[0] = '\0';
	ret = s->ops->run(r, s);
	if (ret != err)
		give_up(file, line, "%s: %s, not %s; note: %s", s->ops->name,
			strerror(-ret), strerror(-err), r->note);
}

int caller_end(void)
{
	return callers_end;
}

void hang_up(void)
{
	must(close(callers_end));
}

static int status_of(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int in_child(struct runner *r, void (*act)(struct runner *r))
{
	pid_t pid = must(fork());

	if (pid == 0) {
		act(r);
		_exit(0);
	}
	return status_of(pid);
}

void read_text(const char *path, char *buf, size_t len)
{
	int fd = must(open(path, O_RDONLY | O_CLOEXEC));
	size_t n = 0;
	ssize_t part;

	while (n < len - 1 && (part = must(read(fd, buf + n, len - 1 - n))) > 0)
		n += (size_t)part;
	buf[n] = '\0';
	must(close(fd));
}

void status_line(const char *name, char *buf, size_t len)
{
	char text[8192], head[64];
	const char *line;

	read_text("/proc/self/status", text, sizeof(text));
	snprintf(head, sizeof(head), "\n%s:", name);
	line = strstr(text, head);
	expect(line);
	line += strlen(head);
	line += strspn(line, " \t");
	snprintf(buf, len, "%.*s", (int)strcspn(line, "\n"), line);
}

unsigned long long status_mask(const char *name)
{
	char text[64];

	status_line(name, text, sizeof(text));
	return strtoull(text, NULL, 16);
}

void mount_line(const char *path, char *buf, size_t len)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[4096], at[1024];

	expect(f);
	buf[0] = '\0';
	/* cppcheck-suppress nullPointerRedundantCheck ; expect() does not come back */
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %*s %*s %*s %1023s", at) == 1 &&
		    strcmp(at, path) == 0)
			snprintf(buf, len, "%s", line);
	fclose(f);
}

void put_file(const char *path, const char *content)
{
	int fd = must(open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644));

	equal(write(fd, content, strlen(content)), (long long)strlen(content));
	must(close(fd));
}

void put_dir(const char *path)
{
	must(mkdir(path, 0755));
}

void put_link(const char *target, const char *path)
{
	must(symlink(target, path));
}

bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

bool same_file(const char *a, const char *b)
{
	struct stat s, t;

	return stat(a, &s) == 0 && stat(b, &t) == 0 && s.st_dev == t.st_dev &&
	       s.st_ino == t.st_ino;
}

void open_slot(struct runner *r, int slot, const char *path)
{
	works(r,
	      STEP(open, .at = SLOT_CWD, .path = path, .directory = true, .ret = slot));
}

/* A root directory with links that want to leave it, and what lies outside. */
void make_root(struct runner *r, int slot)
{
	put_dir("/tmp/root");
	put_dir("/tmp/root/dir");
	put_dir("/tmp/outside");
	put_file("/tmp/outside/secret", "secret");
	put_link("/tmp/outside", "/tmp/root/absolute");
	put_link("../outside", "/tmp/root/upward");
	open_slot(r, slot, "/tmp/root");
}

void nothing_came_outside(void)
{
	char line[4096];

	mount_line("/tmp/outside", line, sizeof(line));
	same(line, "");
	expect(rename("/tmp/outside/secret", "/tmp/secret") == 0);
	must(rmdir("/tmp/outside")); /* there was nothing else in it */
}

void refuse(int nr, int err)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0));
}

static void write_proc(const char *path, const char *text)
{
	int fd = must(open(path, O_WRONLY | O_CLOEXEC));

	must(write(fd, text, strlen(text)));
	must(close(fd));
}

/* Not only uid 0 of some user namespace, such as a container's. */
static bool is_root(void)
{
	unsigned inside, outside, count;
	FILE *f = fopen("/proc/self/uid_map", "re");
	bool all = f && fscanf(f, "%u %u %u", &inside, &outside, &count) == 3 &&
		   inside == 0 && outside == 0 && count == UINT32_MAX;

	if (f)
		fclose(f);
	return all && geteuid() == 0;
}

/* Root of a user namespace that only has the caller in it. */
static void become_user(void)
{
	unsigned uid, gid;
	char map[64];

	if (is_root()) {
		must(setgroups(0, NULL));
		must(setresgid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER));
		must(setresuid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER));
		must(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)); /* or /proc/self is root's */
	}
	uid = geteuid();
	gid = getegid();
	if (unshare(CLONE_NEWUSER) < 0)
		skip("an ordinary user may not make user namespaces here");
	write_proc("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	write_proc("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	write_proc("/proc/self/gid_map", map);
}

static void set_up(struct runner *r, int slots[SLOTS], enum who who)
{
	static const struct plan plan = { 0 };
	sigset_t all;
	int pair[2];

	must(prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0));
	if (who == AS_USER)
		become_user();
	if (unshare(CLONE_NEWNS | CLONE_NEWUTS) < 0)
		skip("no right to make mount namespaces here");
	expect(sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	expect(sys_mount("stage", "/tmp", "tmpfs", 0, "mode=0755") == 0);
	must(chdir("/tmp"));
	for (int i = 0; i < SLOTS; i++)
		slots[i] = -EBADF;
	slots[ROOM] = must(open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	callers_end = must(fcntl(pair[0], F_DUPFD_CLOEXEC, HIGH_FD));
	*r = (struct runner){ .plan = &plan,
			      .slots = slots,
			      .sealed_fd = -EBADF,
			      .holder = -EBADF,
			      .storage = -EBADF,
			      .host_end = callers_end };
	r->channel = must(fcntl(pair[1], F_DUPFD_CLOEXEC, HIGH_FD));
	must(close(pair[0]) | close(pair[1]));
	sigfillset(&all); /* as the child of a container has them */
	must(sigprocmask(SIG_SETMASK, &all, NULL));
	umask(0);
}

void stage(const char *name, enum who who, act_fn *act)
{
	char text[1024] = "";
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct runner r;
		int slots[SLOTS];

		report = must(fcntl(fds[1], F_DUPFD_CLOEXEC, HIGH_FD));
		close(fds[0]);
		close(fds[1]);
		set_up(&r, slots, who);
		act(&r, who);
		_exit(0);
	}
	close(fds[1]);
	n = read(fds[0], text, sizeof(text) - 1); /* end of file when all have ended */
	text[n > 0 ? n : 0] = '\0';
	status = status_of(pid);
	close(fds[0]);
	if (status == SKIPPED) {
		printf("SKIP %s: %s\n", name, text);
		fflush(stdout);
		return;
	}
	++*played;
	ck_assert_msg(status == 0 && !*text, "%s as %s: status %d: %s", name,
		      who == AS_ROOT ? "root" : "a user", status, text);
}

int stage_main(const char *room, const TTest *const *tests, size_t len)
{
	Suite *s = suite_create(room);
	TCase *t = tcase_create("step");
	SRunner *runner;
	int failed;

	played = mmap(NULL, sizeof(*played), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (played == MAP_FAILED)
		return 1;
	tcase_set_timeout(t, 60);
	for (size_t i = 0; i < len; i++)
		tcase_add_loop_test(t, tests[i], is_root() ? AS_ROOT : AS_USER, WHO_MAX);
	suite_add_tcase(s, t);
	if (!is_root())
		printf("SKIP as root: we are not\n");
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	if (failed)
		return 1;
	return *played > 0 ? 0 : SKIPPED;
}
